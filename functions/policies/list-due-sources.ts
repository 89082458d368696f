import * as z from 'zod';
import { epochMs, Timestamp, timestamp } from '#shared/actions/identity.ts';
import { EXTRACTOR_VERSION } from '#shared/policies/content.ts';
import { gauges } from '#shared/policies/gauges.ts';
import { passTime } from '#shared/policies/passing-time.ts';
import type { ListSources, PutSourceIfAbsent, ReadStates, ReplaceState } from '#shared/policies/ports.ts';
import type { SourceName } from '#shared/policies/row-keys.ts';
import { configHash, type PolicySource, type SourceRecord } from '#shared/policies/source.ts';
import { SourceId } from '#shared/policies/source-id.ts';
import type { SourceState } from '#shared/policies/source-state.ts';

export interface ListDueDeps {
  readonly now: () => number;
  readonly curated: readonly PolicySource[];
  readonly listSources: ListSources;
  readonly putSourceIfAbsent: PutSourceIfAbsent;
  readonly readStates: ReadStates;
  readonly replaceState: ReplaceState;
  readonly stage: string;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

/** From the schedule, or from whoever wants one source looked at now (or a capture judged that lies there already). */
export const DueInput = z.strictObject({
  input: z.union([
    z.strictObject({ scheduledTime: z.iso.datetime() }),
    z.strictObject({ source: SourceId, slot: Timestamp.optional(), captured: z.boolean().optional() }),
  ]),
  /** When the execution started: the slot of a check by hand. The same in every retry. */
  startedAt: z.iso.datetime(),
});
export type DueInput = z.infer<typeof DueInput>;

/** FETCH: look at the page. REREAD: read what is stored with the reader of today. JUDGE: a capture lies there. */
export const CHECK_STEPS = ['FETCH', 'REREAD', 'JUDGE', 'TELL'] as const;
export const Check = z.strictObject({
  source: SourceId,
  slot: Timestamp,
  reading: z.int().positive(),
  step: z.enum(CHECK_STEPS),
});
export type Check = z.infer<typeof Check>;

export interface Due {
  readonly slot: Timestamp;
  /** Serial per host: a provider sees one request of ours at a time. */
  readonly hosts: readonly { readonly host: string; readonly checks: readonly Check[] }[];
  /** How many sources are due and wait for the next run. */
  readonly waiting: number;
}

/** What one run takes on. Its answer stays far below what a state machine carries (256 KB). */
export const MOST_CHECKS = 300;
export const MOST_OF_A_HOST = 20;

/** The reading that a check of this slot would be: the second look belongs to a candidate. */
const readingOf = (state: SourceState | undefined, slot: Timestamp): number => {
  if (state === undefined) return 1;
  if (state.lastSlot === slot) return (state.lastReading ?? 1) + 1;
  return state.candidate === null ? 1 : 2;
};

/** What is stored is read anew by another reader or configuration, unless a fetch is what is needed. */
const isReadAnew = (record: SourceRecord, state: SourceState): boolean =>
  state.incident === null &&
  (state.current ?? state.acknowledged) !== null &&
  (state.extractor !== EXTRACTOR_VERSION || state.configHash !== record.configHash);

const stepOf = (
  record: SourceRecord,
  state: SourceState | undefined,
  nowMs: number,
): Check['step'] | undefined => {
  if (state === undefined || epochMs(state.nextCheckAt) <= nowMs) return 'FETCH';
  if (isReadAnew(record, state)) return 'REREAD';
  return state.notices.length > 0 ? 'TELL' : undefined;
};

/** Curated sources that the registry does not have yet. What is there stays as people left it. */
const seed = async (
  records: readonly SourceRecord[],
  deps: ListDueDeps,
): Promise<readonly SourceRecord[]> => {
  const there = new Set(records.map(({ source }) => source.id));
  const added: SourceRecord[] = [];
  for (const source of deps.curated) {
    if (there.has(source.id)) continue;
    const record: SourceRecord = {
      schemaVersion: 1,
      source,
      configHash: configHash(source),
      version: 1,
      retired: false,
      changedBy: 'system:curated',
      changedAt: timestamp(deps.now()),
    };
    if ((await deps.putSourceIfAbsent(record)) === 'created') added.push(record);
  }
  return [...records, ...added];
};

const grouped = (checks: readonly (Check & { readonly host: string })[]): Due['hosts'] => {
  const hosts = new Map<string, Check[]>();
  for (const { host, ...check } of checks) {
    const group = hosts.get(host) ?? [];
    group.push(check);
    hosts.set(host, group);
  }
  return [...hosts].map(([host, group]) => ({ host, checks: group }));
};

const byHand = async (
  {
    source,
    slot,
    captured,
  }: { source: SourceName; slot?: Timestamp | undefined; captured?: boolean | undefined },
  startedAt: string,
  deps: ListDueDeps,
): Promise<Due> => {
  const moment = slot ?? timestamp(Date.parse(startedAt));
  const record = (await seed(await deps.listSources(), deps)).find((each) => each.source.id === source);
  if (record === undefined || record.retired) return { slot: moment, hosts: [], waiting: 0 };
  const state = (await deps.readStates([source])).get(source);
  const check: Check =
    captured === true
      ? { source, slot: moment, reading: 1, step: 'JUDGE' }
      : { source, slot: moment, reading: readingOf(state, moment), step: 'FETCH' };
  return { slot: moment, hosts: [{ host: new URL(record.source.url).host, checks: [check] }], waiting: 0 };
};

/** Lets time pass over the states; a state that moved meanwhile is left for the next run. */
const age = async (
  records: readonly SourceRecord[],
  states: ReadonlyMap<string, SourceState>,
  deps: ListDueDeps,
): Promise<ReadonlyMap<string, SourceState>> => {
  const aged = new Map(states);
  for (const { source, retired } of records) {
    const state = states.get(source.id);
    const next = state === undefined || retired ? undefined : passTime(state, source, deps.now());
    if (next !== undefined && (await deps.replaceState(next)) === 'replaced') aged.set(source.id, next);
  }
  return aged;
};

/**
 * What this run has to look at, oldest first, in groups of a host. Registers curated sources that are new, warns of
 * what grows old, and writes the line that the alarms watch.
 */
export const listDueSources = async ({ input, startedAt }: DueInput, deps: ListDueDeps): Promise<Due> => {
  if ('source' in input) return byHand(input, startedAt, deps);
  const slot = timestamp(Date.parse(input.scheduledTime));
  const records = (await seed(await deps.listSources(), deps)).filter(({ retired }) => !retired);
  const states = await age(records, await deps.readStates(records.map(({ source }) => source.id)), deps);
  deps.log(gauges(records, states, deps.stage, deps.now()));

  const due = records
    .flatMap((record) => {
      const state = states.get(record.source.id);
      const step = stepOf(record, state, deps.now());
      if (step === undefined) return [];
      return [{ record, state, step, since: state?.nextCheckAt ?? '' }];
    })
    .toSorted((one, other) => (one.since < other.since ? -1 : one.since > other.since ? 1 : 0));
  const perHost = new Map<string, number>();
  const taken = due.flatMap(({ record, state, step }) => {
    const { host } = new URL(record.source.url);
    const before = perHost.get(host) ?? 0;
    if (before >= MOST_OF_A_HOST) return [];
    perHost.set(host, before + 1);
    return [{ host, source: record.source.id, slot, reading: readingOf(state, slot), step }];
  });
  const checks = taken.slice(0, MOST_CHECKS);
  return { slot, hosts: grouped(checks), waiting: due.length - checks.length };
};
