import * as z from 'zod';
import type { ProjectId } from '#shared/actions/identity.ts';
import { StageName } from '#shared/config/env.ts';
import { ClientSeed, CredentialSeed, PersonSeed, ProjectSeed } from './seeds.ts';
import { EXECUTE_TIMEOUT_SECONDS, STAGES, type StageRecord } from './stages.ts';

/** What whoever deploys may say, as CDK context, in a deployment file or (single values) in the environment. */
export const Deployment = z.strictObject({
  stage: StageName,
  senderAddress: z.email().optional(),
  operatorGroup: z
    .string()
    .regex(/^[\w+=,.@-]{1,128}$/, 'a group name has 1 to 128 letters, digits and "_ + = , . @ -"')
    .optional(),
  identityDomainPrefix: z
    .string()
    .regex(/^(?!.*(aws|amazon|cognito))[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, {
      message: '1 to 63 of a-z, 0-9 and "-", without the words aws, amazon and cognito',
    })
    .optional(),
  alarmAddress: z.email().optional(),
  policyContact: z
    .string()
    .regex(/^[\x21-\x27\x2a-\x7e]{3,200}$/, 'one URL or mail address, 3 to 200 characters, without brackets')
    .optional(),
  people: z.array(PersonSeed).optional(),
  clients: z.array(ClientSeed).optional(),
  projects: z.array(ProjectSeed).optional(),
  credentials: z.array(CredentialSeed).optional(),
});
export type Deployment = z.infer<typeof Deployment>;

/** Switches that come from the environment or the context and never from a deployment file. */
export interface Switches {
  /** The exact text of AUTOPACK_PUBLIC_READ. */
  readonly publicRead?: string | undefined;
  /** Names of auto-approve switches that somebody set; Autopack has none. */
  readonly autoApprove?: readonly string[];
}

/** Switches of older systems that approved by default. None is built; setting one is a mistake worth hearing about. */
export const AUTO_APPROVE_SWITCHES = ['AUTO_APPROVE_BUILD113', 'AUTOPACK_AUTO_APPROVE'] as const;

/** Environment variables that stand for single values. */
const VARIABLES = {
  stage: 'AUTOPACK_ENV',
  senderAddress: 'AUTOPACK_SENDER_ADDRESS',
  operatorGroup: 'AUTOPACK_OPERATOR_GROUP',
  identityDomainPrefix: 'AUTOPACK_IDENTITY_DOMAIN_PREFIX',
  alarmAddress: 'AUTOPACK_ALARM_ADDRESS',
  policyContact: 'AUTOPACK_POLICY_CONTACT',
} as const;

const fromEnvironment = (
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined =>
  Object.hasOwn(VARIABLES, name)
    ? environment[VARIABLES[name as keyof typeof VARIABLES]] || undefined
    : undefined;

/**
 * Puts together what is said in three places; for each value the CDK context wins over the environment, and both
 * over the deployment file. A file that names its stage decides it, since its values are of that stage.
 * @throws DeploymentRefusedError where the file is not an object
 */
export const readDeployment = (sources: {
  readonly file?: unknown;
  readonly context: (name: string) => unknown;
  readonly environment: Readonly<Record<string, string | undefined>>;
}): Readonly<Record<string, unknown>> => {
  const { file = {}, context, environment } = sources;
  if (typeof file !== 'object' || file === null || Array.isArray(file))
    throw new DeploymentRefusedError('requested', ['the deployment file is not a JSON object']);
  const said: Record<string, unknown> = { ...file };
  for (const name of Object.keys(Deployment.shape)) {
    if (name === 'stage' && said['stage'] !== undefined) continue;
    const value = context(name) ?? fromEnvironment(name, environment);
    if (value !== undefined) said[name] = value;
  }
  return said;
};

/** A stack that would be unsafe or incomplete is not synthesized; the message names everything that is wrong. */
export class DeploymentRefusedError extends Error {
  override readonly name = 'DeploymentRefusedError';
  readonly problems: readonly string[];
  constructor(stage: string, problems: readonly string[]) {
    super(`The ${stage} stack is not synthesized:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/**
 * The complete record of a stage.
 * @throws DeploymentRefusedError naming each value that is missing or does not fit.
 */
export const resolveStage = (
  said: Readonly<Record<string, unknown>>,
  switches: Switches = {},
): { readonly record: StageRecord; readonly warnings: readonly string[] } => {
  const parsed = Deployment.safeParse(said);
  if (!parsed.success) {
    throw new DeploymentRefusedError(
      String(said['stage']),
      parsed.error.issues.map((issue) => `${issue.path.join('.') || 'deployment'}: ${issue.message}`),
    );
  }
  const deployment = parsed.data;
  const defaults = STAGES[deployment.stage];
  const problems: string[] = [];
  const warnings: string[] = [];
  const needed = (value: string | undefined, what: string): string => {
    if (value === undefined || value === '') problems.push(`${what} is missing`);
    return value ?? '';
  };

  const publicRead = switches.publicRead === '1';
  if (switches.publicRead !== undefined && switches.publicRead !== '' && !defaults.developmentSwitches)
    problems.push('AUTOPACK_PUBLIC_READ is set: this stage never lets anyone read without signing in');
  for (const name of switches.autoApprove ?? []) {
    const text = `${name} is set: Autopack has no auto-approve switch`;
    if (defaults.developmentSwitches) warnings.push(`${text}; it is ignored`);
    else problems.push(`${text}; unset it`);
  }

  const record: StageRecord = {
    ...defaults,
    senderAddress: needed(
      deployment.senderAddress ?? defaults.senderAddress,
      'senderAddress (AUTOPACK_SENDER_ADDRESS)',
    ),
    operatorGroup: needed(
      deployment.operatorGroup ?? defaults.operatorGroup,
      'operatorGroup (AUTOPACK_OPERATOR_GROUP)',
    ),
    identity: {
      ...defaults.identity,
      domainPrefix: needed(
        deployment.identityDomainPrefix ?? defaults.identity.domainPrefix,
        'identityDomainPrefix, the OIDC sign-in domain (AUTOPACK_IDENTITY_DOMAIN_PREFIX)',
      ),
    },
    people: deployment.people ?? defaults.people,
    clients: deployment.clients ?? defaults.clients,
    projects: deployment.projects ?? defaults.projects,
    credentials: deployment.credentials ?? defaults.credentials,
    alarmAddress: deployment.alarmAddress ?? defaults.alarmAddress,
    policies: { ...defaults.policies, contact: deployment.policyContact ?? defaults.policies.contact },
    publicRead,
  };
  if (record.timing.leaseSeconds < EXECUTE_TIMEOUT_SECONDS)
    problems.push('timing.leaseSeconds is shorter than the execute function may run');
  for (const project of operatedProjects(record)) {
    const operators = record.people.filter(
      (person) => person.roles.includes('operator') && person.projects.includes(project),
    );
    if (operators.length < 2)
      warnings.push(
        `project ${project} has ${operators.length} operator(s): changes need two, approvals at least one`,
      );
  }
  if (problems.length > 0) throw new DeploymentRefusedError(deployment.stage, problems);
  return { record, warnings };
};

/** Every project that somebody or something of the record belongs to. */
const operatedProjects = (record: StageRecord): readonly z.infer<typeof ProjectId>[] =>
  [...new Set([...record.people, ...record.clients].flatMap((row) => row.projects))].toSorted();
