import { describe, expect, test } from 'vitest';
import { secretCache } from '#shared/config/secret-cache.ts';
import { Secret } from '#shared/credentials/secret.ts';

const world = (cacheMs = 60_000, overlapMs = 300_000) => {
  const state = { now: 0, current: 'one', reads: 0, fails: false };
  const cache = secretCache({
    now: () => state.now,
    cacheMs,
    overlapMs,
    read: async () => {
      state.reads += 1;
      const value = state.current;
      await Promise.resolve();
      if (state.fails) throw new Error('throttled');
      return new Secret({ value });
    },
  });
  const value = async () => (await cache.get('x')).reveal('value');
  return { state, cache, value };
};

describe('a cache of secret values', () => {
  test('two hundred who ask at once cost one read, and later ones none until the value is old', async () => {
    const { state, value } = world();
    expect(new Set(await Promise.all(Array.from({ length: 200 }, value)))).toEqual(new Set(['one']));
    state.now = 59_999;
    await value();
    expect(state.reads).toBe(1);
    state.current = 'two';
    state.now = 60_000;
    expect(await value()).toBe('two');
  });

  test('is never kept for as long as a replaced value works', () => {
    expect(() => world(300_000, 300_000)).toThrow('SECRET_CACHE_TOO_LONG');
  });

  test('a read that failed is not kept', async () => {
    const { state, value } = world();
    state.fails = true;
    await expect(value()).rejects.toThrow('throttled');
    state.fails = false;
    expect(await value()).toBe('one');
  });

  test('a clock that went back does not make a value eternal', async () => {
    const { state, value } = world();
    state.now = 10_000_000;
    await value();
    state.now = 0;
    state.current = 'two';
    expect(await value()).toBe('two');
  });

  test('after a refusal it reads once more and tries once more, and no more than that', async () => {
    const { state, cache } = world();
    await cache.get('x');
    state.current = 'two';
    const seen: (string | undefined)[] = [];
    const run = async (secret: Secret) => {
      seen.push(secret.reveal('value'));
      return secret.reveal('value') === 'two' ? 200 : 401;
    };
    const refused = (outcome: { value?: number }) => outcome.value === 401;
    expect(await cache.use('x', run, (outcome) => refused(outcome as { value?: number }))).toBe(200);
    expect(seen).toEqual(['one', 'two']);
    state.current = 'three';
    state.now += 60_000;
    seen.length = 0;
    expect(await cache.use('x', run, (outcome) => refused(outcome as { value?: number }))).toBe(401);
    expect(seen).toEqual(['three', 'three']);
  });

  test('an error that is no refusal passes through at once', async () => {
    const { state, cache } = world();
    await expect(
      cache.use(
        'x',
        () => Promise.reject(new Error('down')),
        () => false,
      ),
    ).rejects.toThrow('down');
    expect(state.reads).toBe(1);
  });

  test('two hundred refused with one old value cost one more read', async () => {
    const { state, cache } = world();
    await cache.get('x');
    state.current = 'two';
    const answers = await Promise.all(
      Array.from({ length: 200 }, () =>
        cache.use(
          'x',
          async (secret) => secret.reveal('value') ?? '',
          (outcome) => 'value' in outcome && outcome.value === 'one',
        ),
      ),
    );
    expect(new Set(answers)).toEqual(new Set(['two']));
    expect(state.reads).toBe(2);
  });
});
