// What bundles get for `@aws-sdk/credential-provider-node`. Lambda puts the credentials of a function's role into its
// environment, and nothing of ours uses another source: profiles, SSO, STS and the metadata services of other
// computers are 150 kB that every start would read, and places that credentials should never come from here.
import { fromEnv } from '../../node_modules/@aws-sdk/credential-provider-env/dist-es/index.js';

export const defaultProvider = fromEnv;
