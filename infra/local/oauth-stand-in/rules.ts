/** Providers that the stand-in plays. Written from their documentation, apart from the product's own table. */
export const STAND_IN_PROVIDERS = ['youtube', 'etsy', 'shopify'] as const;
export type StandInProvider = (typeof STAND_IN_PROVIDERS)[number];

const DAY = 86_400;

export interface ProviderRules {
  readonly title: string;
  readonly authorizePath: string;
  readonly tokenPath: string;
  readonly revokePath: string | null;
  readonly body: 'form' | 'json';
  readonly pkceRequired: boolean;
  readonly secretRequired: boolean;
  /** What using a refresh token does to it. */
  readonly rotation: 'never' | 'single-use' | 'grace';
  readonly accessSeconds: number;
  readonly refreshSeconds: number | null;
  /** A refresh token that nobody uses for this long dies. */
  readonly idleSeconds: number | null;
  /** More than this many live ones for an account and an app: the oldest dies silently. */
  readonly mostRefreshTokens: number;
  /** Seconds of a token by client credentials; null: no such grant. */
  readonly clientCredentialsSeconds: number | null;
  /** Whether people can leave out scopes. */
  readonly canUntick: boolean;
  readonly separator: ' ' | ',';
  /** Scopes with what the consent page says about them. */
  readonly scopes: Readonly<Record<string, string>>;
  /** Accounts that a person can choose from, by the provider's id. */
  readonly accounts: Readonly<Record<string, string>>;
}

const GOOGLE = 'https://www.googleapis.com/auth/';

export const RULES: Readonly<Record<StandInProvider, ProviderRules>> = {
  youtube: {
    title: 'YouTube',
    authorizePath: '/o/oauth2/v2/auth',
    tokenPath: '/token',
    revokePath: '/revoke',
    body: 'form',
    pkceRequired: false,
    secretRequired: true,
    rotation: 'never',
    accessSeconds: 3600,
    refreshSeconds: null,
    idleSeconds: 182 * DAY,
    mostRefreshTokens: 100,
    clientCredentialsSeconds: null,
    canUntick: true,
    separator: ' ',
    scopes: {
      [`${GOOGLE}youtube.readonly`]: 'See your channel',
      [`${GOOGLE}youtube.upload`]: 'Upload videos to your channel',
      [`${GOOGLE}youtube`]: 'Manage your channel',
      [`${GOOGLE}youtube.force-ssl`]: 'See, edit and delete what is on your channel',
    },
    accounts: { UCstandInOne: 'Channel One', UCstandInTwo: 'Channel Two' },
  },
  etsy: {
    title: 'Etsy',
    authorizePath: '/oauth/connect',
    tokenPath: '/v3/public/oauth/token',
    revokePath: null,
    body: 'form',
    pkceRequired: true,
    secretRequired: false,
    rotation: 'single-use',
    accessSeconds: 3600,
    refreshSeconds: 90 * DAY,
    idleSeconds: null,
    mostRefreshTokens: 1000,
    clientCredentialsSeconds: null,
    canUntick: false,
    separator: ' ',
    scopes: {
      shops_r: 'See who you are and your shop',
      shops_w: 'Change your shop',
      listings_r: 'See your listings, drafts too',
      listings_w: 'Create, edit and publish listings',
      listings_d: 'Delete listings',
    },
    accounts: { '1001': 'Shop One', '1002': 'Shop Two' },
  },
  shopify: {
    title: 'Shopify',
    authorizePath: '/admin/oauth/authorize',
    tokenPath: '/admin/oauth/access_token',
    revokePath: null,
    body: 'json',
    pkceRequired: false,
    secretRequired: true,
    rotation: 'grace',
    accessSeconds: 3600,
    refreshSeconds: 90 * DAY,
    idleSeconds: null,
    mostRefreshTokens: 1000,
    clientCredentialsSeconds: DAY,
    canUntick: false,
    separator: ',',
    scopes: {
      read_products: 'View products',
      write_products: 'View and edit products',
      write_publications: 'Publish products to sales channels',
    },
    accounts: { 'shop-one.myshopify.com': 'Shop One', 'shop-two.myshopify.com': 'Shop Two' },
  },
};

/** Seven days: what Google gives refresh tokens of an app whose consent screen is in testing. */
export const TESTING_SECONDS = 7 * DAY;
/** A code is good for this long, and once. */
export const CODE_SECONDS = 300;
