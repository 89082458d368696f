import { envOf } from '#shared/config/env.ts';

/** Environment of each function of this room, by entry file. */
export const env = {
  'request-approval': envOf(
    'AUTOPACK_ENV',
    'ACTIONS_TABLE',
    'APPROVALS_TABLE',
    'REGISTRY_TABLE',
    'POLICIES_TABLE',
    'ARTIFACTS_BUCKET',
    'TOKEN_KEY_ARN',
    'SENDER_ADDRESS',
    'PUBLIC_URL',
  ),
  'close-approval': envOf('AUTOPACK_ENV', 'ACTIONS_TABLE', 'APPROVALS_TABLE'),
  'read-approvals': envOf('AUTOPACK_ENV', 'APPROVALS_TABLE', 'ARTIFACTS_BUCKET'),
  'decide-approval': envOf(
    'AUTOPACK_ENV',
    'APPROVALS_TABLE',
    'REGISTRY_TABLE',
    'CONTROLS_TABLE',
    'ARTIFACTS_BUCKET',
    'TOKEN_KEY_ARN',
    'KEYRING_SECRET_ARN',
  ),
  'show-pages': envOf(
    'AUTOPACK_ENV',
    'APPROVALS_TABLE',
    'REGISTRY_TABLE',
    'CONTROLS_TABLE',
    'POLICIES_TABLE',
    'CREDENTIALS_TABLE',
    'ARTIFACTS_BUCKET',
    'KEYRING_SECRET_ARN',
  ),
} as const;
