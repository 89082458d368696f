import { describe, expect, it } from 'vitest';
import { listDueSources, MOST_CHECKS, MOST_OF_A_HOST } from '#functions/policies/list-due-sources.ts';
import { tellPeople } from '#functions/policies/tell-people.ts';
import { weeklyDigest } from '#functions/policies/weekly-digest.ts';
import { timestamp } from '#shared/actions/identity.ts';
import { gauges } from '#shared/policies/gauges.ts';
import { policyHealth, sourceHealth } from '#shared/policies/health.ts';
import { passTime } from '#shared/policies/passing-time.ts';
import { configHash, PolicySource } from '#shared/policies/source.ts';
import type { SourceState } from '#shared/policies/source-state.ts';
import { checkWorld, PEOPLE, policyPage } from './check-world.ts';
import { hashesOf, observationOf, sourceRecord, stateOf } from './rows.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 21, 8);
const at = (days: number): string => timestamp(NOW + days * DAY);
const seen = (says: string, when: string) => ({
  hashes: hashesOf(says),
  firstSeenAt: when,
  lastSeenAt: when,
});
const source = (id: string, more: object = {}): PolicySource =>
  PolicySource.parse({ id, url: `https://${id}.example.test/policy`, ...more });
/** A state as a check of this source would have left it: read by the reader and configuration of today. */
const calm = (of: PolicySource, row: Partial<SourceState> = {}): SourceState =>
  stateOf(of.id, {
    configHash: configHash(of),
    acknowledged: seen('one', at(-1)),
    current: seen('one', at(-1)),
    verifiedAt: at(-1),
    nextCheckAt: at(0.5),
    ...row,
  });

describe('what is due', () => {
  it('registers curated sources once, and leaves what people made of them', async () => {
    const world = checkWorld([source('one'), source('two')]);
    const edited = sourceRecord({ id: 'two', title: 'Edited' }, { changedBy: 'person:olivia@example.test' });
    await world.store.putSourceIfAbsent(edited);
    const due = await world.list({ scheduledTime: timestamp(world.now()) });
    expect(due.hosts.map(({ host }) => host)).toEqual(['two.example.test', 'one.example.test']);
    expect(await world.store.readSource('two')).toEqual(edited);
    expect(await world.store.readSource('one')).toMatchObject({ version: 1, changedBy: 'system:curated' });
  });

  it('takes the oldest first, twenty of a host and three hundred of a run, and carries less than 200 kB', async () => {
    const sources = Array.from({ length: 700 }, (_, index) =>
      source(`source-with-a-rather-long-name-${index}`, {
        url: `https://host-${index % 20}.example.test/${index}`,
      }),
    );
    const world = checkWorld([]);
    for (const [index, one] of sources.entries()) {
      await world.store.putSourceIfAbsent(sourceRecord({ id: one.id, url: one.url }));
      await world.store.replaceState(calm(one, { nextCheckAt: timestamp(NOW - index * 1_000) }));
    }
    const due = await world.list({ scheduledTime: timestamp(NOW) });
    const checks = due.hosts.flatMap((host) => host.checks);
    expect(checks).toHaveLength(MOST_CHECKS);
    expect(due.waiting).toBe(700 - MOST_CHECKS);
    for (const { checks: group } of due.hosts) expect(group.length).toBeLessThanOrEqual(MOST_OF_A_HOST);
    expect(checks.map((check) => check.source)).toContain(sources.at(-1)?.id);
    expect(checks.map((check) => check.source)).not.toContain(sources[0]?.id);
    expect(JSON.stringify(due).length).toBeLessThan(200_000);
  });

  it.each<[string, Partial<SourceState>, object | undefined]>([
    ['nothing', {}, undefined],
    ['a look', { nextCheckAt: at(0) }, { step: 'FETCH', reading: 1 }],
    [
      'the second look at a candidate',
      { nextCheckAt: at(0), candidate: seen('two', at(-0.1)) },
      { step: 'FETCH', reading: 2 },
    ],
    [
      'another look in the slot of the last one',
      { nextCheckAt: at(0), lastSlot: at(0), lastReading: 2 },
      { step: 'FETCH', reading: 3 },
    ],
    [
      'only to tell what is not told yet',
      { notices: [{ noticeId: 'change#1', kind: 'CHANGE', at: at(0), detail: 'x' }] },
      { step: 'TELL' },
    ],
    ['reading again with the reader of today', { extractor: 'policy-reader/0' }, { step: 'REREAD' }],
    [
      'a look, where it cannot be read at the moment',
      {
        extractor: 'policy-reader/0',
        nextCheckAt: at(0),
        incident: { since: at(-1), reason: 'WALL', detail: 'x', count: 2 },
      },
      { step: 'FETCH' },
    ],
  ])('asks for %s', async (_what, row, expected) => {
    const one = source('one');
    const world = checkWorld([one]);
    await world.store.replaceState(calm(one, row));
    const due = await world.list({ scheduledTime: timestamp(NOW) });
    const checks = due.hosts.flatMap((host) => host.checks);
    expect(checks).toEqual(
      expected === undefined
        ? []
        : [expect.objectContaining({ source: 'one', slot: timestamp(NOW), ...expected }) as unknown],
    );
  });

  it('by hand looks at one source, due or not, with the start of the execution as its slot', async () => {
    const world = checkWorld([source('one'), source('two')]);
    const startedAt = '2026-11-21T08:03:04.567Z';
    const ask = (input: Parameters<typeof listDueSources>[0]['input']) =>
      listDueSources({ input, startedAt }, world.deps);
    expect(await ask({ source: 'two' })).toMatchObject({
      slot: startedAt,
      hosts: [{ checks: [{ source: 'two', slot: startedAt, reading: 1, step: 'FETCH' }] }],
    });
    expect(await ask({ source: 'two', slot: at(0), captured: true })).toMatchObject({
      hosts: [{ checks: [{ slot: at(0), reading: 1, step: 'JUDGE' }] }],
    });
    expect((await ask({ source: 'nobody' })).hosts).toEqual([]);
    await world.store.replaceSource(sourceRecord({ id: 'two' }, { version: 2, retired: true }));
    expect((await ask({ source: 'two' })).hosts).toEqual([]);
    const due = await world.list({ scheduledTime: timestamp(world.now()) });
    expect(due.hosts.flatMap((host) => host.checks)).toMatchObject([{ source: 'one' }]);
  });
});

describe('the passing of time', () => {
  const weekly = source('one', { maxAgeDays: 10 });
  it.each([
    [4.9, 0, undefined],
    [5, 0, 50],
    [7.6, 0, 75],
    [7.6, 75, undefined],
    [9, 75, 90],
    [12, 90, undefined],
  ])('%s of 10 days old, warned of %s: warns of %s', (days, warned, says) => {
    const state = calm(weekly, { verifiedAt: at(-days), slackWarned: warned });
    const next = passTime(state, weekly, NOW);
    if (says === undefined) expect(next).toBeUndefined();
    else {
      expect(next).toMatchObject({ version: state.version + 1, slackWarned: says });
      expect(next?.notices).toMatchObject([{ noticeId: `slack#${at(-days)}#${says}`, kind: 'SLACK' }]);
    }
  });

  it('looks again on the day that a text announced, once', () => {
    const scheduled = [{ on: at(-0.01), phrase: 'effective today', foundAt: at(-9), reminded: false }];
    const next = passTime(calm(weekly, { scheduled }), weekly, NOW);
    expect(next).toMatchObject({
      nextCheckAt: timestamp(NOW),
      scheduled: [{ reminded: true }],
      notices: [{ kind: 'EFFECTIVE_TODAY' }],
    });
    expect(next === undefined ? next : passTime(next, weekly, NOW + 1000)).toBeUndefined();
  });

  it('says nothing more where nobody hears the notices that are there', () => {
    const notices = Array.from({ length: 45 }, (_, index) => ({
      noticeId: `incident#${index}`,
      kind: 'INCIDENT' as const,
      at: at(-1),
      detail: 'x',
    }));
    expect(passTime(calm(weekly, { verifiedAt: at(-9), notices }), weekly, NOW)).toBeUndefined();
  });
});

describe('the outbox', () => {
  const notice = {
    noticeId: 'change#1',
    kind: 'CHANGE' as const,
    at: at(0),
    detail: 'See https://evil.test',
  };
  const withNotice = async () => {
    const one = source('one', { title: 'Rules of the shop' });
    const world = checkWorld([one]);
    await world.list({ scheduledTime: timestamp(NOW) });
    await world.store.replaceState(calm(one, { notices: [notice] }));
    return world;
  };

  it('tells everybody once, links the page of the source, and quotes the provider without its addresses', async () => {
    const world = await withNotice();
    expect(await tellPeople({ source: 'one' }, world.deps)).toEqual({ source: 'one', mails: 2 });
    expect(await tellPeople({ source: 'one' }, world.deps)).toEqual({ source: 'one', mails: 0 });
    expect(world.mails.map(({ to }) => to)).toEqual(PEOPLE);
    expect(world.mails[0]?.subject).toBe('Policy changed: Rules of the shop (one)');
    expect(world.mails[0]?.text).toContain('https://autopack.example.test/sources/one');
    expect(world.mails[0]?.text).not.toContain('https://evil.test');
    expect((await world.store.readState('one'))?.notices).toEqual([]);
  });

  it('one recipient in trouble keeps nobody else waiting, and is told later', async () => {
    const world = await withNotice();
    let works = false;
    const deps = {
      ...world.deps,
      sendMail: async (to: string, mail: Parameters<typeof world.deps.sendMail>[1]) => {
        if (to === PEOPLE[0] && !works) throw new Error('throttled');
        return world.deps.sendMail(to, mail);
      },
    };
    await expect(tellPeople({ source: 'one' }, deps)).rejects.toThrow('throttled');
    expect(world.mails.map(({ to }) => to)).toEqual([PEOPLE[1]]);
    expect((await world.store.readState('one'))?.notices).toHaveLength(1);
    works = true;
    await tellPeople({ source: 'one' }, deps);
    expect(world.mails.map(({ to }) => to)).toEqual([PEOPLE[1], PEOPLE[0]]);
    expect((await world.store.readState('one'))?.notices).toEqual([]);
  });

  it('an address that is refused for good is counted and not tried again; without an operator it waits', async () => {
    const world = await withNotice();
    expect(
      await tellPeople({ source: 'one' }, { ...world.deps, listOperators: async () => [] }),
    ).toMatchObject({
      mails: 0,
    });
    expect((await world.store.readState('one'))?.notices).toHaveLength(1);
    const counted: string[] = [];
    const deps = {
      ...world.deps,
      sendMail: async () => 'refused' as const,
      count: (metric: string) => void counted.push(metric),
    };
    await tellPeople({ source: 'one' }, deps);
    expect(counted).toEqual(['MailRefused', 'MailRefused']);
    expect((await world.store.readState('one'))?.notices).toEqual([]);
  });

  it('keeps what was noticed while the mails were on their way', async () => {
    const world = await withNotice();
    const later = { ...notice, noticeId: 'incident#2', kind: 'INCIDENT' as const };
    let added = false;
    const deps = {
      ...world.deps,
      sendMail: async () => {
        const state = await world.store.readState('one');
        if (state !== undefined && !added) {
          added = true;
          await world.store.replaceState({ ...state, version: state.version + 1, notices: [notice, later] });
        }
        return 'sent' as const;
      },
    };
    await tellPeople({ source: 'one' }, deps);
    expect((await world.store.readState('one'))?.notices).toEqual([later]);
  });
});

describe('health', () => {
  const one = sourceRecord({ id: 'one' });
  it('counts failures by class, and knows the oldest verification of what is in service', () => {
    const failing = observationOf('one', {
      usable: false,
      verified: false,
      unusable: { reason: 'WALL', detail: 'x' },
    });
    const state = calm(one.source, { verifiedAt: at(-3.5), flaps: [at(-0.2), at(-0.1), at(-2)] });
    const health = sourceHealth(one, state, [failing, failing, observationOf('one')], NOW);
    expect(health).toMatchObject({
      checks: 3,
      usable: 1,
      failures: { WALL: 2 },
      flapsPerDay: 2,
      agePercent: 50,
      ageSeconds: 302_400,
      slackSeconds: 302_400,
      overdue: false,
    });
    const young = sourceRecord({ id: 'two' });
    const never = sourceRecord({ id: 'three' });
    const all = policyHealth(
      [
        { record: young, state: calm(young.source), observations: [] },
        { record: one, state, observations: [] },
        { record: never, state: undefined, observations: [] },
      ],
      NOW,
    );
    expect(all).toMatchObject({ oldest: { source: 'one' }, inService: 2, incidents: 0 });
    expect(all.sources.map((each) => each.source)).toEqual(['three', 'one', 'two']);
  });

  it('writes the line that the alarms watch: sources that nobody approved yet do not count', () => {
    const states = new Map([
      ['one', calm(one.source, { verifiedAt: at(-6.3) })],
      ['two', stateOf('two', { incident: { since: at(-1), reason: 'WALL', detail: 'x', count: 9 } })],
    ]);
    const line = gauges([one, sourceRecord({ id: 'two' })], states, 'prod', NOW);
    expect(line).toMatchObject({
      Stage: 'prod',
      PolicyAgePercent: 90,
      OldestPolicySeconds: 544_320,
      PolicyIncidents: 0,
    });
    expect(gauges([], new Map(), 'prod', NOW)).toMatchObject({ PolicyAgePercent: 0, PolicyIncidents: 0 });
  });

  it('mails the week to everybody once, whatever is delivered twice', async () => {
    const world = checkWorld([source('one')]);
    world.pages.set('one', policyPage('Candles may be sold.'));
    await world.tick();
    world.mails.length = 0;
    const input = { scheduledTime: '2026-11-23T07:00:00Z' };
    expect(await weeklyDigest(input, world.deps)).toEqual({ mails: 2 });
    expect(await weeklyDigest(input, world.deps)).toEqual({ mails: 0 });
    expect(world.mails[0]?.text).toContain('one: First text to approve · verified');
    expect(world.mails[0]?.text).toContain('1 of 1 checks usable');
    expect(await weeklyDigest({ scheduledTime: '2026-11-30T07:00:00Z' }, world.deps)).toEqual({ mails: 2 });
  });
});
