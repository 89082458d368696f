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
} as const;
