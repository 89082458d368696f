import { canonicalJson } from '#shared/actions/canonical-json.ts';
import type { Capture } from '#shared/policies/capture.ts';
import type { PageContent, PageHashes } from '#shared/policies/content.ts';
import type { Observation } from '#shared/policies/observation.ts';
import {
  type AcceptUpload,
  contentName,
  type ListObservations,
  type ListSources,
  type NoteText,
  type PutSourceIfAbsent,
  type PutTold,
  type PutUpload,
  type ReadCapture,
  type ReadContent,
  type ReadDiff,
  type ReadObservation,
  type ReadRaw,
  type ReadSource,
  type ReadState,
  type ReadStates,
  type ReadTold,
  type ReadUpload,
  type RecordObservation,
  type ReplaceSource,
  type ReplaceState,
  type StoreCapture,
  type StoreContent,
  type StoreDiff,
  type StoreRaw,
  textPk,
  type Told,
  toldPk,
  type Upload,
  uploadPk,
} from '#shared/policies/ports.ts';
import { observationPk, sourcePk, statePk } from '#shared/policies/row-keys.ts';
import type { SourceRecord } from '#shared/policies/source.ts';
import type { SourceState } from '#shared/policies/source-state.ts';
import { ProblemError } from '#shared/operators/problems.ts';

/** Everything the check reads and writes. The adapters and the twin are held to the same contract. */
export interface PolicyStore {
  readonly readSource: ReadSource;
  readonly listSources: ListSources;
  readonly putSourceIfAbsent: PutSourceIfAbsent;
  readonly replaceSource: ReplaceSource;
  readonly readState: ReadState;
  readonly readStates: ReadStates;
  readonly replaceState: ReplaceState;
  readonly recordObservation: RecordObservation;
  readonly readObservation: ReadObservation;
  readonly listObservations: ListObservations;
  readonly readTold: ReadTold;
  readonly putTold: PutTold;
  readonly putUpload: PutUpload;
  readonly readUpload: ReadUpload;
  readonly acceptUpload: AcceptUpload;
  readonly noteText: NoteText;
  readonly storeRaw: StoreRaw;
  readonly readRaw: ReadRaw;
  readonly storeContent: StoreContent;
  readonly readContent: ReadContent;
  readonly storeDiff: StoreDiff;
  readonly readDiff: ReadDiff;
  readonly storeCapture: StoreCapture;
  readonly readCapture: ReadCapture;
}

const clone = <Value>(value: Value): Value => structuredClone(value);
const same = (one: unknown, other: unknown): boolean =>
  canonicalJson(JSON.parse(JSON.stringify(one))) === canonicalJson(JSON.parse(JSON.stringify(other)));

/** The policies table and its folders of the artifacts bucket, in memory. `rows` and `objects` are for looking. */
export const memoryStore = () => {
  const rows = new Map<string, unknown>();
  const objects = new Map<string, unknown>();
  const get = <Row>(pk: string): Row | undefined => clone(rows.get(pk)) as Row | undefined;
  const versionOf = (pk: string): number => get<{ version: number }>(pk)?.version ?? 0;
  const replace = (pk: string, row: { readonly version: number }): 'replaced' | 'refused' => {
    if (versionOf(pk) !== row.version - 1) return same(rows.get(pk) ?? null, row) ? 'replaced' : 'refused';
    rows.set(pk, clone(row));
    return 'replaced';
  };
  const putOnce = (key: string, value: unknown): void => {
    if (!objects.has(key)) objects.set(key, clone(value));
  };
  const all = <Row>(prefix: string): Row[] =>
    [...rows].filter(([pk]) => pk.startsWith(prefix)).map(([, row]) => clone(row) as Row);
  const captureKey = (id: { source: string; slot: string; reading: number }): string =>
    `captures/${id.source}/${id.slot}-${id.reading}`;
  const contentKey = (key: { hashes: PageHashes; configHash: string; extractor: string }): string =>
    `content/${contentName(key)}`;

  const store: PolicyStore = {
    readSource: async (source) => get<SourceRecord>(sourcePk(source)),
    listSources: async () =>
      all<SourceRecord>('source#').toSorted((one, other) => (one.source.id < other.source.id ? -1 : 1)),
    putSourceIfAbsent: async (record) => {
      const pk = sourcePk(record.source.id);
      if (rows.has(pk)) return same(rows.get(pk), record) ? 'created' : 'existed';
      rows.set(pk, clone(record));
      return 'created';
    },
    replaceSource: async (record) => replace(sourcePk(record.source.id), record),
    readState: async (source) => get<SourceState>(statePk(source)),
    readStates: async (sources) =>
      new Map(
        sources.flatMap((source) => {
          const state = get<SourceState>(statePk(source));
          return state === undefined ? [] : [[source, state] as const];
        }),
      ),
    replaceState: async (to) => replace(statePk(to.source), to),
    recordObservation: async ({ to, observation }) => {
      const pk = observationPk(observation);
      if (rows.has(pk)) return 'known';
      if (versionOf(statePk(to.source)) !== to.version - 1) return 'refused';
      rows.set(pk, clone(observation));
      rows.set(statePk(to.source), clone(to));
      return 'recorded';
    },
    readObservation: async (id) => get<Observation>(observationPk(id)),
    listObservations: async ({ source, limit, since, cursor }) => {
      const key = (one: Observation): string => `${one.slot}#${String(one.reading).padStart(6, '0')}`;
      const before = cursor === undefined ? undefined : Buffer.from(cursor, 'base64url').toString('utf8');
      if (before !== undefined && !/^[^#]+Z#\d{6}$/.test(before))
        throw new ProblemError('INVALID_CURSOR', 'not ours', { field: 'cursor' });
      const found = all<Observation>(`observation#${source}#`)
        .filter((one) => since === undefined || key(one) >= since)
        .filter((one) => before === undefined || key(one) < before)
        .toSorted((one, other) => (key(one) < key(other) ? 1 : -1));
      const observations = found.slice(0, limit);
      const last = observations.at(-1);
      return found.length > limit && last !== undefined
        ? { observations, nextCursor: Buffer.from(key(last)).toString('base64url') }
        : { observations };
    },
    readTold: async (keys) => new Set(keys.map(toldPk).filter((pk) => rows.has(pk))),
    putTold: async (row: Told) => {
      if (!rows.has(toldPk(row))) rows.set(toldPk(row), clone(row));
    },
    putUpload: async (upload) => {
      const pk = uploadPk(upload.source, upload.uploadId);
      if (!rows.has(pk)) rows.set(pk, clone(upload));
      return get<Upload>(pk) as Upload;
    },
    readUpload: async (source, id) => get<Upload>(uploadPk(source, id)),
    acceptUpload: async (upload) => {
      const pk = uploadPk(upload.source, upload.uploadId);
      const stored = get<Upload>(pk);
      if (stored?.status === 'WAITING') rows.set(pk, clone(upload));
      return get<Upload>(pk) as Upload;
    },
    noteText: async (semantic, source) => {
      const seen = get<string[]>(textPk(semantic)) ?? [];
      rows.set(textPk(semantic), [...new Set([...seen, source])].toSorted());
      return seen.filter((other) => other !== source);
    },
    storeRaw: async (hash, bytes) => putOnce(`raw/${hash}`, bytes),
    readRaw: async (hash) => {
      const bytes = objects.get(`raw/${hash}`);
      if (bytes === undefined) throw new Error(`RAW_MISSING: policies/raw/${hash}`);
      return clone(bytes) as Uint8Array;
    },
    storeContent: async (content) => putOnce(contentKey(content), content),
    readContent: async (key) => clone(objects.get(contentKey(key))) as PageContent | undefined,
    storeDiff: async (changeId, format, text) => putOnce(`diffs/${changeId}.${format}`, text),
    readDiff: async (changeId, format) => objects.get(`diffs/${changeId}.${format}`) as string | undefined,
    storeCapture: async (capture) => {
      putOnce(captureKey(capture), capture);
      return clone(objects.get(captureKey(capture))) as Capture;
    },
    readCapture: async (id) => clone(objects.get(captureKey(id))) as Capture | undefined,
  };
  return { ...store, rows, objects, all };
};
export type MemoryStore = ReturnType<typeof memoryStore>;
