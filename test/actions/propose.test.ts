import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { cancelAction } from '#functions/actions/cancel-action.ts';
import { proposeAction, type ProposeDeps } from '#functions/actions/propose-action.ts';
import { resolveAction } from '#functions/actions/resolve-action.ts';
import { submitAction } from '#functions/actions/submit-action.ts';
import { sweepActions, type SweepDeps } from '#functions/actions/sweep-actions.ts';
import { epochMs, timestamp } from '#shared/actions/identity.ts';
import { transition } from '#shared/actions/transition.ts';
import { strictProjectConfig } from '#shared/governance/project-config.ts';
import type { Principal } from '#shared/operators/principal.ts';
import { memoryLedger } from './memory-ledger.ts';
import { T0 } from './rows.ts';
import { world } from './world.ts';

const agent: Extract<Principal, { kind: 'client' }> = {
  kind: 'client',
  subject: 'client:agent',
  name: 'Agent',
  projects: ['demo'],
  roles: ['agent'],
  owner: 'person:ada@example.test',
};
const person = (name: string): Extract<Principal, { kind: 'person' }> => ({
  kind: 'person',
  subject: `person:${name}@example.test`,
  email: `${name}@example.test`,
  name,
  projects: ['demo'],
  roles: ['operator'],
  authTimeMs: T0,
});

const desk = () => {
  const ledger = memoryLedger();
  const clock = { now: T0 };
  const executions = new Map<string, 'running' | 'ended'>();
  const state = {
    startFails: 0,
    reserveFails: 0,
    started: 0,
    stored: new Map<string, string>(),
    log: [] as unknown[],
  };
  let ids = 0;
  const start = async (id: { project: string; key: string }, generation: number) => {
    if (state.startFails > 0) {
      state.startFails -= 1;
      throw new Error('StartExecution is down');
    }
    const name = `${id.project}#${id.key}#${generation}`;
    if (executions.has(name)) return 'exists' as const;
    executions.set(name, 'running');
    state.started += 1;
    return 'started' as const;
  };
  const deps: ProposeDeps = {
    now: () => clock.now,
    newId: () => `id-${(ids += 1)}`,
    describeOperation: (operation) =>
      operation === 'alpaca/order.submit'
        ? {
            operation,
            adapterVersion: '1',
            title: 'Submit an order',
            payload: z.strictObject({ symbol: z.string(), qty: z.string() }),
            effects: ['trade'],
            recoveryClass: 'keyed',
            transportTimeoutMs: 10_000,
            lagMs: 5_000,
          }
        : undefined,
    readProjectConfig: async (project) => strictProjectConfig(project),
    mayPropose: () => ({ kind: 'allow', reasons: [] }),
    storePayload: async (project, hash, text) => void state.stored.set(`${project}/${hash}`, text),
    reserve: ledger.reserve,
    start,
    log: (line) => void state.log.push(line),
  };
  const sweepDeps: SweepDeps = {
    now: deps.now,
    newId: deps.newId,
    read: ledger.read,
    apply: ledger.apply,
    listDue: ledger.listDue,
    start,
    readExecution: async (id, generation) =>
      executions.get(`${id.project}#${id.key}#${generation}`) ?? 'absent',
    readExecutionInput: async (executionArn) =>
      executionArn === 'arn:ours' ? JSON.stringify({ project: 'demo', key: 'order-1' }) : undefined,
    listPendingCallbacks: async () => [],
    deliverCallback: async () => undefined,
    resumePaused: async () => 'nothing',
    findOperation: () => undefined,
    leastLagMs: 1000,
    oldestWaiting: async () => timestamp(clock.now - 90_000),
    countParked: async () => 2,
    stage: 'dev',
    log: deps.log,
  };
  const id = { project: 'demo', key: 'order-1' };
  const propose = (payload: unknown = { symbol: 'AAPL', qty: '1' }, over: object = {}) =>
    proposeAction(
      { id, principal: agent, proposal: { operation: 'alpaca/order.submit', payload, ...over } as never },
      deps,
    );
  const sweep = () => sweepActions({ scheduledTime: timestamp(clock.now) }, sweepDeps);
  return { ledger, clock, executions, state, deps, sweepDeps, id, propose, sweep };
};

describe('propose: reserve, then start (EXT-01, EXT-02, EXT-17, EXT-18)', () => {
  it('answers 202 with the open action and starts one execution', async () => {
    const d = desk();
    const { status, action } = await d.propose();
    expect(status).toBe(202);
    expect(action).toMatchObject({ status: 'PROPOSED', key: 'order-1', keepKey: true, terminal: false });
    expect(action.originators).toEqual(['client:agent', 'person:ada@example.test']);
    expect(d.state.started).toBe(1);
  });

  it('answers a replay with the first action, whatever the order of its members, with no further write', async () => {
    const d = desk();
    const first = await d.propose({ symbol: 'AAPL', qty: '1' });
    const again = await d.propose({ qty: '1', symbol: 'AAPL' });
    expect(again.action).toEqual(first.action);
    expect(d.ledger.counts).toMatchObject({ writes: 1, refused: 1 });
    expect(d.state.started).toBe(1);
  });

  it('refuses the key for another payload with both hashes and leaves the first alone', async () => {
    const d = desk();
    const first = await d.propose();
    await expect(d.propose({ symbol: 'AAPL', qty: '2' })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
      extra: { firstPayloadHash: first.action.payloadHash },
    });
    expect((await d.ledger.read(d.id))?.payloadHash).toBe(first.action.payloadHash);
    expect(d.ledger.counts.writes).toBe(1);
  });

  it('answers ten at once with one action and one execution', async () => {
    const d = desk();
    const all = await Promise.all(Array.from({ length: 10 }, () => d.propose()));
    expect(new Set(all.map(({ action }) => action.createdAt)).size).toBe(1);
    expect(d.ledger.counts.writes).toBe(1);
    expect(d.state.started).toBe(1);
  });

  it.each([
    ['an unknown operation', {}, { operation: 'alpaca/order.burn' }, 'UNKNOWN_OPERATION', 'operation'],
    ['a payload that does not fit', { symbol: 'AAPL', qty: 1 }, {}, 'PAYLOAD_DOES_NOT_FIT', 'payload.qty'],
    [
      'a payload with a member too many',
      { symbol: 'A', qty: '1', x: 1 },
      {},
      'PAYLOAD_DOES_NOT_FIT',
      'payload',
    ],
  ])('refuses %s with the field, and writes nothing', async (_what, payload, over, code, field) => {
    const d = desk();
    await expect(d.propose(payload, over)).rejects.toMatchObject({ code, field });
    expect(d.ledger.counts.requests).toBe(0);
    expect(d.state.stored.size).toBe(0);
  });

  it('gives an approval no longer than the project allows', async () => {
    const d = desk();
    await d.propose(undefined, { approvalTtlSeconds: 604_800 });
    expect((await d.ledger.read(d.id))?.approvalTtlSeconds).toBe(86_400);
  });

  it('heals a crash between the reservation and the start within two sweeps: one execution', async () => {
    const d = desk();
    d.state.startFails = 1;
    expect((await d.propose()).status).toBe(202);
    expect(d.state.started).toBe(0);
    d.clock.now += 60_000;
    expect(await d.sweep()).toMatchObject({ started: 1 });
    d.clock.now += 60_000;
    expect(await d.sweep()).toMatchObject({ started: 0 });
    expect(d.state.started).toBe(1);
  });

  it('heals a crash between the start and the answer: the retry finds the running execution', async () => {
    const d = desk();
    const start = d.deps.start;
    const broken: ProposeDeps = {
      ...d.deps,
      start: async (id, generation) => {
        await start(id, generation);
        throw new Error('killed');
      },
    };
    await proposeAction(
      {
        id: d.id,
        principal: agent,
        proposal: { operation: 'alpaca/order.submit', payload: { symbol: 'AAPL', qty: '1' } },
      },
      broken,
    );
    await d.propose();
    d.clock.now += 60_000;
    await d.sweep();
    expect(d.state.started).toBe(1);
    expect((await d.ledger.read(d.id))?.generation).toBe(1);
  });
});

describe('the sweeper (rule 8, JOB-04)', () => {
  it('starts the next generation where an execution ended while its row is open, once', async () => {
    const d = desk();
    await d.propose();
    d.executions.set('demo#order-1#1', 'ended');
    d.clock.now += 60_000;
    const both = await Promise.all([d.sweep(), d.sweep()]);
    expect(both.map((result) => result.started).sort()).toEqual([0, 1]);
    expect((await d.ledger.read(d.id))?.generation).toBe(2);
    expect(d.state.started).toBe(2);
  });

  it('starts a raised generation whose start was lost, without raising it again', async () => {
    const d = desk();
    await d.propose();
    d.executions.set('demo#order-1#1', 'ended');
    d.clock.now += 60_000;
    d.state.startFails = 1;
    expect(await d.sweep()).toMatchObject({ failed: 1 });
    d.clock.now += 60_000;
    expect(await d.sweep()).toMatchObject({ started: 1 });
    expect((await d.ledger.read(d.id))?.generation).toBe(2);
  });

  it('gives an action whose executions fail at once ever longer rests, whatever events arrive', async () => {
    const d = desk();
    await d.propose();
    const failed = {
      'detail-type': 'Step Functions Execution Status Change' as const,
      detail: { input: JSON.stringify(d.id) },
    };
    const startsAt: number[] = [];
    for (let second = 0; second < 4 * 3600; second += 20) {
      for (const name of d.executions.keys()) d.executions.set(name, 'ended');
      d.clock.now = T0 + second * 1000;
      const { started } = await sweepActions(failed, d.sweepDeps);
      if (started > 0) startsAt.push(second);
    }
    expect(startsAt).toEqual([0, 60, 180, 420, 900, 1860, 3780, 7380, 10_980]);
    expect((await d.ledger.read(d.id))?.generation).toBe(10);
  });

  it('acts on the event of an execution that failed, without waiting for a tick', async () => {
    const d = desk();
    await d.propose();
    d.executions.set('demo#order-1#1', 'ended');
    const event = {
      'detail-type': 'Step Functions Execution Status Change' as const,
      detail: { executionArn: 'arn:other', input: JSON.stringify({ project: 'demo', key: 'order-1' }) },
    };
    expect(await sweepActions(event, d.sweepDeps)).toMatchObject({ looked: 1, started: 1 });
    expect(
      await sweepActions({ ...event, detail: { executionArn: 'arn:other', input: 'not ours' } }, d.sweepDeps),
    ).toMatchObject({
      started: 0,
    });
  });

  it('asks the execution for its input where the event of an encrypted machine leaves it out', async () => {
    const d = desk();
    await d.propose();
    d.executions.set('demo#order-1#1', 'ended');
    const event = {
      'detail-type': 'Step Functions Execution Status Change' as const,
      detail: { executionArn: 'arn:ours', input: null },
    };
    expect(await sweepActions(event, d.sweepDeps)).toMatchObject({ looked: 1, started: 1 });
  });

  it('moves EXECUTING past its lease to OUTCOME_UNKNOWN and nowhere else', async () => {
    const w = world();
    await w.propose();
    await w.approve();
    await expect(
      w.execute({
        apply: async (change) => {
          if (change.from.status === 'EXECUTING') throw new Error('killed');
          return w.ledger.apply(change);
        },
      }),
    ).rejects.toThrow();
    const d = desk();
    const deps = { ...d.sweepDeps, ...w.reconcileDeps, listDue: w.ledger.listDue };
    const tick = { scheduledTime: '' };
    expect(await sweepActions(tick, deps)).toMatchObject({ looked: 0 });
    w.clock.now = epochMs((await w.row()).leaseUntil!);
    expect(await sweepActions(tick, deps)).toMatchObject({ doubted: 1 });
    expect((await w.row()).status).toBe('OUTCOME_UNKNOWN');
  });

  it('starts an action again whose decision found no wait any more', async () => {
    const d = desk();
    await d.propose();
    d.executions.set('demo#order-1#1', 'ended');
    await sweepActions(
      { scheduledTime: '' },
      {
        ...d.sweepDeps,
        listPendingCallbacks: async () => ['a'],
        deliverCallback: async (_approval, whenGone) => whenGone(d.id),
      },
    );
    expect((await d.ledger.read(d.id))?.generation).toBe(2);
    expect(d.state.started).toBe(2);
  });

  it('counts what the alarms watch, in one line of the embedded metric format', async () => {
    const d = desk();
    await d.sweep();
    expect(d.state.log.at(-1)).toMatchObject({
      Stage: 'dev',
      OldestWaitingApprovalSeconds: 90,
      UnknownOutcomes: 2,
      ParkedActions: 2,
      _aws: { CloudWatchMetrics: [{ Namespace: 'Autopack', Dimensions: [['Stage']] }] },
    });
  });

  it('keeps going past a row that cannot be tended, and delivers outstanding callbacks', async () => {
    const d = desk();
    await d.propose();
    d.clock.now += 60_000;
    const delivered: string[] = [];
    const result = await sweepActions(
      { scheduledTime: '' },
      {
        ...d.sweepDeps,
        read: async () => {
          throw new Error('throttled');
        },
        listPendingCallbacks: async () => ['a', 'b'],
        deliverCallback: async (approval) => {
          if (approval === 'a') throw new Error('down');
          delivered.push(approval);
        },
      },
    );
    expect(result).toMatchObject({ failed: 2, callbacks: 1 });
    expect(delivered).toEqual(['b']);
  });
});

describe('submit, cancel and resolve', () => {
  const rendered = async () => {
    const d = desk();
    await d.propose(undefined, { dryRun: true });
    const row = (await d.ledger.read(d.id))!;
    await d.ledger.apply(
      transition(row, 'RENDERED', {
        at: timestamp(d.clock.now),
        by: 'system:test',
        writeToken: 'r',
        set: { requestHash: 'a'.repeat(64) },
      }),
    );
    return d;
  };
  const submitDeps = (d: ReturnType<typeof desk>) => ({ ...d.sweepDeps, start: d.deps.start });

  it('promotes a dry run with the same hashes; twice is once (DRY-05)', async () => {
    const d = await rendered();
    const first = await submitAction({ id: d.id, principal: agent }, submitDeps(d));
    const second = await submitAction({ id: d.id, principal: agent }, submitDeps(d));
    expect(first.action).toMatchObject({ status: 'RENDERED', dryRun: false, requestHash: 'a'.repeat(64) });
    expect(second.action).toEqual(first.action);
    expect([...d.executions.keys()]).toEqual(['demo#order-1#1', 'demo#order-1#2']);
  });

  it('refuses to submit what is not a rendered dry run', async () => {
    const d = desk();
    await d.propose();
    await expect(submitAction({ id: d.id, principal: agent }, submitDeps(d))).rejects.toMatchObject({
      code: 'NOT_A_DRY_RUN',
    });
    await expect(
      submitAction({ id: { ...d.id, key: 'other' }, principal: agent }, submitDeps(d)),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('withdraws an open action, twice is once, and a stranger may not', async () => {
    const d = desk();
    await d.propose();
    const deps = {
      ...d.sweepDeps,
      readApproval: async () => undefined,
      deliverCallback: async () => undefined,
      applyApprovalChange: async () => {
        throw new Error('no approval here');
      },
    };
    const stranger = { ...agent, subject: 'client:other', owner: 'person:eve@example.test' } as const;
    await expect(cancelAction({ id: d.id, principal: stranger }, deps)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    expect((await cancelAction({ id: d.id, principal: agent }, deps)).action.status).toBe('CANCELLED');
    expect((await cancelAction({ id: d.id, principal: agent }, deps)).status).toBe(200);
  });

  it('does not withdraw what was sent or may have been', async () => {
    const w = world();
    await w.propose();
    await w.approve();
    w.provider.state.script = [{ lands: true, hears: 'timeout' }];
    await w.execute();
    const deps = {
      ...desk().sweepDeps,
      read: w.ledger.read,
      apply: w.ledger.apply,
      readApproval: async () => w.store.approval,
      deliverCallback: async () => undefined,
      applyApprovalChange: async () => {
        throw new Error('decided');
      },
    };
    await expect(cancelAction({ id: w.id, principal: agent }, deps)).rejects.toMatchObject({
      code: 'NOT_CANCELLABLE',
    });
  });

  const doubtful = async (recoveryClass: 'keyed' | 'none') => {
    const w = world({ recoveryClass });
    w.store.dryRun = { ...w.store.dryRun, recoveryClass };
    await w.propose();
    await w.approve();
    w.provider.state.script = [{ lands: false, hears: 'timeout' }];
    await w.execute();
    const d = desk();
    const deps = {
      ...d.sweepDeps,
      now: () => w.clock.now,
      read: w.ledger.read,
      apply: w.ledger.apply,
      start: d.deps.start,
    };
    const say = (who: string, outcome: 'SUCCEEDED' | 'FAILED' | 'NOT_APPLIED') =>
      resolveAction(
        { id: w.id, principal: person(who), body: { outcome, reason: 'looked at the account' } },
        deps,
      );
    return { w, d, say, deps };
  };

  it('takes NOT_APPLIED or FAILED from a person only after the settle window, SUCCEEDED at once (rule 9)', async () => {
    const { w, say } = await doubtful('keyed');
    await expect(say('olivia', 'FAILED')).rejects.toMatchObject({ code: 'NOT_RESOLVABLE' });
    await expect(say('olivia', 'NOT_APPLIED')).rejects.toMatchObject({ code: 'NOT_RESOLVABLE' });
    expect((await say('olivia', 'SUCCEEDED')).action).toMatchObject({ status: 'SUCCEEDED' });
    expect((await w.row()).history.at(-1)).toMatchObject({
      by: 'person:olivia@example.test',
      code: 'RESOLVED_BY_PERSON',
    });
  });

  it('counts the moment of asking: a slow read does not turn a look inside the settle window into one after it', async () => {
    const { w, deps } = await doubtful('keyed');
    const slow: typeof deps = {
      ...deps,
      read: async (id) => {
        const row = await deps.read(id);
        w.clock.now = epochMs(row?.settleUntil ?? '');
        return row;
      },
    };
    const body = { outcome: 'NOT_APPLIED' as const, reason: 'looked a moment ago' };
    await expect(resolveAction({ id: w.id, principal: person('olivia'), body }, slow)).rejects.toMatchObject({
      code: 'NOT_RESOLVABLE',
    });
  });

  it('takes two people to say that nothing happened at a provider without a key, and then a fresh approval', async () => {
    const { w, d, say } = await doubtful('none');
    w.clock.now = epochMs((await w.row()).settleUntil!);
    await w.reconcile();
    expect((await say('olivia', 'NOT_APPLIED')).action).toMatchObject({
      status: 'OUTCOME_UNKNOWN',
      needsPerson: true,
    });
    await expect(say('olivia', 'NOT_APPLIED')).rejects.toMatchObject({ code: 'SECOND_PERSON_REQUIRED' });
    const { action } = await say('sam', 'NOT_APPLIED');
    expect(action).toMatchObject({ status: 'NOT_APPLIED' });
    const row = await w.row();
    expect(row.generation).toBe(2);
    expect(row.approvalExpiresAt! <= timestamp(w.clock.now)).toBe(true);
    expect(d.executions.has('demo#order-1#2')).toBe(true);
  });
});
