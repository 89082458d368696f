import { sha256 } from '#shared/actions/canonical-json.ts';
import { timestamp } from '#shared/actions/identity.ts';
import type { BreakGlass } from '#shared/policies/break-glass.ts';
import type { PageHashes } from '#shared/policies/content.ts';
import type { PolicyDiff } from '#shared/policies/policy-diff.ts';
import type { SourceReading } from '#shared/policies/gate.ts';
import { configHash, PolicySource, type SourceRecord } from '#shared/policies/source.ts';
import type { PendingChange, SourceState } from '#shared/policies/source-state.ts';

/** Noon of some day. */
export const NOW = Date.parse('2026-11-21T12:00:00.000Z');
export const DAY = 86_400_000;

export const hashes = (seed: string): PageHashes => ({
  raw: sha256(`${seed} raw`),
  canonical: sha256(`${seed} canonical`),
  semantic: sha256(`${seed} semantic`),
  structure: sha256(`${seed} structure`),
  undated: sha256(`${seed} undated`),
  links: sha256(`${seed} links`),
});

export const record = (over: Record<string, unknown> = {}, row: Partial<SourceRecord> = {}): SourceRecord => {
  const source = PolicySource.parse({
    id: 'etsy-prohibited-items',
    url: 'https://policies.example.test/prohibited',
    title: 'Prohibited items',
    ...over,
  });
  return {
    schemaVersion: 1,
    source,
    configHash: configHash(source),
    version: 1,
    retired: false,
    changedBy: 'person:olivia@example.test',
    changedAt: timestamp(NOW - 30 * DAY),
    ...row,
  };
};

const page = (seed: string, at = NOW - DAY) => ({
  hashes: hashes(seed),
  firstSeenAt: timestamp(at),
  lastSeenAt: timestamp(at),
});

/** A source that was approved and looked at an hour ago. */
export const state = (over: Partial<SourceState> = {}, of: SourceRecord = record()): SourceState => ({
  schemaVersion: 1,
  source: of.source.id,
  version: 4,
  configHash: of.configHash,
  extractor: 'policy-reader/1',
  lastObservedAt: timestamp(NOW - 3_600_000),
  lastSlot: timestamp(NOW - 3_600_000),
  acknowledged: page('agreed'),
  acknowledgement: 'ab'.repeat(16),
  current: page('agreed'),
  verifiedAt: timestamp(NOW - 3_600_000),
  candidate: null,
  pending: null,
  known: [],
  volatile: [],
  incident: null,
  flaps: [],
  scheduled: [],
  validators: null,
  movedTo: null,
  nextCheckAt: timestamp(NOW + DAY / 2),
  slackWarned: 0,
  notices: [],
  ...over,
});

export const pending = (over: Partial<PendingChange> = {}): PendingChange => ({
  changeId: 'cd'.repeat(16),
  from: hashes('agreed'),
  to: hashes('new'),
  class: 'text_changed',
  reasons: [],
  severity: 'high',
  since: timestamp(NOW - 7_200_000),
  confirmedAt: timestamp(NOW - 3_600_000),
  ...over,
});

export const candidate = page('candidate', NOW - 60_000);

export const read = (
  over: Partial<SourceState> = {},
  of: SourceRecord = record(),
): Extract<SourceReading, { kind: 'read' }> => ({ kind: 'read', record: of, state: state(over, of) });

export const glass = (over: Partial<BreakGlass> = {}): BreakGlass => ({
  sources: ['etsy-prohibited-items'],
  codes: ['STALE'],
  reason: 'The page is down and a listing must end today',
  minutes: 60,
  version: 7,
  openedAt: timestamp(NOW - 60_000),
  until: timestamp(NOW + 59 * 60_000),
  by: ['person:olivia@example.test', 'person:sam@example.test'],
  ...over,
});

/** What changed between `agreed` and `new`, with text that does not mean well. */
export const diff: PolicyDiff = {
  schemaVersion: 1,
  source: 'etsy-prohibited-items',
  title: 'Prohibited items',
  url: 'https://policies.example.test/prohibited',
  from: hashes('agreed'),
  to: hashes('new'),
  counts: { added: 1, removed: 0, changed: 1, moved: 0, restructured: 0, unchanged: 40, links: 0 },
  entries: [
    {
      kind: 'changed',
      block: 'item',
      path: ['Weapons', 'Knives'],
      from: 3,
      to: 3,
      spans: [
        { kind: 'same', text: 'Kitchen knives ' },
        { kind: 'removed', text: 'may' },
        { kind: 'added', text: 'must not' },
        { kind: 'same', text: ' be listed.' },
      ],
    },
    {
      kind: 'added',
      block: 'paragraph',
      path: ['Weapons'],
      from: null,
      to: 4,
      spans: [{ kind: 'added', text: '<script>alert(1)</script> \u202Eevil' }],
    },
  ],
  links: [],
  dates: { from: [], to: [] },
  severity: 'high',
  reasons: [{ code: 'OBLIGATION', detail: 'must not' }],
  topics: ['prohibited-items'],
  leftOut: 0,
};
