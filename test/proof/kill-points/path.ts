import { approvalId } from '#shared/actions/hashes.ts';
import type { ActionStatus } from '#shared/actions/status.ts';
import { isTerminal } from '#shared/actions/status.ts';
import { faultsOf } from '../model/ending.ts';
import type { Answer } from '../model/provider.ts';
import { type Call, FAULTS } from '../model/simulation.ts';
import { ATTENDED, UNATTENDED, world, type World, type WorldOptions } from '../model/world.ts';

export const KEY = 'order-1';
const MINUTE = 60_000;
const PATIENCE_MS = 3 * 60 * MINUTE;
const MOST_CALLS = 2_000;
/** Longer than a claim lives (90 s in the model). */
const PAST_THE_LEASE_MS = 91_000;

/** What can happen at a call of a port. */
export const MODES = [
  ...FAULTS,
  'invocation delivered twice',
  'call delayed by 25 s',
  'process stands still past the lease',
  'call on the wire past the lease',
] as const;
export type Mode = (typeof MODES)[number];

export interface Path {
  readonly recoveryClass?: WorldOptions['recoveryClass'];
  readonly operation?: string;
  readonly dryRun?: boolean;
  readonly answers?: readonly Answer[];
  readonly person?: 'approves' | 'rejects' | 'is away' | 'withdraws';
  /** The credential cannot be read for the first minutes. */
  readonly credentialComesLate?: boolean;
}

export const PATHS: Readonly<Record<string, Path>> = {
  'approved, success': {},
  'approved, timeout after landing': { answers: ['does it, the reply is lost'] },
  'approved, timeout without landing': { answers: ['never hears of it'] },
  'approved, landing after the timeout': { answers: ['does it late'] },
  'approved, busy provider': { answers: ['is busy'] },
  'approved, refused by the provider': { answers: Array.from({ length: 8 }, () => 'refuses it' as const) },
  'approved, no way to ask the provider': { answers: ['never hears of it'], recoveryClass: 'none' },
  'approved, credential comes late': { credentialComesLate: true },
  'approved, the key is refused until a person mends it': {
    answers: ['does not accept the key', 'does not accept the key'],
  },
  'dry run, then submitted and approved': { dryRun: true },
  unattended: { operation: UNATTENDED },
  rejected: { person: 'rejects' },
  withdrawn: { person: 'withdraws' },
  'nobody decides': { person: 'is away' },
};

export interface Outcome {
  readonly status: ActionStatus | 'absent';
  readonly parked: boolean;
  readonly effects: number;
  /** Mails by request and recipient. */
  readonly mails: readonly string[];
  readonly approvals: readonly string[];
  /** What must never happen and did. */
  readonly faults: readonly string[];
  /** Every call of a port in the order in which it was made. */
  readonly calls: readonly string[];
}

const named = ({ process, port }: Call): string => `${process.name.replace(` ${KEY}`, '')}: ${port}`;
/** The client of a provider never sends a second time by itself (rule 10). */
const isOutside = ({ port }: Call): boolean => port.startsWith('provider.');

const meet = async (w: World, call: Call, mode: Mode): Promise<void> => {
  switch (mode) {
    case 'invocation delivered twice':
      call.process.again();
      return w.sim.settle();
    case 'call delayed by 25 s':
      return w.sim.hold(call, 25_000);
    case 'process stands still past the lease':
      return w.sim.hold(call, PAST_THE_LEASE_MS);
    case 'call on the wire past the lease':
      return w.sim.delay(call, PAST_THE_LEASE_MS, isOutside(call) ? 10_000 : PAST_THE_LEASE_MS);
    case 'reply lost, sent again by the SDK':
      return w.sim.fault(call, isOutside(call) ? 'reply lost for good' : mode);
    default:
      return w.sim.fault(call, mode);
  }
};

/** Everyone repeats what came to nothing: the agent its proposal, the person the vote. */
const people = (w: World, path: Path) => {
  let proposed = false;
  /** Nobody asks again before this. */
  let patientUntil = 0;
  const isAsking = (): boolean =>
    w.sim.pending().some(({ process }) => /^(propose|submit|cancel|vote) /.test(process.name));
  const act = async (): Promise<unknown> => {
    const row = w.row(KEY);
    if (!proposed) {
      const { operation = ATTENDED, dryRun = false } = path;
      return w.propose(KEY, { operation, dryRun }, (end) => void (proposed ||= end.kind === 'done'));
    }
    if (row?.status === 'RENDERED' && row.dryRun) return w.submit(KEY);
    if (row?.status !== 'PENDING_APPROVAL' || path.person === 'is away') return undefined;
    // Nobody knows of a request before the mails are there: a lost mail would show as an expiry.
    if (new Set(w.store.mails.map(({ to }) => to)).size < 2) return undefined;
    if (path.person === 'withdraws') return w.cancel(KEY, 'agent');
    if ((await w.approvalOf(KEY))?.status !== 'WAITING') return undefined;
    return w.vote(KEY, 'olivia', path.person === 'rejects' ? 'reject' : 'approve');
  };
  return async (): Promise<void> => {
    if (isAsking() || w.sim.now() < patientUntil) return;
    if ((await act()) === undefined) return;
    patientUntil = w.sim.now() + 20_000;
    await w.sim.settle();
  };
};

/** Walks a path to its end; with `at`, the call of that number meets `mode`. Nothing in it is random. */
export const walk = async (
  path: Path,
  at?: { readonly call: number; readonly mode: Mode },
): Promise<Outcome> => {
  const w = world({ recoveryClass: path.recoveryClass ?? 'lookup' });
  const { sim, store, state } = w;
  state.answers.push(...(path.answers ?? []));
  state.credentialWorks = path.credentialComesLate !== true;
  const actAsPeople = people(w, path);
  const calls: string[] = [];
  const end = sim.now() + PATIENCE_MS;
  let nextSweep = sim.now() + MINUTE;
  const isOver = (): boolean =>
    w.row(KEY) !== undefined &&
    w.isQuiet(KEY) &&
    w.provider.onTheWire() === 0 &&
    ![...w.machine.executions.values()].some(({ status }) => status === 'RUNNING');
  while (sim.now() < end && calls.length < MOST_CALLS) {
    await actAsPeople();
    const [call] = sim.pending();
    if (call !== undefined) {
      const number = calls.push(named(call)) - 1;
      await (number === at?.call ? meet(w, call, at.mode) : sim.pass(call));
      continue;
    }
    if (isOver() && !(w.row(KEY)?.status === 'RENDERED')) break;
    await sim.advanceTo(Math.min(sim.nextTimer() ?? Infinity, nextSweep));
    if (sim.now() > end - PATIENCE_MS + 3 * MINUTE) w.mend();
    if (sim.now() < nextSweep) continue;
    nextSweep += MINUTE;
    w.sweep();
    await sim.settle();
  }
  // What is on the wire still lands.
  await sim.advanceTo(sim.now() + 5 * MINUTE);
  const row = w.row(KEY);
  const faults = await faultsOf(w, [KEY]);
  if (!isOver()) faults.push('it does not come to an end');
  if (row !== undefined && !isTerminal(row.status) && row.attention !== 'person')
    faults.push(`it rests at ${row.status}`);
  const approvals: string[] = [];
  for (let round = 1; round < 4; round += 1) {
    const found = await store.approvals.readApproval(approvalId({ project: 'demo', key: KEY }, round));
    if (found !== undefined) approvals.push(`${round} ${found.status} ${found.callback ?? ''}`);
  }
  return {
    status: row?.status ?? 'absent',
    parked: row?.attention === 'person',
    effects: w.effects(KEY),
    mails: store.mails.map(({ approvalId: id, to }) => `${id} ${to}`).toSorted(),
    approvals,
    faults,
    calls,
  };
};
