import { timestamp } from '#shared/actions/identity.ts';
import { EXTRACTOR_VERSION, type PageContent } from '#shared/policies/content.ts';
import type { ReadState, RecordObservation, ReplaceState, StoreContent } from '#shared/policies/ports.ts';
import { readPage } from '#shared/policies/read-page.ts';
import type { SourceRecord } from '#shared/policies/source.ts';
import type { PageState, SourceState } from '#shared/policies/source-state.ts';
import { upgrade } from '#shared/policies/upgrade.ts';
import type { Check } from './list-due-sources.ts';
import { keepDiff, type KeepDiffDeps, withContentType } from './state-pages.ts';

export interface RereadSourceDeps extends KeepDiffDeps {
  readonly now: () => number;
  readonly readState: ReadState;
  readonly replaceState: ReplaceState;
  readonly recordObservation: RecordObservation;
  readonly storeContent: StoreContent;
}

/** `reread`: done and recorded. `fetch`: the stored bytes do not do, the page has to be looked at. */
export type Reread = 'not needed' | 'reread' | 'fetch';

/** Readings of a slot that a fetch never has. */
const REREAD_READING = 900_000;
const ATTEMPTS = 8;

const isOld = (state: SourceState, record: SourceRecord): boolean =>
  state.extractor !== EXTRACTOR_VERSION || state.configHash !== record.configHash;

/** The bytes of a state, read as they would be today; undefined where nothing can be read off them. */
const readAnew = async (
  page: PageState | null,
  state: SourceState,
  record: SourceRecord,
  deps: RereadSourceDeps,
): Promise<PageContent | undefined> => {
  if (page === null) return undefined;
  const { configHash, extractor } = state;
  const before = await deps.readContent({ hashes: page.hashes, configHash, extractor });
  const read = await readPage(await deps.readRaw(page.hashes.raw), record.source, {
    url: page.finalUrl ?? record.source.url,
    ...(before?.contentType === undefined ? {} : { contentType: before.contentType }),
  });
  return read.kind === 'read' ? withContentType(read.content, before?.contentType) : undefined;
};

/**
 * Brings a state up to the reader and the configuration of today, from the bytes that are stored: what comes of it is
 * never shown as a change of the provider. Where the bytes do not do, the source is due at once.
 */
export const rereadSource = async (
  record: SourceRecord,
  { source, slot, step }: Check,
  deps: RereadSourceDeps,
): Promise<Reread> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await deps.readState(source);
    if (before === undefined || !isOld(before, record)) return attempt === 0 ? 'not needed' : 'reread';
    const acknowledged = await readAnew(before.acknowledged, before, record, deps);
    const current = await readAnew(before.current, before, record, deps);
    const at = timestamp(deps.now());
    const done = upgrade(
      before,
      { acknowledged, current },
      { source: record.source, slot, reading: REREAD_READING, at },
    );
    if (done === null) {
      if (step !== 'REREAD' || before.nextCheckAt <= at) return 'fetch';
      const due: SourceState = { ...before, version: before.version + 1, nextCheckAt: at };
      if ((await deps.replaceState(due)) === 'replaced') return 'fetch';
      continue;
    }
    for (const content of [acknowledged, current])
      if (content !== undefined) await deps.storeContent(content);
    const pages = {
      ...(acknowledged === undefined ? {} : { acknowledged }),
      ...(current === undefined ? {} : { current }),
    };
    await keepDiff({ before, after: done.state, record, pages }, deps);
    const to: SourceState = { ...done.state, version: before.version + 1 };
    const result = await deps.recordObservation({ to, observation: done.observation });
    if (result !== 'refused') return 'reread';
  }
  throw new Error('STATE_BUSY: the state changed too often');
};
