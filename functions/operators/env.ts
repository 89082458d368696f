import { envOf } from '#shared/config/env.ts';

/** Environment of each function of this room, by entry file. */
export const env = {
  authorize: envOf(
    'AUTOPACK_ENV',
    'REGISTRY_TABLE',
    'OIDC_ISSUER',
    'OIDC_CONSOLE_CLIENT_ID',
    'OIDC_CLI_CLIENT_ID',
    'OPERATOR_GROUP',
    'AUTOPACK_PUBLIC_READ',
  ),
  'sign-in': envOf(
    'AUTOPACK_ENV',
    'REGISTRY_TABLE',
    'OIDC_ISSUER',
    'OIDC_CONSOLE_CLIENT_ID',
    'OPERATOR_GROUP',
    'PUBLIC_URL',
  ),
  'describe-api': envOf('AUTOPACK_ENV', 'OIDC_ISSUER', 'OIDC_CLI_CLIENT_ID'),
  'seed-registry': envOf('AUTOPACK_ENV', 'REGISTRY_TABLE', 'CREDENTIALS_TABLE'),
} as const;
