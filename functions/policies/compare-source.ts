import * as z from 'zod';
import { timestamp } from '#shared/actions/identity.ts';
import type { Capture } from '#shared/policies/capture.ts';
import { nextCheckAt } from '#shared/policies/next-check.ts';
import { newSourceState, observe } from '#shared/policies/observe.ts';
import type { ReadCapture, ReadObservation, ReadSource, StoreCapture } from '#shared/policies/ports.ts';
import type { SourceRecord } from '#shared/policies/source.ts';
import type { SourceState } from '#shared/policies/source-state.ts';
import { judgeCapture, type JudgeCaptureDeps, readCaptured } from './judge-capture.ts';
import { Check } from './list-due-sources.ts';
import { rereadSource, type RereadSourceDeps } from './reread-source.ts';
import { keepDiff, pagesOf, withContentType } from './state-pages.ts';

export interface CompareSourceDeps extends JudgeCaptureDeps, RereadSourceDeps {
  readonly confirmSeconds: number;
  readonly readSource: ReadSource;
  readonly readObservation: ReadObservation;
  readonly readCapture: ReadCapture;
  readonly storeCapture: StoreCapture;
}

export const CompareInput = z.strictObject({
  check: Check,
  /** The fetch did not come back; named by the error that the state machine caught. */
  fetchFailed: z.string().optional(),
  /** Reading the bytes did not come back, more than once. */
  readingFailed: z.string().optional(),
});
export type CompareInput = z.infer<typeof CompareInput>;

export interface Compared {
  readonly source: string;
  /** The class, the reason why it was not usable, or `not required`. */
  readonly outcome: string;
  readonly alert: boolean;
}

/** Readers of one state that meet; more than a handful at once is a fault. */
const ATTEMPTS = 8;

/** What is written down where the fetch itself broke: the check took place and brought nothing. */
const brokenCapture = (record: SourceRecord, check: Check, error: string, now: number): Capture => ({
  schemaVersion: 1,
  source: check.source,
  slot: check.slot,
  reading: check.reading,
  fetchedAt: timestamp(now),
  fetcher: 'http',
  url: record.source.url,
  finalUrl: record.source.url,
  chain: [],
  headers: {},
  rawBytes: 0,
  notModified: false,
  robots: 'not-asked',
  failure: { code: 'CONNECTION', detail: `The fetch did not come back (${error.slice(0, 80)}).` },
});

const captureOf = async (
  { check, fetchFailed }: CompareInput,
  record: SourceRecord,
  deps: CompareSourceDeps,
): Promise<Capture> => {
  const stored = await deps.readCapture(check);
  if (stored !== undefined) return stored;
  if (fetchFailed === undefined)
    throw new Error(`CAPTURE_MISSING: ${check.source} ${check.slot} ${check.reading}`);
  // First wins: a fetch that was only late is the capture after all.
  return deps.storeCapture(brokenCapture(record, check, fetchFailed, deps.now()));
};

const outcomeOf = (source: string, observation: Awaited<ReturnType<ReadObservation>>): Compared => ({
  source,
  outcome: observation?.class ?? observation?.unusable?.reason ?? 'not required',
  alert: observation?.alert ?? false,
});

/** When it is looked at again, unless the state has seen something later already. */
const withNextCheck = (
  record: SourceRecord,
  before: SourceState,
  after: SourceState,
  capture: Capture,
  unusable: Parameters<typeof nextCheckAt>[2]['unusable'],
  confirmSeconds: number,
): SourceState => {
  if (before.lastObservedAt !== null && capture.fetchedAt <= before.lastObservedAt) return after;
  const { retryAfterSeconds } = capture;
  const at = nextCheckAt(
    record.source,
    after,
    {
      at: capture.fetchedAt,
      ...(unusable === undefined ? {} : { unusable }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    },
    { confirmSeconds },
  );
  return { ...after, nextCheckAt: at };
};

/**
 * Judges the capture of a check, compares it with what is known of the source, and writes the observation together
 * with the state that it leads to. Whatever it stores before that write has a name made of its content, so that a
 * repeat after a crash stores the same again; a check that is recorded already answers what was recorded.
 */
export const compareSource = async (input: CompareInput, deps: CompareSourceDeps): Promise<Compared> => {
  const { check } = input;
  const { source } = check;
  const recorded = await deps.readObservation(check);
  if (recorded !== undefined) return outcomeOf(source, recorded);
  const record = await deps.readSource(source);
  if (record === undefined || record.retired) return outcomeOf(source, undefined);
  const reread = await rereadSource(record, check, deps);
  if (check.step === 'REREAD') return { source, outcome: reread, alert: false };
  const capture = await captureOf(input, record, deps);
  const bytes = await readCaptured(record, capture, input.readingFailed, deps);
  const others =
    bytes?.read.kind === 'read' ? await deps.noteText(bytes.read.content.hashes.semantic, source) : [];

  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const stored = await deps.readState(source);
    const before = stored ?? newSourceState(record.source, capture.fetchedAt);
    const pages = await pagesOf(before, record, deps);
    const { judgement, content } = await judgeCapture(
      { record, capture, bytes, others, before, pages },
      deps,
    );
    const { state, observation } = observe(
      before,
      { source: record.source, capture, judgement, ...(content === undefined ? {} : { content }) },
      pages,
      { confirmSeconds: deps.confirmSeconds },
    );
    if (content !== undefined && !capture.notModified)
      await deps.storeContent(withContentType(content, capture.headers['content-type']));
    await keepDiff(
      { before, after: state, record, pages, ...(content === undefined ? {} : { content }) },
      deps,
    );
    const next = withNextCheck(
      record,
      before,
      state,
      capture,
      observation.unusable?.reason,
      deps.confirmSeconds,
    );
    const to = { ...next, version: (stored?.version ?? 0) + 1 };
    const result = await deps.recordObservation({ to, observation });
    if (result === 'recorded') return outcomeOf(source, observation);
    if (result === 'known') return outcomeOf(source, await deps.readObservation(check));
  }
  throw new Error('STATE_BUSY: the state changed too often');
};
