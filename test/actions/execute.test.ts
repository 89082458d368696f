import { describe, expect, it } from 'vitest';
import { epochMs } from '#shared/actions/identity.ts';
import { historyFault } from '#shared/actions/history.ts';
import { world } from './world.ts';

const approved = async (options: Parameters<typeof world>[0] = {}, lifeMs?: number) => {
  const w = world(options);
  await w.propose();
  await w.approve(lifeMs);
  return w;
};

describe('execute: what was approved is what runs (EXT-08, DRY-06, APR-05)', () => {
  it('claims once, sends once and records what the provider made', async () => {
    const w = await approved();
    expect(await w.execute()).toEqual({ next: 'CLOSED' });
    const row = await w.row();
    expect(row.status).toBe('SUCCEEDED');
    expect(row.outcome).toMatchObject({ resourceId: 'order-1', code: 'ACCEPTED' });
    expect(row.approvalId).toBe(w.store.approval?.approvalId);
    expect(w.effects()).toBe(1);
    expect(historyFault(row)).toBeUndefined();
  });

  it('writes exactly four ledger rows on the approved path, in at most 2 KB', async () => {
    const w = await approved();
    await w.execute();
    expect(w.ledger.counts.writes).toBe(4);
    expect(Buffer.byteLength(JSON.stringify(await w.row()))).toBeLessThan(2048);
  });

  it('writes exactly three on the unattended path, with the permit on the row', async () => {
    const w = world();
    await w.propose();
    w.store.decision = { verdict: 'UNATTENDED', tier: 'low', riskScore: 0, reasons: [], permit: 'policy@v3' };
    expect(await w.execute()).toEqual({ next: 'CLOSED' });
    expect(w.ledger.counts.writes).toBe(3);
    expect((await w.row()).permit).toBe('policy@v3');
  });

  it.each([
    ['the body', { body: '{"qty":"2"}' }],
    ['the host', { url: 'https://api.alpaca.markets/v2/orders' }],
    ['the path', { url: 'https://paper-api.alpaca.markets/v2/orders?x=1' }],
    ['the method', { method: 'PUT' as const }],
    ['a header', { headers: { 'content-type': 'text/plain' } }],
    ['the account', { credential: { provider: 'alpaca', account: 'other', environment: 'PAPER' as const } }],
    [
      'the environment',
      { credential: { provider: 'alpaca', account: 'paper-demo', environment: 'PRODUCTION' as const } },
    ],
    ['the operation', { operation: 'alpaca/order.cancel' }],
    ['the adapter version', { adapterVersion: '2' }],
  ])(
    'stops with HASH_MISMATCH and sends nothing when %s of the stored request changed',
    async (_what, change) => {
      const w = await approved();
      w.store.dryRun = { ...w.store.dryRun, request: { ...w.store.dryRun.request, ...change } };
      expect(await w.execute()).toEqual({ next: 'CLOSED' });
      expect(await w.row()).toMatchObject({ status: 'DENIED', outcome: { code: 'HASH_MISMATCH' } });
      expect(w.provider.state.sent).toBe(0);
    },
  );

  it('stops with HASH_MISMATCH when request and stored hash were changed together', async () => {
    const w = await approved();
    const other = world({ row: { key: 'order-2' } });
    const request = { ...w.store.dryRun.request, body: '{"qty":"100"}' };
    const { requestHash } = await import('#shared/actions/hashes.ts');
    w.store.dryRun = { ...other.store.dryRun, key: w.id.key, request, requestHash: requestHash(request) };
    await w.execute();
    expect(await w.row()).toMatchObject({ status: 'DENIED', outcome: { code: 'HASH_MISMATCH' } });
    expect(w.provider.state.sent).toBe(0);
  });

  it('stops when what would be handed over differs from what was stored', async () => {
    const w = await approved();
    const { operation } = w.provider;
    const bent = {
      ...operation,
      prepare: (...args: Parameters<typeof operation.prepare>) => ({
        ...operation.prepare(...args),
        body: '{"qty":"9"}',
      }),
    };
    await w.execute({ findOperation: () => bent });
    expect(await w.row()).toMatchObject({ status: 'DENIED', outcome: { code: 'HASH_MISMATCH' } });
    expect(w.provider.state.sent).toBe(0);
  });

  it('stops when the vote was for another hash', async () => {
    const w = await approved();
    w.store.approval = { ...w.store.approval!, requestHash: 'f'.repeat(64) };
    await w.execute();
    expect(await w.row()).toMatchObject({ status: 'DENIED', outcome: { code: 'HASH_MISMATCH' } });
  });

  it.each(['WAITING', 'REJECTED', 'EXPIRED', 'CANCELLED'] as const)(
    'never runs on an approval that is %s',
    async (status) => {
      const w = await approved();
      w.store.approval = { ...w.store.approval!, status };
      await w.execute();
      expect(w.provider.state.sent).toBe(0);
      expect((await w.row()).status).toBe('DENIED');
    },
  );

  it('asks all gates again: a refusal on fresh facts denies', async () => {
    const w = await approved();
    w.store.decision = {
      verdict: 'REFUSE',
      tier: 'standard',
      riskScore: 40,
      reasons: [{ gate: 'governance', code: 'PROVIDER_OFF', detail: 'switched off' }],
    };
    await w.execute();
    expect(await w.row()).toMatchObject({ status: 'DENIED', outcome: { code: 'PROVIDER_OFF' } });
    expect(w.provider.state.sent).toBe(0);
  });

  it('denies when fresh facts ask for a higher tier than the vote was given under', async () => {
    const w = await approved();
    w.store.decision = { verdict: 'NEEDS_PERSON', tier: 'critical', riskScore: 90, reasons: [] };
    await w.execute();
    expect(await w.row()).toMatchObject({ status: 'DENIED', outcome: { code: 'TIER_RAISED' } });
  });

  it('does not run unattended when the permit is gone by then', async () => {
    const w = world();
    await w.propose();
    await w.execute();
    expect(await w.row()).toMatchObject({ status: 'DENIED', outcome: { code: 'APPROVAL_MISSING' } });
  });
});

describe('execute: expiry (APR-04, DRY-07)', () => {
  const H = 3_600_000;
  it('runs at 23 h 58 of 24', async () => {
    const w = await approved({}, 24 * H);
    w.clock.now += 24 * H - 120_000;
    await w.execute();
    expect((await w.row()).status).toBe('SUCCEEDED');
  });

  it('does not claim one second after expiry', async () => {
    const w = await approved({}, 24 * H);
    w.clock.now += 24 * H + 1000;
    expect(await w.execute()).toEqual({ next: 'CLOSED' });
    expect((await w.row()).status).toBe('EXPIRED');
    expect(w.provider.state.sent).toBe(0);
  });

  it('does not claim when the approval ends between the check and the write', async () => {
    const w = await approved({}, 24 * H);
    const apply = w.ledger.apply;
    w.clock.now += 24 * H - 10;
    // The writer's clock is ahead: the condition on the row decides, not the earlier check.
    const result = await w.execute({
      apply: async (change) =>
        apply(
          change.to.status === 'EXECUTING'
            ? { ...change, to: { ...change.to, updatedAt: '2026-11-23T00:00:00.000Z' } }
            : change,
        ),
    });
    expect(result).toEqual({ next: 'CLOSED' });
    expect((await w.row()).status).toBe('EXPIRED');
    expect(w.provider.state.sent).toBe(0);
  });
});

describe('execute: at most once (EXT-10, EXT-11)', () => {
  it('sends once when ten invocations race', async () => {
    const w = await approved();
    await Promise.all(Array.from({ length: 10 }, () => w.execute()));
    expect(w.provider.state.sent).toBe(1);
    expect(w.effects()).toBe(1);
  });

  it('never sends when it is invoked again after a crash behind the claim', async () => {
    const w = await approved();
    await expect(
      w.execute({
        sendTo: () => () => {
          throw new Error('killed');
        },
        apply: async (change) => {
          if (change.to.status === 'OUTCOME_UNKNOWN') throw new Error('killed');
          return w.ledger.apply(change);
        },
      }),
    ).rejects.toThrow('killed');
    expect((await w.row()).status).toBe('EXECUTING');
    const again = await w.execute();
    expect(again).toEqual({ next: 'SETTLE', settleUntil: (await w.row()).leaseUntil });
    expect(w.provider.state.sent).toBe(0);
  });

  it('knows its own claim when the reply to it was lost (an SDK retry inside the invocation)', async () => {
    const w = await approved();
    let lost = false;
    await w.execute({
      apply: async (change) => {
        const answer = await w.ledger.apply(change);
        if (change.to.status !== 'EXECUTING' || lost) return answer;
        lost = true;
        return w.ledger.apply(change);
      },
    });
    expect((await w.row()).status).toBe('SUCCEEDED');
    expect(w.provider.state.sent).toBe(1);
  });

  it('does not send without time for the transport', async () => {
    const w = await approved();
    await expect(w.execute({ remainingMs: () => 14_000 })).rejects.toThrow('NOT_ENOUGH_TIME');
    expect((await w.row()).status).toBe('PENDING_APPROVAL');
    expect(w.provider.state.sent).toBe(0);
  });

  it('pauses for a missing credential before anything is claimed, for as long as the approval lives (EXT-16)', async () => {
    const w = await approved({}, 3_600_000);
    w.store.secret = undefined;
    expect(await w.execute()).toEqual({ next: 'CREDENTIAL', waitSeconds: 3600 + 120 });
    expect((await w.row()).status).toBe('PAUSED_CREDENTIAL');
    expect(await w.execute()).toMatchObject({ next: 'CREDENTIAL' });
    expect((await w.row()).attempts).toBe(0);
    const { Secret } = await import('#shared/credentials/secret.ts');
    w.store.secret = new Secret({ keyId: 'k' });
    await w.execute();
    expect((await w.row()).status).toBe('SUCCEEDED');
  });

  it('backs off and tries again only after a proven refusal that allows it, at most five times', async () => {
    const w = await approved();
    w.provider.state.script = Array.from({ length: 9 }, () => ({ lands: false, hears: 'busy' as const }));
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      expect(await w.execute()).toMatchObject({ next: 'BACK_OFF' });
      expect(await w.row()).toMatchObject({ status: 'NOT_APPLIED', attempts: attempt });
    }
    expect(await w.execute()).toEqual({ next: 'CLOSED' });
    expect(await w.row()).toMatchObject({ status: 'FAILED', outcome: { code: 'ATTEMPTS_EXHAUSTED' } });
    expect(w.provider.state.sent).toBe(5);
  });

  it('records a final refusal as FAILED', async () => {
    const w = await approved();
    w.provider.state.script = [{ lands: false, hears: 'refused' }];
    await w.execute();
    expect(await w.row()).toMatchObject({ status: 'FAILED', outcome: { code: 'REFUSED' } });
  });

  it('says OUTCOME_UNKNOWN when nobody answered, with a settle window past the lease', async () => {
    const w = await approved();
    w.provider.state.script = [{ lands: true, hears: 'timeout' }];
    const step = await w.execute();
    const row = await w.row();
    expect(row).toMatchObject({ status: 'OUTCOME_UNKNOWN', ambiguousAttempts: 1 });
    expect(step).toEqual({ next: 'SETTLE', settleUntil: row.settleUntil });
    expect(epochMs(row.settleUntil!)).toBe(epochMs(row.leaseUntil!) + 10_000 + 5_000);
  });
});

describe('reconcile: honest about not knowing (rule 5)', () => {
  const inDoubt = async (lands: boolean, recoveryClass?: 'keyed' | 'none' | 'lookup') => {
    const w = await approved(recoveryClass === undefined ? {} : { recoveryClass });
    w.store.dryRun = { ...w.store.dryRun, recoveryClass: recoveryClass ?? 'keyed' };
    w.provider.state.script = [{ lands, hears: 'timeout' }];
    await w.execute();
    return w;
  };
  const past = async (w: Awaited<ReturnType<typeof inDoubt>>) => {
    w.clock.now = epochMs((await w.row()).settleUntil!);
  };

  it('asks nobody before the settle window ends', async () => {
    const w = await inDoubt(true);
    expect(await w.reconcile()).toEqual({ next: 'SETTLE', settleUntil: (await w.row()).settleUntil });
    expect((await w.row()).status).toBe('OUTCOME_UNKNOWN');
  });

  it('finds by our key what landed although nobody answered', async () => {
    const w = await inDoubt(true);
    await past(w);
    expect(await w.reconcile()).toEqual({ next: 'CLOSED' });
    expect(await w.row()).toMatchObject({ status: 'SUCCEEDED', outcome: { resourceId: 'order-1' } });
    expect(w.effects()).toBe(1);
  });

  it('after the window a miss proves nothing happened; the same key is sent once more', async () => {
    const w = await inDoubt(false);
    await past(w);
    expect(await w.reconcile()).toEqual({ next: 'GATES' });
    expect(await w.row()).toMatchObject({ status: 'NOT_APPLIED', ambiguousAttempts: 0 });
    await w.execute();
    expect(await w.row()).toMatchObject({ status: 'SUCCEEDED', attempts: 2 });
    expect(w.effects()).toBe(1);
  });

  it('a refusal after an ambiguous attempt proves nothing and is not recorded as FAILED', async () => {
    const w = await inDoubt(false);
    await past(w);
    const row = await w.row();
    w.ledger.rows.set(`${w.id.project}#${w.id.key}`, { ...row, status: 'NOT_APPLIED', ambiguousAttempts: 1 });
    w.provider.state.script = [{ lands: false, hears: 'refused' }];
    expect(await w.execute()).toMatchObject({ next: 'SETTLE' });
    expect((await w.row()).status).toBe('OUTCOME_UNKNOWN');
  });

  it('parks an endpoint of class none for a person and sends nothing', async () => {
    const w = await inDoubt(true, 'none');
    await past(w);
    const before = w.provider.state.sent;
    expect(await w.reconcile()).toEqual({ next: 'CLOSED' });
    expect(await w.row()).toMatchObject({ status: 'OUTCOME_UNKNOWN', attention: 'person' });
    expect(await w.execute()).toEqual({ next: 'CLOSED' });
    expect(await w.reconcile()).toEqual({ next: 'CLOSED' });
    expect(w.provider.state.sent).toBe(before);
  });

  it('leaves a running lease alone and doubts only past its end', async () => {
    const w = await approved();
    await expect(
      w.execute({
        apply: async (change) => {
          if (change.from.status === 'EXECUTING') throw new Error('killed');
          return w.ledger.apply(change);
        },
      }),
    ).rejects.toThrow('killed');
    expect(await w.reconcile()).toEqual({ next: 'SETTLE', settleUntil: (await w.row()).leaseUntil });
    expect((await w.row()).status).toBe('EXECUTING');
    w.clock.now = epochMs((await w.row()).leaseUntil!);
    expect(await w.reconcile()).toMatchObject({ next: 'SETTLE' });
    expect((await w.row()).status).toBe('OUTCOME_UNKNOWN');
    await past(w);
    await w.reconcile();
    expect((await w.row()).status).toBe('SUCCEEDED');
    expect(w.effects()).toBe(1);
  });

  it('takes the reply of the owner that comes after the doubt', async () => {
    const w = await approved();
    const slow = w.execute({
      sendTo: () => async () => {
        w.clock.now += 60_000;
        await w.reconcile();
        expect((await w.row()).status).toBe('OUTCOME_UNKNOWN');
        return w.provider.send(w.first.providerKey);
      },
    });
    expect(await slow).toEqual({ next: 'CLOSED' });
    expect((await w.row()).status).toBe('SUCCEEDED');
    expect(w.effects()).toBe(1);
  });

  it('asks again later when the provider cannot be read, and parks after six times', async () => {
    const w = await inDoubt(true);
    w.provider.operation.reconcile = async () => ({ kind: 'unreadable', code: 'LOOKUP_TIMEOUT' });
    for (let asked = 1; asked <= 5; asked += 1) {
      await past(w);
      expect(await w.reconcile()).toMatchObject({ next: 'SETTLE' });
      expect((await w.row()).reconciliations).toBe(asked);
    }
    await past(w);
    expect(await w.reconcile()).toEqual({ next: 'CLOSED' });
    expect(await w.row()).toMatchObject({ status: 'OUTCOME_UNKNOWN', attention: 'person' });
  });
});
