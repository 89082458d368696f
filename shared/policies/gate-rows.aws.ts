import type { Db } from '../config/dynamo.aws.ts';
import { readRows } from '../config/rows.aws.ts';
import type { ReadSourceReadings } from './gate-reading.ts';
import { sourcePk, statePk } from './row-keys.ts';

/**
 * Registry rows and states of the named sources: one strongly consistent request up to fifty sources, none where none
 * is named. Throws where the table does not answer; a row that cannot be understood is a reading of its own.
 */
export const readSourceReadings =
  (db: Db, table: string): ReadSourceReadings =>
  async (sources) => {
    // The schemas of sources and states are 530 of the 1,200 that "Execute" would build; most actions require no source.
    const { readingOf } = await import('./gate-rows.ts');
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
