import { envOf } from '#shared/config/env.ts';

/** Environment of each function of this room, by entry file. */
export const env = {
  'evaluate-gates': envOf(
    'AUTOPACK_ENV',
    'ACTIONS_TABLE',
    'REGISTRY_TABLE',
    'CREDENTIALS_TABLE',
    'POLICIES_TABLE',
    'ARTIFACTS_BUCKET',
    'APPROVALS_TABLE',
  ),
  'change-project': envOf('AUTOPACK_ENV', 'REGISTRY_TABLE', 'CREDENTIALS_TABLE'),
} as const;
