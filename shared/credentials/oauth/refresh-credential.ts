import { epochMs } from '../../actions/identity.ts';
import type { CredentialCondition, PutCondition, ReadCondition } from '../condition.ts';
import type { Credential } from '../credential.ts';
import type { CloseReauthTask, OpenReauthTask, ReauthReason } from '../reauth.ts';
import {
  type Connection,
  type ConnectionVersion,
  livingConnection,
  refreshTokenDigest,
} from './connection.ts';
import { conditionAfterFailure, writeCondition } from './connection-condition.ts';
import {
  type Exchange,
  isFresh,
  newExchange,
  nextStep,
  type PutExchange,
  type ReadExchange,
  sending,
  settled,
  stored,
  unanswered,
} from './exchange.ts';
import { finishExchange } from './finish-exchange.ts';
import { giveLeaseBack, type Lease, type PutLease, type ReadLease, takeLease } from './lease.ts';
import type {
  MoveCurrent,
  PutPendingConnection,
  ReadConnectionVersion,
  ReadCurrentConnection,
} from './secret-port.ts';
import type { TokenAnswer, Tokens } from './token-answer.ts';
import type { TokenGrant } from './token-request.ts';

/** Ports of everything that writes a connection. */
export interface ConnectionDeps {
  readonly now: () => number;
  readonly newId: () => string;
  readonly pause: (ms: number) => Promise<void>;
  readonly readLease: ReadLease;
  readonly putLease: PutLease;
  readonly readExchange: ReadExchange;
  readonly putExchange: PutExchange;
  readonly readCondition: ReadCondition;
  readonly putCondition: PutCondition;
  readonly readCurrent: ReadCurrentConnection;
  readonly readVersion: ReadConnectionVersion;
  readonly putPending: PutPendingConnection;
  readonly moveCurrent: MoveCurrent;
  readonly openReauthTask: OpenReauthTask;
  readonly closeReauthTask: CloseReauthTask;
}

export interface RefreshDeps extends ConnectionDeps {
  /** One call of the provider's token endpoint. Never throws for what the provider or the way to it did. */
  readonly askTokens: (
    grant: Credential,
    connection: Pick<Connection, 'clientId' | 'clientSecret'>,
    tokenGrant: TokenGrant,
  ) => Promise<TokenAnswer>;
}

export type RefreshOutcome =
  | 'fresh'
  | 'refreshed'
  /** Another writer has it. */
  | 'busy'
  /** It will be tried again: the provider said when, or reads still lag. */
  | 'waiting'
  | 'needs-reauth'
  | 'not-connected';

/** What lives less than this is renewed; the schedule looks three times in it. */
export const REFRESH_AHEAD_MS = 15 * 60_000;
/** Waits of at most this are waited for; longer ones are left to the next run. */
const WAIT_IN_RUN_MS = 5000;
const TURNS = 16;
/** Reads of a version that has to be there, before it counts as not there yet. */
const LOOKS = 4;
const LOOK_PAUSE_MS = 250;
/** After this long no read lags any more: a version that is still missing is gone. */
const LAG_ENDS_MS = 600_000;
const PUT_TRIES = 5;

/** Another writer changed the row: the lease was lost. */
class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

const write = async (from: Exchange | undefined, to: Exchange, deps: ConnectionDeps): Promise<Exchange> => {
  if ((await deps.putExchange(from, to)) === 'refused') throw new LeaseLostError('another writer was faster');
  return to;
};

/** A version that is known to have been written, with patience for reads that lag. */
const patiently = async <Found>(
  read: () => Promise<Found | undefined>,
  deps: ConnectionDeps,
): Promise<Found | undefined> => {
  for (let look = 0; ; look += 1) {
    const found = await read();
    if (found !== undefined || look === LOOKS - 1) return found;
    await deps.pause(LOOK_PAUSE_MS * 2 ** look);
  }
};

interface Seen {
  readonly living: ConnectionVersion;
  readonly found: string | undefined;
}

/** The connection as it is, and whether a send whose end is not known has stored its answer after all. */
const look = async (
  grant: Credential,
  row: Exchange | undefined,
  deps: ConnectionDeps,
): Promise<Seen | 'lagging' | 'absent'> => {
  const current = await deps.readCurrent(grant.secretId);
  if (current === undefined) return 'absent';
  if (row === undefined) return { living: current, found: undefined };
  let found: string | undefined;
  for (const id of row.versionIds.toReversed()) {
    if (row.stored !== null) break;
    const read = () => deps.readVersion(grant.secretId, id);
    if ((row.inFlight ? await patiently(read, deps) : await read()) !== undefined) {
      found = id;
      break;
    }
  }
  const id = row.stored ?? row.base;
  if (id === null || id === current.versionId) return { living: current, found };
  const named = await patiently(() => deps.readVersion(grant.secretId, id), deps);
  if (named === undefined && deps.now() - epochMs(row.updatedAt) < LAG_ENDS_MS) return 'lagging';
  const usedUp = row.stored === null ? null : row.tokenDigest;
  return { living: livingConnection(current, named, usedUp), found };
};

/** The tokens beside what stays: a provider that does not rotate sends no refresh token back. */
export const withTokens = (connection: Connection, tokens: Tokens): Connection => ({
  ...connection,
  ...tokens,
});

/** Puts the answer into the secret. This is the one moment at which a value is nowhere else, so it insists. */
export const keepTokens = async (
  grant: Credential,
  versionId: string,
  connection: Connection,
  deps: ConnectionDeps,
): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      if ((await deps.putPending(grant.secretId, versionId, connection)) === 'stored') return;
      throw new LeaseLostError('the version is taken');
    } catch (error) {
      if (error instanceof LeaseLostError || attempt === PUT_TRIES) throw error;
      await deps.pause(200 * 2 ** attempt);
    }
  }
};

const exchangeOnce = async (
  grant: Credential,
  row: Exchange,
  before: Exchange | undefined,
  { connection }: ConnectionVersion,
  lease: Lease,
  deps: RefreshDeps,
): Promise<void> => {
  const under = () => ({ fence: lease.fence, now: deps.now() });
  const versionId = deps.newId();
  const sent = await write(before, sending(row, versionId, under()), deps);
  const tokenGrant: TokenGrant =
    grant.kind === 'client-credentials'
      ? { kind: 'client-credentials' }
      : { kind: 'refresh', refreshToken: connection.refreshToken ?? '' };
  const answer = await deps.askTokens(grant, connection, tokenGrant);
  if (answer.kind !== 'tokens') {
    await write(sent, unanswered(sent, answer, under()), deps);
    return;
  }
  // Nothing may come between the answer and this.
  await keepTokens(grant, versionId, withTokens(connection, answer.tokens), deps);
  await write(sent, stored(sent, versionId, under()), deps);
};

const settle = async (grant: Credential, row: Exchange, lease: Lease, deps: RefreshDeps): Promise<void> => {
  await failCondition(grant, row.failure ?? 'invalid-grant', deps);
  await write(row, settled(row, { fence: lease.fence, now: deps.now() }), deps);
};

/** The task first: a crash between the two writes it again, and it is the same task. */
const failCondition = async (grant: Credential, reason: ReauthReason, deps: RefreshDeps): Promise<void> => {
  const condition = await deps.readCondition(grant.project, grant);
  await deps.openReauthTask({
    project: grant.project,
    credential: refOf(grant),
    connectionVersion: condition?.connectionVersion ?? 1,
    reason,
  });
  await writeCondition(grant, (from) => conditionAfterFailure(grant, from, deps.now()), deps);
};

const refOf = ({ provider, account, environment }: Credential) => ({ provider, account, environment });

/**
 * Until when access has to last. Access that an API refused counts as ended whatever its date says, once: what is
 * exchanged after the refusal is judged by its own date again.
 */
const dueByOf = (
  condition: CredentialCondition | undefined,
  before: Exchange | undefined,
  row: Exchange | undefined,
  now: number,
): number =>
  condition?.detail === 'expired-refreshable' &&
  row?.generation === before?.generation &&
  (row === undefined || row.updatedAt < condition.since)
    ? Infinity
    : now + REFRESH_AHEAD_MS;

const underLease = async (
  grant: Credential,
  condition: CredentialCondition | undefined,
  lease: Lease,
  deps: RefreshDeps,
): Promise<RefreshOutcome> => {
  const before = await deps.readExchange(grant.project, grant);
  for (let turn = 0; turn < TURNS; turn += 1) {
    const row = turn === 0 ? before : await deps.readExchange(grant.project, grant);
    const now = deps.now();
    const dueBy = dueByOf(condition, before, row, now);
    if (isFresh(row, dueBy)) return row?.version === before?.version ? 'fresh' : 'refreshed';
    const seen = await look(grant, row, deps);
    if (seen === 'lagging') return 'waiting';
    if (seen === 'absent') return notConnected(grant, deps);
    const { living, found } = seen;
    const tokenDigest = grant.kind === 'oauth' ? refreshTokenDigest(living.connection.refreshToken) : null;
    const step = nextStep(row, {
      fence: lease.fence,
      now,
      dueBy,
      found,
      tokenDigest,
      base: living.versionId,
      accessExpiresAt: living.connection.accessExpiresAt ?? null,
    });
    switch (step.do) {
      case 'nothing':
        return row?.status === 'FAILED' ? 'needs-reauth' : 'fresh';
      case 'wait': {
        const waitMs = step.until - now;
        if (waitMs > WAIT_IN_RUN_MS) return 'waiting';
        await deps.pause(waitMs);
        break;
      }
      case 'write':
        await write(row, step.row, deps);
        break;
      case 'finish':
        if (row !== undefined) await finishExchange(grant, row, lease.fence, deps);
        break;
      case 'settle':
        if (row !== undefined) await settle(grant, row, lease, deps);
        break;
      case 'start': {
        if (grant.kind === 'oauth' && tokenDigest === null) return notConnected(grant, deps);
        const own = { tokenDigest, base: living.versionId, connects: false, connectedBy: null };
        const facts = { fence: lease.fence, now, ...own };
        await exchangeOnce(grant, newExchange(row, grant, facts), row, living, lease, deps);
        break;
      }
      case 'send-again':
        if (row !== undefined) await exchangeOnce(grant, row, row, living, lease, deps);
    }
  }
  return 'waiting';
};

/** Never connected, or its secret is gone: only a person can change that. */
const notConnected = async (grant: Credential, deps: RefreshDeps): Promise<RefreshOutcome> => {
  const condition = await deps.readCondition(grant.project, grant);
  if (condition?.status !== 'NEEDS_REAUTH' && condition?.status !== 'MISSING')
    await failCondition(grant, 'not-connected', deps);
  return 'not-connected';
};

/**
 * Renews what a grant's connection needs: one exchange per generation, by one writer at a time, and a crash anywhere
 * is answered by calling it again. Consumers never call it; they read what it has stored.
 * @throws what its ports throw; the next call goes on from there
 */
export const refreshCredential = async (grant: Credential, deps: RefreshDeps): Promise<RefreshOutcome> => {
  const seen = await deps.readExchange(grant.project, grant);
  const condition = await deps.readCondition(grant.project, grant);
  if (isFresh(seen, dueByOf(condition, seen, seen, deps.now()))) return 'fresh';
  const lease = await takeLease(grant.project, grant, deps);
  if (lease === undefined) return 'busy';
  try {
    return await underLease(grant, condition, lease, deps);
  } catch (error) {
    if (error instanceof LeaseLostError) return 'busy';
    throw error;
  } finally {
    // A lease that cannot be given back ends by itself.
    await giveLeaseBack(grant.project, grant, lease, deps).catch(() => undefined);
  }
};
