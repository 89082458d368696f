import { describe, expect, it } from 'vitest';
import { timestamp } from '#shared/actions/identity.ts';
import type { Capture } from '#shared/policies/capture.ts';
import { nextAnnouncedDay, remindOfDays } from '#shared/policies/scheduled.ts';
import { slackWarning } from '#shared/policies/slack.ts';
import {
  approved,
  codes,
  DAY,
  HOUR,
  MINUTE,
  type Monitor,
  NOON,
  pageOf,
  rules,
  SOURCE,
} from './synthetic-pages.ts';

const kinds = (one: Monitor): string[] =>
  one
    .state()
    .notices.map(({ kind }) => kind)
    .filter((kind) => kind !== 'BASELINE');

describe('unusable captures', () => {
  it('tell people once after the second in a row, and once when it is over', () => {
    const one = approved();
    one.look(NOON + DAY, 'HTTP_SERVER_ERROR');
    expect(kinds(one)).toEqual([]);
    one.look(NOON + 2 * DAY, 'WALL');
    one.look(NOON + 3 * DAY, 'TIMEOUT');
    expect(kinds(one)).toEqual(['INCIDENT']);
    expect(one.state()).toMatchObject({
      verifiedAt: timestamp(NOON),
      incident: { since: timestamp(NOON + DAY), reason: 'TIMEOUT', count: 3 },
    });
    one.look(NOON + 4 * DAY, rules());
    one.look(NOON + 5 * DAY, rules());
    expect(kinds(one)).toEqual(['INCIDENT', 'RECOVERED']);
    expect(one.state().incident).toBeNull();
  });

  it('tell nobody where a single one is over', () => {
    const one = approved();
    one.look(NOON + DAY, 'TIMEOUT');
    one.look(NOON + 2 * DAY, rules());
    expect(kinds(one)).toEqual([]);
  });

  const redirect: Partial<Capture> = {
    finalUrl: 'https://rules.example.test/new',
    chain: [{ url: SOURCE.url, status: 301 }],
  };
  it.each([
    ['a permanent redirect', 'MOVED' as const, redirect, ['INCIDENT', 'MOVED']],
    ['410', 'HTTP_GONE' as const, { status: 410 }, ['INCIDENT', 'MOVED']],
    [
      'a temporary redirect',
      'MOVED' as const,
      { ...redirect, chain: [{ url: SOURCE.url, status: 302 }] },
      ['INCIDENT'],
    ],
  ])('with %s twice in a row: %s', (_name, reason, capture, told) => {
    const one = approved();
    one.look(NOON + DAY, reason, { capture });
    expect(one.state().movedTo).toBeNull();
    expect(kinds(one)).toEqual(reason === 'MOVED' ? ['INCIDENT'] : []);
    one.look(NOON + 2 * DAY, reason, { capture });
    one.look(NOON + 3 * DAY, reason, { capture });
    expect(kinds(one).toSorted()).toEqual(told);
    expect(one.state().movedTo === null).toBe(!told.includes('MOVED'));
    one.look(NOON + 4 * DAY, rules());
    expect(one.state().movedTo).toBeNull();
  });

  it('count as moved only in a row', () => {
    const one = approved();
    one.look(NOON + DAY, 'MOVED', { capture: redirect });
    one.look(NOON + 2 * DAY, 'TIMEOUT');
    one.look(NOON + 3 * DAY, 'MOVED', { capture: redirect });
    expect(one.state().movedTo).toBeNull();
  });
});

describe('a body of another size', () => {
  const small = rules({ 1: 'Short.' });
  const shrunk = { judgement: { usable: false as const, reason: 'SHRINK' as const, detail: 'half is gone' } };

  it('that keeps coming for two days becomes a change that needs a person', () => {
    const one = approved();
    for (const at of [0, 12, 24, 36])
      expect(one.look(NOON + DAY + at * HOUR, small, shrunk)).toMatchObject({
        usable: false,
        verified: false,
      });
    const seen = one.look(NOON + DAY + 48 * HOUR, small, shrunk);
    expect(seen).toMatchObject({ usable: true, class: 'text_changed', candidate: true, verified: false });
    expect(codes(seen)).toContain('SIZE_SHIFT');
    expect(one.look(NOON + DAY + 49 * HOUR, small, shrunk)).toMatchObject({ alert: true, verified: true });
    expect(kinds(one)).toEqual(['INCIDENT', 'RECOVERED', 'CHANGE']);
  });

  it.each([
    ['came twice only', [0, 48]],
    ['came three times within 47 hours', [0, 20, 47]],
  ])('stays in quarantine where it %s', (_name, hours) => {
    const one = approved();
    for (const hour of hours) expect(one.look(NOON + DAY + hour * HOUR, small, shrunk).usable).toBe(false);
    expect(one.state().candidate).toBeNull();
  });

  const grown = { judgement: { usable: false as const, reason: 'GROWTH' as const, detail: 'three times' } };
  const long = (day: number) =>
    rules({}, [
      ...Array.from(
        { length: 30 },
        (_, index) => `- Rule ${index} of a page that was rewritten from end to end.`,
      ),
      `- ${1_000 + day} people read this.`,
    ]);

  it('that goes on being written, or counts something, becomes a change too', () => {
    const one = approved();
    const looks = [0, 12, 24, 36, 48, 60].map((hour, index) =>
      one.look(NOON + DAY + hour * HOUR, long(index), grown),
    );
    expect(looks.map(({ usable, alert }) => [usable, alert])).toEqual([
      ...[0, 12, 24, 36].map(() => [false, false]),
      [true, false],
      [true, true],
    ]);
    expect(codes(looks[4] as (typeof looks)[number])).toContain('SIZE_SHIFT');
    expect(codes(looks[5] as (typeof looks)[number])).toContain('RECOGNISED');
  });

  it('stays in quarantine where nothing of it is known and it names another number each time', () => {
    const one = approved();
    for (let day = 1; day < 9; day += 1)
      expect(
        one.look(NOON + day * DAY, pageOf({ lines: [`# Oops`, `Incident ${day}00`] }), shrunk).usable,
      ).toBe(false);
  });

  it('stays in quarantine where its size is another each time', () => {
    const one = approved();
    for (let day = 1; day < 9; day += 1)
      expect(
        one.look(
          NOON + day * DAY,
          rules(
            {},
            Array.from({ length: (day % 2 === 0 ? 60 : 30) + day }, (_, n) => `- Rule ${n} of many.`),
          ),
          grown,
        ).usable,
      ).toBe(false);
  });

  it('starts anew when another body or another fault comes between', () => {
    const one = approved();
    one.look(NOON + DAY, small, shrunk);
    one.look(NOON + 2 * DAY, small, shrunk);
    one.look(NOON + 3 * DAY, 'WALL');
    expect(one.look(NOON + 4 * DAY, small, shrunk).usable).toBe(false);
    one.look(
      NOON + 5 * DAY,
      pageOf({ lines: ['# Other', 'Quite another text of the same size, or so.'] }),
      shrunk,
    );
    expect(one.look(NOON + 6 * DAY, small, shrunk).usable).toBe(false);
  });

  it('is no fault where the text was acknowledged', () => {
    const one = approved();
    one.twice(NOON + DAY, small);
    one.agree(NOON + DAY);
    const seen = one.look(NOON + 2 * DAY, rules(), {
      judgement: { usable: false, reason: 'GROWTH', detail: 'three times' },
    });
    expect(seen).toMatchObject({ usable: true, class: 'known_variant', verified: true });
    expect(codes(seen)).toContain('RECOGNISED');
  });

  it('is never believed where anything but the size is wrong', () => {
    const one = approved();
    for (let day = 1; day < 9; day += 1)
      expect(
        one.look(NOON + day * DAY, small, {
          judgement: { usable: false, reason: 'MISSING_ANCHORS', detail: '' },
        }).usable,
      ).toBe(false);
  });
});

describe('304 Not Modified', () => {
  const etag = { capture: { headers: { etag: '"1"' } } };
  const not = { capture: { notModified: true, status: 304 } };

  it('verifies where the validators are those of the last usable capture', () => {
    const one = approved();
    one.look(NOON + DAY, rules(), etag);
    const seen = one.look(NOON + 2 * DAY, undefined, not);
    expect(seen).toMatchObject({
      class: 'unchanged',
      verified: true,
      notModified: true,
      hashes: { raw: rules().hashes.raw },
    });
    expect(codes(seen)).toContain('NOT_MODIFIED');
  });

  it('confirms the candidate that the validators came with', () => {
    const one = approved();
    one.look(NOON + DAY, rules({ 1: 'Other.' }), etag);
    expect(one.look(NOON + DAY + HOUR, undefined, not)).toMatchObject({ class: 'text_changed', alert: true });
  });

  it.each([
    ['there are no validators', (one: Monitor) => one.look(NOON + DAY, rules())],
    [
      'the reader is another one',
      (one: Monitor) => {
        one.look(NOON + DAY, rules(), etag);
        one.setState({ ...one.state(), extractor: 'policy-reader/0' });
      },
    ],
    [
      'they belong to other bytes',
      (one: Monitor) => {
        one.look(NOON + DAY, rules(), etag);
        one.setState({ ...one.state(), validators: { etag: '"1"', raw: 'a'.repeat(64) } });
      },
    ],
  ])('counts for nothing where %s, and the next fetch goes without them', (_name, prepare) => {
    const one = approved();
    prepare(one);
    const before = one.state().verifiedAt;
    expect(one.look(NOON + 2 * DAY, undefined, not)).toMatchObject({
      usable: false,
      unusable: { reason: 'VALIDATORS_STALE' },
    });
    expect(one.state()).toMatchObject({ verifiedAt: before, validators: null });
  });
});

describe('announced days', () => {
  const on = timestamp(NOON + 30 * DAY);
  const announced = rules({ 1: 'Effective April 1, 2026.' }, [], {
    effective: [{ phrase: 'Effective April 1, 2026', on, kind: 'from' }],
  });

  it('are remembered once and told on the day', () => {
    const one = approved();
    one.twice(NOON + DAY, announced);
    one.look(NOON + 2 * DAY, announced);
    expect(one.state().scheduled).toEqual([
      { on, phrase: 'Effective April 1, 2026', foundAt: expect.any(String), reminded: false },
    ]);
    expect(nextAnnouncedDay(one.state())).toBe(on);
    expect(remindOfDays(one.state(), timestamp(NOON + 30 * DAY - 1))).toBe(one.state());
    one.look(NOON + 30 * DAY, announced);
    one.look(NOON + 31 * DAY, announced);
    expect(kinds(one).filter((kind) => kind === 'EFFECTIVE_TODAY')).toHaveLength(1);
    expect(nextAnnouncedDay(one.state())).toBeNull();
  });

  it('are told although the page cannot be had', () => {
    const one = approved();
    one.twice(NOON + DAY, announced);
    one.look(NOON + 30 * DAY + 1, 'TIMEOUT');
    expect(kinds(one)).toContain('EFFECTIVE_TODAY');
  });
});

describe('the age budget', () => {
  it.each([
    [3.4, 0, null],
    [3.5, 0, 50],
    [3.6, 50, null],
    [5.25, 50, 75],
    [6.3, 50, 90],
    [6.4, 90, null],
    [30, 0, 90],
  ])('after %s of 7 days, warned of %s: %s', (days, slackWarned, expected) => {
    const state = { verifiedAt: timestamp(NOON), slackWarned };
    expect(slackWarning(state, { maxAgeDays: 7 }, NOON + days * DAY)).toBe(expected);
  });

  it('starts anew with every verification, and has nothing to say of what was never verified', () => {
    const one = approved();
    one.setState({ ...one.state(), slackWarned: 75 });
    one.look(NOON + 15 * MINUTE, 'TIMEOUT');
    expect(one.state().slackWarned).toBe(75);
    one.look(NOON + HOUR, rules());
    expect(one.state().slackWarned).toBe(0);
    expect(slackWarning({ verifiedAt: null, slackWarned: 0 }, SOURCE, NOON)).toBeNull();
  });
});
