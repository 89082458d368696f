import type { SourceReading } from './gate.ts';
import { SourceRecord } from './source.ts';
import { SourceState } from './source-state.ts';

type Row = Record<string, unknown> | undefined;

const withoutKeys = (row: Row): Row => {
  if (row === undefined) return undefined;
  const { pk: _pk, kind: _kind, sortKey: _sortKey, ...rest } = row;
  return rest;
};

/** What two rows of the policies table say; where one does not fit its schema or is another source's, that nothing is known. */
export const readingOf = (source: string, recordRow: Row, stateRow: Row): SourceReading => {
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
