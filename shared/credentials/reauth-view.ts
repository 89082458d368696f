import { connectPath } from './console-paths.ts';
import type { Credential } from './credential.ts';
import { oauthProviderOf } from './oauth/endpoints.ts';
import { OAUTH } from './oauth/providers.ts';
import type { ReauthReason, ReauthTask } from './reauth.ts';

/** What happened, in a sentence that starts with the credential. */
export const REASON_WORDS: Readonly<Record<ReauthReason, string>> = {
  'invalid-grant': 'The provider does not accept the connection any more: it was revoked, or it has ended.',
  refused: 'The provider refuses it: the key or the client is wrong, or may not do this any more.',
  exhausted: 'The provider did not answer for about an hour. If it comes back, this heals by itself.',
  'not-connected': 'Nobody has connected it yet.',
  'secret-missing': 'There is no secret under its name.',
  'secret-unreadable': 'Its secret cannot be read, or lacks a field.',
  'wrong-host': 'It is registered for a real host and meets a stand-in, or the other way round.',
  'insufficient-scope': 'The consent does not cover everything that it is registered for.',
  'wrong-environment': 'The provider says that it belongs to another environment.',
  'ends-soon': 'It ends before an action that needs it would be over.',
  overdue: 'It is older than its policy allows.',
};

/** What ends the task. */
export type Remedy =
  /** A path of the console. */
  | { readonly kind: 'connect'; readonly href: string; readonly text: string }
  /** On the command line, one after the other. */
  | { readonly kind: 'commands'; readonly commands: readonly string[]; readonly says: string }
  | { readonly kind: 'words'; readonly says: string };

export interface ReauthView {
  readonly task: ReauthTask;
  readonly remedy: Remedy;
}

const wordOf = ({ provider, account, environment }: ReauthTask): string => {
  const name = `${provider}/${account}/${environment}`;
  return /^[\w./@:-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`;
};
const rotateCommand = (task: ReauthTask): string =>
  `npx autopack credentials rotate ${wordOf(task)} --project ${task.project}`;

const commandsFor = (task: ReauthTask): string[] => [
  `npx autopack credentials stage ${wordOf(task)} FILE --project ${task.project}`,
  rotateCommand(task),
];

const remedyOf = (task: ReauthTask, grant: Credential | undefined): Remedy => {
  if (grant === undefined || grant.retired)
    return { kind: 'words', says: 'It is not registered any more. Two operators register it again.' };
  const name = oauthProviderOf(grant);
  if (grant.kind === 'oauth' && name !== undefined)
    return { kind: 'connect', href: connectPath(task, name), text: `Connect ${OAUTH[name].title} again` };
  if (task.reason === 'wrong-host')
    return { kind: 'words', says: 'Two operators register it anew, with the right "standIn".' };
  if (task.reason === 'secret-missing' || task.reason === 'secret-unreadable')
    return { kind: 'words', says: `Put its value into Secrets Manager, as ${grant.secretId}.` };
  if (grant.kind === 'api-key' && task.reason === 'overdue')
    return {
      kind: 'commands',
      commands: [rotateCommand(task)],
      says: 'Its API makes a new key, which is tried before it is used:',
    };
  if (grant.kind === 'api-key')
    return {
      kind: 'words',
      says: `Fetch a key that works at the provider and put it into Secrets Manager, as ${grant.secretId}.`,
    };
  if (grant.kind !== 'operator-staged')
    return {
      kind: 'words',
      says: `Put the client id and secret that the provider shows into Secrets Manager, as ${grant.secretId}.`,
    };
  return {
    kind: 'commands',
    commands: commandsFor(task),
    says: 'Fetch a new value at the provider and hand it in. It is tested there before it is used:',
  };
};

/** A task with the way out of it. */
export const reauthView = (task: ReauthTask, grant: Credential | undefined): ReauthView => ({
  task,
  remedy: remedyOf(task, grant),
});
