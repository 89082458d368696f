import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timestamp } from '#shared/actions/identity.ts';
import { type BreakGlass, inForce } from '#shared/policies/break-glass.ts';
import { policyGate, type SourceReading } from '#shared/policies/gate.ts';
import { GATE_REASON_CODES, GATE_REASONS, OVERRIDABLE } from '#shared/policies/gate-reasons.ts';
import { candidate, DAY, glass, hashes, NOW, pending, read, record, state } from './gate-facts.ts';

const ID = 'etsy-prohibited-items';
const gate = (reading: SourceReading | undefined, breakGlass: readonly BreakGlass[] = [], now = NOW) =>
  policyGate({
    required: [ID],
    readings: new Map(reading === undefined ? [] : [[ID, reading]]),
    breakGlass,
    now,
  });
const codes = (reading: SourceReading | undefined, now = NOW) =>
  gate(reading, [], now).reasons.map(({ code }) => code);
const critical = record({ critical: true });
const edited = record({ select: ['main'] });
const flapping = Array.from({ length: 7 }, (_, index) => timestamp(NOW - index * 60_000));
const known = (acknowledged: boolean, ageMs = 60_000) => ({
  semantic: hashes('other').semantic,
  structure: hashes('other').structure,
  links: hashes('other').links,
  documents: hashes('other').links,
  canonical: hashes('other').canonical,
  firstSeenAt: timestamp(NOW - DAY),
  lastSeenAt: timestamp(NOW - ageMs),
  returns: 3,
  acknowledged,
  superseded: false,
});

describe('the policies gate (issue 4, P9, P25)', () => {
  it('allows on an approved, fresh source and says what that rests on', () => {
    expect(gate(read())).toEqual({
      allowed: true,
      reasons: [],
      overridden: [],
      slackSeconds: (7 * DAY - 3_600_000) / 1000,
      evidence: [
        {
          source: ID,
          semantic: hashes('agreed').semantic,
          canonical: hashes('agreed').canonical,
          verifiedAt: timestamp(NOW - 3_600_000),
          acknowledgement: 'ab'.repeat(16),
        },
      ],
      decidedAt: timestamp(NOW),
    });
  });

  it('has nothing to say where nothing is required', () => {
    expect(policyGate({ required: [], readings: new Map(), breakGlass: [], now: NOW })).toMatchObject({
      allowed: true,
      reasons: [],
      slackSeconds: null,
      evidence: [],
    });
  });

  it.each<[string, SourceReading | undefined, readonly string[]]>([
    ['was not read', undefined, ['READ_ERROR']],
    ['cannot be understood', { kind: 'unreadable', detail: 'version: bad' }, ['READ_ERROR']],
    ['is not in the registry', { kind: 'read', record: undefined, state: state() }, ['MISSING']],
    ['was retired', { ...read(), record: record({}, { retired: true }) }, ['MISSING']],
    ['was never captured', { ...read(), state: undefined }, ['BASELINE_PENDING']],
    ['was never approved', read({ acknowledged: null }), ['BASELINE_PENDING']],
    ['was edited since', { ...read(), record: edited }, ['BASELINE_PENDING']],
    ['waits for a baseline', read({ pending: pending({ from: null }) }), ['BASELINE_PENDING']],
    ['waits for a new baseline', read({ pending: pending({ class: 'baseline' }) }), ['BASELINE_PENDING']],
    ['was never verified', read({ verifiedAt: null }), ['STALE']],
    ['is exactly as old as it may be', read({ verifiedAt: timestamp(NOW - 7 * DAY) }), ['STALE']],
    ['is a millisecond younger', read({ verifiedAt: timestamp(NOW - 7 * DAY + 1) }), []],
    ['was verified in the future', read({ verifiedAt: timestamp(NOW + 1) }), ['FUTURE_VERIFIED']],
    ['was verified this very moment', read({ verifiedAt: timestamp(NOW) }), []],
    ['has a time that is none', read({ verifiedAt: 'soon' as never }), ['FUTURE_VERIFIED']],
    ['changed', read({ pending: pending() }), ['UNACKED_DIFF']],
    ['moved', read({ movedTo: 'https://elsewhere.example.test/' }), ['SOURCE_MOVED']],
    [
      'has a change of address',
      read({ pending: pending({ class: 'moved' }) }),
      ['SOURCE_MOVED', 'UNACKED_DIFF'],
    ],
    ['shows something new', read({ candidate }), []],
    ['shows something new and is critical', read({ candidate }, critical), ['CANDIDATE']],
    ['flaps between acknowledged states', read({ flaps: flapping, known: [known(true)] }), []],
    ['flaps with an unknown state', read({ flaps: flapping, known: [known(false)] }), ['UNSTABLE']],
    ['flapped with a state of long ago', read({ flaps: flapping, known: [known(false, 2 * DAY)] }), []],
    ['flapped six times', read({ flaps: flapping.slice(1), known: [known(false)] }), []],
    [
      'is wrong in every way',
      read(
        {
          verifiedAt: timestamp(NOW - 8 * DAY),
          pending: pending(),
          candidate,
          movedTo: 'https://elsewhere.example.test/',
          configHash: '0'.repeat(64),
          flaps: flapping,
          known: [known(false)],
        },
        critical,
      ),
      ['BASELINE_PENDING', 'STALE', 'SOURCE_MOVED', 'UNACKED_DIFF', 'CANDIDATE', 'UNSTABLE'],
    ],
  ])('a source that %s', (_what, reading, expected) => {
    const answer = gate(reading);
    expect(answer.reasons.map(({ code }) => code)).toEqual(expected);
    expect(answer.allowed).toBe(expected.length === 0);
    for (const reason of answer.reasons) expect(reason.source).toBe(ID);
  });

  it('an incident alone refuses nothing: the last good text holds until it is stale', () => {
    const incident = { since: timestamp(NOW - DAY), reason: 'WALL' as const, detail: 'a wall', count: 9 };
    expect(codes(read({ incident }))).toEqual([]);
  });

  it('tells the slack of the source that ends first', () => {
    const other = record({ id: 'etsy-fees', maxAgeDays: 1 });
    const both = policyGate({
      required: [ID, 'etsy-fees'],
      readings: new Map([
        [ID, read()],
        ['etsy-fees', read({}, other)],
      ]),
      breakGlass: [],
      now: NOW,
    });
    expect(both.slackSeconds).toBe((DAY - 3_600_000) / 1000);
    expect(gate(read({ verifiedAt: timestamp(NOW - 9 * DAY) })).slackSeconds).toBe(0);
  });
});

describe('break-glass', () => {
  const stale = read({ verifiedAt: timestamp(NOW - 8 * DAY) });

  it('sets aside what it names, and says so', () => {
    const answer = gate(stale, [glass()]);
    expect(answer.allowed).toBe(true);
    expect(answer.reasons).toEqual([]);
    expect(answer.overridden).toMatchObject([{ code: 'STALE', source: ID, version: 7 }]);
  });

  it.each<[string, BreakGlass]>([
    ['is over', glass({ until: timestamp(NOW) })],
    ['has not begun', glass({ openedAt: timestamp(NOW + 1), until: timestamp(NOW + 60_000) })],
    ['names another source', glass({ sources: ['etsy-fees'] })],
    ['names another reason', glass({ codes: ['UNACKED_DIFF'] })],
    ['is longer than allowed', glass({ until: timestamp(NOW + 5 * 3_600_000) })],
    ['has one person twice', glass({ by: ['person:a@example.test', 'person:A@example.test'] })],
  ])('is nothing where it %s', (_what, one) => {
    expect(gate(stale, [one])).toMatchObject({ allowed: false, overridden: [] });
  });

  it('never sets aside what is not known', () => {
    expect(OVERRIDABLE.toSorted()).toEqual(['CANDIDATE', 'STALE', 'UNACKED_DIFF', 'UNSTABLE']);
    const all = glass({ codes: GATE_REASON_CODES as BreakGlass['codes'] });
    for (const reading of [
      undefined,
      { kind: 'unreadable', detail: 'x' } as const,
      read({ acknowledged: null }),
      read({ verifiedAt: timestamp(NOW + 5) }),
      read({ movedTo: 'https://elsewhere.example.test/' }),
      { ...read(), record: undefined },
    ])
      expect(gate(reading, [all]).allowed).toBe(false);
  });
});

const mostly = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 9, arbitrary: fc.constant(usual) },
    { weight: 2, arbitrary: fc.constantFrom(...others) },
  );
const oneState = fc
  .record({
    verifiedAt: fc.oneof(
      mostly<string | null>(timestamp(NOW), null, timestamp(NOW - 7 * DAY), timestamp(NOW - 7 * DAY + 1)),
      fc.integer({ min: NOW - 10 * DAY, max: NOW + 1000 }).map(timestamp),
    ),
    acknowledged: mostly(state().acknowledged, null),
    configHash: mostly(record().configHash, '0'.repeat(64)),
    pending: mostly(null, pending(), pending({ from: null }), pending({ class: 'moved' })),
    candidate: mostly(null, candidate),
    movedTo: mostly(null, 'https://elsewhere.example.test/'),
  })
  .map((over) => state(over));
const oneReading: fc.Arbitrary<SourceReading | undefined> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(undefined, { kind: 'unreadable', detail: 'x' } as const) },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      record: mostly(record(), critical, record({}, { retired: true }), undefined),
      state: fc.oneof({ weight: 1, arbitrary: fc.constant(undefined) }, { weight: 9, arbitrary: oneState }),
    }),
  },
);
const world = fc.dictionary(fc.constantFrom('a1', 'b2', 'c3', 'd4'), oneReading, { maxKeys: 4 });
const ask = (readings: Record<string, SourceReading | undefined>, breakGlass: readonly BreakGlass[] = []) =>
  policyGate({
    required: Object.keys(readings),
    readings: new Map(
      Object.entries(readings).flatMap(([id, one]) => (one === undefined ? [] : [[id, one] as const])),
    ),
    breakGlass,
    now: NOW,
  });

describe('properties of the gate', () => {
  it('no reason goes away because another source is required too', () => {
    fc.assert(
      fc.property(world, oneReading, (readings, more) => {
        const before = ask(readings).reasons;
        const after = ask({ ...readings, zz: more }).reasons;
        expect(after.filter(({ source }) => source !== 'zz')).toEqual(before);
      }),
    );
  });

  it('allowing implies that each required source is watched, approved as it is read, unchanged and fresh', () => {
    let allowed = 0;
    fc.assert(
      fc.property(world, (readings) => {
        const answer = ask(readings);
        if (!answer.allowed) return;
        for (const reading of Object.values(readings)) {
          allowed += 1;
          if (reading?.kind !== 'read' || reading.record === undefined || reading.state === undefined)
            throw new Error('allowed without a row');
          const { verifiedAt, acknowledged, pending: change, configHash } = reading.state;
          const age = NOW - Date.parse(String(verifiedAt));
          expect(age >= 0 && age < 7 * DAY).toBe(true);
          expect(acknowledged).not.toBeNull();
          expect(change).toBeNull();
          expect(configHash).toBe(reading.record.configHash);
          expect(reading.record.retired).toBe(false);
        }
        expect(answer.evidence.map(({ source }) => source)).toEqual(Object.keys(readings).toSorted());
        expect(answer.slackSeconds === null || answer.slackSeconds >= 0).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(allowed).toBeGreaterThan(50);
  });

  it('break-glass takes away only what it names and never adds a reason', () => {
    fc.assert(
      fc.property(
        world,
        fc.subarray([...OVERRIDABLE]),
        fc.subarray(['a1', 'b2']),
        (readings, set, sources) => {
          const plain = ask(readings);
          const broken = ask(readings, [glass({ codes: set as BreakGlass['codes'], sources })]);
          const named = ({ code, source }: { code: string; source: string }): boolean =>
            set.includes(code as never) && sources.includes(source);
          expect(broken.reasons).toEqual(plain.reasons.filter((reason) => !named(reason)));
          expect(broken.overridden.map(({ version: _version, ...reason }) => reason)).toEqual(
            plain.reasons.filter(named),
          );
        },
      ),
    );
  });

  it('what is in force lies between its ends', () => {
    fc.assert(
      fc.property(fc.integer({ min: -300, max: 300 }), (minutes) => {
        const now = NOW + minutes * 60_000;
        expect(inForce([glass()], now).length).toBe(minutes >= -1 && minutes < 59 ? 1 : 0);
      }),
    );
  });

  it('every reason says what it means and what to do', () => {
    for (const code of GATE_REASON_CODES) {
      expect(GATE_REASONS[code].means).toMatch(/^[A-Z].*\.$/);
      expect(GATE_REASONS[code].action).toMatch(/^[A-Z].*\.$/);
    }
  });
});
