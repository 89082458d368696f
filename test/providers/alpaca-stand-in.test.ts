import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { serveAlpacaStandIn, STAND_IN_KEYS } from '#infra/local/alpaca-stand-in/serve.ts';
import type { Clock } from '#infra/local/service.ts';
import { Secret } from '#shared/credentials/secret.ts';
import { findOperation } from '#shared/providers/catalogue.ts';
import { outboundSend } from '#shared/providers/outbound.http.ts';
import { hashOfOutgoing } from '#shared/providers/outgoing-hash.ts';
import type { Finding, ProviderOperation, Send, Verdict } from '#shared/providers/provider.ts';
import { hostIsStandIn } from '#shared/providers/stand-in.ts';
import { silenceOf, withTimePassing } from '../support/patience.ts';
import { dispatchOf, facts, hashOf, KEY, NOW, ORDER } from './support.ts';

const secret = new Secret({ ...STAND_IN_KEYS });
const operationOf = (name: string): ProviderOperation => {
  const operation = findOperation(name);
  if (operation === undefined) throw new Error(`no ${name}`);
  return operation;
};
const submit = operationOf('alpaca/order.submit');
const cancel = operationOf('alpaca/order.cancel');

/** A clock that moves only when it is told to. */
const handClock = (): Clock & { forward(ms: number): void } => {
  let now = Date.parse(NOW);
  const waiting = new Set<{ at: number; callback: () => void }>();
  return {
    now: () => now,
    at: (at, callback) => {
      const entry = { at, callback };
      waiting.add(entry);
      return () => waiting.delete(entry);
    },
    forward: (ms) => {
      now += ms;
      for (const entry of [...waiting].filter(({ at }) => at <= now)) {
        waiting.delete(entry);
        entry.callback();
      }
    },
  };
};

let folder = '';
let clock = handClock();
let standIn: Awaited<ReturnType<typeof serveAlpacaStandIn>>;
let send: Send;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autopack-alpaca-'));
  clock = handClock();
  standIn = await serveAlpacaStandIn({ dataDir: folder, clock });
  send = outboundSend({ allowedHosts: [new URL(standIn.url).host], allowLoopback: true });
});
afterEach(async () => {
  await standIn.stop();
  await rm(folder, { recursive: true, force: true });
});

const rendered = (operation: ProviderOperation, payload: unknown) =>
  operation.render(payload, facts({ baseUrlOverride: standIn.url }));
const dispatch = async (operation: ProviderOperation, payload: unknown): Promise<Verdict> => {
  const dryRun = rendered(operation, payload);
  expect(hostIsStandIn(dryRun.request)).toBe(true);
  const outgoing = operation.prepare(dispatchOf(dryRun, secret), NOW);
  expect(hashOfOutgoing(dryRun.request, outgoing)).toBe(hashOf(dryRun));
  const asked = withTimePassing(silenceOf(standIn.control), outgoing.timeoutMs, () => send(outgoing));
  return operation.classify(await asked.catch((error: unknown) => error as Error));
};
const ask = (operation: ProviderOperation, payload: unknown): Promise<Finding> =>
  operation.reconcile(dispatchOf(rendered(operation, payload), secret), send, NOW);
const ours = () => standIn.control.orders().filter((order) => order.client_order_id === KEY);

describe('an order over real HTTP', () => {
  test('is placed once, found by our key, and a repeat is recognised as our own', async () => {
    expect(await ask(submit, ORDER)).toEqual({ kind: 'absent' });
    const verdict = await dispatch(submit, ORDER);
    expect(verdict).toMatchObject({ kind: 'applied', resourceId: ours()[0]?.id });
    expect(await dispatch(submit, ORDER)).toMatchObject({
      kind: 'ambiguous',
      code: 'DUPLICATE_CLIENT_ORDER_ID',
    });
    expect(await ask(submit, ORDER)).toMatchObject({ kind: 'applied', resourceId: ours()[0]?.id });
    expect(ours()).toHaveLength(1);
  });

  test('that is answered by silence after it took effect is in doubt, then found', async () => {
    await standIn.control.inject({ kind: 'timeoutAfter' });
    expect(await dispatch(submit, ORDER)).toMatchObject({ kind: 'ambiguous', code: 'SEND_TIMEOUT' });
    expect(await ask(submit, ORDER)).toMatchObject({ kind: 'applied', code: 'ORDER_FOUND' });
  });

  test('that never took effect is in doubt, then absent, and may be sent once more', async () => {
    await standIn.control.inject({ kind: 'timeoutBefore' });
    expect((await dispatch(submit, ORDER)).kind).toBe('ambiguous');
    expect(await ask(submit, ORDER)).toEqual({ kind: 'absent' });
    expect((await dispatch(submit, ORDER)).kind).toBe('applied');
    expect(ours()).toHaveLength(1);
  });

  test('that lands late makes the repeat a duplicate, which is adopted', async () => {
    await standIn.control.inject({ kind: 'landLate', delayMs: 5_000 });
    expect((await dispatch(submit, ORDER)).kind).toBe('ambiguous');
    expect(await ask(submit, ORDER)).toEqual({ kind: 'absent' });
    clock.forward(6_000);
    expect(await dispatch(submit, ORDER)).toMatchObject({ code: 'DUPLICATE_CLIENT_ORDER_ID' });
    expect((await ask(submit, ORDER)).kind).toBe('applied');
    expect(ours()).toHaveLength(1);
  });

  test.each(['resetAfter', 'resetBefore', 'serverErrorAfter', 'serverErrorBefore'] as const)(
    'under %s is in doubt',
    async (kind) => {
      await standIn.control.inject({ kind });
      expect((await dispatch(submit, ORDER)).kind).toBe('ambiguous');
      expect((await ask(submit, ORDER)).kind).toBe(kind.endsWith('After') ? 'applied' : 'absent');
    },
  );

  test('that meets a full house is provably not there and says when to come back', async () => {
    await standIn.control.inject({ kind: 'tooManyRequests', delayMs: 7_000 });
    expect(await dispatch(submit, ORDER)).toMatchObject({
      kind: 'notApplied',
      retryable: true,
      code: 'RATE_LIMITED',
      retryAfterSeconds: 7,
    });
    expect(await ask(submit, ORDER)).toEqual({ kind: 'absent' });
  });

  test('with a key that nobody knows is refused, and asking proves nothing', async () => {
    const wrong = new Secret({ keyId: 'PKWRONG', secretKey: 'wrong' });
    const dryRun = rendered(submit, ORDER);
    const verdict = submit.classify(await send(submit.prepare(dispatchOf(dryRun, wrong), NOW)));
    expect(verdict).toMatchObject({ kind: 'notApplied', code: 'CREDENTIAL_REFUSED' });
    expect((await submit.reconcile(dispatchOf(dryRun, wrong), send, NOW)).kind).toBe('unreadable');
  });

  test('that costs too much is a failure with evidence', async () => {
    await standIn.control.configure({ cash: '1' });
    const dear = { ...ORDER, type: 'limit', limit_price: '1000', qty: '1000' };
    const verdict = await dispatch(submit, dear);
    clock.forward(5_000);
    const finding = await ask(submit, dear);
    // Refused at once, or accepted and rejected later: either way it is never taken for a trade.
    expect([verdict.kind, finding.kind]).toEqual(
      verdict.kind === 'applied' ? ['applied', 'failed'] : ['notApplied', 'absent'],
    );
  });

  test('can be cancelled while it is open, and not once it is filled', async () => {
    await standIn.control.configure({ fillDelayMs: 60_000 });
    await dispatch(submit, ORDER);
    const cancelIt = { order_id: ours()[0]?.id };
    expect(await ask(cancel, cancelIt)).toEqual({ kind: 'absent' });
    expect(await dispatch(cancel, cancelIt)).toMatchObject({ kind: 'applied' });
    expect(await ask(cancel, cancelIt)).toMatchObject({ kind: 'applied' });
    expect((await dispatch(cancel, { order_id: '00000000-0000-4000-8000-000000000000' })).kind).toBe(
      'notApplied',
    );
  });
});
