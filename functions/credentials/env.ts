import { envOf } from '#shared/config/env.ts';

/** Environment of each function of this room, by entry file. */
export const env = {
  'wait-for-credential': envOf(
    'AUTOPACK_ENV',
    'ACTIONS_TABLE',
    'CREDENTIALS_TABLE',
    'ARTIFACTS_BUCKET',
    'TOKEN_KEY_ARN',
  ),
  'tend-reauth-tasks': envOf(
    'AUTOPACK_ENV',
    'CREDENTIALS_TABLE',
    'REGISTRY_TABLE',
    'SENDER_ADDRESS',
    'PUBLIC_URL',
  ),
  'rotate-secret': envOf(
    'AUTOPACK_ENV',
    'CREDENTIALS_TABLE',
    'KEYRING_SECRET_ARN',
    'SIGNING_SECRET_ARN',
    'AUTOPACK_PROVIDER_URL_ALPACA',
    'AUTOPACK_ALLOW_LOOPBACK',
  ),
  'watch-rotations': envOf('AUTOPACK_ENV', 'CREDENTIALS_TABLE', 'KEYRING_SECRET_ARN', 'SIGNING_SECRET_ARN'),
  'change-secret': envOf(
    'AUTOPACK_ENV',
    'CREDENTIALS_TABLE',
    'REGISTRY_TABLE',
    'KEYRING_SECRET_ARN',
    'SIGNING_SECRET_ARN',
    'ROTATION_FUNCTION_ARN',
  ),
  'refresh-credentials': envOf(
    'AUTOPACK_ENV',
    'CREDENTIALS_TABLE',
    'AUTOPACK_OAUTH_URL_YOUTUBE',
    'AUTOPACK_OAUTH_URL_ETSY',
    'AUTOPACK_OAUTH_URL_SHOPIFY',
    'AUTOPACK_ALLOW_LOOPBACK',
  ),
  'connect-account': envOf(
    'AUTOPACK_ENV',
    'CREDENTIALS_TABLE',
    'REGISTRY_TABLE',
    'PUBLIC_URL',
    'AUTOPACK_OAUTH_URL_YOUTUBE',
    'AUTOPACK_OAUTH_URL_ETSY',
    'AUTOPACK_OAUTH_URL_SHOPIFY',
    'AUTOPACK_ALLOW_LOOPBACK',
  ),
} as const;
