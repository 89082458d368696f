import { ActionView } from '../actions/action-view.ts';
import type { ApiReply, CallApi } from './api.ts';
import { CliError } from './exit.ts';

export interface FollowDeps {
  readonly call: CallApi;
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Told of each new status. */
  readonly progress: (line: string) => void;
}

/** The action of an answer; CliError where the API sent something else. */
export const actionOf = (reply: ApiReply): ActionView => {
  const parsed = ActionView.safeParse(reply.json);
  if (!parsed.success)
    throw new CliError('unreachable', 'The API sent something that this version of the CLI cannot read.');
  return parsed.data;
};

/** Nothing more happens by itself: closed, or a dry run that was rendered. */
const isSettled = (action: ActionView): boolean =>
  action.terminal || (action.status === 'RENDERED' && action.dryRun);

/**
 * Asks again and again until the action is settled; more patiently the longer it takes.
 * @throws CliError `open` when the time is up.
 */
export const follow = async (path: string, seconds: number, deps: FollowDeps): Promise<ActionView> => {
  const deadline = deps.now() + seconds * 1000;
  let seen: string | undefined;
  for (let pause = 300; ; pause = Math.min(pause * 1.5, 5000)) {
    const action = actionOf(await deps.call({ method: 'GET', path }));
    if (action.status !== seen) deps.progress(`${action.updatedAt}  ${action.status}`);
    seen = action.status;
    if (isSettled(action)) return action;
    const left = deadline - deps.now();
    if (left <= 0)
      throw new CliError(
        'open',
        `Still ${action.status} after ${seconds} s. Look again with: autopack show ${action.key}`,
      );
    await deps.sleep(Math.min(pause, left));
  }
};
