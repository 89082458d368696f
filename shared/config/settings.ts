/** A variable that a person sets: for the local host, for a deployment or for the CLI. */
export interface Setting {
  readonly reader: 'local host' | 'deployment' | 'CLI' | 'tests';
  readonly stage: 'dev' | 'prod' | 'any';
  readonly fallback: string;
  readonly secret: boolean;
  readonly text: string;
}

const setting = (
  reader: Setting['reader'],
  fallback: string,
  text: string,
  more: Partial<Pick<Setting, 'stage' | 'secret'>> = {},
): Setting => ({ reader, fallback, text, stage: 'any', secret: false, ...more });

/** Variables of functions are in `env.ts`: the stack sets those, people do not. */
export const SETTINGS = {
  AUTOPACK_PORT: setting('local host', '4500', 'Port of the HTTP API; 0: any free one', { stage: 'dev' }),
  AUTOPACK_AWS_PORT: setting('local host', '4566', 'Port of the AWS endpoint; 0: any free one', {
    stage: 'dev',
  }),
  AUTOPACK_DATA_DIR: setting(
    'local host',
    '.autopack',
    'Folder of all local state; the CLI finds the host through it',
    {
      stage: 'dev',
    },
  ),
  AUTOPACK_ASSEMBLY_DIR: setting(
    'local host',
    'assembly in the data folder',
    'Folder of the synthesized stack, to share it between data folders',
    {
      stage: 'dev',
    },
  ),
  AUTOPACK_ENV: setting('deployment', 'dev', 'Stage to synthesize: dev or prod'),
  AUTOPACK_SENDER_ADDRESS: setting('deployment', 'none', 'Address that mails come from; needed in prod'),
  AUTOPACK_OPERATOR_GROUP: setting(
    'deployment',
    'none',
    'Group of operators in the user pool; needed in prod',
  ),
  AUTOPACK_IDENTITY_DOMAIN_PREFIX: setting(
    'deployment',
    'none',
    'Prefix of the sign-in domain; needed in prod',
  ),
  AUTOPACK_ALARM_ADDRESS: setting('deployment', 'none', 'Address that alarms are mailed to'),
  AUTOPACK_POLICY_CONTACT: setting(
    'deployment',
    'the sender address',
    'URL or mail address in the user agent of the policy monitor',
  ),
  AUTOPACK_PUBLIC_READ: setting(
    'deployment',
    'off',
    'Exactly "1": anyone may read without signing in; refused in prod',
    {
      stage: 'dev',
    },
  ),
  AUTOPACK_URL: setting('CLI', 'of local.json', 'Base URL of Autopack'),
  AUTOPACK_PROJECT: setting('CLI', 'of local.json', 'Project that commands work on'),
  AUTOPACK_CLIENT_ID: setting('CLI', 'of local.json', 'OAuth client of an agent'),
  AUTOPACK_CLIENT_SECRET: setting('CLI', 'of local.json', 'Secret of that client', { secret: true }),
  AUTOPACK_CLIENT_SECRET_FILE: setting(
    'CLI',
    'none',
    'File that holds the secret; wins over AUTOPACK_CLIENT_SECRET',
  ),
  NO_COLOR: setting('CLI', 'unset', 'Any value: no colours'),
  CHROMIUM_PATH: setting('tests', 'chromium of PATH', 'Browser of `npm run test:browser`', { stage: 'dev' }),
} as const satisfies Record<string, Setting>;

/** Names that earlier systems used, and what became of each (CFG-04, MIG). */
export const LEGACY_NAMES = {
  AUTO_APPROVE_BUILD113:
    'Gone: nothing approves by itself. Set in prod, it refuses the synthesis; in dev it is warned about and ignored.',
  AUTOPACK_API_KEY:
    'Gone: agents have OAuth clients (`AUTOPACK_CLIENT_ID`), people sign in. Also with `_FILE`.',
  AUTOPACK_ENV: 'Kept: the stage, `dev` or `prod`.',
  AUTOPACK_PUBLIC_READ: 'Kept: exactly "1", and never in prod.',
  DATABASE_URL: 'Gone: the tables are DynamoDB and belong to the stack. Also with `_FILE`.',
  DISABLE_PHASE_C_AUTOMERGE: 'Gone: merging by itself does not exist, so there is nothing to disable.',
  JWT_PRIVATE_KEY_FILE: 'Gone: the identity provider signs tokens; Autopack holds no signing key.',
  JWT_PUBLIC_KEY_FILE: 'Gone: keys are read from the issuer (`OIDC_ISSUER`).',
  LIVE_TRADING_ENABLED:
    'Gone as a variable: live trading is `alpaca.environment` PRODUCTION of a project, confirmed by two operators.',
  QDRANT_HOST: 'Gone: there is no vector store.',
} as const satisfies Record<string, string>;
