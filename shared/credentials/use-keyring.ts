import type { Keyring } from './keyring.ts';

/**
 * Runs with the ring of keys as it was at most one cache life ago; once more with a fresh one where the outcome says
 * that the ring did not know a key. @throws where the secret cannot be read: then nothing is signed and nothing holds
 */
export type UseKeyring = <T>(run: (ring: Keyring) => T, keyIsUnknown?: (outcome: T) => boolean) => Promise<T>;
