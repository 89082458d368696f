import * as z from 'zod';

/** Names, by exact word, of the stages that exist. */
export const StageName = z.enum(['dev', 'prod']);
export type StageName = z.infer<typeof StageName>;

const nonEmpty = () => z.string().min(1);
const flag = () => z.string().optional();
const url = () => z.url();
const overridingUrl = () => z.union([z.literal(''), z.url()]).optional();
const seconds = (least: number, most: number) => () => z.coerce.number().int().min(least).max(most);

/**
 * A variable: what the documentation says of it, and how its schema is built. Every function carries this whole table
 * and reads a few variables of it; building the schemas of all of them would slow the start of each.
 */
const variable = <Schema extends z.ZodType>(schema: () => Schema, text: string) => ({ schema, text });

/**
 * Every environment variable of every function, declared once: functions pick what they read, the stack is
 * checked against the same picks at compile time, and `docs/config.md` is generated from the descriptions.
 */
export const ENV = {
  AUTOPACK_ENV: variable(() => StageName, 'Stage that the function belongs to'),
  ACTIONS_TABLE: variable(nonEmpty, 'Name of the ledger table'),
  APPROVALS_TABLE: variable(nonEmpty, 'Name of the approvals table'),
  REGISTRY_TABLE: variable(nonEmpty, 'Name of the registry table'),
  CREDENTIALS_TABLE: variable(nonEmpty, 'Name of the credentials table'),
  POLICIES_TABLE: variable(nonEmpty, 'Name of the policies table'),
  CONTROLS_TABLE: variable(nonEmpty, 'Name of the controls table'),
  ARTIFACTS_BUCKET: variable(nonEmpty, 'Bucket of payloads and dry runs'),
  ACTION_STATE_MACHINE_ARN: variable(nonEmpty, 'State machine of the path of an action'),
  POLICY_CHECK_STATE_MACHINE_ARN: variable(nonEmpty, 'State machine of the policy check'),
  TOKEN_KEY_ARN: variable(nonEmpty, 'KMS key that task tokens are encrypted with'),
  KEYRING_SECRET_ARN: variable(nonEmpty, 'Secret of the HMAC keyring'),
  SIGNING_SECRET_ARN: variable(nonEmpty, 'Secret of the keys that receipts are signed with'),
  ROTATION_FUNCTION_ARN: variable(nonEmpty, 'Function that Secrets Manager rotates secrets with'),
  SENDER_ADDRESS: variable(() => z.email(), 'Verified address that mails come from'),
  PUBLIC_URL: variable(url, 'Base URL of the HTTP API; mail links and sign-in come back to it'),
  OIDC_ISSUER: variable(url, 'Issuer whose discovery document and keys verify tokens'),
  OIDC_CONSOLE_CLIENT_ID: variable(
    nonEmpty,
    'OAuth client of the console (authorization code + PKCE, no secret)',
  ),
  OIDC_CLI_CLIENT_ID: variable(nonEmpty, 'OAuth client of the CLI (loopback redirect, no secret)'),
  OPERATOR_GROUP: variable(nonEmpty, 'Group of the issuer that operators belong to'),
  AUTOPACK_PUBLIC_READ: variable(flag, 'Development only: exactly "1" lets anyone read without signing in'),
  AUTOPACK_PROVIDER_URL_ALPACA: variable(
    overridingUrl,
    'Non-production only: base URL that replaces the Alpaca hosts; empty: none',
  ),
  AUTOPACK_OAUTH_URL_YOUTUBE: variable(
    overridingUrl,
    'Non-production only: base URL that replaces the OAuth hosts of YouTube; empty: none',
  ),
  AUTOPACK_OAUTH_URL_ETSY: variable(
    overridingUrl,
    'Non-production only: base URL that replaces the OAuth hosts of Etsy; empty: none',
  ),
  AUTOPACK_OAUTH_URL_SHOPIFY: variable(
    overridingUrl,
    'Non-production only: base URL that replaces the OAuth hosts of Shopify; empty: none',
  ),
  AUTOPACK_ALLOW_LOOPBACK: variable(
    flag,
    'Non-production only: exactly "1" lets providers be called on loopback addresses (the local host)',
  ),
  LEASE_SECONDS: variable(
    seconds(1, 900),
    'How long a claim lasts; at least the timeout of the execute function',
  ),
  PROVIDER_LAG_SECONDS: variable(
    seconds(0, 900),
    'Least time that a thing may stay invisible to a lookup; a provider can ask for more',
  ),
  POLICY_CONFIRM_SECONDS: variable(
    seconds(0, 86_400),
    'How long after a policy page first showed something new a second look confirms it',
  ),
  POLICY_CONTACT: variable(
    () => z.string().min(3).max(200),
    'URL or mail address in the user agent of the policy monitor, for the people of a watched site',
  ),
} as const;

export type EnvName = keyof typeof ENV;

type Picked<Names extends readonly EnvName[]> = z.ZodObject<{
  [Name in Names[number]]: ReturnType<(typeof ENV)[Name]['schema']>;
}>;

/** How the schema of one function's environment is built: of the variables that it reads, and no other. */
export const envOf =
  <const Names extends readonly EnvName[]>(...names: Names) =>
  (): Picked<Names> =>
    z.object(Object.fromEntries(names.map((name) => [name, ENV[name].schema()]))) as never;

/**
 * Reads a function's environment once, at module scope of its handler.
 * @throws Error that names every variable that is missing or does not fit, without their values.
 */
export const parseEnv = <Schema extends z.ZodObject>(
  schema: () => Schema,
  env: Readonly<Record<string, string | undefined>>,
): z.output<Schema> => {
  const parsed = schema().safeParse(env);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`CONFIG_INVALID: the environment does not fit. ${problems.join('; ')}`);
};
