import type { StageName } from '../config/env.ts';

interface OverrideEnv {
  readonly AUTOPACK_ENV: StageName;
  readonly AUTOPACK_PROVIDER_URL_ALPACA?: string | undefined;
  readonly AUTOPACK_ALLOW_LOOPBACK?: string | undefined;
}

/**
 * Where providers are re-pointed in this stage. Production has no such thing.
 * @throws Error OVERRIDE_IN_PRODUCTION where production is given one: the function does not start.
 */
export const providerOverrides = (env: OverrideEnv) => {
  const alpaca = env.AUTOPACK_PROVIDER_URL_ALPACA ?? '';
  const loopback = env.AUTOPACK_ALLOW_LOOPBACK ?? '';
  if (env.AUTOPACK_ENV === 'prod' && (alpaca !== '' || loopback !== '')) {
    throw new Error('OVERRIDE_IN_PRODUCTION: a provider cannot be re-pointed in production');
  }
  const baseUrl = (operation: string): string | undefined =>
    operation.startsWith('alpaca/') && alpaca !== '' ? alpaca : undefined;
  return {
    baseUrl,
    /** Exactly "1" and nothing else opens loopback (the local host). */
    allowLoopback: loopback === '1',
  };
};
