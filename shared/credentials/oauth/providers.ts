import type { CredentialScope } from '../credential.ts';
import type { OAuthProviderName } from './provider-names.ts';

/** What a provider is, as data. Endpoints may hold `{shop}`, which the account of the grant fills. */
export interface OAuthProvider {
  readonly title: string;
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  /** Null: the provider documents none; access ends in its own settings. */
  readonly revokeUrl: string | null;
  /** Says whose account an access token is of; reads only. Null: the token endpoint is the account's own. */
  readonly accountUrl: string | null;
  readonly tokenBody: 'form' | 'json';
  /** Added to every authorization request. */
  readonly authorizeParams: Readonly<Record<string, string>>;
  /** Added to every exchange of a code. */
  readonly codeParams: Readonly<Record<string, string>>;
  readonly pkce: boolean;
  /** Whether the token endpoint wants the client's secret in the body. */
  readonly sendsClientSecret: boolean;
  readonly clientCredentialsGrant: boolean;
  /**
   * What a refresh does to the refresh token. `never`: it stays. `single-use`: the answer brings the next one, and the
   * old one is dead. `grace`: the answer brings the next one, and the old one works until that is used.
   */
  readonly rotation: 'never' | 'single-use' | 'grace';
  /** Seconds that an access token lives where the answer does not say. */
  readonly accessSeconds: number;
  /** Seconds that a refresh token lives where the answer does not say; null: no fixed end. */
  readonly refreshSeconds: number | null;
  /** Between scopes in a request, and in the provider's answer. */
  readonly scopeSeparator: ' ' | ',';
  /** One of these, in the provider's words, is needed for each of ours; the first is the one that is asked for. */
  readonly scopes: Readonly<Partial<Record<CredentialScope, readonly string[]>>>;
  /** Asked for with any of the above: reading who it is. */
  readonly accountScopes: readonly string[];
  /** The callback is signed with the client's secret and names the shop. */
  readonly signsCallback: boolean;
}

const GOOGLE = 'https://www.googleapis.com/auth/';

export const OAUTH: Readonly<Record<OAuthProviderName, OAuthProvider>> = {
  /**
   * Endpoints: google-auth-library 11.3 (`OAuth2Client`). Refresh tokens: the documented answer to a refresh has
   * `access_token`, `expires_in`, `scope` and `token_type`, so the token is not rotated; it dies on revocation, after
   * six months without use, as the oldest of more than 100, and after seven days while the consent screen is in
   * testing (developers.google.com/identity/protocols/oauth2, "Refresh token expiration"). PKCE with S256: the same
   * guide. Scopes: YouTube Data API v3 reference, "Authorization" of `videos.insert`, `videos.update`,
   * `videos.delete` and `channels.list`; `youtube.upload` alone cannot read back.
   */
  youtube: {
    title: 'YouTube',
    authorizeUrl: 'https://accounts.google.com/o/oauth2/v2/auth',
    tokenUrl: 'https://oauth2.googleapis.com/token',
    revokeUrl: 'https://oauth2.googleapis.com/revoke',
    accountUrl: 'https://www.googleapis.com/youtube/v3/channels?part=id&mine=true',
    tokenBody: 'form',
    // Consent is asked for at each connection, because only consent brings a refresh token again.
    authorizeParams: { access_type: 'offline', prompt: 'consent' },
    codeParams: {},
    pkce: true,
    sendsClientSecret: true,
    clientCredentialsGrant: false,
    rotation: 'never',
    accessSeconds: 3600,
    refreshSeconds: null,
    scopeSeparator: ' ',
    scopes: {
      READ: [`${GOOGLE}youtube.readonly`, `${GOOGLE}youtube`, `${GOOGLE}youtube.force-ssl`],
      WRITE: [`${GOOGLE}youtube`, `${GOOGLE}youtube.force-ssl`],
      PUBLISH: [`${GOOGLE}youtube.upload`, `${GOOGLE}youtube`, `${GOOGLE}youtube.force-ssl`],
      DELETE: [`${GOOGLE}youtube.force-ssl`, `${GOOGLE}youtube`],
    },
    accountScopes: [`${GOOGLE}youtube.readonly`],
    signsCallback: false,
  },
  /**
   * developers.etsy.com/documentation/essentials/authentication: authorize at www.etsy.com/oauth/connect, PKCE with S256
   * mandatory, no client secret in the body, access token 3600 s, refresh token 90 days, each refresh answers a new one.
   * Whether the one before stays usable is not documented and reports differ: held to be single use. Scopes: the same
   * page, "Scopes". `users/me` needs `shops_r` and the key pair in `x-api-key` (since 2026-02-09).
   */
  etsy: {
    title: 'Etsy',
    authorizeUrl: 'https://www.etsy.com/oauth/connect',
    tokenUrl: 'https://api.etsy.com/v3/public/oauth/token',
    revokeUrl: null,
    accountUrl: 'https://api.etsy.com/v3/application/users/me',
    tokenBody: 'form',
    authorizeParams: {},
    codeParams: {},
    pkce: true,
    sendsClientSecret: false,
    clientCredentialsGrant: false,
    rotation: 'single-use',
    accessSeconds: 3600,
    refreshSeconds: 90 * 86_400,
    scopeSeparator: ' ',
    scopes: {
      READ: ['listings_r'],
      WRITE: ['listings_w'],
      PUBLISH: ['listings_w'],
      DELETE: ['listings_d'],
      ADMIN: ['shops_w'],
    },
    accountScopes: ['shops_r'],
    signsCallback: false,
  },
  /**
   * shopify.dev, "Implement authorization code grant manually", "Offline access tokens" and "Client credentials grant":
   * JSON body, `expiring=1` with the code for a token of 3600 s and a refresh token of 90 days that restart with each
   * refresh; client credentials give 24 h and no refresh token. Since 2026-08-28 the refresh token before stays valid
   * until its replacement is first used (changelog). The callback carries `shop` and an `hmac` of its query by the
   * client's secret; no PKCE is documented. A write scope includes the reading of the same thing.
   */
  shopify: {
    title: 'Shopify',
    authorizeUrl: 'https://{shop}.myshopify.com/admin/oauth/authorize',
    tokenUrl: 'https://{shop}.myshopify.com/admin/oauth/access_token',
    revokeUrl: null,
    accountUrl: null,
    tokenBody: 'json',
    authorizeParams: {},
    codeParams: { expiring: '1' },
    pkce: false,
    sendsClientSecret: true,
    clientCredentialsGrant: true,
    rotation: 'grace',
    accessSeconds: 3600,
    refreshSeconds: 90 * 86_400,
    scopeSeparator: ',',
    scopes: {
      READ: ['read_products', 'write_products'],
      WRITE: ['write_products'],
      DELETE: ['write_products'],
      PUBLISH: ['write_publications'],
    },
    accountScopes: [],
    signsCallback: true,
  },
};

/** The scopes, in the provider's words, that a consent is asked for so that a grant with these scopes can work. */
export const scopesToAsk = (
  { scopes, accountScopes }: OAuthProvider,
  granted: readonly CredentialScope[],
): string[] => [
  ...new Set([
    ...accountScopes,
    ...granted.flatMap((scope) => {
      const [first] = scopes[scope] ?? [];
      return first === undefined ? [] : [first];
    }),
  ]),
];

/** What of a grant a consent does not cover. People can untick scopes, so the answer is what counts. */
export const scopesMissing = (
  { scopes }: OAuthProvider,
  granted: readonly CredentialScope[],
  given: readonly string[],
): CredentialScope[] =>
  granted.filter((scope) => {
    const accepted = scopes[scope];
    return accepted !== undefined && !accepted.some((each) => given.includes(each));
  });

/** A provider's scopes as a list, whichever separator it uses. */
export const scopeList = (text: string): string[] => text.split(/[\s,]+/).filter((scope) => scope !== '');
