import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { epochMs, timestamp } from '#shared/actions/identity.ts';
import { BACKOFFS, JITTER, LEAST_MS, nextCheckAt, validatorsToSend } from '#shared/policies/next-check.ts';
import { UnusableReason } from '#shared/policies/observation.ts';
import { PolicySource } from '#shared/policies/source.ts';
import type { SourceState } from '#shared/policies/source-state.ts';

const AT = Date.UTC(2026, 10, 21, 9, 0, 0);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const source = (more: Partial<PolicySource> = {}): PolicySource => ({
  ...PolicySource.parse({ id: 'some-terms', url: 'https://example.test/terms' }),
  ...more,
});
type State = Parameters<typeof nextCheckAt>[1];
const state = (more: Partial<State> = {}): State => ({
  candidate: null,
  verifiedAt: timestamp(AT),
  incident: null,
  scheduled: [],
  ...more,
});
const incident = (reason: UnusableReason, count: number): SourceState['incident'] => ({
  since: timestamp(AT - count * HOUR),
  reason,
  detail: 'x',
  count,
});
const CANDIDATE = { hashes: {}, firstSeenAt: timestamp(AT), lastSeenAt: timestamp(AT) } as never;
const TIMING = { confirmSeconds: 900 };
const waitMs = (at: string): number => epochMs(at) - AT;

describe('when a source is looked at next', () => {
  test('after a usable check: the cadence, less at most a tenth, the same every time', () => {
    const waits = ['etsy-fees', 'etsy-ip', 'youtube-spam', 'shopify-terms'].map((id) => {
      const next = nextCheckAt(source({ id }), state(), { at: timestamp(AT) }, TIMING);
      expect(nextCheckAt(source({ id }), state(), { at: timestamp(AT) }, TIMING)).toBe(next);
      return waitMs(next);
    });
    for (const wait of waits) {
      expect(wait).toBeLessThanOrEqual(12 * HOUR);
      expect(wait).toBeGreaterThan(12 * HOUR * (1 - JITTER));
    }
    expect(new Set(waits).size).toBe(waits.length);
  });

  test('a candidate is looked at again when its confirmation is due', () => {
    const next = nextCheckAt(source(), state({ candidate: CANDIDATE }), { at: timestamp(AT) }, TIMING);
    expect(waitMs(next)).toBe(900_000);
    expect(
      waitMs(
        nextCheckAt(source(), state({ candidate: CANDIDATE }), { at: timestamp(AT) }, { confirmSeconds: 2 }),
      ),
    ).toBe(2_000);
  });

  test('a candidate behind a failure waits as the failure asks', () => {
    const next = nextCheckAt(
      source(),
      state({ candidate: CANDIDATE, incident: incident('HTTP_FORBIDDEN', 1) }),
      { at: timestamp(AT), unusable: 'HTTP_FORBIDDEN' },
      TIMING,
    );
    expect(waitMs(next)).toBe(12 * HOUR);
  });

  test.each([
    ['TIMEOUT', 1, 0.25],
    ['TIMEOUT', 2, 0.5],
    ['HTTP_SERVER_ERROR', 4, 2],
    ['HTTP_SERVER_ERROR', 9, 12],
    ['HTTP_SERVER_ERROR', 5_000, 12],
    ['HTTP_RATE_LIMITED', 1, 1],
    ['HTTP_RATE_LIMITED', 3, 4],
    ['HTTP_RATE_LIMITED', 9, 24],
    ['HTTP_FORBIDDEN', 1, 12],
    ['HTTP_GONE', 1, 24],
    ['HTTP_GONE', 7, 24],
    ['TLS', 5, 1],
    ['DNS', 5, 1],
    ['WALL', 1, 1],
    ['WALL', 3, 4],
  ] as const)('after %s for the %ith time: %f hours', (reason, count, hours) => {
    const next = nextCheckAt(
      source(),
      state({ incident: incident(reason, count) }),
      { at: timestamp(AT), unusable: reason },
      TIMING,
    );
    expect(waitMs(next)).toBe(hours * HOUR);
  });

  test.each([
    ['HTTP_RATE_LIMITED', 3_600 * 5, 5 * HOUR],
    ['HTTP_RATE_LIMITED', 1, LEAST_MS],
    ['HTTP_RATE_LIMITED', 30 * 86_400, DAY],
    ['HTTP_SERVER_ERROR', 3_600 * 5, 5 * HOUR],
    ['HTTP_SERVER_ERROR', 1, LEAST_MS],
  ] as const)('%s with Retry-After %i is kept to', (reason, retryAfterSeconds, wait) => {
    const asked = { at: timestamp(AT), unusable: reason, retryAfterSeconds };
    const facts = state({ incident: incident(reason, 1), verifiedAt: timestamp(AT - 7 * DAY + HOUR) });
    expect(waitMs(nextCheckAt(source(), facts, asked, TIMING))).toBe(wait);
  });

  test('near the end of the freshness it asks more often, and half as long each time', () => {
    const left = (hours: number) => state({ verifiedAt: timestamp(AT - 7 * DAY + hours * HOUR) });
    const failed = { at: timestamp(AT), unusable: 'HTTP_FORBIDDEN' } as const;
    expect(waitMs(nextCheckAt(source(), left(48), failed, TIMING))).toBe(12 * HOUR);
    expect(waitMs(nextCheckAt(source(), left(8), failed, TIMING))).toBe(4 * HOUR);
    expect(waitMs(nextCheckAt(source(), left(0.1), failed, TIMING))).toBe(LEAST_MS);
    expect(waitMs(nextCheckAt(source(), left(0), failed, TIMING))).toBe(12 * HOUR);
  });

  test('a cadence longer than the freshness cannot let it run out', () => {
    const slow = source({ cadenceHours: 168, maxAgeDays: 2 });
    expect(waitMs(nextCheckAt(slow, state(), { at: timestamp(AT) }, TIMING))).toBe(DAY);
  });

  test('an announced change is looked at on its day', () => {
    const on = timestamp(AT + 3 * HOUR);
    const entry = { on, phrase: 'effective', foundAt: timestamp(AT), reminded: false };
    const ask = (scheduled: SourceState['scheduled']) =>
      nextCheckAt(source(), state({ scheduled }), { at: timestamp(AT) }, TIMING);
    expect(ask([entry])).toBe(on);
    expect(waitMs(ask([{ ...entry, reminded: true }]))).toBeGreaterThan(3 * HOUR);
  });

  test('whatever happens there is a next check: later than now, within a day or the cadence', () => {
    const facts = fc.record({
      id: fc.stringMatching(/^[a-z]{2,20}$/),
      reason: fc.option(fc.constantFrom(...UnusableReason.options), { nil: undefined }),
      count: fc.integer({ min: 1, max: 100_000 }),
      verified: fc.option(fc.integer({ min: -30 * DAY, max: 30 * DAY }), { nil: null }),
      retry: fc.option(fc.integer({ min: 0, max: 40 * 86_400 }), { nil: undefined }),
      cadenceHours: fc.double({ min: 0.01, max: 168, noNaN: true }),
      candidate: fc.boolean(),
    });
    fc.assert(
      fc.property(facts, ({ id, reason, count, verified, retry, cadenceHours, candidate }) => {
        const next = nextCheckAt(
          source({ id, cadenceHours }),
          state({
            incident: reason === undefined ? null : incident(reason, count),
            verifiedAt: verified === null ? null : timestamp(AT + verified),
            candidate: candidate ? CANDIDATE : null,
          }),
          {
            at: timestamp(AT),
            ...(reason === undefined ? {} : { unusable: reason }),
            ...(retry === undefined ? {} : { retryAfterSeconds: retry }),
          },
          TIMING,
        );
        expect(waitMs(next)).toBeGreaterThan(0);
        expect(waitMs(next)).toBeLessThanOrEqual(Math.max(DAY, cadenceHours * HOUR, LEAST_MS) + 1);
      }),
    );
  });

  test('every reason has its back-off', () => {
    expect(Object.keys(BACKOFFS).toSorted()).toEqual([...UnusableReason.options].toSorted());
  });
});

describe('when the page has to be seen itself, and a 304 will not do', () => {
  const validators = { etag: '"a"', raw: 'a'.repeat(64), fetchedAt: timestamp(AT - 12 * HOUR) };
  const known = { validators, incident: null, candidate: null, configHash: 'c', extractor: 'e' };
  const check = { now: timestamp(AT), reading: 1, configHash: 'c', extractor: 'e' };

  test('a check within a day of the last whole page may be conditional', () => {
    expect(validatorsToSend(known, check)).toBe(validators);
  });

  test.each([
    ['there are no validators', { validators: null }, {}],
    ['it is not known how old they are', { validators: { etag: '"a"', raw: 'a'.repeat(64) } }, {}],
    ['the last whole page is a day old', {}, { now: timestamp(AT + 12 * HOUR) }],
    ['the last whole page lies in the future', {}, { now: timestamp(AT - 13 * HOUR) }],
    ['the last check failed', { incident: incident('HTTP_SERVER_ERROR', 1) }, {}],
    ['a change waits for its second look', { candidate: CANDIDATE }, {}],
    ['this is a second look', {}, { reading: 2 }],
    ['the source was edited', {}, { configHash: 'other' }],
    ['the reader is another one', {}, { extractor: 'other' }],
  ] as const)('not where %s', (_when, facts, ask) => {
    expect(validatorsToSend({ ...known, ...facts }, { ...check, ...ask })).toBeUndefined();
  });
});
