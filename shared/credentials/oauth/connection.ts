import { sha256 } from '../../actions/canonical-json.ts';
import { epochMs, type Timestamp } from '../../actions/identity.ts';
import type { SecretDocument } from '../secret.ts';

/**
 * The secret of an OAuth connection as it is kept in Secrets Manager: a JSON object of strings. An operator puts
 * `clientId` and `clientSecret` there; connecting and refreshing add the rest. Never in a row, a log or an error.
 */
export interface Connection {
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly refreshToken?: string;
  readonly accessToken?: string;
  readonly accessExpiresAt?: Timestamp;
  readonly refreshExpiresAt?: Timestamp;
  /** Scopes in the provider's words, separated by spaces. */
  readonly scope?: string;
  /** Who the provider says that it is. */
  readonly account?: string;
}

const FIELDS = [
  'clientId',
  'clientSecret',
  'refreshToken',
  'accessToken',
  'accessExpiresAt',
  'refreshExpiresAt',
  'scope',
  'account',
] as const;

/** The connection that a secret document holds; undefined where it lacks the client's id. */
export const connectionOf = (document: SecretDocument): Connection | undefined => {
  const known = Object.fromEntries(
    FIELDS.flatMap((field) => {
      const value = Object.hasOwn(document, field) ? document[field] : undefined;
      return value === undefined || value === '' ? [] : [[field, value] as const];
    }),
  );
  return known['clientId'] === undefined ? undefined : (known as unknown as Connection);
};

/** The document of a connection, for `PutSecretValue`. */
export const documentOf = (connection: Connection): SecretDocument =>
  Object.fromEntries(
    FIELDS.flatMap((field) => {
      const value = connection[field];
      return value === undefined ? [] : [[field, value] as const];
    }),
  );

/** Under which the use of a refresh token is written down. It has 128 bits of its own at least, so this tells nobody. */
export const refreshTokenDigest = (token: string | undefined): string | null =>
  token === undefined ? null : sha256(`autopack.refresh-token.v1\n${token}`);

/**
 * What a consumer may have of it: the access token, as the bearer token of an HTTP API, while it is alive. Consumers
 * never refresh, so a dead one is simply not usable.
 */
export const bearerOf = (
  document: SecretDocument,
  now: number,
): { readonly kind: 'alive'; readonly token: string } | { readonly kind: 'absent' | 'expired' } => {
  const { accessToken, accessExpiresAt } = connectionOf({ clientId: 'any', ...document }) ?? {};
  if (accessToken === undefined) return { kind: 'absent' };
  // Written so that an end that is not a time counts as past.
  const alive = accessExpiresAt !== undefined && now < epochMs(accessExpiresAt);
  return alive ? { kind: 'alive', token: accessToken } : { kind: 'expired' };
};

/** A version of the secret as it was read. */
export interface ConnectionVersion {
  readonly versionId: string;
  readonly connection: Connection;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/**
 * The connection as it is, by the version that carries AWSCURRENT and the one that the exchange row names. Reads may
 * lag behind writes, and a person may have staged another client secret beside older tokens: a refresh token that is
 * used up is never taken for the living one.
 * @param usedUp digest of the token that the named version replaced; null where it replaced none
 */
export const livingConnection = (
  current: ConnectionVersion,
  named: ConnectionVersion | undefined,
  usedUp: string | null,
): ConnectionVersion => {
  if (named === undefined || named.versionId === current.versionId) return current;
  const replaced =
    current.createdAt > named.createdAt &&
    (usedUp === null || refreshTokenDigest(current.connection.refreshToken) !== usedUp);
  if (replaced) return current;
  const { clientId, clientSecret } = current.connection;
  return {
    ...named,
    connection: { ...named.connection, clientId, ...(clientSecret === undefined ? {} : { clientSecret }) },
  };
};
