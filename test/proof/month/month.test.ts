import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Credential } from '#shared/credentials/credential.ts';
import { ROTATION_POLICIES } from '#shared/credentials/rotation-policies.ts';
import { START } from '../../credentials/oauth/stand-in-client.ts';
import { recordFigures } from '../figures.ts';
import { DAY, type Month, openMonth, PEOPLE } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAYS = 30;

/** What happens to the providers, by hours from the start; each at twenty past. */
const EVENTS: Readonly<Record<number, (month: Month) => Promise<unknown>>> = {
  [2 * 24 + 3]: (month) => month.revoke('youtube'),
  [4 * 24 + 7]: (month) =>
    month.standIn.control.inject({ kind: 'serverErrorBefore', provider: 'etsy', times: 3 }),
  [6 * 24 + 1]: (month) => month.standIn.control.inject({ kind: 'resetAfter', provider: 'shopify' }),
  [8 * 24 + 5]: (month) => month.standIn.control.inject({ kind: 'serverErrorAfter', provider: 'etsy' }),
  [9 * 24 + 2]: (month) =>
    month.standIn.control.inject({ kind: 'tooManyRequests', provider: 'youtube', delayMs: 8 * MINUTE }),
  // Five hours in which nobody at any provider says whose token it is.
  [11 * 24]: (month) =>
    month.standIn.control.inject({ kind: 'serverErrorBefore', endpoint: 'api', times: 1_000_000 }),
  [11 * 24 + 5]: (month) => month.standIn.control.clearFaults(),
  // The consent screen goes back into testing, and the next refresh token has seven days.
  [13 * 24]: async (month) => {
    await month.standIn.control.configure('youtube', { testing: true });
    await month.revoke('youtube');
  },
  [15 * 24 + 4]: async (month) => month.apis.newKey('anthropic'),
  [19 * 24]: (month) => month.standIn.control.configure('youtube', { testing: false }),
  // Three hours without an answer of the token endpoint: longer than access lasts.
  [22 * 24 + 2]: (month) =>
    month.standIn.control.inject({ kind: 'serverErrorBefore', provider: 'youtube', times: 1_000_000 }),
  [22 * 24 + 5]: (month) => month.standIn.control.clearFaults(),
  [23 * 24 + 6]: (month) => month.revoke('etsy'),
  [26 * 24 + 1]: (month) => month.standIn.control.inject({ kind: 'unreadable', provider: 'shopify' }),
};

/** Thresholds of age as CRE-04 and CRE-17 say them, worked out apart from the product. */
const thresholds = (provider: string): number[] => {
  const { notifyDays, maxDays, criticalDays } = ROTATION_POLICIES[provider as keyof typeof ROTATION_POLICIES];
  return [...new Set([...notifyDays, maxDays, criticalDays])];
};

describe('a month of credentials, every five minutes of it', () => {
  let month: Month;
  const actions: Record<string, number> = {
    done: 0,
    paused: 0,
    waited: 0,
    refused: 0,
    expired: 0,
  };
  const wrong: string[] = [];
  const crossings = new Set<string>();
  const seenHealth = new Set<string>();
  let hoursJudged = 0;
  let reconnects = 0;
  let exchanges = 0;

  const madeAt = new Map<Credential, number>();
  /** A person looks at the tasks now and then, and needs two hours to do something about one. */
  const tend = async (): Promise<void> => {
    for (const task of month.store.tasks.values()) {
      // A provider that does not answer is waited for.
      if (task.status === 'CLOSED' || task.reason === 'exhausted') continue;
      if (month.now() - Date.parse(task.openedAt) < 2 * HOUR) continue;
      const grant = Object.values(month.oauth).find(
        (each) =>
          month.isConnectable(each) && each.provider === task.provider && each.account === task.account,
      );
      if (grant === undefined) continue;
      await month.connect(grant);
      reconnects += 1;
    }
    const { anthropic } = month.keys;
    if (!month.works(anthropic) && month.now() - START > (15 * 24 + 7) * HOUR) {
      // A new key, and its registration says so.
      const renewed = { ...anthropic, createdAt: new Date(month.now()).toISOString() };
      month.store.putSecret(anthropic.secretId, { apiKey: month.apis.newKey('anthropic') });
      month.store.register(renewed);
      Object.assign(month.keys, { anthropic: renewed });
      madeAt.set(renewed, month.now());
    }
  };

  const judge = async (hour: number): Promise<void> => {
    hoursJudged += 1;
    for (const grant of [...Object.values(month.oauth), ...Object.values(month.keys)]) {
      const { status, detail } = await month.health(grant);
      seenHealth.add(`${status}${detail === null ? '' : ` ${detail}`}`);
      const isOAuth = grant.kind === 'oauth' || grant.kind === 'client-credentials';
      const good =
        status === 'PRESENT' && (detail === null || detail === 'probe-failed' || detail === 'expiring');
      const asked = [...month.store.tasks.values()].some(
        ({ provider, reason, status: open }) =>
          provider === grant.provider && reason === 'exhausted' && open === 'OPEN',
      );
      const right = !isOAuth
        ? month.works(grant)
          ? good
          : status === 'INVALID'
        : month.renewable(grant)
          ? month.works(grant)
            ? good
            : (status === 'EXPIRED' && detail === 'expired-refreshable') ||
              (asked && status === 'NEEDS_REAUTH')
          : status === 'NEEDS_REAUTH';
      if (!right) wrong.push(`hour ${hour}: ${month.nameOf(grant)} is said to be ${status} ${detail}`);
      // Refused keys and connections are mended by new values; everything else only gets older.
      const made = madeAt.get(grant) ?? Date.parse(grant.createdAt);
      const days = Math.floor((month.now() - made) / DAY);
      const reached = thresholds(grant.provider).filter((day) => day <= days);
      if (grant.kind !== 'oauth' && reached.length > 0)
        crossings.add(`${month.nameOf(grant)} ${made} ${Math.max(...reached)}`);
    }
  };

  beforeAll(async () => {
    month = await openMonth();
    for (const grant of Object.values(month.oauth))
      if (month.isConnectable(grant)) await month.connect(grant);
    await month.refresh();
    for (let hour = 0; hour < DAYS * 24; hour += 1) {
      await month.check();
      await month.refresh();
      await judge(hour);
      for (let tick = 1; tick <= 12; tick += 1) {
        const at = START + hour * HOUR + tick * 5 * MINUTE;
        month.standIn.clock.advance(Math.max(0, at - month.now()));
        if (tick === 4) await EVENTS[hour]?.(month);
        for (const grant of Object.values(month.oauth)) {
          const outcome = await month.act(grant);
          actions[outcome] = (actions[outcome] ?? 0) + 1;
        }
        if (tick === 7) await tend();
        if (tick < 12) await month.refresh();
      }
    }
    exchanges = month.standIn.control.grants().reduce((sum, { refreshes }) => sum + refreshes, 0);
  }, 600_000);
  afterAll(() => month.close());

  test('no action failed for an expired token (OAU-01)', () => {
    expect(actions['expired']).toBe(0);
    expect(actions['done']).toBeGreaterThan(30_000);
    // Between a revocation and the first refusal somebody has to find out; after that actions wait.
    expect(actions['refused']).toBeLessThanOrEqual(6);
    expect(actions['paused']).toBeGreaterThan(0);
    // Access that ends unrenewed is not sent: the action waits. That is the long outage, and nothing else.
    expect(actions['waited']).toBeGreaterThan(0);
    expect(actions['waited']).toBeLessThan(36);
  });

  test("health was right at every hour against the stand-ins' truth (CRE-11)", () => {
    expect(wrong).toEqual([]);
    expect(hoursJudged).toBe(DAYS * 24);
    expect([...seenHealth]).toEqual(
      expect.arrayContaining([
        'PRESENT',
        'PRESENT probe-failed',
        'EXPIRED expired-refreshable',
        'NEEDS_REAUTH',
        'INVALID',
      ]),
    );
  });

  test('people were warned once for each threshold that a credential reached (CRE-17)', () => {
    const told = month.mails.map(({ to, subject }) => `${to} ${subject}`);
    expect(new Set(told).size).toBe(told.length);
    expect(told).toHaveLength(crossings.size * PEOPLE.length);
    expect(crossings.size).toBeGreaterThanOrEqual(6);
  });

  test('each death of a connection had one task, and each task was closed by connecting again (OAU-03)', () => {
    const tasks = [...month.store.tasks.values()].filter(({ reason }) => reason === 'invalid-grant');
    expect(tasks.every(({ status }) => status === 'CLOSED')).toBe(true);
    // Revoked twice, in testing once; an answer lost, and revoked.
    expect(tasks.map(({ provider }) => provider).toSorted()).toEqual([
      'etsy',
      'etsy',
      'youtube',
      'youtube',
      'youtube',
    ]);
    expect(reconnects).toBe(tasks.length);
    expect(month.failures).toEqual([]);
  });

  test('the month is counted', () => {
    const figures = {
      days: DAYS,
      credentials: Object.keys(month.oauth).length + Object.keys(month.keys).length,
      hoursJudged,
      actions,
      exchanges,
      reconnects,
      warnings: crossings.size,
      events: Object.keys(EVENTS).length,
    };
    recordFigures('credentials-month', figures);
    process.stdout.write(`a month of credentials: ${JSON.stringify(figures)}\n`);
  });
});
