import * as z from 'zod';

/** Names, by exact word, of the stages that exist. */
export const StageName = z.enum(['dev', 'prod']);
export type StageName = z.infer<typeof StageName>;

const nonEmpty = z.string().min(1);

/**
 * Every environment variable of every function, declared once: functions pick what they read, the stack is
 * checked against the same picks at compile time, and `docs/config.md` is generated from the descriptions.
 */
export const ENV = {
  AUTOPACK_ENV: StageName.describe('Stage that the function belongs to'),
  ACTIONS_TABLE: nonEmpty.describe('Name of the ledger table'),
  APPROVALS_TABLE: nonEmpty.describe('Name of the approvals table'),
  REGISTRY_TABLE: nonEmpty.describe('Name of the registry table'),
  CREDENTIALS_TABLE: nonEmpty.describe('Name of the credentials table'),
  POLICIES_TABLE: nonEmpty.describe('Name of the policies table'),
  CONTROLS_TABLE: nonEmpty.describe('Name of the controls table'),
  ARTIFACTS_BUCKET: nonEmpty.describe('Bucket of payloads and dry runs'),
  ACTION_STATE_MACHINE_ARN: nonEmpty.describe('State machine of the path of an action'),
  POLICY_CHECK_STATE_MACHINE_ARN: nonEmpty.describe('State machine of the policy check'),
  TOKEN_KEY_ARN: nonEmpty.describe('KMS key that task tokens are encrypted with'),
  KEYRING_SECRET_ARN: nonEmpty.describe('Secret of the HMAC keyring'),
  SIGNING_SECRET_ARN: nonEmpty.describe('Secret of the keys that receipts are signed with'),
  ROTATION_FUNCTION_ARN: nonEmpty.describe('Function that Secrets Manager rotates secrets with'),
  SENDER_ADDRESS: z.email().describe('Verified address that mails come from'),
  PUBLIC_URL: z.url().describe('Base URL of the HTTP API; mail links and sign-in come back to it'),
  OIDC_ISSUER: z.url().describe('Issuer whose discovery document and keys verify tokens'),
  OIDC_CONSOLE_CLIENT_ID: nonEmpty.describe(
    'OAuth client of the console (authorization code + PKCE, no secret)',
  ),
  OIDC_CLI_CLIENT_ID: nonEmpty.describe('OAuth client of the CLI (loopback redirect, no secret)'),
  OPERATOR_GROUP: nonEmpty.describe('Group of the issuer that operators belong to'),
  AUTOPACK_PUBLIC_READ: z
    .string()
    .optional()
    .describe('Development only: exactly "1" lets anyone read without signing in'),
  AUTOPACK_PROVIDER_URL_ALPACA: z
    .union([z.literal(''), z.url()])
    .optional()
    .describe('Non-production only: base URL that replaces the Alpaca hosts; empty: none'),
  AUTOPACK_OAUTH_URL_YOUTUBE: z
    .union([z.literal(''), z.url()])
    .optional()
    .describe('Non-production only: base URL that replaces the OAuth hosts of YouTube; empty: none'),
  AUTOPACK_OAUTH_URL_ETSY: z
    .union([z.literal(''), z.url()])
    .optional()
    .describe('Non-production only: base URL that replaces the OAuth hosts of Etsy; empty: none'),
  AUTOPACK_OAUTH_URL_SHOPIFY: z
    .union([z.literal(''), z.url()])
    .optional()
    .describe('Non-production only: base URL that replaces the OAuth hosts of Shopify; empty: none'),
  AUTOPACK_ALLOW_LOOPBACK: z
    .string()
    .optional()
    .describe(
      'Non-production only: exactly "1" lets providers be called on loopback addresses (the local host)',
    ),
  LEASE_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(900)
    .describe('How long a claim lasts; at least the timeout of the execute function'),
  PROVIDER_LAG_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .max(900)
    .describe('Least time that a thing may stay invisible to a lookup; a provider can ask for more'),
  POLICY_CONFIRM_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .max(86_400)
    .describe('How long after a policy page first showed something new a second look confirms it'),
  POLICY_CONTACT: z
    .string()
    .min(3)
    .max(200)
    .describe(
      'URL or mail address in the user agent of the policy monitor, for the people of a watched site',
    ),
} as const satisfies Record<string, z.ZodType>;

export type EnvName = keyof typeof ENV;

/** Schema of the variables that one function reads, and no other. */
export const envOf = <const Names extends readonly EnvName[]>(
  ...names: Names
): z.ZodObject<{ [Name in Names[number]]: (typeof ENV)[Name] }> =>
  z.object(Object.fromEntries(names.map((name) => [name, ENV[name]]))) as never;

/**
 * Reads a function's environment once, at module scope of its handler.
 * @throws Error that names every variable that is missing or does not fit, without their values.
 */
export const parseEnv = <Schema extends z.ZodObject>(
  schema: Schema,
  env: Readonly<Record<string, string | undefined>>,
): z.output<Schema> => {
  const parsed = schema.safeParse(env);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`CONFIG_INVALID: the environment does not fit. ${problems.join('; ')}`);
};
