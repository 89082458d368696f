import type { PlaceName } from './place.ts';

/** Where a place is known to differ from AWS. */
export interface KnownDifference {
  readonly place: PlaceName;
  /** Id of the case that fails there. */
  readonly case: string;
  /** Why, and what the product does about it. */
  readonly reason: string;
  /** What the failure says; another one is an unknown difference. */
  readonly observed: RegExp;
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [];
