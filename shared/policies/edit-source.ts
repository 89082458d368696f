import { canonicalJson } from '../actions/canonical-json.ts';
import type { Subject, Timestamp } from '../actions/identity.ts';
import { configHash, PolicySource, type SourceRecord } from './source.ts';
import * as z from 'zod';

/** Body of `PUT /policies/{source}`: the source, and whether it is retired. What is left out has its default. */
export const SourceEdit = PolicySource.extend({ retired: z.boolean().default(false) });
export type SourceEdit = z.infer<typeof SourceEdit>;

export interface EditBy {
  readonly by: Subject;
  readonly at: Timestamp;
}

export type EditResult =
  /** Nothing to write: it is like this already, or this person has asked for it before. */
  | { readonly kind: 'same'; readonly record: SourceRecord; readonly waitsForSecond: boolean }
  /** Write the record over the version before it. */
  | { readonly kind: 'write'; readonly record: SourceRecord; readonly waitsForSecond: boolean };

const alike = (one: unknown, other: unknown): boolean => canonicalJson(one) === canonicalJson(other);
const samePerson = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/**
 * The next version of a registry row. A source that is critical is edited or retired by two people: the first one's
 * wish is kept beside it and changes nothing, the same wish of another person puts it into force. Everything else, and
 * a new source, takes one: its reading has to be approved as a baseline anyway.
 */
export const editSource = (
  stored: SourceRecord | undefined,
  { retired, ...source }: SourceEdit,
  { by, at }: EditBy,
): EditResult => {
  const next: SourceRecord = {
    schemaVersion: 1,
    source,
    configHash: configHash(source),
    version: (stored?.version ?? 0) + 1,
    retired,
    changedBy: by,
    changedAt: at,
  };
  if (stored === undefined) return { kind: 'write', record: next, waitsForSecond: false };
  const { proposal, ...current } = stored;
  if (alike({ source: stored.source, retired: stored.retired }, { source, retired })) {
    // Asking for what is in force takes a wish for something else back.
    return proposal === undefined
      ? { kind: 'same', record: stored, waitsForSecond: false }
      : { kind: 'write', record: { ...current, version: next.version }, waitsForSecond: false };
  }
  if (!stored.source.critical) return { kind: 'write', record: next, waitsForSecond: false };
  if (
    proposal !== undefined &&
    alike({ source: proposal.source, retired: proposal.retired }, { source, retired })
  ) {
    return samePerson(proposal.by, by)
      ? { kind: 'same', record: stored, waitsForSecond: true }
      : { kind: 'write', record: next, waitsForSecond: false };
  }
  return {
    kind: 'write',
    record: { ...current, version: next.version, proposal: { source, retired, by, at } },
    waitsForSecond: true,
  };
};

export interface SourceFault {
  readonly field: string;
  /** What is wrong and how to mend it. */
  readonly detail: string;
}

/** What the schema cannot say about a source. */
export const sourceFaults = (source: PolicySource, production: boolean): readonly SourceFault[] => {
  const found: SourceFault[] = [];
  const { protocol, username, password } = new URL(source.url);
  if (production && protocol !== 'https:')
    found.push({ field: 'url', detail: 'production reads pages over https only.' });
  if (username !== '' || password !== '')
    found.push({
      field: 'url',
      detail: 'leave user name and password out; pages are read without signing in.',
    });
  if (source.cadenceHours >= source.maxAgeDays * 24)
    found.push({
      field: 'cadenceHours',
      detail: `with ${source.cadenceHours} hours between checks it would be stale before the next one; choose less than maxAgeDays.`,
    });
  return found;
};
