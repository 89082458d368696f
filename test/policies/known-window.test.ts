import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timestamp } from '#shared/actions/identity.ts';
import { flapsPerDay } from '#shared/policies/flaps.ts';
import { approved, codes, DAY, HOUR, MINUTE, NOON, pageOf, rules } from './synthetic-pages.ts';

const A = rules();
const B = rules({ 6: '- Knives are prohibited.' });
const C = rules({ 6: '- Poison is prohibited.' });

/** A and then B, both acknowledged; A was last live when B was first seen, a day after noon. */
const both = (supersedes = false) => {
  const one = approved(A);
  one.twice(NOON + DAY, B);
  one.agree(NOON + DAY + HOUR, 'person:olivia@example.test', supersedes);
  return one;
};

describe('a return to an acknowledged text', () => {
  it.each([
    ['right away', 2 * HOUR, 'known_variant', 'KNOWN_RETURN'],
    ['after exactly 14 days', 14 * DAY, 'known_variant', 'KNOWN_RETURN'],
    ['after 14 days and a millisecond', 14 * DAY + 1, 'text_changed', 'LATE_RETURN'],
    ['after 31 days', 31 * DAY, 'text_changed', 'LATE_RETURN'],
  ])('%s', (_name, later, cls, code) => {
    const one = both();
    const seen = one.look(NOON + DAY + later, A);
    expect(seen).toMatchObject({ class: cls, alert: false, verified: cls === 'known_variant' });
    expect(codes(seen)).toContain(code);
    const again = one.look(NOON + DAY + later + 15 * MINUTE, A);
    expect(again).toMatchObject(
      cls === 'known_variant' ? { class: 'unchanged', alert: false } : { class: cls, alert: true },
    );
    if (cls === 'text_changed') expect(one.state().pending?.from?.semantic).toBe(B.hashes.semantic);
  });

  it('after 20 days is noise only where the page has flapped to it before', () => {
    const one = both();
    expect(one.look(NOON + 2 * DAY, A).class).toBe('known_variant');
    expect(one.look(NOON + 3 * DAY, B).class).toBe('known_variant');
    const seen = one.look(NOON + 23 * DAY, A);
    expect(seen).toMatchObject({ class: 'known_variant', alert: false, verified: true });
    expect(codes(seen)).toContain('FLAPPED_BEFORE');
    one.look(NOON + 24 * DAY, B);
    expect(codes(one.look(NOON + 60 * DAY, A))).toContain('LATE_RETURN');
  });

  it('is a change where a person said that it is gone for good', () => {
    const one = both(true);
    const seen = one.look(NOON + 2 * DAY, A);
    expect(seen).toMatchObject({ class: 'text_changed', candidate: true, verified: false });
    expect(codes(seen)).toContain('SUPERSEDED_RETURN');
    expect(one.look(NOON + 3 * DAY, A).alert).toBe(true);
    one.agree(NOON + 3 * DAY);
    // Acknowledging it takes that word back.
    one.look(NOON + 4 * DAY, B);
    expect(one.look(NOON + 5 * DAY, A)).toMatchObject({ class: 'known_variant', alert: false });
  });

  it('never makes a known text of a glimpse of an old one', () => {
    const one = both();
    one.look(NOON + 40 * DAY, A);
    expect(codes(one.look(NOON + 40 * DAY + HOUR, B))).toContain('NOT_CONFIRMED');
    expect(codes(one.look(NOON + 41 * DAY, A))).toContain('LATE_RETURN');
  });

  it('of links counts like one of text', () => {
    const link = (target: string) => rules({}, [], { links: [{ text: 'terms', target, block: 1 }] });
    const one = approved(link('https://rules.example.test/a'));
    one.twice(NOON + DAY, link('https://rules.example.test/b'));
    one.agree(NOON + DAY + HOUR);
    expect(one.look(NOON + 2 * DAY, link('https://rules.example.test/a'))).toMatchObject({
      class: 'known_variant',
      alert: false,
    });
    expect(one.look(NOON + 3 * DAY, link('https://rules.example.test/b'))).toMatchObject({
      class: 'known_variant',
      alert: false,
    });
  });
});

describe('a candidate', () => {
  it.each([
    ['14 minutes and 59 seconds later', 15 * MINUTE - 1000, false],
    ['15 minutes later', 15 * MINUTE, true],
  ])('is confirmed by the same text %s: %s', (_name, later, alert) => {
    const one = approved(A);
    one.look(NOON + DAY, B);
    expect(one.look(NOON + DAY + later, B)).toMatchObject({ alert, candidate: !alert });
  });

  it('is dropped when the page is back, and remembered without an acknowledgement', () => {
    const one = approved(A);
    one.look(NOON + DAY, B);
    const seen = one.look(NOON + DAY + HOUR, A);
    expect(seen).toMatchObject({ class: 'unchanged', verified: true, alert: false });
    expect(codes(seen)).toEqual(['NOT_CONFIRMED']);
    expect(one.state().candidate).toBeNull();
    expect(one.state().known.find(({ semantic }) => semantic === B.hashes.semantic)).toMatchObject({
      acknowledged: false,
    });
    // Seen again, not in a row: still a flap.
    expect(one.look(NOON + 2 * DAY, B)).toMatchObject({ candidate: true, alert: false });
    expect(one.look(NOON + 3 * DAY, A)).toMatchObject({ alert: false });
    expect(one.look(NOON + 4 * DAY, B)).toMatchObject({ candidate: true, alert: false });
    expect(one.look(NOON + 5 * DAY, B)).toMatchObject({ alert: true });
  });

  it('is confirmed by yet another text: the page did not come back, and the latest one waits', () => {
    const one = approved(A);
    one.look(NOON + DAY, B);
    expect(one.look(NOON + DAY + HOUR, C)).toMatchObject({ class: 'text_changed', alert: true });
    expect(one.state().pending).toMatchObject({ from: A.hashes, to: C.hashes, since: timestamp(NOON + DAY) });
  });

  it('survives an unusable look', () => {
    const one = approved(A);
    one.look(NOON + DAY, B);
    one.look(NOON + DAY + 15 * MINUTE, 'WALL');
    expect(one.look(NOON + DAY + HOUR, B).alert).toBe(true);
  });
});

describe('a change that waits', () => {
  const waiting = () => {
    const one = approved(A);
    one.twice(NOON + DAY, B);
    return one;
  };

  it('is replaced by one cumulative change when the page changes again (P12)', () => {
    const one = waiting();
    const first = one.state().pending?.changeId;
    const seen = one.twice(NOON + 2 * DAY, C);
    expect(seen).toMatchObject({ alert: true });
    expect(codes(seen)).toContain('REPLACED');
    expect(one.state().pending).toMatchObject({ from: A.hashes, to: C.hashes });
    expect(one.state().pending?.changeId).not.toBe(first);
  });

  it('stays while one look alone says that the page is back, and is void after the second', () => {
    const one = waiting();
    const back = one.look(NOON + 2 * DAY, A);
    expect(back).toMatchObject({ class: 'unchanged', candidate: true, verified: false, alert: false });
    expect(one.state().pending).not.toBeNull();
    const sure = one.look(NOON + 2 * DAY + 15 * MINUTE, A);
    expect(sure).toMatchObject({ class: 'unchanged', verified: true, alert: false });
    expect(codes(sure)).toContain('CHANGE_VOID');
    expect(one.state()).toMatchObject({ pending: null, candidate: null });
  });

  it('waits again without a second mail when the page flaps back to it within the window', () => {
    const one = waiting();
    const id = one.state().pending?.changeId;
    one.twice(NOON + 2 * DAY, A);
    const seen = one.twice(NOON + 3 * DAY, B);
    expect(seen).toMatchObject({ alert: false, changeId: id });
    expect(codes(seen)).toContain('RAISED_AGAIN');
    expect(one.state().notices.filter(({ kind }) => kind === 'CHANGE')).toHaveLength(1);
    one.twice(NOON + 4 * DAY, A);
    expect(one.twice(NOON + 30 * DAY, B)).toMatchObject({ alert: true, changeId: id });
    expect(one.state().notices.filter(({ kind }) => kind === 'CHANGE')).toHaveLength(2);
  });

  it('keeps the hashes that people are shown while bytes and markup move', () => {
    const one = waiting();
    const before = one.state().pending;
    one.look(NOON + 2 * DAY, rules({ 6: '- Knives are prohibited.' }, [], { markup: '*' }));
    expect(one.state().pending).toEqual(before);
    one.agree(NOON + 2 * DAY);
    expect(one.state().acknowledged?.hashes.canonical).toBe(B.hashes.canonical);
  });

  it('has an id of its own when it was acknowledged before and comes back late', () => {
    const one = waiting();
    const first = one.state().pending?.changeId;
    one.agree(NOON + DAY + HOUR);
    one.twice(NOON + 40 * DAY, A);
    one.agree(NOON + 41 * DAY);
    one.twice(NOON + 80 * DAY, B);
    expect(one.state().pending?.changeId).not.toBe(first);
  });
});

describe('a page that flaps', () => {
  it('is unstable after more than 6 returns in a day, and people are told once', () => {
    const one = both();
    for (let hour = 0; hour < 12; hour += 1) one.look(NOON + 2 * DAY + hour * HOUR, hour % 2 === 0 ? A : B);
    const at = timestamp(NOON + 2 * DAY + 11 * HOUR);
    expect(flapsPerDay(one.state(), at)).toBe(12);
    expect(one.state().notices.filter(({ kind }) => kind === 'UNSTABLE')).toHaveLength(1);
    for (let hour = 0; hour < 30; hour += 1)
      one.look(NOON + 3 * DAY + hour * 4 * HOUR, hour % 2 === 0 ? A : B);
    expect(one.state().notices.filter(({ kind }) => kind === 'UNSTABLE')).toHaveLength(1);
  });
});

describe('numbers that move all the time', () => {
  const counter = (count: number, more: Record<number, string> = {}) =>
    rules(more, [`Read by ${count} people so far.`]);

  it('alert until they were seen to move three times in a row, then verify and say what was left out', () => {
    const one = approved(counter(10));
    const alerts: string[] = [];
    for (let day = 1; day <= 12; day += 1) {
      const seen = one.look(NOON + day * DAY, counter(10 + day));
      if (seen.alert) {
        alerts.push(seen.at);
        one.agree(NOON + day * DAY);
      }
      if (day > 6) {
        expect(seen).toMatchObject({ class: 'known_variant', verified: true, alert: false });
        expect(codes(seen)).toContain('VOLATILE_NUMBER');
        expect(seen.removed.some(({ rule }) => rule.startsWith('volatile number'))).toBe(true);
      }
    }
    expect(alerts.length).toBeGreaterThan(0);
    expect(alerts.length).toBeLessThanOrEqual(3);
    // Anything else is seen through the counter.
    expect(one.twice(NOON + 20 * DAY, counter(99, { 6: '- Knives are prohibited.' })).alert).toBe(true);
  });

  it('are learned while rules change, walls come and texts flap around them', () => {
    const one = approved(counter(10));
    const changes: Record<number, Record<number, string>> = {
      2: { 6: '- Knives are prohibited.' },
      3: { 6: '- Knives are prohibited.', 3: '- Goods that you made.' },
      4: { 6: '- Knives and arms are prohibited.' },
    };
    for (let day = 1; day <= 4; day += 1) {
      one.look(NOON + day * DAY - HOUR, 'WALL');
      one.twice(NOON + day * DAY, counter(10 + day, changes[day]));
      one.agree(NOON + day * DAY);
    }
    const calm = one.look(NOON + 6 * DAY, counter(99, changes[4]));
    expect(calm).toMatchObject({ class: 'known_variant', verified: true });
    expect(codes(calm)).toContain('VOLATILE_NUMBER');
    expect(one.twice(NOON + 7 * DAY, counter(100)).alert).toBe(true);
  });

  it('are learned where they count, and never swallow a rule, whatever else moves (property)', () => {
    const RULE_LINES = [
      (n: number) => `You may list ${n} items.`,
      (n: number) => `- Sellers must answer by May ${n}, 2026.`,
      (n: number) => `A fee of $${n} is due.`,
      (n: number) => `- Upload at most ${n} files.`,
      (n: number) => `| Basic | ${n} listings`,
      (n: number) => `We keep ${n} % of each sale.`,
      (n: number) => `- Close the order within ${n} days.`,
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...RULE_LINES),
        fc.array(fc.record({ count: fc.boolean(), other: fc.boolean(), wall: fc.boolean() }), {
          minLength: 4,
          maxLength: 12,
        }),
        (line, days) => {
          const one = approved(rules({}, [line(1), 'Read by 10 people so far.']));
          let [limit, count, other, moved] = [1, 10, 0, 0];
          days.forEach((day, index) => {
            const at = NOON + (index + 1) * DAY;
            limit += 1;
            if (day.count) [count, moved] = [count + 7, moved + 1];
            if (day.other) other += 1;
            if (day.wall) one.look(at - HOUR, 'WALL');
            const seen = one.twice(
              at,
              rules({ 3: `- Goods of kind ${'abcdefghijklm'[other]}.` }, [
                line(limit),
                `Read by ${count} people so far.`,
              ]),
            );
            expect(seen).toMatchObject({ class: 'text_changed', alert: true });
            one.agree(at);
          });
          const at = NOON + (days.length + 1) * DAY;
          const end = rules({ 3: `- Goods of kind ${'abcdefghijklm'[other]}.` }, [
            line(limit),
            `Read by ${count + 1} people so far.`,
          ]);
          expect(one.twice(at, end).alert).toBe(moved < 2);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    ['a row of a table', (n: number) => `| Basic | ${n} tags`],
    ['an obligation', (n: number) => `You must keep records for ${n} users.`],
    ['money', (n: number) => `The fee is ${n} USD for each listing.`],
    ['a percent', (n: number) => `Our share is ${n}% of sales.`],
    ['a section', (n: number) => `See section ${n} of the law.`],
    ['a period', (n: number) => `Refunds take ${n} days.`],
    ['a limit', (n: number) => `Use up to ${n} tags.`],
    ['a number alone', (n: number) => `${n}`],
  ])('are never learned in a block with %s', (_name, line) => {
    const one = approved(rules({}, [line(1)]));
    for (let day = 1; day <= 12; day += 1) {
      const seen = one.twice(NOON + day * DAY, rules({}, [line(1 + day)]));
      expect(seen).toMatchObject({ class: 'text_changed', alert: true });
      one.agree(NOON + day * DAY);
    }
  });

  it('are not learned where they move once in a month, or where words move too', () => {
    const slow = approved(counter(1));
    for (let month = 1; month <= 6; month += 1) {
      expect(slow.twice(NOON + month * 30 * DAY, counter(1 + month)).alert).toBe(true);
      slow.agree(NOON + month * 30 * DAY);
    }
    const words = approved(counter(1));
    for (let day = 1; day <= 8; day += 1) {
      const page = pageOf({ lines: ['# Rules', `Read by ${day} ${'abcdefgh'[day - 1]}.`] });
      expect(words.twice(NOON + day * DAY, page).alert).toBe(true);
      words.agree(NOON + day * DAY);
    }
  });
});
