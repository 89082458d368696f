import { type Timestamp, timestamp } from '#shared/actions/identity.ts';
import type { Capture } from '#shared/policies/capture.ts';
import { EXTRACTOR_VERSION } from '#shared/policies/content.ts';
import type { ReadCapture, ReadSource, ReadState, StoreCapture, StoreRaw } from '#shared/policies/ports.ts';
import { validatorsToSend } from '#shared/policies/next-check.ts';
import type { PolicySource } from '#shared/policies/source.ts';
import type { SourceState } from '#shared/policies/source-state.ts';
import type { Check } from './list-due-sources.ts';

export interface FetchSourceDeps {
  readonly now: () => number;
  readonly readSource: ReadSource;
  readonly readState: ReadState;
  readonly readCapture: ReadCapture;
  readonly storeCapture: StoreCapture;
  readonly storeRaw: StoreRaw;
  /** Looks at the page once. Whatever the world does is a capture; only a fault of our own is thrown. */
  readonly fetchPage: (
    source: PolicySource,
    ask: {
      readonly slot: Timestamp;
      readonly reading: number;
      readonly validators?: SourceState['validators'];
      readonly now: () => number;
    },
  ) => Promise<{ readonly capture: Capture; readonly body?: Uint8Array }>;
}

export interface Fetched {
  readonly source: string;
  /** What came of it: a status, a failure's code, or `not required` for a source that is gone or retired. */
  readonly outcome: string;
}

/**
 * Looks at the page of a check, once: the first capture that is stored for a check is the capture of that check,
 * however often this is repeated. The bytes lie in the store before anything names them.
 */
export const fetchSource = async (check: Check, deps: FetchSourceDeps): Promise<Fetched> => {
  const { source, slot, reading } = check;
  const done = (capture: Capture): Fetched => ({
    source,
    outcome: capture.failure?.code ?? String(capture.status ?? 'no answer'),
  });
  const before = await deps.readCapture(check);
  if (before !== undefined) return done(before);
  const record = await deps.readSource(source);
  if (record === undefined || record.retired) return { source, outcome: 'not required' };
  const state = await deps.readState(source);
  const validators =
    state === undefined
      ? undefined
      : validatorsToSend(state, {
          now: timestamp(deps.now()),
          reading,
          configHash: record.configHash,
          extractor: EXTRACTOR_VERSION,
        });
  const { capture, body } = await deps.fetchPage(record.source, {
    slot,
    reading,
    now: deps.now,
    ...(validators === undefined ? {} : { validators }),
  });
  if (body !== undefined && capture.rawSha256 !== undefined) await deps.storeRaw(capture.rawSha256, body);
  return done(await deps.storeCapture(capture));
};
