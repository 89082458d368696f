import type { SourceReading } from './gate.ts';

/** What is stored of these sources now, by id; nothing is asked where none is named. */
export type ReadSourceReadings = (sources: readonly string[]) => Promise<ReadonlyMap<string, SourceReading>>;
