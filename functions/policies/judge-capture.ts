import { bodyIsComplete } from '#shared/policies/body-end.ts';
import type { Capture } from '#shared/policies/capture.ts';
import type { PageContent, ReadPageResult } from '#shared/policies/content.ts';
import { judge, type LastGood } from '#shared/policies/judge.ts';
import type { Judgement } from '#shared/policies/observation.ts';
import type { NoteText, StoreContent } from '#shared/policies/ports.ts';
import { readPage } from '#shared/policies/read-page.ts';
import type { SourceRecord } from '#shared/policies/source.ts';
import type { SourceState } from '#shared/policies/source-state.ts';
import type { Pages, PagesDeps } from './state-pages.ts';

export interface JudgeCaptureDeps extends PagesDeps {
  readonly storeContent: StoreContent;
  readonly noteText: NoteText;
}

/** The bytes of a capture and what could be read off them. */
export interface Captured {
  readonly body: Uint8Array;
  readonly read: ReadPageResult;
}

/** Reads the bytes of a capture, once; undefined where it has none. */
export const readCaptured = async (
  record: SourceRecord,
  capture: Capture,
  readingFailed: string | undefined,
  deps: JudgeCaptureDeps,
): Promise<Captured | undefined> => {
  if (capture.rawSha256 === undefined) return undefined;
  const body = await deps.readRaw(capture.rawSha256);
  if (readingFailed !== undefined)
    return {
      body,
      read: {
        kind: 'unreadable',
        code: 'UNSUPPORTED_FORMAT',
        detail: `Reading it did not come to an end (${readingFailed.slice(0, 80)}).`,
      },
    };
  const contentType = capture.headers['content-type'];
  const read = await readPage(body, record.source, {
    url: capture.finalUrl,
    ...(contentType === undefined ? {} : { contentType }),
  });
  return { body, read };
};

const lastGoodOf = async (
  state: SourceState,
  { acknowledged, current }: Pages,
  deps: PagesDeps,
): Promise<LastGood | undefined> => {
  const page = current ?? acknowledged;
  const hashes = (current === undefined ? state.acknowledged : state.current)?.hashes;
  if (page === undefined || hashes === undefined) return undefined;
  const complete = bodyIsComplete(await deps.readRaw(hashes.raw));
  return {
    length: page.length,
    replacementCharacters: page.replacementCharacters,
    blocks: page.blocks.length,
    content: page,
    ...(complete === undefined ? {} : { complete }),
  };
};

/** The judge's word on a capture, and the text that it stands for: its own, or the one that has not been modified. */
export const judgeCapture = async (
  seen: {
    readonly record: SourceRecord;
    readonly capture: Capture;
    readonly bytes: Captured | undefined;
    readonly others: readonly string[];
    readonly before: SourceState;
    readonly pages: Pages;
  },
  deps: JudgeCaptureDeps,
): Promise<{ readonly judgement: Judgement; readonly content: PageContent | undefined }> => {
  const { record, capture, bytes, others, before, pages } = seen;
  const lastGood = bytes === undefined ? undefined : await lastGoodOf(before, pages, deps);
  const judgement = judge({
    source: record.source,
    capture,
    ...(bytes === undefined ? {} : { body: bytes.body, read: bytes.read }),
    ...(lastGood === undefined ? {} : { lastGood }),
    ...(others.length === 0 ? {} : { sharedWith: others }),
  });
  return { judgement, content: bytes?.read.kind === 'read' ? bytes.read.content : undefined };
};
