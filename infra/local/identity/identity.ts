import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { durableState } from '../durable-file.ts';
import type { CreateIdentity } from '../ports.ts';
import type { AwsReply, AwsRequest } from '../service.ts';
import { messagePage } from './pages.ts';
import { signIn } from './sign-in.ts';
import { IdentityState, member, newSecret, type Pool } from './state.ts';
import { tokenEndpoint } from './token-endpoint.ts';
import { newSigningKey, publicKey } from './tokens.ts';

const PREFIX = '/_cognito';
const DEFAULT_SCOPES = ['openid', 'email', 'profile'];

const json = (value: object): AwsReply => ({
  status: 200,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body: JSON.stringify(value),
});

const notThere = (): AwsReply =>
  messagePage(404, 'Nothing here', 'This address belongs to no page of the local identity provider.');

/** The stand-in for Cognito: an issuer for the people and agents of this machine, without passwords. */
export const createIdentity: CreateIdentity = (host) => {
  const store = durableState<IdentityState>(
    join(host.dataDir, 'identity', 'identity.json'),
    IdentityState,
    () => ({
      pools: {},
      sessions: {},
      codes: {},
      refreshTokens: {},
    }),
  );
  const now = (): number => host.clock.now();
  const people = signIn(store, now);
  const tokens = tokenEndpoint(store, now);
  const issuer = (poolId: string): string => `${host.awsUrl()}${PREFIX}/${poolId}`;

  const poolOf = (state: IdentityState, poolId: string): Pool => {
    const pool = member(state.pools, poolId);
    if (pool === undefined) throw new Error(`There is no user pool ${poolId}`);
    return pool;
  };

  const discovery = (pool: Pool): AwsReply => {
    const base = issuer(pool.poolId);
    return json({
      issuer: base,
      authorization_endpoint: `${base}/oauth2/authorize`,
      token_endpoint: `${base}/oauth2/token`,
      revocation_endpoint: `${base}/oauth2/revoke`,
      end_session_endpoint: `${base}/logout`,
      jwks_uri: `${base}/.well-known/jwks.json`,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
      scopes_supported: [
        ...DEFAULT_SCOPES,
        ...Object.entries(pool.resourceServers).flatMap(([name, scopes]) =>
          scopes.map((scope) => `${name}/${scope}`),
        ),
      ],
      prompt_values_supported: ['login', 'none'],
    });
  };

  const route = (pool: Pool, path: string, request: AwsRequest): AwsReply | Promise<AwsReply> => {
    const reads = request.method === 'GET' || request.method === 'HEAD';
    switch (path) {
      case '/.well-known/openid-configuration':
        return reads ? discovery(pool) : notThere();
      case '/.well-known/jwks.json':
        return reads ? json({ keys: [publicKey(pool)] }) : notThere();
      case '/oauth2/authorize':
        return reads ? people.authorize(pool, request) : notThere();
      case '/login':
        return request.method === 'POST' ? people.submit(pool, request) : notThere();
      case '/logout':
        return request.method === 'GET' ? people.logout(pool, request) : notThere();
      case '/oauth2/token':
        return tokens(pool, issuer(pool.poolId), request, 'token');
      case '/oauth2/revoke':
        return tokens(pool, issuer(pool.poolId), request, 'revoke');
      default:
        return notThere();
    }
  };

  return {
    prefix: PREFIX,
    issuer,
    async handle(request) {
      const [, , poolId = ''] = request.path.split('/');
      const pool = member(store.read().pools, poolId);
      return pool === undefined
        ? notThere()
        : route(pool, request.path.slice(PREFIX.length + 1 + poolId.length), request);
    },
    async ensureUserPool({ poolId, name }) {
      if (!/^[A-Za-z0-9_-]{1,55}$/.test(poolId)) throw new Error(`${poolId} is not a user pool id`);
      if (member(store.read().pools, poolId) !== undefined) return;
      const key = await newSigningKey();
      await store.update((state) => {
        state.pools[poolId] ??= {
          poolId,
          name: name ?? poolId,
          key,
          clients: {},
          users: {},
          resourceServers: {},
        };
      });
    },
    async ensureResourceServer(poolId, identifier, scopes) {
      await store.update((state) => {
        poolOf(state, poolId).resourceServers[identifier] = [...scopes];
      });
    },
    async ensureClient(spec) {
      const client = await store.update((state) => {
        const pool = poolOf(state, spec.poolId);
        const known = member(pool.clients, spec.clientId);
        const secret = spec.clientSecret ?? known?.clientSecret ?? newSecret();
        return (pool.clients[spec.clientId] = {
          clientId: spec.clientId,
          name: spec.name ?? known?.name ?? spec.clientId,
          grant: spec.grant,
          ...(spec.grant === 'client_credentials' ? { clientSecret: secret } : {}),
          callbackUrls: [...(spec.callbackUrls ?? [])],
          logoutUrls: [...(spec.logoutUrls ?? [])],
          scopes: [...(spec.scopes ?? (spec.grant === 'code' ? DEFAULT_SCOPES : []))],
        });
      });
      const { clientId, clientSecret } = client;
      return clientSecret === undefined ? { clientId } : { clientId, clientSecret };
    },
    async ensureUser(poolId, { email, name, groups }) {
      const lower = email.toLowerCase();
      return store.update((state) => {
        const { users } = poolOf(state, poolId);
        const sub = member(users, lower)?.sub ?? randomUUID();
        users[lower] = { sub, email: lower, name, groups: [...groups] };
        return { sub };
      });
    },
  };
};
