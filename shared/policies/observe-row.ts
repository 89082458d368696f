import type { Capture } from './capture.ts';
import { clip } from './class-reasons.ts';
import type { PageContent } from './content.ts';
import type { Judgement, Observation } from './observation.ts';
import type { Sight, Verdict } from './sighting.ts';
import { configHash, type PolicySource } from './source.ts';
import type { SourceState } from './source-state.ts';

/** What was learned under another reader or configuration is worth nothing; what was acknowledged is kept to compare. */
export const forget = (state: SourceState, sight: Sight): SourceState => ({
  ...state,
  configHash: configHash(sight.source),
  extractor: sight.content.extractor,
  current: null,
  candidate: null,
  pending: null,
  known: [],
  volatile: [],
  validators: null,
});

/** The row of a check before anything is known but where it came from. */
export const rowOf = (
  { source, capture }: { readonly source: PolicySource; readonly capture: Capture },
  extractor: string,
): Observation => ({
  schemaVersion: 1,
  source: source.id,
  slot: capture.slot,
  reading: capture.reading,
  at: capture.fetchedAt,
  configHash: configHash(source),
  extractor,
  fetcher: capture.fetcher,
  finalUrl: capture.finalUrl,
  ...(capture.status === undefined ? {} : { status: capture.status }),
  robots: capture.robots,
  rawBytes: capture.rawBytes,
  notModified: capture.notModified,
  usable: false,
  reasons: [],
  candidate: false,
  verified: false,
  alert: false,
  removed: [],
});

export const unusableRow = (
  row: Observation,
  unusable: Extract<Judgement, { usable: false }>,
): Observation => ({
  ...row,
  unusable: { reason: unusable.reason, detail: clip(unusable.detail, 300) },
});

export const usableRow = (
  row: Observation,
  content: PageContent,
  verdict: Omit<Verdict, 'state'>,
): Observation => ({
  ...row,
  extractor: content.extractor,
  usable: true,
  class: verdict.class,
  reasons: verdict.reasons.slice(0, 20),
  hashes: content.hashes,
  candidate: verdict.candidate ?? false,
  verified: verdict.verified ?? false,
  alert: verdict.alert ?? false,
  ...(verdict.severity === undefined ? {} : { severity: verdict.severity }),
  ...(verdict.changeId === undefined ? {} : { changeId: verdict.changeId }),
  removed: [...content.removed, ...(verdict.removed ?? [])].slice(0, 100),
});
