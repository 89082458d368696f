import { envOf } from '#shared/config/env.ts';

/** Environment of each function of this room, by entry file. */
export const env = {
  'list-due-sources': envOf('AUTOPACK_ENV', 'POLICIES_TABLE'),
  'fetch-source': envOf(
    'AUTOPACK_ENV',
    'POLICIES_TABLE',
    'ARTIFACTS_BUCKET',
    'POLICY_CONTACT',
    'AUTOPACK_ALLOW_LOOPBACK',
  ),
  'compare-source': envOf('AUTOPACK_ENV', 'POLICIES_TABLE', 'ARTIFACTS_BUCKET', 'POLICY_CONFIRM_SECONDS'),
  'tell-people': envOf('AUTOPACK_ENV', 'POLICIES_TABLE', 'REGISTRY_TABLE', 'SENDER_ADDRESS', 'PUBLIC_URL'),
  'weekly-digest': envOf('AUTOPACK_ENV', 'POLICIES_TABLE', 'REGISTRY_TABLE', 'SENDER_ADDRESS', 'PUBLIC_URL'),
  'capture-manually': envOf(
    'AUTOPACK_ENV',
    'POLICIES_TABLE',
    'REGISTRY_TABLE',
    'ARTIFACTS_BUCKET',
    'POLICY_CHECK_STATE_MACHINE_ARN',
  ),
  'read-policies': envOf('AUTOPACK_ENV', 'POLICIES_TABLE', 'ARTIFACTS_BUCKET'),
  'acknowledge-change': envOf(
    'AUTOPACK_ENV',
    'POLICIES_TABLE',
    'REGISTRY_TABLE',
    'CONTROLS_TABLE',
    'KEYRING_SECRET_ARN',
  ),
  'change-source': envOf('AUTOPACK_ENV', 'POLICIES_TABLE', 'REGISTRY_TABLE'),
  'check-now': envOf('AUTOPACK_ENV', 'POLICIES_TABLE', 'REGISTRY_TABLE', 'POLICY_CHECK_STATE_MACHINE_ARN'),
  'show-policies': envOf(
    'AUTOPACK_ENV',
    'POLICIES_TABLE',
    'REGISTRY_TABLE',
    'ARTIFACTS_BUCKET',
    'KEYRING_SECRET_ARN',
  ),
} as const;
