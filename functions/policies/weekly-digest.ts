import * as z from 'zod';
import { timestamp } from '#shared/actions/identity.ts';
import { HEALTH_WINDOW_DAYS, policyHealth } from '#shared/policies/health.ts';
import type { Observation } from '#shared/policies/observation.ts';
import { digestMail } from '#shared/policies/policy-mail.ts';
import {
  type ListObservations,
  type ListSources,
  type PutTold,
  type ReadStates,
  type ReadTold,
  toldPk,
} from '#shared/policies/ports.ts';
import type { TellPeopleDeps } from './tell-people.ts';

export interface WeeklyDigestDeps extends Pick<
  TellPeopleDeps,
  'now' | 'listOperators' | 'sendMail' | 'count' | 'publicUrl'
> {
  readonly listSources: ListSources;
  readonly readStates: ReadStates;
  readonly listObservations: ListObservations;
  readonly readTold: ReadTold;
  readonly putTold: PutTold;
}

export const DigestInput = z.object({ scheduledTime: z.iso.datetime() });
export type DigestInput = z.infer<typeof DigestInput>;

const DAY_MS = 86_400_000;
/** More checks of one source in a week than this are not counted in the digest. */
const MOST_OBSERVATIONS = 1_000;
const PAGE = 100;

/** Everything that is watched, with the checks of the week before. */
export const readHealth = async (
  deps: Pick<WeeklyDigestDeps, 'now' | 'listSources' | 'readStates' | 'listObservations'>,
) => {
  const now = deps.now();
  const records = await deps.listSources();
  const states = await deps.readStates(records.map(({ source }) => source.id));
  const since = timestamp(now - HEALTH_WINDOW_DAYS * DAY_MS);
  const seen = [];
  for (const record of records) {
    const observations: Observation[] = [];
    let cursor: string | undefined;
    do {
      const source = record.source.id;
      const page = await deps.listObservations({
        source,
        limit: PAGE,
        since,
        ...(cursor === undefined ? {} : { cursor }),
      });
      observations.push(...page.observations);
      cursor = page.nextCursor;
    } while (cursor !== undefined && observations.length < MOST_OBSERVATIONS);
    seen.push({ record, state: states.get(record.source.id), observations });
  }
  return policyHealth(seen, now);
};

/**
 * The mail of the week to every operator, once per week and recipient.
 * @throws the last error of a recipient whom a later try may reach
 */
export const weeklyDigest = async (
  { scheduledTime }: DigestInput,
  deps: WeeklyDigestDeps,
): Promise<{ readonly mails: number }> => {
  const people = await deps.listOperators();
  const noticeId = `week#${scheduledTime.slice(0, 10)}`;
  const keys = people.map(({ email }) => ({ about: 'digest', noticeId, recipient: email }));
  const told = await deps.readTold(keys);
  const health = await readHealth(deps);
  let failure: unknown;
  let mails = 0;
  for (const [index, person] of people.entries()) {
    const key = keys[index];
    if (key === undefined || told.has(toldPk(key)) || health.sources.length === 0) continue;
    try {
      const mail = digestMail({ health, recipientName: person.name, publicUrl: deps.publicUrl });
      const outcome = await deps.sendMail(person.email, mail);
      if (outcome === 'refused') deps.count('MailRefused', { noticeId });
      await deps.putTold({ schemaVersion: 1, ...key, at: timestamp(deps.now()), outcome });
      mails += 1;
    } catch (error) {
      failure = error;
    }
  }
  if (failure !== undefined) throw failure;
  return { mails };
};
