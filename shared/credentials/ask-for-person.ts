import type { CredentialRef } from '../actions/dry-run.ts';
import { timestamp } from '../actions/identity.ts';
import type { ReadStanding } from './condition.ts';
import type { ResolveCredential } from './credential.ts';
import { healthReasons, TASK_MS } from './may-perform.ts';
import { oauthProviderOf } from './oauth/endpoints.ts';
import { personNeeded } from './person-needed.ts';
import type { OpenReauthTask } from './reauth.ts';

export interface AskForPersonDeps {
  readonly now: () => number;
  readonly readStanding: ReadStanding;
  readonly resolveCredential: ResolveCredential;
  readonly openReauthTask: OpenReauthTask;
}

/** Opens the task of a credential that an action waits for, where a person is needed to heal it. Idempotent. */
export type AskForPerson = (
  project: string,
  ref: CredentialRef,
  hostIsOverridden: boolean,
) => Promise<'asked' | 'heals-by-itself' | 'usable'>;

/**
 * Finds out what an action waits for, in the order that Execute looks, and opens the one task for it. Whoever finds the
 * same death, the one who renews, a probe or any number of actions, opens the same task.
 */
export const askForPerson =
  (deps: AskForPersonDeps): AskForPerson =>
  async (project, ref, hostIsOverridden) => {
    const { grant, condition } = await deps.readStanding(project, ref);
    const facts = { now: timestamp(deps.now()), taskMs: TASK_MS };
    const [known] = grant === undefined ? [] : healthReasons(grant, condition, facts);
    let code: Parameters<typeof personNeeded>[0];
    if (known === undefined) {
      const found = await deps.resolveCredential(project, ref, hostIsOverridden, grant);
      if (found.kind === 'usable') return 'usable';
      ({ code } = found);
    } else ({ code } = known);
    const isOAuth = grant !== undefined && oauthProviderOf(grant) !== undefined;
    const reason = personNeeded(code, condition, isOAuth);
    if (reason === null) return 'heals-by-itself';
    await deps.openReauthTask({
      project,
      credential: ref,
      connectionVersion: condition?.connectionVersion ?? 1,
      reason,
    });
    return 'asked';
  };
