import { timestamp } from '../actions/identity.ts';
import type { CredentialCondition } from './condition.ts';
import type { Credential, ReadSecretDocument } from './credential.ts';
import { conditionAfterProbe } from './health.ts';
import { healthReasons, TASK_MS } from './may-perform.ts';
import { oauthProviderOf } from './oauth/endpoints.ts';
import { personNeeded } from './person-needed.ts';
import { CANNOT_TELL, type ProbeCredential, type ProbeFinding } from './probes/probe.ts';
import type { OpenReauthTask } from './reauth.ts';

export interface LookDeps {
  readonly now: () => number;
  readonly readSecretDocument: ReadSecretDocument;
  readonly probe: ProbeCredential;
}

const findingOf = async (grant: Credential, deps: LookDeps): Promise<ProbeFinding> => {
  const read = await deps.readSecretDocument(grant.secretId);
  if (read.kind === 'read') return deps.probe(grant, read.document);
  if (read.kind === 'missing') return deps.probe(grant, undefined);
  return read.kind === 'malformed' ? { kind: 'malformed' } : CANNOT_TELL;
};

/**
 * One look at a credential: its secret, and one read at its provider at most. What it makes of the condition is not
 * stored yet.
 * @param before the condition, read before the secret is: whoever renews it meanwhile has changed the condition, and
 * storing this look is refused
 */
export const lookAt = async (
  grant: Credential,
  before: CredentialCondition | undefined,
  deps: LookDeps,
): Promise<CredentialCondition> =>
  conditionAfterProbe(grant, before, await findingOf(grant, deps), deps.now());

/**
 * A look between two hours: it leaves the next hourly one where it is, which alone tells people of ages.
 * @param probedAt when the hourly look was there last; absent: never
 */
export const betweenHours = (
  looked: CredentialCondition,
  probedAt: CredentialCondition['probedAt'],
): CredentialCondition => {
  const { probedAt: _now, ...rest } = looked;
  return probedAt === undefined ? rest : { ...rest, probedAt };
};

/** Something that only a person mends is a task of the inbox, even before an action waits for it. */
export const askForPerson = async (
  grant: Credential,
  condition: CredentialCondition,
  deps: { readonly now: () => number; readonly openReauthTask: OpenReauthTask },
): Promise<void> => {
  const facts = { now: timestamp(deps.now()), taskMs: TASK_MS };
  const isOAuth = oauthProviderOf(grant) !== undefined;
  const [reason] = healthReasons(grant, condition, facts).flatMap(
    ({ code }) => personNeeded(code, condition, isOAuth) ?? [],
  );
  if (reason === undefined) return;
  const { project, provider, account, environment } = grant;
  await deps.openReauthTask({
    project,
    credential: { provider, account, environment },
    connectionVersion: condition.connectionVersion,
    reason,
  });
};
