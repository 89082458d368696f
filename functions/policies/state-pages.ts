import type { PageContent } from '#shared/policies/content.ts';
import { diffPages } from '#shared/policies/diff-pages.ts';
import { contentName, type ReadContent, type ReadRaw, type StoreDiff } from '#shared/policies/ports.ts';
import { readPage } from '#shared/policies/read-page.ts';
import { diffHtml, diffMarkdown } from '#shared/policies/render-diff.ts';
import type { SourceRecord } from '#shared/policies/source.ts';
import { isBaseline, type PageState, type SourceState } from '#shared/policies/source-state.ts';

/** The texts behind the states that a source points to. */
export interface Pages {
  readonly acknowledged?: PageContent;
  readonly current?: PageContent;
  readonly candidate?: PageContent;
}

export interface PagesDeps {
  readonly readContent: ReadContent;
  readonly readRaw: ReadRaw;
}

export interface KeepDiffDeps extends PagesDeps {
  readonly storeDiff: StoreDiff;
}

/**
 * The text of a state: as it was stored, or read again off its bytes. Undefined where they are read differently today;
 * a text that is missing makes the classifier stricter.
 */
const pageOf = async (
  page: PageState | null,
  state: SourceState,
  record: SourceRecord,
  deps: PagesDeps,
): Promise<PageContent | undefined> => {
  if (page === null) return undefined;
  const { configHash, extractor } = state;
  const stored = await deps.readContent({ hashes: page.hashes, configHash, extractor });
  // Two captures that read alike share a text; which bytes these were is for the state to say.
  if (stored !== undefined) return { ...stored, hashes: page.hashes };
  const read = await readPage(await deps.readRaw(page.hashes.raw), record.source, {
    url: page.finalUrl ?? record.source.url,
  });
  return read.kind === 'read' && read.content.hashes.semantic === page.hashes.semantic
    ? { ...read.content, hashes: page.hashes }
    : undefined;
};

/** What a state points to, each text read once. */
export const pagesOf = async (state: SourceState, record: SourceRecord, deps: PagesDeps): Promise<Pages> => {
  const texts = new Map<string, PageContent | undefined>();
  const textOf = async (page: PageState | null): Promise<PageContent | undefined> => {
    if (page === null) return undefined;
    const key = JSON.stringify(page.hashes);
    if (!texts.has(key)) texts.set(key, await pageOf(page, state, record, deps));
    return texts.get(key);
  };
  const acknowledged = await textOf(state.acknowledged);
  const current = await textOf(state.current);
  const candidate = await textOf(state.candidate);
  return {
    ...(acknowledged === undefined ? {} : { acknowledged }),
    ...(current === undefined ? {} : { current }),
    ...(candidate === undefined ? {} : { candidate }),
  };
};

/** With what the bytes were read, so that they can be read the same way again. */
export const withContentType = (content: PageContent, contentType: string | undefined): PageContent =>
  contentType === undefined ? content : { ...content, contentType: contentType.slice(0, 200) };

/**
 * The text that was acknowledged before a source was edited: as it was read then, or else as it is read today. Null
 * where there was none, or where nothing can be read off its bytes any more; then everything is new.
 */
const agreedBefore = async (
  { acknowledged, configHash, extractor }: SourceState,
  record: SourceRecord,
  deps: PagesDeps,
): Promise<PageContent | null> => {
  if (acknowledged === null) return null;
  const { hashes, finalUrl } = acknowledged;
  const stored = await deps.readContent({ hashes, configHash, extractor });
  if (stored !== undefined) return { ...stored, hashes };
  const read = await readPage(await deps.readRaw(hashes.raw), record.source, {
    url: finalUrl ?? record.source.url,
  });
  return read.kind === 'read' ? read.content : null;
};

/** Stores the difference of a change that people are about to be told of, in the three forms that it is read in. */
export const keepDiff = async (
  step: {
    readonly before: SourceState;
    readonly after: SourceState;
    readonly record: SourceRecord;
    readonly pages: Pages;
    readonly content?: PageContent;
  },
  deps: KeepDiffDeps,
): Promise<void> => {
  const { before, after, record, pages, content } = step;
  const { pending } = after;
  if (pending === null || pending.changeId === before.pending?.changeId) return;
  const { configHash, extractor } = after;
  const name = contentName({ hashes: pending.to, configHash, extractor });
  const to =
    [content, pages.candidate, pages.current].find(
      (page) => page !== undefined && contentName(page) === name,
    ) ?? (await deps.readContent({ hashes: pending.to, configHash, extractor }));
  if (to === undefined) throw new Error(`CONTENT_MISSING: ${record.source.id} ${pending.to.canonical}`);
  const from = isBaseline(pending) ? await agreedBefore(before, record, deps) : (pages.acknowledged ?? null);
  const diff = diffPages(from, to, record.source);
  await deps.storeDiff(pending.changeId, 'json', JSON.stringify(diff));
  await deps.storeDiff(pending.changeId, 'md', diffMarkdown(diff));
  await deps.storeDiff(pending.changeId, 'html', String(diffHtml(diff)));
};
