import type * as z from 'zod';
import type { CheckId } from './ports.ts';
import type { SourceId } from './source-id.ts';

/** A source is a stable word, checked where it comes in. */
export type SourceName = z.infer<typeof SourceId>;

/** Keys of the rows of the policies table. No part can hold a "#". */
export const sourcePk = (source: SourceName): string => `source#${source}`;
export const statePk = (source: SourceName): string => `state#${source}`;
export const observationPk = ({ source, slot, reading }: CheckId): string =>
  `observation#${source}#${slot}#${reading}`;
