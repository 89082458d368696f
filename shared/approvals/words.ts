import type { Tier } from '../actions/action.ts';
import type { EffectType, Reversibility } from '../actions/effects.ts';
import { epochMs, type Timestamp } from '../actions/identity.ts';
import type { Approval, ApprovalStatus } from './approval.ts';

/** Words that mails and pages share. */

export const EFFECT_WORDS: Readonly<Record<EffectType, string>> = {
  read: 'Reads',
  notify: 'Notifies',
  write: 'Changes',
  publish: 'Publishes',
  list: 'Lists for sale',
  trade: 'Trades',
  payment: 'Pays',
  destructive: 'Destroys or changes in unknown ways',
};

export const REVERSIBILITY_WORDS: Readonly<Record<Reversibility, string>> = {
  none: 'Changes nothing',
  reversible: 'Can be undone',
  compensable: 'Can be made good, not undone',
  irreversible: 'Cannot be undone',
};

export const TIER_WORDS: Readonly<Record<Tier, string>> = {
  low: 'Low risk',
  standard: 'Standard risk',
  critical: 'Critical risk',
};

export const STATUS_WORDS: Readonly<Record<ApprovalStatus, string>> = {
  WAITING: 'Waiting for a decision',
  APPROVED: 'Approved',
  REJECTED: 'Rejected',
  EXPIRED: 'Expired, nobody decided',
  CANCELLED: 'Withdrawn',
};

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `21 Nov 2026, 14:05 UTC` */
export const utcWords = (at: Timestamp): string => {
  const date = new Date(epochMs(at));
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}, ${two(date.getUTCHours())}:${two(date.getUTCMinutes())} UTC`;
};

/** `in 23 h 10 min`, `in 40 s`, `2 min ago`. */
export const relativeWords = (at: Timestamp, now: number): string => {
  const seconds = Math.round(Math.abs(epochMs(at) - now) / 1000);
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const words =
    days > 0
      ? `${days} d${hours > 0 ? ` ${hours} h` : ''}`
      : hours > 0
        ? `${hours} h${minutes > 0 ? ` ${minutes} min` : ''}`
        : minutes > 0
          ? `${minutes} min`
          : `${seconds} s`;
  return epochMs(at) >= now ? `in ${words}` : `${words} ago`;
};

/** `person:ada@example.test` as `ada@example.test`; machines and the system keep their kind. */
export const subjectWords = (subject: string): string =>
  subject.startsWith('person:')
    ? subject.slice('person:'.length)
    : subject.startsWith('client:')
      ? `${subject.slice('client:'.length)} (agent)`
      : subject;

/** The proposer by the name that the registry has, else by its subject; machines keep their kind. */
export const proposerWords = (approval: Pick<Approval, 'proposer' | 'proposerName'>): string =>
  approval.proposerName === undefined
    ? subjectWords(approval.proposer)
    : `${approval.proposerName}${approval.proposer.startsWith('client:') ? ' (agent)' : ''}`;

/** How often something happened. */
export const timesWords = (count: number): string => (count === 1 ? 'once' : `${count} times`);

/** First and last part of a hash, for where the whole does not fit. */
export const shortHash = (hash: string): string => `${hash.slice(0, 12)}…${hash.slice(-6)}`;

/** Everybody behind the action, once each, the proposer first. */
export const behindIt = (
  approval: Pick<Approval, 'proposer' | 'proposerName' | 'originators'>,
): readonly string[] => [
  ...new Set([
    proposerWords(approval),
    ...approval.originators.filter((subject) => subject !== approval.proposer).map(subjectWords),
  ]),
];
