import { sha256 } from '#shared/actions/canonical-json.ts';
import { epochMs, timestamp } from '#shared/actions/identity.ts';
import type { Mail } from '#shared/approvals/mail.ts';
import type { CredentialIsUsable, ReadCredential } from '#shared/credentials/credential.ts';
import {
  type ClaimReauthTask,
  type CloseReauthTask,
  type ListOpenReauthTasks,
  reauthPk,
  type ReauthTask,
} from '#shared/credentials/reauth.ts';
import { reauthGauges } from '#shared/credentials/reauth-gauges.ts';
import { reauthMail } from '#shared/credentials/reauth-mail.ts';
import { reauthView } from '#shared/credentials/reauth-view.ts';
import type { PersonRow } from '#shared/operators/principal.ts';
import { type PutTold, type ReadTold, type Told, toldPk } from '#shared/policies/ports.ts';

export interface TendReauthTasksDeps {
  readonly now: () => number;
  readonly listOpen: ListOpenReauthTasks;
  readonly readCredential: ReadCredential;
  readonly credentialIsUsable: CredentialIsUsable;
  readonly claim: ClaimReauthTask;
  readonly close: CloseReauthTask;
  readonly listApprovers: (project: string) => Promise<readonly PersonRow[]>;
  readonly readTold: ReadTold;
  readonly putTold: PutTold;
  readonly sendMail: (recipient: string, mail: Mail) => Promise<'sent' | 'refused'>;
  readonly count: (metric: 'MailRefused', ids: Readonly<Record<string, string>>) => void;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
  readonly publicUrl: string;
  readonly stage: string;
}

export interface TendResult {
  readonly open: number;
  readonly closed: number;
  readonly mails: number;
  readonly failed: number;
}

/** A run that takes longer has died: longer than the function may run. */
const TELLING_MS = 120_000;

/** One opening of one task: opened again after it was closed, it is told again. */
const noticeOf = (task: ReauthTask): string =>
  sha256(`${reauthPk(task.project, task, task.connectionVersion)}\n${task.openedAt}`);

/** Whether the credential works again, by whatever way, or nothing can need it any more. */
const hasHealed = async (task: ReauthTask, deps: TendReauthTasksDeps): Promise<boolean> => {
  const grant = await deps.readCredential(task.project, task);
  if (grant === undefined || grant.retired) return true;
  return deps.credentialIsUsable(task.project, task, grant.standIn);
};

/**
 * One mail to every operator of the project, once each, by one run at a time. A mail is noted after it was handed over: a crash in between
 * sends that one again, noting first would lose it.
 * @throws the last error of a recipient whom a later run may reach
 */
const tell = async (task: ReauthTask, deps: TendReauthTasksDeps): Promise<number> => {
  const people = await deps.listApprovers(task.project);
  const keyOf = ({ email }: PersonRow) => ({
    about: 'reauth',
    noticeId: noticeOf(task),
    recipient: email,
  });
  const known = await deps.readTold(people.map(keyOf));
  const untold = people.filter((person) => !known.has(toldPk(keyOf(person))));
  if (untold.length === 0) return 0;
  const now = deps.now();
  if (task.tellingUntil !== null && epochMs(task.tellingUntil) > now) return 0;
  if ((await deps.claim(task, timestamp(now + TELLING_MS))) === 'refused') return 0;
  const view = reauthView(task, await deps.readCredential(task.project, task));
  let failure: unknown;
  let mails = 0;
  for (const person of untold) {
    const key = keyOf(person);
    try {
      const mail = reauthMail(view, { recipientName: person.name, publicUrl: deps.publicUrl });
      const outcome: Told['outcome'] = await deps.sendMail(person.email, mail);
      if (outcome === 'refused')
        deps.count('MailRefused', { task: reauthPk(task.project, task, task.connectionVersion) });
      await deps.putTold({ schemaVersion: 1, ...key, at: timestamp(deps.now()), outcome });
      mails += 1;
    } catch (error) {
      failure = error;
    }
  }
  if (failure !== undefined) throw failure;
  return mails;
};

/**
 * Every minute: closes the tasks whose credential works again, however that came about, and tells the operators of the
 * others. One task's trouble does not keep the others waiting; the next minute goes on.
 */
export const tendReauthTasks = async (deps: TendReauthTasksDeps): Promise<TendResult> => {
  const result = { open: 0, closed: 0, mails: 0, failed: 0 };
  let oldest: number | undefined;
  for (const task of await deps.listOpen()) {
    const { project, connectionVersion } = task;
    try {
      if (await hasHealed(task, deps)) {
        await deps.close({ project, credential: refOf(task), connectionVersion });
        result.closed += 1;
        continue;
      }
      result.mails += await tell(task, deps);
    } catch (error) {
      result.failed += 1;
      deps.log({
        level: 'ERROR',
        event: 'reauth-task-failed',
        task: reauthPk(project, task, connectionVersion),
        error: error instanceof Error ? error.name : 'unknown',
      });
    }
    result.open += 1;
    oldest = Math.min(oldest ?? Infinity, epochMs(task.openedAt));
  }
  deps.log(reauthGauges({ open: result.open, oldest }, deps.stage, deps.now()));
  return result;
};

const refOf = ({ provider, account, environment }: ReauthTask) => ({ provider, account, environment });
