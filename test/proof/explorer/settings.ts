import { timestamp } from '#shared/actions/identity.ts';
import type { DryRun } from '#shared/actions/dry-run.ts';
import { newAction, newDryRun, renderedRequest, T0 } from '../../actions/rows.ts';
import type { Exploration } from './explore.ts';
import { brokenBy } from './invariants.ts';
import { ACTIONS, APPROVALS, approvalOf, type Setting } from './programs.ts';
import type { Item } from './replay.ts';
import { type Rules, stepsOf } from './steps.ts';
import { stored } from './table.ts';
import { emptyWorld, rowKey, type World } from './world.ts';

export type RecoveryClass = DryRun['recoveryClass'];

const first = newAction();
export const ID = { project: first.project, key: first.key };
export const ROW = rowKey(ACTIONS, `${ID.project}#${ID.key}`);

/** Small round times with the same order as the real ones: the lease is as long as a function may run. */
const TIME = {
  tickMs: 10_000,
  lifeMs: 20_000,
  leaseMs: 20_000,
  wireMs: 10_000,
  lagMs: 10_000,
  approvalMs: 86_400_000 * 365,
};

export const settingOf = (recoveryClass: RecoveryClass, over: Partial<Setting> = {}): Setting => {
  const request = renderedRequest({ credential: null });
  const row = newAction({ recoveryClass });
  return {
    recoveryClass,
    id: ID,
    dryRuns: [
      newDryRun(row, { request }),
      newDryRun(row, { request: { ...request, body: '{"qty":"100"}' } }),
    ],
    decision: { verdict: 'NEEDS_PERSON', tier: 'standard', riskScore: 40, reasons: [] },
    time: TIME,
    dryRunMayChange: false,
    ...over,
  };
};

const shownHash = (setting: Setting): string => setting.dryRuns[0]?.requestHash ?? '';

/** The approval item of the first round, decided or not. */
export const approvalItem = (setting: Setting, status: 'WAITING' | 'APPROVED'): Item =>
  stored({
    schemaVersion: 1,
    approvalId: approvalOf(setting),
    pk: `approval#${approvalOf(setting)}`,
    ...ID,
    round: 1,
    status,
    version: status === 'WAITING' ? 1 : 2,
    operation: first.operation,
    title: 'Buy 1 AAPL at the market',
    tier: 'standard',
    riskScore: 40,
    reasons: [],
    requestHash: shownHash(setting),
    projectVersion: 0,
    files: [],
    proposer: first.proposer,
    originators: first.originators,
    createdAt: timestamp(T0),
    expiresAt: timestamp(T0 + setting.time.approvalMs),
    taskToken: 'cipher',
    mailed: [],
    writeToken: 'a0',
  });

/** The row of an action that waits for its approval, or has it. */
export const pendingItem = (setting: Setting): Item =>
  stored({
    ...newAction({
      recoveryClass: setting.recoveryClass,
      status: 'PENDING_APPROVAL',
      version: 2,
      requestHash: shownHash(setting),
      approvalId: approvalOf(setting),
      approvalExpiresAt: timestamp(T0 + setting.time.approvalMs),
    }),
    pk: `${ID.project}#${ID.key}`,
  });

const approvalKey = (setting: Setting): string => rowKey(APPROVALS, `approval#${approvalOf(setting)}`);

/** A world with an approved action that nobody has claimed yet. */
export const approvedWorld = (setting: Setting): World => ({
  ...emptyWorld(T0),
  rows: {
    [ROW]: pendingItem(setting),
    [approvalKey(setting)]: approvalItem(setting, 'APPROVED'),
  },
});

/** A world with an action whose approval was asked for. */
export const waitingWorld = (setting: Setting): World => ({
  ...emptyWorld(T0),
  rows: {
    [ROW]: pendingItem(setting),
    [approvalKey(setting)]: approvalItem(setting, 'WAITING'),
  },
});

export const rowOf = (world: World): Item | undefined => world.rows[ROW];
export const statusOf = (world: World): string => String(rowOf(world)?.['status'] ?? 'ABSENT');

/** Puts rules, beginning and invariants together. */
export const exploration = (
  name: string,
  begin: World,
  rules: Rules,
  isEnd: (world: World) => boolean,
  sweeps = false,
): Exploration => ({
  name,
  sweeps,
  tickMs: rules.setting.time.tickMs,
  begin,
  steps: stepsOf(rules),
  broken: brokenBy(rules.setting),
  isEnd,
});
