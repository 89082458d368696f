import { type ActionId, actionPk, timestamp } from '../actions/identity.ts';
import type { CredentialIsUsable } from './credential.ts';
import type { PutCredentialWait, ReadCredentialWait, TellCredentialWait } from './credential-wait.ts';

export interface ResumePausedDeps {
  readonly now: () => number;
  readonly readWait: ReadCredentialWait;
  readonly putWait: PutCredentialWait;
  readonly credentialIsUsable: CredentialIsUsable;
  readonly decryptToken: (actionPk: string, cipher: string) => Promise<string>;
  readonly tell: TellCredentialWait;
}

/**
 * Tells the wait of a paused action once its credential can be used. Told first and marked after, so a crash between
 * the two repeats an answer that nobody waits for any more, and never loses one.
 * @returns `nothing` where no wait is open, `waiting` where the credential is still not usable
 */
export const resumePaused =
  (deps: ResumePausedDeps) =>
  async (id: ActionId): Promise<'told' | 'gone' | 'waiting' | 'nothing'> => {
    const wait = await deps.readWait({ project: id.project, key: id.key });
    if (wait === undefined || wait.status === 'TOLD') return 'nothing';
    if (!(await deps.credentialIsUsable(wait.project, wait.credential, wait.hostIsOverridden)))
      return 'waiting';
    const answer = await deps.tell(await deps.decryptToken(actionPk(wait), wait.taskToken));
    // Refused: a new wait has taken the row over meanwhile, and it is not ours to close.
    await deps.putWait(wait, {
      ...wait,
      version: wait.version + 1,
      status: 'TOLD',
      updatedAt: timestamp(deps.now()),
    });
    return answer;
  };
