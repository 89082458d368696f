import type { Db } from '../config/dynamo.aws.ts';
import { readRows } from '../config/rows.aws.ts';
import type { SourceReading } from './gate.ts';
import type { ReadSourceReadings } from './gate-reading.ts';
import { sourcePk, statePk } from './ports.ts';
import { SourceRecord } from './source.ts';
import { SourceState } from './source-state.ts';

type Row = Record<string, unknown> | undefined;

const withoutKeys = (row: Row): Row => {
  if (row === undefined) return undefined;
  const { pk: _pk, kind: _kind, sortKey: _sortKey, ...rest } = row;
  return rest;
};

/** What two rows say; where one does not fit its schema or is another source's, that nothing is known. */
const readingOf = (source: string, recordRow: Row, stateRow: Row): SourceReading => {
  const record = SourceRecord.optional().safeParse(withoutKeys(recordRow));
  const state = SourceState.optional().safeParse(withoutKeys(stateRow));
  const bad = record.success ? (state.success ? undefined : state.error) : record.error;
  if (bad !== undefined || !record.success || !state.success)
    return {
      kind: 'unreadable',
      detail: `${record.success ? 'Its state' : 'Its row'} does not fit: ${bad?.issues[0]?.path.join('.') ?? ''}`,
    };
  if (
    (record.data !== undefined && record.data.source.id !== source) ||
    (state.data !== undefined && state.data.source !== source)
  )
    return { kind: 'unreadable', detail: 'Its row belongs to another source.' };
  return { kind: 'read', record: record.data, state: state.data };
};

/**
 * Registry rows and states of the named sources: one strongly consistent request up to fifty sources, none where none
 * is named. Throws where the table does not answer; a row that cannot be understood is a reading of its own.
 */
export const readSourceReadings =
  (db: Db, table: string): ReadSourceReadings =>
  async (sources) => {
    const rows = await readRows(
      db,
      sources.flatMap((source) => [
        { table, pk: sourcePk(source) },
        { table, pk: statePk(source) },
      ]),
    );
    return new Map(
      sources.map((source, index) => [source, readingOf(source, rows[2 * index], rows[2 * index + 1])]),
    );
  };
