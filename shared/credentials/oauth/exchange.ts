import * as z from 'zod';
import type { CredentialRef } from '../../actions/dry-run.ts';
import { epochMs, ProjectId, Subject, Timestamp, timestamp } from '../../actions/identity.ts';
import { credentialPk } from '../credential.ts';
import type { TokenAnswer } from './token-answer.ts';

/** Why an exchange ended without tokens. */
export const EXCHANGE_FAILURES = ['invalid-grant', 'refused', 'exhausted'] as const;
export type ExchangeFailure = (typeof EXCHANGE_FAILURES)[number];

/**
 * The write-ahead row of an exchange of one refresh token (or of a client's own secret) for tokens. An exchange may
 * kill the token that it is made with, so the row is written before it: STARTED, then the exchange, then the pending
 * version of the secret with nothing in between, then STORED, then the stage moves, then DONE. Holds no value.
 */
export const Exchange = z.strictObject({
  schemaVersion: z.literal(1),
  project: ProjectId,
  provider: z.string().min(1).max(60),
  account: z.string().min(1).max(120),
  environment: z.enum(['DEVELOPMENT', 'STAGING', 'PRODUCTION', 'PAPER']),
  version: z.int().positive(),
  /** One more with each refresh token that is used up, and with each connection. */
  generation: z.int().positive(),
  status: z.enum(['STARTED', 'STORED', 'DONE', 'FAILED']),
  /** Number of the lease that it was written under; a writer with a lower one is late. */
  fence: z.int().positive(),
  startedAt: Timestamp,
  updatedAt: Timestamp,
  /** It was made by a person's consent, not by a refresh. */
  connects: z.boolean(),
  /** Who consented; null for a refresh. */
  connectedBy: Subject.nullable(),
  /** Digest of the refresh token that is used; null without one. */
  tokenDigest: z.string().length(64).nullable(),
  /** The secret version that the token was read from; null where a person's consent brought it. */
  base: z.string().min(1).max(64).nullable(),
  /** Secret versions that sends whose end is not known may have stored their answer under; newest last. */
  versionIds: z.array(z.string().min(1).max(64)).max(20),
  /** The one that holds the answer. */
  stored: z.string().min(1).max(64).nullable(),
  sends: z.int().nonnegative(),
  /** Sends whose answer was lost: each may have worked. */
  lost: z.int().nonnegative(),
  /** Times that the provider called the token dead after an answer had been lost. */
  doubts: z.int().nonnegative(),
  /** A request may be under way right now. */
  inFlight: z.boolean(),
  notBefore: Timestamp.nullable(),
  failure: z.enum(EXCHANGE_FAILURES).nullable(),
  /** Of a failure: the condition and the task for people are written. */
  settled: z.boolean(),
  /** End of the access token that it brought. */
  accessExpiresAt: Timestamp.nullable(),
});
export type Exchange = z.infer<typeof Exchange>;

/** Six parts at least, none of which a grant's key begins with. */
export const exchangePk = (project: string, ref: CredentialRef): string =>
  `exchange#${credentialPk(project, ref)}`;

/** Strongly consistent. */
export type ReadExchange = (project: string, ref: CredentialRef) => Promise<Exchange | undefined>;
/** One conditional write: the version as read, and no later lease has written. */
export type PutExchange = (from: Exchange | undefined, to: Exchange) => Promise<'stored' | 'refused'>;

/** Sends of one generation before people are asked. At five minutes each, this is about an hour. */
export const MAX_SENDS = 12;
/** After that it is tried at this pace: what was not used up may still work when the provider is back. */
const EXHAUSTED_RETRY_MS = 3_600_000;
/** A token that is called dead after a lost answer gets this long until its one second chance. */
const DOUBT_MS = 30_000;
const LONGEST_BACKOFF_MS = 300_000;
const KEPT_VERSIONS = 20;

/** Milliseconds to wait after the n-th send: 1 s, 4 s, 16 s, … at most five minutes. */
const backoffMs = (sends: number): number => Math.min(1000 * 4 ** Math.max(0, sends - 1), LONGEST_BACKOFF_MS);

interface Under {
  readonly fence: number;
  readonly now: number;
}

const step = (row: Exchange, { fence, now }: Under, change: Partial<Exchange>): Exchange => ({
  ...row,
  ...change,
  version: row.version + 1,
  fence,
  updatedAt: timestamp(now),
});

/** A new generation, not sent yet. */
export const newExchange = (
  before: Exchange | undefined,
  id: { readonly project: string } & CredentialRef,
  facts: Under & Pick<Exchange, 'tokenDigest' | 'base' | 'connects' | 'connectedBy'>,
): Exchange => ({
  schemaVersion: 1,
  project: id.project,
  provider: id.provider,
  account: id.account,
  environment: id.environment,
  version: (before?.version ?? 0) + 1,
  generation: (before?.generation ?? 0) + 1,
  status: 'STARTED',
  fence: facts.fence,
  startedAt: timestamp(facts.now),
  updatedAt: timestamp(facts.now),
  connects: facts.connects,
  connectedBy: facts.connectedBy,
  tokenDigest: facts.tokenDigest,
  base: facts.base,
  versionIds: [],
  stored: null,
  sends: 0,
  lost: 0,
  doubts: 0,
  inFlight: false,
  notBefore: null,
  failure: null,
  settled: false,
  accessExpiresAt: null,
});

/** What is written before a request leaves. */
export const sending = (row: Exchange, versionId: string, under: Under): Exchange => {
  const change = {
    status: 'STARTED' as const,
    sends: row.sends + 1,
    inFlight: true,
    notBefore: null,
    failure: null,
    settled: false,
    versionIds: [...row.versionIds, versionId].slice(-KEPT_VERSIONS),
  };
  // A new generation has not been written yet.
  return row.sends === 0 ? { ...row, ...change } : step(row, under, change);
};

const failed = (row: Exchange, under: Under, failure: ExchangeFailure, lost = row.lost): Exchange =>
  step(row, under, {
    status: 'FAILED',
    inFlight: false,
    failure,
    lost,
    settled: false,
    notBefore: failure === 'exhausted' ? timestamp(under.now + EXHAUSTED_RETRY_MS) : null,
  });

const later = (row: Exchange, under: Under, waitMs: number, change: Partial<Exchange>): Exchange =>
  row.sends >= MAX_SENDS
    ? failed(row, under, 'exhausted', change.lost)
    : step(row, under, { inFlight: false, notBefore: timestamp(under.now + waitMs), ...change });

/** What an answer without tokens makes of the row. */
export const unanswered = (
  sent: Exchange,
  answer: Exclude<TokenAnswer, { kind: 'tokens' }>,
  under: Under,
): Exchange => {
  // Whoever got the answer knows that nothing was stored under this send's version.
  const row = { ...sent, versionIds: sent.versionIds.slice(0, -1) };
  switch (answer.kind) {
    case 'refused':
      return failed(row, under, 'refused');
    case 'invalid-grant':
      // After a lost answer this may be the echo of our own success elsewhere, or of a race at the provider: once.
      return row.lost > 0 && row.doubts === 0
        ? later(row, under, DOUBT_MS, { doubts: 1 })
        : failed(row, under, 'invalid-grant');
    case 'ambiguous':
      return later(row, under, Math.max(answer.retryAfterMs ?? 0, backoffMs(row.sends)), {
        lost: row.lost + 1,
      });
    case 'retryable':
      return later(row, under, Math.max(answer.retryAfterMs ?? 0, backoffMs(row.sends)), {});
  }
};

/** The answer is in the secret, as this version. */
export const stored = (row: Exchange, versionId: string, under: Under): Exchange =>
  step(row, under, { status: 'STORED', inFlight: false, notBefore: null, failure: null, stored: versionId });

export const done = (row: Exchange, accessExpiresAt: Timestamp | null, under: Under): Exchange =>
  step(row, under, { status: 'DONE', settled: true, accessExpiresAt });

export const settled = (row: Exchange, under: Under): Exchange => step(row, under, { settled: true });

/** What is known when the next step is chosen. */
export interface ExchangeFacts extends Under {
  /** Digest of the refresh token that would be used now. */
  readonly tokenDigest: string | null;
  /** The secret version that would be used now. */
  readonly base: string;
  /** End of the access token in the secret; null where there is none. */
  readonly accessExpiresAt: Timestamp | null;
  /** A token that ends before this is renewed; epoch milliseconds. */
  readonly dueBy: number;
  /** The newest of the row's versions that the secret has. */
  readonly found: string | undefined;
}

export type ExchangeStep =
  | { readonly do: 'nothing' }
  | { readonly do: 'wait'; readonly until: number }
  /** Write the row, then send. */
  | { readonly do: 'start' }
  | { readonly do: 'send-again' }
  /** Write this row, then look again. */
  | { readonly do: 'write'; readonly row: Exchange }
  /** Move the stage, write the condition, then DONE. */
  | { readonly do: 'finish' }
  /** Write the condition and open the task, then settled. */
  | { readonly do: 'settle' };

/** True where the row alone says that nothing has to be done. */
export const isFresh = (row: Exchange | undefined, dueBy: number): boolean =>
  row?.status === 'DONE' && row.accessExpiresAt !== null && epochMs(row.accessExpiresAt) > dueBy;

/** The next step of an exchange. Pure: a crash anywhere is answered by asking again. */
export const nextStep = (row: Exchange | undefined, facts: ExchangeFacts): ExchangeStep => {
  const { now, dueBy, found, accessExpiresAt, tokenDigest } = facts;
  const waits = (at: Timestamp | null): boolean => at !== null && now < epochMs(at);
  if (row === undefined) {
    const alive = accessExpiresAt !== null && epochMs(accessExpiresAt) > dueBy;
    return { do: alive ? 'nothing' : 'start' };
  }
  switch (row.status) {
    case 'STORED':
      return { do: 'finish' };
    case 'DONE':
      // The row leads: the secret may be read as it was before the last exchange.
      return { do: isFresh(row, dueBy) ? 'nothing' : 'start' };
    case 'STARTED': {
      if (found !== undefined) return { do: 'write', row: stored(row, found, facts) };
      if (row.inFlight) {
        return { do: 'write', row: later(row, facts, 0, { lost: row.lost + 1 }) };
      }
      if (tokenDigest !== row.tokenDigest) return { do: 'start' };
      return waits(row.notBefore)
        ? { do: 'wait', until: epochMs(row.notBefore ?? '') }
        : { do: 'send-again' };
    }
    case 'FAILED': {
      if (found !== undefined) return { do: 'write', row: stored(row, found, facts) };
      // A person put another token there, or mended the client that was refused.
      if (tokenDigest !== row.tokenDigest) return { do: 'start' };
      if (row.failure === 'refused' && facts.base !== row.base) return { do: 'start' };
      if (!row.settled) return { do: 'settle' };
      if (row.failure !== 'exhausted') return { do: 'nothing' };
      return waits(row.notBefore) ? { do: 'nothing' } : { do: 'send-again' };
    }
  }
};
