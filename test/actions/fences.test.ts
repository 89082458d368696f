import type { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { proposeAction } from '#functions/actions/propose-action.ts';
import { sweepActions, type SweepDeps } from '#functions/actions/sweep-actions.ts';
import type { Action } from '#shared/actions/action.ts';
import { epochMs } from '#shared/actions/identity.ts';
import { applyChange, readAction, reserveAction } from '#shared/actions/ledger.aws.ts';
import { amend, IllegalTransitionError, park, transition } from '#shared/actions/transition.ts';
import { readApproval } from '#shared/approvals/approvals.aws.ts';
import type { Db } from '#shared/config/dynamo.aws.ts';
import { strictProjectConfig } from '#shared/governance/project-config.ts';
import { ACTION_INDEXES, realTables } from '../support/real-tables.ts';
import { at, newAction, order, T0 } from './rows.ts';
import { world } from './world.ts';

// Each of these fails when one fence is taken away that no other test looks at (test/proof/mutants).

describe('the version is a fence of its own', () => {
  let tables: Awaited<ReturnType<typeof realTables>>;
  beforeAll(async () => {
    tables = await realTables({ actions: ACTION_INDEXES });
  });
  afterAll(() => tables.stop());

  it('refuses a writer whose row was amended since, although its status is the same', async () => {
    const row = newAction();
    await reserveAction(tables.db, 'actions')(row);
    const apply = applyChange(tables.db, 'actions');
    const write = (writeToken: string) => amend(row, { at: at(1000), by: 'system:test', writeToken });
    expect((await apply(write('one'))).kind).toBe('applied');
    const second = await apply(write('two'));
    expect(second).toMatchObject({ kind: 'refused', current: { version: 2, writeToken: 'one' } });
  });
});

describe('reads that decide', () => {
  it.each([
    ['the ledger', (db: Db) => readAction(db, 't')({ project: 'demo', key: 'k' })],
    ['an approval', (db: Db) => readApproval(db, 't')('a'.repeat(32))],
  ])('are strongly consistent: %s', async (_what, read) => {
    const sent: GetCommand['input'][] = [];
    const db = {
      send: async (command: GetCommand) => {
        sent.push(command.input);
        return {};
      },
    };
    await read(db as unknown as Db);
    expect(sent).toMatchObject([{ ConsistentRead: true }]);
  });
});

describe('what only the owner may say', () => {
  it.each(['SUCCEEDED', 'FAILED', 'NOT_APPLIED'] as const)(
    'nobody but the owner moves EXECUTING to %s, not even after the lease',
    (to) => {
      const row = newAction({ status: 'EXECUTING', ownerToken: 'owner', leaseUntil: at(0) });
      const write = { at: at(60_000), by: 'system:test', writeToken: 'w', evidence: 'lookup' } as const;
      expect(() => transition(row, to, write)).toThrow(IllegalTransitionError);
      expect(() => transition(row, to, { ...write, ownerToken: 'other' })).toThrow(IllegalTransitionError);
      expect(transition(row, to, { ...write, ownerToken: 'owner' }).to.status).toBe(to);
    },
  );
});

describe('the stored bytes and their hash', () => {
  it('denies an unattended action whose stored bytes are not those of the stored hash', async () => {
    const w = world();
    await w.propose();
    w.store.decision = { verdict: 'UNATTENDED', tier: 'low', riskScore: 0, reasons: [], permit: 'policy@v3' };
    w.store.dryRun = { ...w.store.dryRun, request: { ...w.store.dryRun.request, body: '{"qty":"9"}' } };
    expect(await w.execute()).toEqual({ next: 'CLOSED' });
    expect(await w.row()).toMatchObject({ status: 'DENIED', outcome: { code: 'HASH_MISMATCH' } });
    expect(w.provider.state.sent).toBe(0);
  });
});

describe('doubt', () => {
  const crashed = async () => {
    const w = world();
    await w.propose();
    await w.approve();
    const killed = w.execute({
      apply: async (change) => {
        if (change.from.status === 'EXECUTING') throw new Error('killed');
        return w.ledger.apply(change);
      },
    });
    await expect(killed).rejects.toThrow('killed');
    w.clock.now = epochMs((await w.row()).leaseUntil!);
    await w.reconcile();
    return w;
  };

  it('counts an attempt whose lease ended as ambiguous', async () => {
    const w = await crashed();
    expect(await w.row()).toMatchObject({ status: 'OUTCOME_UNKNOWN', ambiguousAttempts: 1 });
  });

  it('leaves a parked action to people, although the provider could be asked again', async () => {
    const w = await crashed();
    await w.ledger.apply(park(await w.row(), { at: at(600_000), by: 'system:test', writeToken: 'p' }));
    w.clock.now += 3_600_000;
    expect(await w.reconcile()).toEqual({ next: 'CLOSED' });
    expect(await w.row()).toMatchObject({ status: 'OUTCOME_UNKNOWN', attention: 'person' });
  });
});

describe('the sweeper, named an action by an event', () => {
  const swept = async (row: Action) => {
    const started: number[] = [];
    const deps: SweepDeps = {
      ...world().reconcileDeps,
      read: async () => row,
      apply: async ({ to }) => ({ kind: 'applied', action: to }),
      listDue: async () => [],
      start: async (_id, generation) => {
        started.push(generation);
        return 'started';
      },
      readExecution: async () => 'ended',
      readExecutionInput: async () => undefined,
      listPendingCallbacks: async () => [],
      deliverCallback: async () => undefined,
      resumePaused: async () => 'nothing',
      oldestWaiting: async () => undefined,
      countParked: async () => 0,
      stage: 'dev',
      log: () => undefined,
    };
    const input = JSON.stringify({ project: row.project, key: row.key });
    await sweepActions(
      { 'detail-type': 'Step Functions Execution Status Change', detail: { executionArn: 'arn', input } },
      deps,
    );
    return started;
  };

  it.each<[string, Partial<Action>, number]>([
    ['starts one that is open', {}, 1],
    ['leaves one alone that is closed', { status: 'SUCCEEDED' }, 0],
    ['leaves one alone that is parked', { status: 'OUTCOME_UNKNOWN', attention: 'person' }, 0],
    ['leaves a dry run alone that rests', { status: 'RENDERED', dryRun: true }, 0],
    ['starts a dry run that was submitted', { status: 'RENDERED', dryRun: false }, 1],
  ])('%s', async (_what, over, times) => {
    expect(await swept(newAction(over))).toHaveLength(times);
  });
});

describe('propose', () => {
  it('stores and starts nothing for a caller who may not propose it', async () => {
    const touched: string[] = [];
    const note = (what: string) => async () => {
      touched.push(what);
      throw new Error(what);
    };
    const proposing = proposeAction(
      {
        id: { project: 'demo', key: 'k' },
        principal: {
          kind: 'client',
          subject: 'client:agent',
          name: 'Agent',
          projects: ['demo'],
          roles: [],
          owner: 'person:ada@example.test',
        },
        proposal: { operation: 'alpaca/order.submit', payload: order },
      },
      {
        now: () => T0,
        newId: () => 'id',
        describeOperation: () => world().provider.operation.describe(),
        readProjectConfig: async (project) => strictProjectConfig(project),
        mayPropose: () => ({
          kind: 'refuse',
          reasons: [{ gate: 'governance', code: 'NO_ROLE', detail: 'not you' }],
        }),
        storePayload: note('payload'),
        reserve: note('row'),
        start: note('start'),
        log: () => undefined,
      },
    );
    await expect(proposing).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(touched).toEqual([]);
  });
});
