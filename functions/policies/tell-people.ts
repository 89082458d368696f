import * as z from 'zod';
import { timestamp } from '#shared/actions/identity.ts';
import type { Mail } from '#shared/approvals/mail.ts';
import type { PersonRow } from '#shared/operators/principal.ts';
import { noticeMail } from '#shared/policies/policy-mail.ts';
import {
  type PutTold,
  type ReadSource,
  type ReadState,
  type ReadTold,
  type ReplaceState,
  toldPk,
} from '#shared/policies/ports.ts';
import { type SourceRecord } from '#shared/policies/source.ts';
import { SourceId } from '#shared/policies/source-id.ts';
import type { Notice, SourceState } from '#shared/policies/source-state.ts';

export interface TellPeopleDeps {
  readonly now: () => number;
  readonly readSource: ReadSource;
  readonly readState: ReadState;
  readonly replaceState: ReplaceState;
  readonly readTold: ReadTold;
  readonly putTold: PutTold;
  /** Active operators of any project: a policy page belongs to no project. */
  readonly listOperators: () => Promise<readonly PersonRow[]>;
  readonly sendMail: (recipient: string, mail: Mail) => Promise<'sent' | 'refused'>;
  readonly count: (metric: 'MailRefused', ids: Readonly<Record<string, string>>) => void;
  readonly publicUrl: string;
}

export const TellInput = z.object({ source: SourceId });
export type TellInput = z.infer<typeof TellInput>;

const ATTEMPTS = 8;

/** Takes notices off the list of a state that may have moved on meanwhile. */
const clear = async (source: string, told: ReadonlySet<string>, deps: TellPeopleDeps): Promise<void> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const state = await deps.readState(source);
    const left = state?.notices.filter(({ noticeId }) => !told.has(noticeId)) ?? [];
    if (state === undefined || left.length === state.notices.length) return;
    const to: SourceState = { ...state, version: state.version + 1, notices: left };
    if ((await deps.replaceState(to)) === 'replaced') return;
  }
  throw new Error('STATE_BUSY: the state changed too often');
};

/**
 * One notice to everybody who was not told yet. A mail is noted after it was handed over: a crash in between sends
 * that one mail again, noting first would lose it. One recipient's trouble does not keep the others waiting.
 * @throws the last error of a recipient whom a later try may reach
 */
const tell = async (
  notice: Notice,
  record: SourceRecord,
  state: SourceState,
  people: readonly PersonRow[],
  deps: TellPeopleDeps,
): Promise<number> => {
  const keyOf = ({ email }: PersonRow) => ({
    about: record.source.id,
    noticeId: notice.noticeId,
    recipient: email,
  });
  const known = await deps.readTold(people.map(keyOf));
  let failure: unknown;
  let mails = 0;
  for (const person of people) {
    const key = keyOf(person);
    if (known.has(toldPk(key))) continue;
    try {
      const { source } = record;
      const { publicUrl } = deps;
      const outcome = await deps.sendMail(
        person.email,
        noticeMail({ notice, source, state, recipientName: person.name, publicUrl }),
      );
      if (outcome === 'refused') deps.count('MailRefused', { source: source.id, noticeId: notice.noticeId });
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
 * The outbox of a source: mails every notice of its state to every operator, once each, and then takes it off the
 * list. A notice stays on it until everybody was told, so what a crash leaves is told by the next run. Without an
 * operator nobody can be told, and the notice waits.
 */
export const tellPeople = async (
  { source }: TellInput,
  deps: TellPeopleDeps,
): Promise<{ readonly source: string; readonly mails: number }> => {
  const state = await deps.readState(source);
  const record = await deps.readSource(source);
  if (state === undefined || record === undefined || state.notices.length === 0) return { source, mails: 0 };
  const people = await deps.listOperators();
  if (people.length === 0) return { source, mails: 0 };
  const told = new Set<string>();
  let failure: unknown;
  let mails = 0;
  for (const notice of state.notices) {
    try {
      mails += await tell(notice, record, state, people, deps);
      told.add(notice.noticeId);
    } catch (error) {
      failure = error;
    }
  }
  if (told.size > 0) await clear(source, told, deps);
  if (failure !== undefined) throw failure;
  return { source, mails };
};
