import type { EnvName } from './env.ts';

/**
 * Every secret setting there is, by the name that `readConfigSecret` knows it under. Functions get theirs as a
 * reference, `<NAME>_SECRET_ARN`; a test holds this list against the template in both directions (SEC-08). Secrets of
 * providers are no settings: a row of the credentials table names them.
 */
export const CONFIG_SECRETS = {
  KEYRING: { reader: 'functions', what: 'Ring of HMAC keys that forms are signed with' },
  SIGNING: { reader: 'functions', what: 'Keys that receipts are signed with' },
  AUTOPACK_CLIENT_SECRET: { reader: 'CLI', what: 'Secret of the OAuth client of an agent' },
} as const satisfies Record<string, { readonly reader: 'functions' | 'CLI'; readonly what: string }>;
export type ConfigSecretName = keyof typeof CONFIG_SECRETS;

/** Variable that a function gets the reference of a secret in. */
export const referenceVariable = (name: 'KEYRING' | 'SIGNING'): EnvName => `${name}_SECRET_ARN`;
