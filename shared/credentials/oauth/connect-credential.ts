import type { Credential, CredentialScope } from '../credential.ts';
import { callbackIsGenuine } from './authorize.ts';
import type { Connection } from './connection.ts';
import { uncovered } from './connection-condition.ts';
import type { OAuthEndpoints } from './endpoints.ts';
import { newExchange } from './exchange.ts';
import { finishExchange } from './finish-exchange.ts';
import { giveLeaseBack, type Lease, takeLease } from './lease.ts';
import { keepTokens, type RefreshDeps, withTokens } from './refresh-credential.ts';

export interface ConnectDeps extends RefreshDeps {
  /** Whose account an access token is of, in the provider's words; undefined where it does not say. */
  readonly askAccount: (
    grant: Credential,
    client: Pick<Connection, 'clientId' | 'clientSecret'>,
    accessToken: string,
  ) => Promise<string | undefined>;
}

export interface Consent {
  /** Who goes through it; stands in the condition for as long as the connection does. */
  readonly by: string;
  readonly code: string;
  readonly redirectUri: string;
  readonly verifier: string;
  /** All of the callback's query. */
  readonly query: Readonly<Record<string, string>>;
  /** The person said that another account than the connected one is meant. */
  readonly replace: boolean;
}

export type ConnectOutcome =
  | {
      readonly kind: 'connected';
      /** Undefined where the provider did not say. */
      readonly account: string | undefined;
      /** Scopes of the grant that the consent does not cover. */
      readonly missing: readonly CredentialScope[];
    }
  /** Nothing was stored in any of these. */
  | { readonly kind: 'no-client' | 'busy' | 'forged' | 'not-lasting' | 'unreachable' }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'other-account'; readonly connected: string; readonly found: string | undefined };

const LEASE_TRIES = 6;
const LEASE_PAUSE_MS = 1000;

const lease = async (grant: Credential, deps: ConnectDeps): Promise<Lease | undefined> => {
  for (let attempt = 1; ; attempt += 1) {
    const taken = await takeLease(grant.project, grant, deps);
    if (taken !== undefined || attempt === LEASE_TRIES) return taken;
    await deps.pause(LEASE_PAUSE_MS);
  }
};

const underLease = async (
  grant: Credential,
  endpoints: OAuthEndpoints,
  consent: Consent,
  { fence }: Lease,
  deps: ConnectDeps,
): Promise<ConnectOutcome> => {
  const current = await deps.readCurrent(grant.secretId);
  if (current === undefined) return { kind: 'no-client' };
  const before = current.connection;
  if (!callbackIsGenuine(endpoints, consent.query, before.clientSecret)) return { kind: 'forged' };
  const { code, redirectUri, verifier } = consent;
  const answer = await deps.askTokens(grant, before, { kind: 'code', code, redirectUri, verifier });
  if (answer.kind === 'ambiguous' || answer.kind === 'retryable') return { kind: 'unreachable' };
  if (answer.kind !== 'tokens')
    return { kind: 'refused', code: answer.kind === 'refused' ? answer.code : 'invalid_grant' };
  const { tokens } = answer;
  // Without it the connection would die with the access token.
  if (tokens.refreshToken === undefined) return { kind: 'not-lasting' };
  const account = await deps.askAccount(grant, before, tokens.accessToken);
  const condition = await deps.readCondition(grant.project, grant);
  const connected = before.account ?? condition?.providerAccount ?? undefined;
  if (connected !== undefined && account !== connected && !consent.replace)
    return { kind: 'other-account', connected, found: account };

  const { account: _account, scope: _scope, refreshExpiresAt: _end, ...client } = before;
  const connection: Connection = {
    ...withTokens(client, tokens),
    ...(account === undefined ? {} : { account }),
  };
  const versionId = deps.newId();
  await keepTokens(grant, versionId, connection, deps);
  const row = await deps.readExchange(grant.project, grant);
  const own = { tokenDigest: null, base: null, connects: true, connectedBy: consent.by };
  const facts = { fence, now: deps.now(), ...own };
  const made = { ...newExchange(row, grant, facts), status: 'STORED' as const, stored: versionId };
  if ((await deps.putExchange(row, made)) === 'refused') return { kind: 'busy' };
  await finishExchange(grant, made, fence, deps);
  return { kind: 'connected', account, missing: uncovered(grant, tokens.scope) };
};

/**
 * Turns a person's consent into a connection: lasting access is proven, the account is compared with the one before,
 * and only then is anything stored. A connection replaces the one before in place and raises its version.
 */
export const connectCredential = async (
  grant: Credential,
  endpoints: OAuthEndpoints,
  consent: Consent,
  deps: ConnectDeps,
): Promise<ConnectOutcome> => {
  const taken = await lease(grant, deps);
  if (taken === undefined) return { kind: 'busy' };
  try {
    return await underLease(grant, endpoints, consent, taken, deps);
  } finally {
    await giveLeaseBack(grant.project, grant, taken, deps).catch(() => undefined);
  }
};
