import { describe, expect, it } from 'vitest';
import { RecoveryClass } from '#shared/actions/effects.ts';
import { historyFault } from '#shared/actions/history.ts';
import { epochMs } from '#shared/actions/identity.ts';
import { world } from '../../actions/world.ts';
import { recordFigures } from '../figures.ts';
import { type Fault, LAG_MS, programmableProvider, type Temper, TRANSPORT_MS } from './programmable.ts';

const CLASSES = RecoveryClass.options;
type Class = RecoveryClass;
const CALM: Temper = { visibleAfterMs: 0, unreadable: 0 };
const HOUR = 3_600_000;

interface Case {
  readonly script: readonly Fault[];
  readonly temper?: Partial<Temper>;
  /** How it ends: status and code, effects, requests. One for all classes, or one that differs for some. */
  readonly ends: string;
  readonly but?: Partial<Readonly<Record<Class, string>>>;
}

const lost: Fault = { landsAfterMs: null, hears: 'timeout' };
const landedUnheard: Fault = { landsAfterMs: 0, hears: 'timeout' };
const PARKED = 'OUTCOME_UNKNOWN CANNOT_ASK';

/** Each fault, as far as a provider keeps to what it described of itself: never more than one effect. */
const WITHIN_THE_PROMISE: Readonly<Record<string, Case>> = {
  'it answers': { script: [], ends: 'SUCCEEDED ACCEPTED, 1 effect of 1' },
  'it refuses': {
    script: [{ landsAfterMs: null, hears: 'refused' }],
    ends: 'FAILED REFUSED, 0 effects of 1',
  },
  'it is busy, then answers': {
    script: [{ landsAfterMs: null, hears: 'busy' }],
    ends: 'SUCCEEDED ACCEPTED, 1 effect of 2',
  },
  'the reply is lost': {
    script: [landedUnheard],
    ends: 'SUCCEEDED FOUND, 1 effect of 1',
    but: { none: `${PARKED}, 1 effect of 1` },
  },
  'the request is lost': {
    script: [lost],
    ends: 'SUCCEEDED ACCEPTED, 1 effect of 2',
    but: { none: `${PARKED}, 0 effects of 1` },
  },
  'the request is lost twice': {
    script: [lost, lost],
    ends: 'SUCCEEDED ACCEPTED, 1 effect of 3',
    but: { none: `${PARKED}, 0 effects of 1` },
  },
  'the request lands late, inside the settle window': {
    script: [{ landsAfterMs: TRANSPORT_MS + LAG_MS - 1, hears: 'timeout' }],
    ends: 'SUCCEEDED FOUND, 1 effect of 1',
    but: { none: `${PARKED}, 1 effect of 1` },
  },
  'a lookup sees it only after the described lag': {
    script: [landedUnheard],
    temper: { visibleAfterMs: LAG_MS },
    ends: 'SUCCEEDED FOUND, 1 effect of 1',
    but: { none: `${PARKED}, 1 effect of 1` },
  },
  'it refuses the second try after a lost first one': {
    script: [lost, { landsAfterMs: null, hears: 'refused' }],
    ends: 'FAILED REFUSED, 0 effects of 2',
    but: { none: `${PARKED}, 0 effects of 1` },
  },
  'lookups fail three times': {
    script: [landedUnheard],
    temper: { unreadable: 3 },
    ends: 'SUCCEEDED FOUND, 1 effect of 1',
    but: { none: `${PARKED}, 1 effect of 1` },
  },
  'lookups fail for good': {
    script: [landedUnheard],
    temper: { unreadable: 99 },
    ends: 'OUTCOME_UNKNOWN LOOKUP_FAILED, 1 effect of 1',
    but: { none: `${PARKED}, 1 effect of 1` },
  },
  'the request is lost, and the key forgotten before a lookup misses': {
    script: [lost],
    temper: { retentionMs: 20_000 },
    ends: 'SUCCEEDED ACCEPTED, 1 effect of 2',
    but: { keyed: 'OUTCOME_UNKNOWN KEY_FORGOTTEN, 0 effects of 1', none: `${PARKED}, 0 effects of 1` },
  },
};

/** A provider that breaks what it described: a key saves us, a lookup cannot. Said here so that nobody is surprised. */
const BEYOND_THE_PROMISE: Readonly<Record<string, Case>> = {
  'the request lands an hour late, after the lookup missed': {
    script: [{ landsAfterMs: HOUR, hears: 'timeout' }],
    ends: 'SUCCEEDED ACCEPTED, 1 effect of 2',
    but: {
      resumable: 'SUCCEEDED ACCEPTED, 2 effects of 2',
      lookup: 'SUCCEEDED ACCEPTED, 2 effects of 2',
      none: `${PARKED}, 1 effect of 1`,
    },
  },
  'a lookup sees it an hour late': {
    script: [landedUnheard],
    temper: { visibleAfterMs: HOUR },
    ends: 'SUCCEEDED ACCEPTED, 1 effect of 2',
    but: {
      resumable: 'SUCCEEDED ACCEPTED, 2 effects of 2',
      lookup: 'SUCCEEDED ACCEPTED, 2 effects of 2',
      none: `${PARKED}, 1 effect of 1`,
    },
  },
};

/** Drives the use cases as the machine does, with the clock moved over every wait. */
const run = async (recoveryClass: Class, { script, temper }: Case): Promise<string> => {
  const w = world({ recoveryClass });
  const provider = programmableProvider(recoveryClass, { ...CALM, ...temper }, () => w.clock.now);
  provider.script.push(...script);
  const dependencies = {
    findOperation: () => provider.operation,
    sendTo: () => provider.sendAs(w.first.providerKey),
  };
  Object.assign(w.executeDeps, dependencies);
  Object.assign(w.reconcileDeps, dependencies);
  await w.propose();
  await w.approve();
  let step: Awaited<ReturnType<typeof w.execute>> | Awaited<ReturnType<typeof w.reconcile>> =
    await w.execute();
  let sentInDoubt = 0;
  for (let turns = 0; step.next !== 'CLOSED' && turns < 40; turns += 1) {
    if (step.next === 'SETTLE') {
      const before = provider.state.sent;
      w.clock.now = epochMs(step.settleUntil) - 1;
      expect(await w.reconcile()).toMatchObject({ next: 'SETTLE' });
      expect(await w.execute()).toMatchObject({ next: 'SETTLE' });
      sentInDoubt += provider.state.sent - before;
      w.clock.now += 1;
      step = await w.reconcile();
    } else {
      if ('waitSeconds' in step) w.clock.now += step.waitSeconds * 1000;
      step = await w.execute();
    }
  }
  const row = await w.row();
  expect(step.next).toBe('CLOSED');
  expect(sentInDoubt).toBe(0);
  expect(historyFault(row)).toBeUndefined();
  if (row.status === 'OUTCOME_UNKNOWN') expect(row.attention).toBe('person');
  const effects = provider.effects();
  return `${row.status} ${row.outcome?.code}, ${effects} ${effects === 1 ? 'effect' : 'effects'} of ${provider.state.sent}`;
};

const outcomes: Record<string, Record<string, string>> = {};
const table = (cases: Readonly<Record<string, Case>>): [string, Class, Case][] =>
  Object.entries(cases).flatMap(([name, one]) =>
    CLASSES.map((recoveryClass): [string, Class, Case] => [name, recoveryClass, one]),
  );
const check = async (name: string, recoveryClass: Class, one: Case): Promise<string> => {
  const ended = await run(recoveryClass, one);
  expect(ended).toBe(one.but?.[recoveryClass] ?? one.ends);
  (outcomes[name] ??= {})[recoveryClass] = ended;
  return ended;
};

describe('every recovery class under every fault (EXT-10)', () => {
  it.each(table(WITHIN_THE_PROMISE))('%s: %s', async (name, recoveryClass, one) => {
    expect(await check(name, recoveryClass, one)).toMatch(/, [01] effects? of/);
  });

  it.each(table(BEYOND_THE_PROMISE))('beyond the promise: %s: %s', async (name, recoveryClass, one) => {
    await check(name, recoveryClass, one);
  });

  it('leaves no class and no fault out', () => {
    const faults = { ...WITHIN_THE_PROMISE, ...BEYOND_THE_PROMISE };
    expect(Object.keys(outcomes)).toEqual(Object.keys(faults));
    for (const ended of Object.values(outcomes)) expect(Object.keys(ended)).toEqual([...CLASSES]);
    recordFigures('provider-classes', {
      classes: CLASSES.length,
      faults: Object.keys(faults).length,
      withinThePromise: { cases: Object.keys(WITHIN_THE_PROMISE).length * CLASSES.length, doubleEffects: 0 },
      outcomes,
    });
  });
});
