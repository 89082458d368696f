import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timestamp } from '#shared/actions/identity.ts';
import { Observation } from '#shared/policies/observation.ts';
import { CONFIRM_SECONDS, DAY, HOUR, MINUTE, monitor, NOON, pageOf, rules } from './synthetic-pages.ts';

const WORDS = ['alpha', 'beta', 'gamma'] as const;
const pageFor = (letter: number, dress: number) =>
  rules({ 6: `- Selling ${WORDS[letter]} is prohibited.` }, [], {
    bytes: `b${dress}`,
    markup: dress > 1 ? '*' : '',
  });

const letterOf = (semantic: string): number =>
  WORDS.findIndex((_word, index) => pageFor(index, 0).hashes.semantic === semantic);
const CONFIRM_MS = CONFIRM_SECONDS * 1000;

type Step =
  | { readonly kind: 'look'; readonly letter: number; readonly dress: number; readonly gap: number }
  | { readonly kind: 'broken'; readonly gap: number }
  | { readonly kind: 'late'; readonly letter: number; readonly back: number }
  | { readonly kind: 'again'; readonly letter: number }
  | { readonly kind: 'agree' };

const letter = fc.nat({ max: WORDS.length - 1 });
const stepsOf = (gap: fc.Arbitrary<number>, agree: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({ kind: fc.constant('look' as const), letter, dress: fc.nat({ max: 2 }), gap }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('broken' as const), gap }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('late' as const),
          letter,
          back: fc.constantFrom(0, 1, MINUTE, DAY),
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('again' as const), letter }) },
      { weight: agree, arbitrary: fc.constant({ kind: 'agree' as const }) },
    ),
    { minLength: 5, maxLength: 60 },
  );

const anyGap = fc.constantFrom(MINUTE, 15 * MINUTE, 12 * HOUR, 12 * HOUR, 3 * DAY, 20 * DAY, 45 * DAY);
const dailyGap = fc.constantFrom(15 * MINUTE, 12 * HOUR);

/** What must hold, told from the looks alone: nothing of it is taken from the classifier. */
const oracle = () => {
  const agreed = new Set<number>();
  const told = new Map<string, number>();
  const live = new Map<number, number>();
  const seen = new Map<number, number>();
  const looks: { letter: number; at: number }[] = [];
  let run = { letter: -1, since: 0, last: 0, live: false, recent: false, seenBefore: -Infinity };
  return {
    agreed,
    told,
    /** Since when every look has shown something else. */
    offSince: (letter: number): number => {
      const last = looks.findLastIndex((one) => one.letter === letter);
      return looks[last + 1]?.at ?? Infinity;
    },
    look: (letter: number, at: number): typeof run => {
      looks.push({ letter, at });
      if (letter !== run.letter) {
        // A text that was live was so until another one was seen in its place.
        if (run.live) live.set(run.letter, at);
        seen.set(run.letter, run.last);
        const recent = at - (live.get(letter) ?? -Infinity) <= 14 * DAY;
        run = { letter, since: at, last: at, live: false, recent, seenBefore: seen.get(letter) ?? -Infinity };
      }
      run.last = at;
      run.live ||= at - run.since >= CONFIRM_MS || (agreed.has(letter) && run.recent);
      return run;
    },
  };
};

describe('observe over any series of looks', () => {
  it.each([
    ['any times, people who answer', stepsOf(anyGap, 3)],
    ['a page that flaps within days, people who are slow', stepsOf(dailyGap, 1)],
  ])('keeps its promises: %s', (_name, series) => {
    fc.assert(
      fc.property(series, (steps) => {
        const one = monitor();
        const truth = oracle();
        let now = NOON;
        for (const move of steps) {
          const before = one.state();
          if (move.kind === 'agree') {
            if (before.pending === null) continue;
            one.agree(now);
            const text = letterOf(before.pending.to.semantic);
            truth.agreed.add(text);
            for (const key of truth.told.keys())
              if (key.endsWith(`>${before.pending.to.semantic}`)) truth.told.delete(key);
            expect(one.state().acknowledged?.hashes.semantic).toBe(before.pending.to.semantic);
            continue;
          }
          if (move.kind === 'late' || move.kind === 'again') {
            if (before.lastObservedAt === null) continue;
            const when = move.kind === 'late' ? Date.parse(before.lastObservedAt) - move.back : now + MINUTE;
            const slot = move.kind === 'again' ? (before.lastSlot ?? '') : timestamp(when - 1);
            const seen = one.look(when, pageFor(move.letter, 0), { capture: { slot } });
            expect(seen).toMatchObject({ verified: false, alert: false, candidate: false });
            expect({ ...one.state(), version: 0 }).toEqual({ ...before, version: 0 });
            continue;
          }
          now += move.gap;
          if (move.kind === 'broken') {
            const seen = one.look(now, 'WALL');
            expect(seen).toMatchObject({ usable: false, verified: false, alert: false });
            const { verifiedAt, acknowledged, current, candidate, pending, known } = one.state();
            expect({ verifiedAt, acknowledged, current, candidate, pending, known }).toEqual({
              verifiedAt: before.verifiedAt,
              acknowledged: before.acknowledged,
              current: before.current,
              candidate: before.candidate,
              pending: before.pending,
              known: before.known,
            });
            continue;
          }
          const content = pageFor(move.letter, move.dress);
          const seen = Observation.parse(one.look(now, content));
          const run = truth.look(move.letter, now);
          const state = one.state();

          expect(JSON.stringify(state).length).toBeLessThan(100_000);
          expect(seen.at).toBe(timestamp(now));
          if (before.verifiedAt !== null) expect((state.verifiedAt ?? '') >= before.verifiedAt).toBe(true);
          expect(seen.verified).toBe(state.verifiedAt === timestamp(now));
          expect(seen.verified && seen.candidate).toBe(false);

          // What waits is what the page said last for certain; where nothing waits, that was acknowledged.
          if (state.pending !== null) expect(state.pending.to.semantic).toBe(state.current?.hashes.semantic);
          else expect(state.current?.hashes.semantic).toBe(state.acknowledged?.hashes.semantic);
          if (seen.verified) expect(state.current?.hashes.semantic).toBe(content.hashes.semantic);

          // A text that nobody ever acknowledged and that stays always waits for somebody.
          if (now - run.since >= CONFIRM_MS) {
            expect(state.current?.hashes.semantic).toBe(content.hashes.semantic);
            if (!truth.agreed.has(move.letter))
              expect(state.pending?.to.semantic).toBe(content.hashes.semantic);
          }
          // One look alone neither raises nor voids a change.
          const isVoid = before.pending !== null && state.pending === null;
          if (seen.alert && state.pending?.from)
            expect(now - truth.offSince(letterOf(state.pending.from.semantic))).toBeGreaterThanOrEqual(
              CONFIRM_MS,
            );
          if (isVoid && before.pending !== null)
            expect(now - truth.offSince(letterOf(before.pending.to.semantic))).toBeGreaterThanOrEqual(
              CONFIRM_MS,
            );
          // Where nobody waits for anything, only the page itself can have been agreed to.
          if (state.pending === null)
            expect(
              truth.agreed.has(
                WORDS.findIndex(
                  (_word, index) => pageFor(index, 0).hashes.semantic === state.current?.hashes.semantic,
                ),
              ),
            ).toBe(true);

          // A flap between acknowledged texts within the window tells nobody.
          if (truth.agreed.has(move.letter) && run.recent) expect(seen.alert).toBe(false);
          if (seen.alert) {
            const key = `${state.pending?.from?.semantic}>${state.pending?.to.semantic}`;
            // Told once, unless it was acknowledged since or was away for longer than the window.
            if (truth.told.has(key)) expect(now - run.seenBefore).toBeGreaterThan(14 * DAY);
            truth.told.set(key, now);
            truth.agreed.delete(move.letter);
            expect(
              state.notices.some(({ noticeId }) => noticeId.startsWith(`change#${state.pending?.changeId}`)),
            ).toBe(true);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('remembers 60 states at most, and forgets first what nobody acknowledged', () => {
    const one = monitor();
    one.look(NOON, rules());
    one.agree(NOON);
    let now = NOON;
    const text = (index: number) =>
      pageOf({
        lines: [
          '# Rules',
          `Sell no ${'abcdefghij'[index % 10]}${'abcdefghij'[Math.floor(index / 10)]} here.`,
        ],
      });
    for (let index = 0; index < 30; index += 1) {
      one.twice((now += HOUR), text(index));
      one.agree(now + 15 * MINUTE);
    }
    for (let index = 30; index < 95; index += 1) {
      one.look((now += HOUR), text(index));
      one.look((now += HOUR), text(29));
    }
    const { known } = one.state();
    expect(known).toHaveLength(60);
    expect(known.filter(({ acknowledged }) => acknowledged)).toHaveLength(31);
    const left = known.filter(({ acknowledged }) => !acknowledged).map(({ semantic }) => semantic);
    expect(left).toEqual(Array.from({ length: 29 }, (_none, index) => text(66 + index).hashes.semantic));
    expect(JSON.stringify(one.state()).length).toBeLessThan(100_000);
  });
});
