import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { executeAction } from '#functions/actions/execute-action.ts';
import { reconcileAction } from '#functions/actions/reconcile-action.ts';
import { renderAction } from '#functions/actions/render-action.ts';
import type { DryRun } from '#shared/actions/dry-run.ts';
import { historyFault } from '#shared/actions/history.ts';
import { epochMs, timestamp } from '#shared/actions/identity.ts';
import type { ExecuteStep, ReconcileStep } from '#shared/actions/step-results.ts';
import { Secret } from '#shared/credentials/secret.ts';
import { type ProjectConfig, strictProjectConfig } from '#shared/governance/project-config.ts';
import { findOperation } from '#shared/providers/catalogue.ts';
import { outboundSend } from '#shared/providers/outbound.http.ts';
import type { Send } from '#shared/providers/provider.ts';
import { serveAlpacaStandIn, STAND_IN_KEYS } from '#infra/local/alpaca-stand-in/serve.ts';
import { order } from '../actions/rows.ts';
import { world } from '../actions/world.ts';
import { silenceOf, withTimePassing } from '../support/patience.ts';

/**
 * The real Alpaca adapter and the real guarded client against the stand-in over HTTP, driven by the very use cases
 * of the state machine with a clock that the test moves: what the ledger says has to be what the provider did.
 */
describe('an order whose provider misbehaves', () => {
  let folder = '';
  let standIn: Awaited<ReturnType<typeof serveAlpacaStandIn>>;
  let w: ReturnType<typeof world>;
  const timers = new Set<{ at: number; callback: () => void }>();

  const forwardTo = (ms: number): void => {
    w.clock.now = Math.max(w.clock.now, ms);
    for (const timer of [...timers].filter(({ at }) => at <= w.clock.now)) {
      timers.delete(timer);
      timer.callback();
    }
  };
  const project = (): ProjectConfig => ({
    ...strictProjectConfig('demo'),
    version: 1,
    settings: {
      allowedHosts: [],
      approvalTtlSeconds: 86_400,
      providers: ['alpaca'],
      alpaca: { account: 'paper-demo', environment: 'PAPER' },
    },
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'autopack-faults-'));
    timers.clear();
    w = world();
    standIn = await serveAlpacaStandIn({
      dataDir: folder,
      clock: {
        now: () => w.clock.now,
        at: (at, callback) => {
          const timer = { at, callback };
          timers.add(timer);
          return () => timers.delete(timer);
        },
      },
    });
    await w.propose();
    await renderAction(
      { action: w.id },
      {
        ...w.executeDeps,
        findOperation,
        readPayload: async () => JSON.stringify(order),
        readDryRun: async () => undefined,
        storeDryRun: async (dryRun) => (w.store.dryRun = dryRun),
        readProjectConfig: async () => project(),
        baseUrlOverride: () => standIn.url,
      },
    );
    await w.approve();
    w.store.secret = new Secret({ ...STAND_IN_KEYS });
  });
  afterEach(async () => {
    await standIn.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const sendTo = (dryRun: DryRun): Send => {
    const send = outboundSend({ allowedHosts: [new URL(dryRun.request.url).host], allowLoopback: true });
    return (request) => withTimePassing(silenceOf(standIn.control), request.timeoutMs, () => send(request));
  };
  const execute = (): Promise<ExecuteStep> =>
    executeAction(
      { action: w.id },
      {
        ...w.executeDeps,
        findOperation,
        sendTo,
        readAgreement: async () => ({ project: project(), approval: w.store.approval }),
      },
    );
  const reconcile = (): Promise<ReconcileStep> =>
    reconcileAction({ action: w.id }, { ...w.reconcileDeps, findOperation, sendTo });

  /** Follows the machine until it closes, moving the clock over every wait. */
  const follow = async (): Promise<string[]> => {
    const seen: string[] = [];
    let step: ExecuteStep | ReconcileStep = await execute();
    for (let turns = 0; step.next !== 'CLOSED' && turns < 20; turns += 1) {
      seen.push((await w.row()).status);
      if (step.next === 'SETTLE') {
        forwardTo(epochMs(step.settleUntil));
        step = await reconcile();
      } else {
        if (step.next === 'BACK_OFF') forwardTo(w.clock.now + step.waitSeconds * 1000);
        step = await execute();
      }
    }
    seen.push((await w.row()).status);
    return seen;
  };
  const ours = () => standIn.control.orders().filter((one) => one.client_order_id === w.first.providerKey);
  const sent = () => ours().length;

  it('answers: one order, SUCCEEDED', async () => {
    expect(await follow()).toEqual(['SUCCEEDED']);
    expect((await w.row()).outcome?.resourceId).toBe(ours()[0]?.id);
  });

  it('times out after accepting: OUTCOME_UNKNOWN, then found by its client id; one order exists', async () => {
    await standIn.control.inject({ kind: 'timeoutAfter' });
    expect(await follow()).toEqual(['OUTCOME_UNKNOWN', 'SUCCEEDED']);
    expect(sent()).toBe(1);
    expect((await w.row()).attempts).toBe(1);
  });

  it('times out without accepting: the lookup misses after the window, the same client id is sent once more', async () => {
    await standIn.control.inject({ kind: 'timeoutBefore' });
    expect(await follow()).toEqual(['OUTCOME_UNKNOWN', 'NOT_APPLIED', 'SUCCEEDED']);
    expect(sent()).toBe(1);
    expect((await w.row()).attempts).toBe(2);
  });

  it('lands the first order after the lookup missed: the duplicate refusal leads to lookup and adoption', async () => {
    await standIn.control.inject({ kind: 'landLate', delayMs: 3_600_000 });
    const first = await execute();
    if (first.next !== 'SETTLE') throw new Error(first.next);
    forwardTo(epochMs(first.settleUntil));
    expect(await reconcile()).toEqual({ next: 'GATES' });
    forwardTo(w.clock.now + 3_600_000);
    const second = await execute();
    if (second.next !== 'SETTLE') throw new Error(second.next);
    forwardTo(epochMs(second.settleUntil));
    expect(await reconcile()).toEqual({ next: 'CLOSED' });
    expect(await w.row()).toMatchObject({ status: 'SUCCEEDED', outcome: { resourceId: ours()[0]?.id } });
    expect(sent()).toBe(1);
  });

  it.each(['resetBefore', 'resetAfter', 'serverErrorBefore', 'serverErrorAfter'] as const)(
    'under %s ends in SUCCEEDED with exactly one order',
    async (kind) => {
      await standIn.control.inject({ kind });
      expect((await follow()).at(-1)).toBe('SUCCEEDED');
      expect(sent()).toBe(1);
      expect(historyFault(await w.row())).toBeUndefined();
    },
  );

  it('never finds what only looks absent during the settle window', async () => {
    await standIn.control.inject({ kind: 'timeoutAfter' });
    const step = await execute();
    if (step.next !== 'SETTLE') throw new Error(step.next);
    w.clock.now = epochMs(step.settleUntil) - 1;
    expect(await reconcile()).toEqual({ next: 'SETTLE', settleUntil: timestamp(epochMs(step.settleUntil)) });
    expect((await w.row()).status).toBe('OUTCOME_UNKNOWN');
  });
});
