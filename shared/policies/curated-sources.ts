import { CURATED_ENTRIES } from './curated.ts';
import { PolicySource } from './source.ts';

/** The curated sources, checked and complete: for whoever watches them. Gates ask for their ids alone. */
export const CURATED_SOURCES: readonly PolicySource[] = CURATED_ENTRIES.map((entry) =>
  PolicySource.parse(entry),
);
