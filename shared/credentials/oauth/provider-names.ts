/** Who Autopack can be connected to by OAuth (OAU-04). */
export const OAUTH_PROVIDERS = ['youtube', 'etsy', 'shopify'] as const;
export type OAuthProviderName = (typeof OAUTH_PROVIDERS)[number];
