import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import type { Action } from '#shared/actions/action.ts';
import { historyFault } from '#shared/actions/history.ts';
import { type ActionStatus, isTerminal } from '#shared/actions/status.ts';
import type { Approval } from '#shared/approvals/approval.ts';
import { locatorDigest } from '#shared/approvals/locator.ts';
import { readLocator } from '#shared/approvals/locators.aws.ts';
import type { Call } from '../model/simulation.ts';
import { LEASE_MS } from './functions.ts';
import type { Place } from './place.ts';
import { openRun, type Path, type Run, T0 } from './run.ts';

const MINUTE = 60_000;
const PATIENCE_MS = 3 * 60 * MINUTE;
const MOST_CALLS = 1_500;
/** Longer than a claim and the settle window after it live (90 s; 90 s + 15 s + 10 s for an order). */
const PAST_EVERYTHING_MS = 200_000;
/** The last moment at which a request that left may land (rule 5): the end of the claim and the time on the wire. */
const LAST_LANDING_MS = LEASE_MS + 14_000;
const CLIENT_PATIENCE_MS = 15_000;

/** What happens to one call. */
export const FAULTS = [
  'crash before, reported',
  'crash before, silent',
  'crash after, reported',
  'crash after, silent',
  'reply lost',
  'every reply lost',
  'sent twice',
  'lands past the lease',
] as const;
export type Fault = (typeof FAULTS)[number];

/** What a run came to. */
export interface Outcome {
  readonly status: ActionStatus | 'absent';
  readonly parked: boolean;
  readonly effects: number;
  readonly attempts: number;
  /** Mails by request and recipient. */
  readonly mails: readonly string[];
  readonly approvals: readonly string[];
  /** What must never happen and did. */
  readonly faults: readonly string[];
  /** The calls of the run, in the order in which they were made. */
  readonly calls: readonly string[];
}

/** Tasks whose machine waits for a token: it hears of a function that hangs at the function's time limit only. */
const CALLBACK_TASKS = new Set(['request approval', 'wait for credential']);
const isProvider = (what: string): boolean => what.startsWith('provider:');
const named = ({ process, port }: Call): string => `${process.name}: ${port}`;

/** Lets one call meet its fault. What the fault does on the wire ends with this call, or with its command. */
const meet = async (place: Place, path: Path, run: Run, call: Call, fault: Fault): Promise<void> => {
  const { sim } = run;
  const outside = isProvider(call.port);
  switch (fault) {
    case 'crash before, reported':
      return sim.fault(call, 'process killed before the call', true);
    case 'crash before, silent':
      if (CALLBACK_TASKS.has(call.process.name)) return sim.hold(call, PATIENCE_MS);
      return sim.fault(call, 'process killed before the call', false);
    case 'crash after, reported':
      return sim.fault(call, 'process killed after the call', true);
    case 'crash after, silent':
      if (!CALLBACK_TASKS.has(call.process.name))
        return sim.fault(call, 'process killed after the call', false);
      sim.hold(call, PATIENCE_MS);
      void call.run().catch(() => undefined);
      return sim.settle();
    case 'reply lost':
    case 'sent twice': {
      if (outside && fault === 'sent twice') {
        // TCP does not repeat a request, and no client of ours does: what comes twice is the invocation behind it.
        call.process.again();
        return sim.settle();
      }
      if (outside) place.provider.state.mute = 'once';
      else
        run.setDisturb(() => {
          run.setDisturb(() => undefined);
          return fault;
        });
      return sim.pass(call);
    }
    case 'every reply lost': {
      if (outside) place.provider.state.mute = 'always';
      else
        run.setDisturb((what, process) =>
          what === call.port && process === call.process ? 'reply lost always' : undefined,
        );
      return sim.pass(call);
    }
    case 'lands past the lease': {
      const ms = outside && path.deduplicates !== true ? LAST_LANDING_MS : PAST_EVERYTHING_MS;
      sim.delay(call, ms, outside ? CLIENT_PATIENCE_MS : ms + 1);
      return sim.settle();
    }
  }
};

/** What has to hold for the action however the run went. */
const judge = (run: Run, row: Action | undefined, approvals: readonly Approval[]): string[] => {
  const found: string[] = [];
  const effects = run.effects();
  if (effects > 1) found.push(`${effects} effects`);
  if (row === undefined) return [...found, ...(effects > 0 ? ['an effect without a row'] : ['no row'])];
  const broken = historyFault(row);
  if (broken !== undefined) found.push(`the chain of the ledger: ${broken}`);
  if (isTerminal(row.status) && (row.status === 'SUCCEEDED') !== (effects === 1))
    found.push(`the ledger says ${row.status}, the provider has ${effects} effects`);
  if (!isTerminal(row.status) && !(row.status === 'OUTCOME_UNKNOWN' && row.attention === 'person'))
    found.push(`it rests at ${row.status}`);
  for (const { status, callback, round } of approvals) {
    if (status === 'WAITING') found.push(`approval ${round} still waits`);
    if (callback !== undefined) found.push(`the callback of approval ${round} was never delivered`);
  }
  if (effects > 0 && row.approvalId !== undefined && !approvals.some(({ status }) => status === 'APPROVED'))
    found.push('it happened and nobody approved it');
  for (const { status, state } of run.machine.executions.values())
    if (status === 'RUNNING') found.push(`an execution still stands at "${state}"`);
  return found;
};

let serial = 0;

/**
 * Walks a path to its end in `place`; with `at`, the call of that number meets its fault. Nothing in it is random but
 * keys, ids and ciphertexts, which no name of a call contains.
 */
export const walk = async (
  place: Place,
  path: Path,
  at?: { readonly call: number; readonly fault: Fault },
): Promise<Outcome> => {
  const id = { project: 'demo', key: `order-${process.pid}-${(serial += 1)}` };
  const { provider } = place;
  provider.state.answers = [...(path.answers ?? [])];
  provider.state.mute = 'never';
  await place.setSecret(path.secretComesLate !== true);
  const run = openRun(place, id, path);
  const { sim, machine } = run;
  const calls: string[] = [];
  const end = sim.now() + PATIENCE_MS;
  let nextSweep = sim.now() + MINUTE;
  const isOver = async (): Promise<boolean> => {
    if ([...machine.executions.values()].some(({ status }) => status === 'RUNNING')) return false;
    const row = await run.row();
    return row !== undefined && (isTerminal(row.status) || row.attention === 'person');
  };
  const hasCallback = async (): Promise<boolean> =>
    (await run.approvals()).some(({ callback }) => callback !== undefined);
  while (sim.now() < end && calls.length < MOST_CALLS) {
    await run.actAsPeople();
    const [call] = sim.pending();
    if (call !== undefined) {
      const number = calls.push(named(call)) - 1;
      await (number === at?.call ? meet(place, path, run, call, at.fault) : sim.pass(call));
      continue;
    }
    if ((await isOver()) && !(await hasCallback())) break;
    await sim.advanceTo(Math.min(sim.nextTimer() ?? Infinity, nextSweep));
    if (sim.now() > T0 + 3 * MINUTE) await place.setSecret(true);
    if (sim.now() < nextSweep) continue;
    nextSweep += MINUTE;
    run.sweep();
    await sim.settle();
  }
  // What is on the wire still lands.
  await sim.advanceTo(sim.now() + 5 * MINUTE);
  const [row, approvals] = [await run.row(), await run.approvals()];
  const faults = judge(run, row, approvals);
  const mails: string[] = [];
  for (const { to, locator } of run.mails) {
    const link = await readLocator(place.db, 'approvals')(locatorDigest(locator));
    const round = approvals.find((one) => one.approvalId === link?.approvalId)?.round;
    if (round === undefined || link?.recipient !== to) faults.push('a mail has a link that leads nowhere');
    mails.push(`${round} ${to}`);
  }
  // Rows that are parked stay in an index that every sweep counts.
  await place.db.send(new DeleteCommand({ TableName: 'actions', Key: { pk: run.pk } }));
  // The use of the credential is noted once an hour: every run is the first one of its hour.
  const condition = 'condition#demo#alpaca#paper-demo#PAPER';
  await place.db.send(new DeleteCommand({ TableName: 'credentials', Key: { pk: condition } }));
  return {
    status: row?.status ?? 'absent',
    parked: row?.attention === 'person',
    effects: run.effects(),
    attempts: row?.attempts ?? 0,
    mails: mails.toSorted(),
    approvals: approvals.map(({ round, status }) => `${round} ${status}`),
    faults,
    calls,
  };
};
