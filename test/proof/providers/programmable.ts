import * as z from 'zod';
import type { RecoveryClass } from '#shared/actions/effects.ts';
import type { Finding, ProviderOperation, ProviderReply, Send, Verdict } from '#shared/providers/provider.ts';

export const TRANSPORT_MS = 10_000;
export const LAG_MS = 5_000;

/** What one request meets: whether and when its effect lands, and what the caller hears. */
export interface Fault {
  /** Milliseconds until the effect is there; null: never. */
  readonly landsAfterMs: number | null;
  readonly hears: 'ok' | 'timeout' | 'refused' | 'busy';
}

/** What the provider is like, beside what single requests meet. */
export interface Temper {
  /** A lookup shows an effect this long after it landed. */
  readonly visibleAfterMs: number;
  /** How long a key is remembered; absent: for good. */
  readonly retentionMs?: number;
  /** Lookups that fail before the first one that answers. */
  readonly unreadable: number;
}

/**
 * A provider whose every behaviour a test writes down. What it did is the truth: `keyed` and `upsert` make one thing
 * of requests with one key, the others make one thing of each request.
 */
export const programmableProvider = (recoveryClass: RecoveryClass, temper: Temper, now: () => number) => {
  const script: Fault[] = [];
  const landed: { key: string; at: number }[] = [];
  const state = { sent: 0, lookups: 0 };
  const remembers = (key: string, at: number): boolean =>
    landed.some((one) => one.key === key && at - one.at < (temper.retentionMs ?? Number.POSITIVE_INFINITY));
  const dedupes = recoveryClass === 'keyed' || recoveryClass === 'upsert';

  const reply = (status: number): ProviderReply => ({ status, headers: {}, body: '{}' });
  const sendAs =
    (key: string): Send =>
    async () => {
      state.sent += 1;
      const { landsAfterMs, hears } = script.shift() ?? { landsAfterMs: 0, hears: 'ok' };
      const at = now() + (landsAfterMs ?? 0);
      if (landsAfterMs !== null && !(dedupes && remembers(key, at))) landed.push({ key, at });
      if (hears === 'timeout') throw new Error('no answer');
      return reply({ ok: 200, refused: 422, busy: 429 }[hears]);
    };
  const classify = (outcome: ProviderReply | Error): Verdict => {
    if (outcome instanceof Error) return { kind: 'ambiguous', code: 'TIMEOUT', summary: 'no answer' };
    if (outcome.status === 200)
      return { kind: 'applied', code: 'ACCEPTED', summary: 'accepted', resourceId: 'thing-1' };
    const retryable = outcome.status === 429;
    return { kind: 'notApplied', retryable, code: retryable ? 'BUSY' : 'REFUSED', summary: 'refused' };
  };
  const operation: ProviderOperation = {
    describe: () => ({
      operation: 'alpaca/order.submit',
      adapterVersion: '1',
      title: 'Make a thing',
      payload: z.record(z.string(), z.json()),
      effects: ['trade'],
      recoveryClass,
      transportTimeoutMs: TRANSPORT_MS,
      lagMs: LAG_MS,
      ...(temper.retentionMs === undefined ? {} : { keyRetentionMs: temper.retentionMs }),
    }),
    render: () => {
      throw new Error('rendered before');
    },
    prepare: ({ request }) => ({ ...request, timeoutMs: TRANSPORT_MS }),
    classify,
    reconcile: async ({ providerKey }): Promise<Finding> => {
      if (recoveryClass === 'none') return { kind: 'cannotAsk' };
      state.lookups += 1;
      if (state.lookups <= temper.unreadable) return { kind: 'unreadable', code: 'LOOKUP_FAILED' };
      const visible = landed.some(
        ({ key, at }) => key === providerKey && at + temper.visibleAfterMs <= now(),
      );
      return visible
        ? { kind: 'applied', code: 'FOUND', summary: 'found by our key', resourceId: 'thing-1' }
        : { kind: 'absent' };
    },
  };
  return { operation, sendAs, script, state, effects: () => landed.length };
};
