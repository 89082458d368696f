import { createHash } from 'node:crypto';
import type { Action, HistoryEntry } from './action.ts';
import { canonicalJson } from './canonical-json.ts';
import { actionPk } from './identity.ts';

type Facts = Pick<Action, 'requestHash' | 'approvalId' | 'permit' | 'policies' | 'outcome' | 'providerKey'>;

const digest = (value: unknown): string =>
  createHash('sha256').update(canonicalJson(value)).digest('base64url');

const defined = (value: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));

/** Digest of what a row says of request, approval, permit, policies and outcome. */
export const aboutOf = (row: Facts): string =>
  digest({
    domain: 'autopack.about',
    v: 1,
    ...defined({
      requestHash: row.requestHash,
      approvalId: row.approvalId,
      permit: row.permit,
      policies: row.policies,
      outcome: row.outcome,
      providerKey: row.providerKey,
    }),
  }).slice(0, 22);

const chain = (previous: string, pk: string, entry: Omit<HistoryEntry, 'hash'>): string =>
  digest({ domain: 'autopack.history', v: 1, pk, previous, entry: defined(entry) });

/**
 * Appends an entry to a row's history. Each hash covers the one before and the entry; the first covers the
 * payloadHash, so that a chain cannot be moved to another action.
 */
export const appendHistory = (
  row: Facts & Pick<Action, 'project' | 'key' | 'payloadHash'>,
  history: readonly HistoryEntry[],
  entry: Omit<HistoryEntry, 'hash' | 'about'>,
): HistoryEntry[] => {
  const linked = { ...entry, about: aboutOf(row) };
  return [
    ...history,
    { ...linked, hash: chain(history.at(-1)?.hash ?? row.payloadHash, actionPk(row), linked) },
  ];
};

/** What of a row the history speaks about. */
export type Sealed = Facts &
  Pick<Action, 'project' | 'key' | 'payloadHash' | 'version' | 'status' | 'history'>;

/** Why a row's history does not hold, or undefined where it does. Constant memory beside the row. */
export const historyFault = (row: Sealed): string | undefined => {
  let previous = row.payloadHash;
  for (const [index, { hash, ...entry }] of row.history.entries()) {
    if (entry.version !== index + 1) return `entry ${index + 1} has version ${entry.version}`;
    if (hash !== chain(previous, actionPk(row), entry)) return `entry ${index + 1} does not match its hash`;
    previous = hash;
  }
  const last = row.history.at(-1);
  if (last === undefined) return 'the history is empty';
  if (last.version !== row.version) return `the row has version ${row.version}, its history ${last.version}`;
  if (last.event !== 'RESTARTED' && last.event !== row.status)
    return `the row is ${row.status}, its history ends with ${last.event}`;
  if (last.about !== aboutOf(row))
    return 'request, approval, permit, policies or outcome is not what the history sealed';
  return undefined;
};
