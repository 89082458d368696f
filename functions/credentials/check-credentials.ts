import * as z from 'zod';
import { epochMs, timestamp } from '#shared/actions/identity.ts';
import type { Mail } from '#shared/approvals/mail.ts';
import type { CredentialCondition, PutCondition, ReadStanding } from '#shared/credentials/condition.ts';
import {
  type Credential,
  credentialPk,
  type ListCredentials,
  type ReadSecretDocument,
} from '#shared/credentials/credential.ts';
import { healthNow } from '#shared/credentials/health.ts';
import { healthGauges } from '#shared/credentials/health-gauges.ts';
import { askForPerson, betweenHours, lookAt } from '#shared/credentials/look.ts';
import type { ProbeCredential } from '#shared/credentials/probes/probe.ts';
import type { OpenReauthTask } from '#shared/credentials/reauth.ts';
import { warningMail } from '#shared/credentials/warning-mail.ts';
import { ageOf, warningId, withWarning } from '#shared/credentials/warnings.ts';
import type { PersonRow } from '#shared/operators/principal.ts';
import { type PutTold, type ReadTold, toldPk } from '#shared/policies/ports.ts';

export interface CheckCredentialsDeps {
  readonly now: () => number;
  readonly listCredentials: ListCredentials;
  readonly readStanding: ReadStanding;
  readonly putCondition: PutCondition;
  readonly readSecretDocument: ReadSecretDocument;
  readonly probe: ProbeCredential;
  readonly openReauthTask: OpenReauthTask;
  /** Operators of a project. */
  readonly listApprovers: (project: string) => Promise<readonly PersonRow[]>;
  readonly readTold: ReadTold;
  readonly putTold: PutTold;
  readonly sendMail: (recipient: string, mail: Mail) => Promise<'sent' | 'refused'>;
  readonly count: (metric: 'MailRefused', ids: Readonly<Record<string, string>>) => void;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
  readonly publicUrl: string;
  readonly stage: string;
}

/** What starts it: the schedule, or an operator who does not want to wait for the hour. */
export const CheckEvent = z.object({
  /** Looks at all of them, those that were looked at a moment ago too. */
  now: z.boolean().default(false),
});
export type CheckEvent = z.infer<typeof CheckEvent>;

export interface CheckResult {
  readonly checked: number;
  /** Another run was faster, or has looked a moment ago. */
  readonly left: number;
  readonly failed: number;
  readonly mails: number;
}

/** Who was looked at within this is left alone: two runs at once look, write and tell once. */
export const FRESH_LOOK_MS = 30 * 60_000;
const AT_ONCE = 4;

/**
 * Mails a threshold that was reached to everybody who was not told of it yet. A mail is noted after it was handed over:
 * a crash in between sends that one again, noting first would lose it.
 * @throws the last error of a recipient whom the next run may reach
 */
const warn = async (
  grant: Credential,
  condition: CredentialCondition,
  deps: CheckCredentialsDeps,
): Promise<number> => {
  const age = ageOf(grant, condition, deps.now());
  if (age.reached === null) return 0;
  const people = await deps.listApprovers(grant.project);
  const noticeId = warningId(grant, age);
  const keyOf = ({ email }: PersonRow) => ({ about: 'rotation', noticeId, recipient: email });
  const known = await deps.readTold(people.map(keyOf));
  let failure: unknown;
  let mails = 0;
  for (const person of people.filter((each) => !known.has(toldPk(keyOf(each))))) {
    try {
      const { publicUrl } = deps;
      const mail = warningMail(grant, age, { recipientName: person.name, publicUrl });
      const outcome = await deps.sendMail(person.email, mail);
      if (outcome === 'refused') deps.count('MailRefused', { noticeId });
      await deps.putTold({ schemaVersion: 1, ...keyOf(person), at: timestamp(deps.now()), outcome });
      mails += 1;
    } catch (error) {
      failure = error;
    }
  }
  if (failure !== undefined) throw failure;
  return mails;
};

/** `undefined`: it was left to another run. */
const checkOne = async (
  grant: Credential,
  event: CheckEvent,
  deps: CheckCredentialsDeps,
): Promise<{ readonly condition: CredentialCondition | undefined; readonly mails?: number }> => {
  const { condition: before } = await deps.readStanding(grant.project, grant);
  const lookedAt = before?.probedAt;
  const isFresh = lookedAt !== undefined && deps.now() - epochMs(lookedAt) < FRESH_LOOK_MS;
  if (isFresh && !event.now) return { condition: before };
  const looked = await lookAt(grant, before, deps);
  const after = isFresh ? betweenHours(looked, lookedAt) : (withWarning(grant, looked, deps.now()) ?? looked);
  if ((await deps.putCondition(before, after)) === 'refused') return { condition: before };
  await askForPerson(grant, after, deps);
  return { condition: after, mails: isFresh ? 0 : await warn(grant, after, deps) };
};

/**
 * Every hour: looks at each credential once, writes down how it is doing, and tells people of every threshold of age
 * that was reached, once. One that fails stops no other; what could not be done is tried again by the next run.
 */
export const checkCredentials = async (
  deps: CheckCredentialsDeps,
  event: CheckEvent = { now: false },
): Promise<CheckResult> => {
  const queue = (await deps.listCredentials()).filter(({ retired }) => !retired);
  const result = { checked: 0, left: 0, failed: 0, mails: 0 };
  const seen: { health: ReturnType<typeof healthNow>; age: ReturnType<typeof ageOf> }[] = [];
  const note = (grant: Credential, condition: CredentialCondition | undefined): void => {
    const now = deps.now();
    seen.push({ health: healthNow(grant, condition, now), age: ageOf(grant, condition, now) });
  };
  const worker = async (): Promise<void> => {
    for (let grant = queue.shift(); grant !== undefined; grant = queue.shift()) {
      try {
        const { condition, mails } = await checkOne(grant, event, deps);
        note(grant, condition);
        if (mails === undefined) result.left += 1;
        else result.checked += 1;
        result.mails += mails ?? 0;
      } catch (error) {
        note(grant, undefined);
        result.failed += 1;
        deps.log({
          level: 'ERROR',
          event: 'credential-check-failed',
          credential: credentialPk(grant.project, grant),
          error: error instanceof Error ? error.name : 'unknown',
        });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  deps.log(healthGauges(seen, deps.stage, deps.now()));
  return result;
};
