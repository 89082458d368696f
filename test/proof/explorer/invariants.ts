import { requestHash } from '#shared/actions/hashes.ts';
import { epochMs } from '#shared/actions/identity.ts';
import type { Step } from './explore.ts';
import { ACTIONS, APPROVALS, approvalOf, type Setting } from './programs.ts';
import type { Item } from './replay.ts';
import { TERMINAL } from './terminal.ts';
import { rowKey, type Worker, type World } from './world.ts';

/** States that say: nothing happened. All but NOT_APPLIED also say: and nothing will. */
const NOTHING_HAPPENED = new Set([
  'FAILED',
  'REJECTED',
  'EXPIRED',
  'CANCELLED',
  'DENIED',
  'INVALID',
  'NOT_APPLIED',
]);
const DECIDED = new Set(['APPROVED', 'REJECTED', 'EXPIRED', 'CANCELLED']);
/** A vote in favour has to leave this much time for the claim (rule 6). */
const LAST_MINUTE_MS = 60_000;

const has = (item: Item | undefined, name: string): string => String(item?.[name] ?? '');

const claimFault = (setting: Setting, after: Item, world: World): string | undefined => {
  const [shown] = setting.dryRuns;
  if (shown === undefined || has(after, 'requestHash') !== requestHash(shown.request))
    return 'the claim is not for the request that was shown';
  if (after['permit'] !== undefined) {
    return setting.decision.verdict === 'UNATTENDED' ? undefined : 'the claim has a permit that nobody gave';
  }
  const approval = world.rows[rowKey(APPROVALS, `approval#${approvalOf(setting)}`)];
  if (approval?.['status'] !== 'APPROVED') return 'the claim has no approval';
  if (has(approval, 'requestHash') !== has(after, 'requestHash'))
    return 'the claim and the approval are not for the same request';
  if (has(after, 'updatedAt') >= has(approval, 'expiresAt')) return 'the claim came after the approval ended';
  return undefined;
};

const rowFault = (setting: Setting, from: World, to: World): string | undefined => {
  const key = rowKey(ACTIONS, `${setting.id.project}#${setting.id.key}`);
  const [before, after] = [from.rows[key], to.rows[key]];
  if (after === undefined) return undefined;
  const [old, now] = [has(before, 'status'), has(after, 'status')];
  if (before !== after && TERMINAL.has(old)) return `${old} is final and was changed to ${now}`;
  if (before !== after && now === 'EXECUTING' && has(before, 'ownerToken') !== has(after, 'ownerToken')) {
    const fault = claimFault(setting, after, to);
    if (fault !== undefined) return fault;
  }
  if (now === 'SUCCEEDED' && to.effects.length === 0) return 'SUCCEEDED is false: nothing has happened';
  if (!NOTHING_HAPPENED.has(now)) return undefined;
  if (to.effects.length > 0) return `${now} is false: the provider has done it`;
  if (to.flights.some((flight) => !flight.landed)) return `${now} is false: the request may still land`;
  return undefined;
};

const approvalFault = (setting: Setting, from: World, to: World): string | undefined => {
  const key = rowKey(APPROVALS, `approval#${approvalOf(setting)}`);
  const [before, after] = [from.rows[key], to.rows[key]];
  const [old, now] = [has(before, 'status'), has(after, 'status')];
  if (DECIDED.has(old) && old !== now) return `the decision ${old} was changed to ${now}`;
  if (old !== 'APPROVED' && now === 'APPROVED') {
    const decision = after?.['decision'] as { readonly at: string } | undefined;
    const left = epochMs(has(after, 'expiresAt')) - epochMs(decision?.at ?? has(after, 'expiresAt'));
    if (left <= LAST_MINUTE_MS) return 'a vote in the last minute was taken: the claim could not commit';
  }
  const row = to.rows[rowKey(ACTIONS, `${setting.id.project}#${setting.id.key}`)];
  if (now === 'REJECTED' && old === 'WAITING' && ['EXECUTING', 'SUCCEEDED'].includes(has(row, 'status')))
    return 'it was rejected although it runs';
  return undefined;
};

/** Between a claim and its dispatch nothing else may be asked (rule 10). */
const adjacencyFault = (workers: readonly Worker[]): string | undefined => {
  for (const worker of workers) {
    const last = worker.told.at(-1);
    const claimed = last?.ask.kind === 'put' && last.ask.item['status'] === 'EXECUTING';
    if (worker.kind === 'Execute' && claimed && last.answer.kind === 'value' && worker.at.kind !== 'send')
      return 'something comes between the claim and the dispatch';
  }
  return undefined;
};

/** What a step breaks, or undefined where everything that must hold does. */
export const brokenBy =
  (setting: Setting) =>
  (from: World, { to }: Step): string | undefined => {
    if (to.thrown !== undefined) return to.thrown;
    if (to.effects.length > 1) return `The provider did it ${to.effects.length} times.`;
    const sent = to.workers.find((worker) => worker.waits && worker.at.kind === 'send');
    const [shown] = setting.dryRuns;
    if (sent?.at.kind === 'send' && shown !== undefined && sent.at.hash !== requestHash(shown.request))
      return 'What was sent is not what was approved.';
    if (to.executions.length > 0 && Object.keys(to.rows).length === 0)
      return 'An execution runs for an action that the ledger does not know.';
    if (to.promised && Object.keys(to.rows).length === 0)
      return 'The proposer was told yes and the ledger knows nothing.';
    if (to.mails.length > 1 + to.mailCrashes) return 'The same person got the same mail twice.';
    const fault =
      rowFault(setting, from, to) ?? approvalFault(setting, from, to) ?? adjacencyFault(to.workers);
    return fault === undefined ? undefined : `${fault.charAt(0).toUpperCase()}${fault.slice(1)}.`;
  };
