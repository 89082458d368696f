import type { OAuthOverrides } from '../oauth/endpoints.ts';
import { OAUTH_PROVIDERS } from '../oauth/provider-names.ts';

/** Where the probes of a provider go in a stage that has stand-ins; undefined: to the provider itself. */
export const probeBaseUrl =
  (providers: { readonly baseUrl: (operation: string) => string | undefined }, oauth: OAuthOverrides) =>
  (provider: string): string | undefined => {
    const name = OAUTH_PROVIDERS.find((each) => each === provider);
    return name === undefined ? providers.baseUrl(`${provider}/`) : oauth[name];
  };
