import { envOf } from '#shared/config/env.ts';

/** Environment of each function of this room, by entry file. */
export const env = {
  'propose-action': envOf(
    'AUTOPACK_ENV',
    'ACTIONS_TABLE',
    'REGISTRY_TABLE',
    'ARTIFACTS_BUCKET',
    'ACTION_STATE_MACHINE_ARN',
  ),
  'submit-action': envOf('AUTOPACK_ENV', 'ACTIONS_TABLE', 'ACTION_STATE_MACHINE_ARN'),
  'cancel-action': envOf('AUTOPACK_ENV', 'ACTIONS_TABLE', 'APPROVALS_TABLE', 'TOKEN_KEY_ARN'),
  'resolve-action': envOf('AUTOPACK_ENV', 'ACTIONS_TABLE', 'ACTION_STATE_MACHINE_ARN'),
  'read-actions': envOf('AUTOPACK_ENV', 'ACTIONS_TABLE', 'ARTIFACTS_BUCKET', 'APPROVALS_TABLE'),
  'render-action': envOf(
    'AUTOPACK_ENV',
    'ACTIONS_TABLE',
    'REGISTRY_TABLE',
    'ARTIFACTS_BUCKET',
    'AUTOPACK_PROVIDER_URL_ALPACA',
  ),
  'execute-action': envOf(
    'AUTOPACK_ENV',
    'ACTIONS_TABLE',
    'APPROVALS_TABLE',
    'REGISTRY_TABLE',
    'CREDENTIALS_TABLE',
    'POLICIES_TABLE',
    'ARTIFACTS_BUCKET',
    'AUTOPACK_ALLOW_LOOPBACK',
    'LEASE_SECONDS',
    'PROVIDER_LAG_SECONDS',
  ),
  'reconcile-action': envOf(
    'AUTOPACK_ENV',
    'ACTIONS_TABLE',
    'CREDENTIALS_TABLE',
    'ARTIFACTS_BUCKET',
    'AUTOPACK_ALLOW_LOOPBACK',
    'PROVIDER_LAG_SECONDS',
  ),
  'sweep-actions': envOf(
    'AUTOPACK_ENV',
    'ACTIONS_TABLE',
    'APPROVALS_TABLE',
    'CREDENTIALS_TABLE',
    'ACTION_STATE_MACHINE_ARN',
    'TOKEN_KEY_ARN',
    'PROVIDER_LAG_SECONDS',
  ),
} as const;
