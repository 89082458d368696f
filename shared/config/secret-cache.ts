import type { Secret } from '../credentials/secret.ts';

export interface SecretCacheOptions {
  /** Reads the current value; called once however many ask at the same moment. */
  readonly read: (name: string) => Promise<Secret>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** How long a value is kept. It has to be shorter than the time for which the value before it still works. */
  readonly cacheMs: number;
  /** For how long a replaced value still works: the overlap of the rotation. */
  readonly overlapMs: number;
}

export interface SecretCache {
  /** The value, at most `cacheMs` old. A read that fails is not kept. */
  get(name: string): Promise<Secret>;
  /** Forgets a value, so that the next `get` reads. Only the very value is forgotten that the caller has used. */
  invalidate(name: string, used: Secret): void;
  /**
   * Runs with the value; after an authentication failure once more with a fresh one, if there is another. Only for
   * calls that change nothing at a provider: what has effects goes through the ledger and is never repeated here.
   */
  use<T>(
    name: string,
    run: (secret: Secret) => Promise<T>,
    isRefused: (outcome: { readonly value: T } | { readonly error: unknown }) => boolean,
  ): Promise<T>;
}

/**
 * Keeps secret values in memory for less time than a replaced value goes on working, so that a rotation never meets a
 * reader that has only the dead one.
 * @throws Error SECRET_CACHE_TOO_LONG where the cache would outlive the overlap
 */
export const secretCache = ({ read, now, cacheMs, overlapMs }: SecretCacheOptions): SecretCache => {
  if (cacheMs >= overlapMs)
    throw new Error(
      `SECRET_CACHE_TOO_LONG: a cache of ${cacheMs} ms has to be shorter than the overlap of ${overlapMs} ms`,
    );
  const kept = new Map<
    string,
    { readonly value: Promise<Secret>; readonly readAt: number; secret?: Secret }
  >();

  const get = (name: string): Promise<Secret> => {
    const known = kept.get(name);
    // A clock that went back makes a value neither younger nor eternal.
    const age = known === undefined ? Number.POSITIVE_INFINITY : Math.abs(now() - known.readAt);
    if (known !== undefined && age < cacheMs) return known.value;
    const value = read(name);
    const entry: { readonly value: Promise<Secret>; readonly readAt: number; secret?: Secret } = {
      value,
      readAt: now(),
    };
    kept.set(name, entry);
    value.then(
      (secret) => {
        entry.secret = secret;
      },
      () => {
        if (kept.get(name) === entry) kept.delete(name);
      },
    );
    return value;
  };

  const invalidate = (name: string, used: Secret): void => {
    if (kept.get(name)?.secret === used) kept.delete(name);
  };

  return {
    get,
    invalidate,
    async use(name, run, isRefused) {
      const attempt = async (secret: Secret) => {
        try {
          return { value: await run(secret) };
        } catch (error) {
          return { error };
        }
      };
      const first = await get(name);
      let outcome = await attempt(first);
      if (isRefused(outcome)) {
        invalidate(name, first);
        outcome = await attempt(await get(name));
      }
      if ('error' in outcome) throw outcome.error;
      return outcome.value;
    },
  };
};
