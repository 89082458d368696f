import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareSource } from '#functions/policies/compare-source.ts';
import { fetchSource } from '#functions/policies/fetch-source.ts';
import type { Check } from '#functions/policies/list-due-sources.ts';
import { tellPeople } from '#functions/policies/tell-people.ts';
import { timestamp } from '#shared/actions/identity.ts';
import type { Observation } from '#shared/policies/observation.ts';
import { PolicySource } from '#shared/policies/source.ts';
import { checkWorld, type CheckWorld, policyPage } from './check-world.ts';

const SHOP = PolicySource.parse({ id: 'shop', url: 'https://shop.example.test/policy', select: ['main'] });
const PAGES = [
  policyPage('Candles may be sold.'),
  policyPage('Candles may be sold.', 'Fireworks must not be sold.'),
  policyPage('Candles may not be sold.'),
  { status: 503 },
];

const checkAt = (world: CheckWorld, reading = 1): Check => ({
  source: 'shop',
  slot: timestamp(world.now()),
  reading,
  step: 'FETCH',
});
const observationsOf = (world: CheckWorld): Observation[] => world.store.all<Observation>('observation#');

describe('checks that are delivered twice, meet, or come late (P21)', () => {
  it('a check that is delivered again answers what was recorded, without another look or another line', async () => {
    const world = checkWorld([SHOP]);
    world.pages.set('shop', PAGES[0] ?? {});
    await world.tick();
    const left = world.left();
    const again = { ...checkAt(world), slot: timestamp(world.now()) };
    world.pages.set('shop', PAGES[1] ?? {});
    await fetchSource(again, world.deps);
    expect(await compareSource({ check: again }, world.deps)).toMatchObject({ outcome: 'baseline' });
    await tellPeople({ source: 'shop' }, world.deps);
    expect(world.fetches()).toBe(1);
    expect(world.left()).toBe(left);
    expect(world.mails).toHaveLength(2);
  });

  it('a tick that is delivered twice at once leaves one observation and one mail to each', async () => {
    const world = checkWorld([SHOP]);
    world.pages.set('shop', PAGES[0] ?? {});
    const [one, other] = await Promise.all([
      world.list({ scheduledTime: timestamp(world.now()) }),
      world.list({ scheduledTime: timestamp(world.now()) }),
    ]);
    expect(one).toEqual(other);
    const checks = [...one.hosts, ...other.hosts].flatMap((host) => host.checks);
    expect(checks).toHaveLength(2);
    await Promise.all(checks.map((check) => fetchSource(check, world.deps)));
    await Promise.all(checks.map((check) => compareSource({ check }, world.deps)));
    for (const { source } of checks) await tellPeople({ source }, world.deps);
    expect(observationsOf(world)).toHaveLength(1);
    expect(new Set(world.mails.map(({ to }) => to)).size).toBe(world.mails.length);
  });

  it('a look that is judged after a later one is a line in the log and moves nothing', async () => {
    const world = checkWorld([SHOP]);
    world.pages.set('shop', PAGES[0] ?? {});
    await world.tick();
    world.wait(60);
    const late = checkAt(world);
    world.pages.set('shop', PAGES[2] ?? {});
    await fetchSource(late, world.deps);
    world.wait(60);
    world.pages.set('shop', PAGES[0] ?? {});
    const later = checkAt(world);
    await world.perform(later);
    const before = await world.store.readState('shop');
    await compareSource({ check: late }, world.deps);
    const after = await world.store.readState('shop');
    expect(after).toEqual({ ...before, version: (before?.version ?? 0) + 1 });
    expect(observationsOf(world)).toHaveLength(3);
    expect(await world.store.readObservation(late)).toMatchObject({ verified: false, alert: false });
  });

  it('a fetch that broke is recorded as a look that brought nothing; one that was only late is what it saw', async () => {
    const world = checkWorld([SHOP]);
    world.pages.set('shop', PAGES[0] ?? {});
    await world.list({ scheduledTime: timestamp(world.now()) });
    const broke = checkAt(world);
    expect(await compareSource({ check: broke, fetchFailed: 'Runtime.OutOfMemory' }, world.deps)).toEqual({
      source: 'shop',
      outcome: 'CONNECTION',
      alert: false,
    });
    expect(await fetchSource(broke, world.deps)).toMatchObject({ outcome: 'CONNECTION' });
    world.wait(20);
    const late = checkAt(world);
    await fetchSource(late, world.deps);
    expect(await compareSource({ check: late, fetchFailed: 'States.Timeout' }, world.deps)).toMatchObject({
      outcome: 'baseline',
    });
  });

  it('bytes that break their reader are an unusable look, with its back-off', async () => {
    const world = checkWorld([SHOP]);
    world.pages.set('shop', PAGES[0] ?? {});
    await world.list({ scheduledTime: timestamp(world.now()) });
    const check = checkAt(world);
    await fetchSource(check, world.deps);
    const done = await compareSource({ check, readingFailed: 'Runtime.OutOfMemory' }, world.deps);
    expect(done.outcome).toBe('UNSUPPORTED_FORMAT');
    const state = await world.store.readState('shop');
    expect(state).toMatchObject({ verifiedAt: null, incident: { reason: 'UNSUPPORTED_FORMAT', count: 1 } });
    expect(Date.parse(state?.nextCheckAt ?? '')).toBeGreaterThan(world.now());
  });

  it('whatever order looks, judgements and mails come in: one line for each look, and no pointer goes back', async () => {
    const action = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('look' as const), page: fc.nat(PAGES.length - 1) }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('judge' as const), which: fc.nat(20) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('judge all at once' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('tell' as const) }) },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('tick' as const), page: fc.nat(PAGES.length - 1) }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 4, maxLength: 14 }), async (actions) => {
        const world = checkWorld([SHOP]);
        await world.list({ scheduledTime: timestamp(world.now()) });
        const looked: Check[] = [];
        let pointers = ['', '', ''];
        let version = 0;
        for (const one of actions) {
          world.wait(20);
          if (one.do === 'look') {
            world.pages.set('shop', PAGES[one.page] ?? {});
            const check = checkAt(world);
            await fetchSource(check, world.deps);
            looked.push(check);
          } else if (one.do === 'judge') {
            const check = looked[one.which % Math.max(1, looked.length)];
            if (check !== undefined) await compareSource({ check }, world.deps);
          } else if (one.do === 'judge all at once') {
            await Promise.all(looked.slice(-3).map((check) => compareSource({ check }, world.deps)));
          } else if (one.do === 'tell') await tellPeople({ source: 'shop' }, world.deps);
          else {
            world.pages.set('shop', PAGES[one.page] ?? {});
            await world.tick();
          }
          const state = await world.store.readState('shop');
          if (state === undefined) continue;
          const now = [state.verifiedAt ?? '', state.lastObservedAt ?? '', state.lastSlot ?? ''];
          expect(now.every((value, index) => value >= (pointers[index] ?? ''))).toBe(true);
          expect(state.version).toBeGreaterThanOrEqual(version);
          pointers = now;
          ({ version } = state);
        }
        for (const check of looked) await compareSource({ check }, world.deps);
        await tellPeople({ source: 'shop' }, world.deps);
        const rows = observationsOf(world);
        const keys = rows.map(({ slot, reading }) => `${slot}#${reading}`);
        expect(new Set(keys).size).toBe(rows.length);
        for (const { slot, reading } of looked) expect(keys).toContain(`${slot}#${reading}`);
        const told = world.mails.map(({ to, subject, text }) => `${to} ${subject} ${text}`);
        expect(new Set(told).size).toBe(told.length);
        const captures = [...world.store.objects.keys()].filter((key) => key.startsWith('captures/'));
        expect(captures).toHaveLength(rows.length);
      }),
      { numRuns: 60 },
    );
  });
});
