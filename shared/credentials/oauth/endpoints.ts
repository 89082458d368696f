import { type Credential, credentialPk } from '../credential.ts';
import { OAUTH_PROVIDERS, type OAuthProviderName } from './provider-names.ts';
import { OAUTH, type OAuthProvider } from './providers.ts';

/** `AUTOPACK_OAUTH_URL_<PROVIDER>`: base URLs that replace the providers' hosts; empty or absent: none. */
export type OAuthOverrides = Readonly<Partial<Record<OAuthProviderName, string>>>;

interface OverrideEnv {
  readonly AUTOPACK_ENV: string;
  readonly AUTOPACK_OAUTH_URL_YOUTUBE?: string | undefined;
  readonly AUTOPACK_OAUTH_URL_ETSY?: string | undefined;
  readonly AUTOPACK_OAUTH_URL_SHOPIFY?: string | undefined;
}

/**
 * Where OAuth providers are re-pointed in this stage. Production has no such thing.
 * @throws Error OVERRIDE_IN_PRODUCTION where production is given one: the function does not start.
 */
export const oauthOverrides = (env: OverrideEnv): OAuthOverrides => {
  const named: Readonly<Record<OAuthProviderName, string | undefined>> = {
    youtube: env.AUTOPACK_OAUTH_URL_YOUTUBE,
    etsy: env.AUTOPACK_OAUTH_URL_ETSY,
    shopify: env.AUTOPACK_OAUTH_URL_SHOPIFY,
  };
  const set = OAUTH_PROVIDERS.flatMap((name) => {
    const url = named[name] ?? '';
    return url === '' ? [] : [[name, url.replace(/\/$/, '')] as const];
  });
  if (env.AUTOPACK_ENV === 'prod' && set.length > 0)
    throw new Error('OVERRIDE_IN_PRODUCTION: an OAuth provider cannot be re-pointed in production');
  return Object.fromEntries(set);
};

/** The endpoints of one connection. */
export interface OAuthEndpoints {
  readonly name: OAuthProviderName;
  readonly provider: OAuthProvider;
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  readonly accountUrl: string | null;
  /** Name of the shop, without the domain; null where the provider has none. */
  readonly shop: string | null;
  readonly overridden: boolean;
}

/** Which provider renews a grant; undefined for a grant that OAuth does not renew. */
export const oauthProviderOf = (
  grant: Pick<Credential, 'kind' | 'provider' | 'oauthProvider'>,
): OAuthProviderName | undefined => {
  if (grant.kind !== 'oauth' && grant.kind !== 'client-credentials') return undefined;
  const name = grant.oauthProvider ?? grant.provider;
  return OAUTH_PROVIDERS.find((each) => each === name);
};

const SHOP = /^([a-z0-9][a-z0-9-]{0,59})(\.myshopify\.com)?$/;

/**
 * The endpoints of a grant's connection. An override keeps the path and query of each endpoint behind its own base.
 * @returns undefined where no provider of OAuth fits the grant, or its account names no shop where one is needed
 */
export const endpointsOf = (
  grant: Pick<Credential, 'kind' | 'provider' | 'oauthProvider' | 'account'>,
  overrides: OAuthOverrides,
): OAuthEndpoints | undefined => {
  const name = oauthProviderOf(grant);
  if (name === undefined) return undefined;
  const provider = OAUTH[name];
  const shop = provider.tokenUrl.includes('{shop}') ? (SHOP.exec(grant.account)?.[1] ?? null) : null;
  if (provider.tokenUrl.includes('{shop}') && shop === null) return undefined;
  const base = overrides[name];
  const place = (text: string): string => {
    const url = new URL(text.replace('{shop}', shop ?? ''));
    return base === undefined ? url.href : `${base}${url.pathname}${url.search}`;
  };
  return {
    name,
    provider,
    authorizeUrl: place(provider.authorizeUrl),
    tokenUrl: place(provider.tokenUrl),
    accountUrl: provider.accountUrl === null ? null : place(provider.accountUrl),
    shop,
    overridden: base !== undefined,
  };
};

/**
 * The grant that a connection is renewed and connected by, where several use one secret: the oldest. Two writers with
 * rows of their own would use up each other's refresh tokens; the others only read.
 */
export const connectionOwner = (grants: readonly Credential[], secretId: string): Credential | undefined =>
  grants
    .filter((grant) => !grant.retired && grant.secretId === secretId && oauthProviderOf(grant) !== undefined)
    .toSorted((left, right) =>
      left.createdAt === right.createdAt
        ? credentialPk(left.project, left) < credentialPk(right.project, right)
          ? -1
          : 1
        : left.createdAt < right.createdAt
          ? -1
          : 1,
    )[0];
