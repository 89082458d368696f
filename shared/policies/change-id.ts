import { canonicalJson, sha256 } from '../actions/canonical-json.ts';
import type { Timestamp } from '../actions/identity.ts';
import type { PageHashes } from './content.ts';

const deciding = (hashes: PageHashes | null): readonly string[] | null =>
  hashes === null ? null : [hashes.semantic, hashes.structure, hashes.links];

/** Names a change by the source, how it is read, and the pair of states. 32 hex digits, the same for the same change. */
export const changeIdOf = (
  source: string,
  configHash: string,
  from: PageHashes | null,
  to: PageHashes,
  /** Sets a change apart that was acknowledged once and is one again: the moment at which it came back. */
  round: Timestamp | null = null,
): string => sha256(canonicalJson([source, configHash, deciding(from), deciding(to), round])).slice(0, 32);
