import { inspect } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import type { CredentialRef } from '#shared/actions/dry-run.ts';
import type { Credential } from '#shared/credentials/credential.ts';
import {
  credentialIsUsable,
  putCredential,
  readCredential,
  resolveCredential,
} from '#shared/credentials/credentials.aws.ts';
import { secretsOf, tableOf } from './in-memory.ts';
import { aCredential } from './rows.ts';

const REF: CredentialRef = { provider: 'alpaca', account: 'paper-demo', environment: 'PAPER' };
const credential = (more: Partial<Credential> = {}): Credential =>
  aCredential({ ...REF, createdAt: '2026-11-21T09:00:00.000Z', ...more });
const GOOD = JSON.stringify({ keyId: 'PLANTEDKEY', secretKey: 'planted-secret' });

let items = new Map<string, Record<string, unknown>>();
beforeEach(() => {
  items = new Map();
});
const register = (more: Partial<Credential> = {}) =>
  putCredential(tableOf(items), 'credentials')(credential(more));
const resolve = (
  text: string | Error | undefined,
  overridden = false,
  asked: string[] = [],
  ref = REF,
  project = 'demo',
) =>
  resolveCredential(
    tableOf(items),
    'credentials',
    secretsOf(text === undefined ? {} : { 'autopack/demo/alpaca': text }, asked),
  )(project, ref, overridden);

describe('a credential', () => {
  test('is usable where metadata, host and secret fit, and never prints', async () => {
    await register();
    const found = await resolve(GOOD);
    expect(found.kind === 'usable' && found.secret.reveal('secretKey')).toBe('planted-secret');
    for (const text of [
      JSON.stringify(found),
      inspect(found, { depth: 9, showHidden: true }),
      `${found.kind === 'usable' && found.secret}`,
    ]) {
      expect(text).not.toContain('planted-secret');
      expect(text).not.toContain('PLANTEDKEY');
    }
  });

  test.each([
    [false, false, 'usable'],
    [true, true, 'usable'],
    [false, true, 'CREDENTIAL_NOT_FOR_HOST'],
    [true, false, 'CREDENTIAL_NOT_FOR_HOST'],
  ] as const)(
    'of a stand-in: %s, host overridden: %s: %s, and a refused one is not even read',
    async (standIn, overridden, expected) => {
      await register({ standIn });
      const asked: string[] = [];
      const found = await resolve(GOOD, overridden, asked);
      expect(found.kind === 'usable' ? found.kind : found.code).toBe(expected);
      expect(asked).toHaveLength(expected === 'usable' ? 1 : 0);
    },
  );

  test.each([
    ['no secret', undefined, 'CREDENTIAL_MISSING'],
    [
      'no access',
      Object.assign(new Error('planted'), { name: 'AccessDeniedException' }),
      'CREDENTIAL_UNREADABLE',
    ],
    ['no JSON', 'planted', 'CREDENTIAL_UNREADABLE'],
    ['no object', '["planted"]', 'CREDENTIAL_UNREADABLE'],
    ['a number inside', '{"keyId":1,"secretKey":"planted"}', 'CREDENTIAL_UNREADABLE'],
    ['a field missing', '{"keyId":"planted"}', 'CREDENTIAL_UNREADABLE'],
    ['a field empty', '{"keyId":"planted","secretKey":""}', 'CREDENTIAL_UNREADABLE'],
    ['an empty text', '', 'CREDENTIAL_UNREADABLE'],
  ] as const)(
    'with %s is an answer, not an error, and tells nothing of the value',
    async (_name, text, code) => {
      await register();
      const found = await resolve(text);
      expect(found).toMatchObject({ kind: 'unusable', code });
      expect(JSON.stringify(found)).not.toContain('planted');
      expect(await credentialIsUsable(tableOf(items), 'credentials', secretsOf({}))('demo', REF, false)).toBe(
        false,
      );
    },
  );

  test.each([
    ['another project', REF, 'other'],
    ['another account', { ...REF, account: 'live' }, 'demo'],
    ['another environment', { ...REF, environment: 'PRODUCTION' as const }, 'demo'],
    ['another provider', { ...REF, provider: 'http' }, 'demo'],
  ])('of %s is not ours', async (_name, ref, project) => {
    await register();
    expect(await resolve(GOOD, false, [], ref, project)).toMatchObject({
      kind: 'unusable',
      code: 'CREDENTIAL_MISSING',
    });
  });

  test('whose row says something else than its key is none', async () => {
    await register();
    const [pk, row] = [...items][0] ?? [];
    items.set(String(pk), { ...row, account: 'other' });
    expect(await readCredential(tableOf(items), 'credentials')('demo', REF)).toBeUndefined();
    items.set(String(pk), { pk, schemaVersion: 9 });
    expect(await resolve(GOOD)).toMatchObject({ code: 'CREDENTIAL_MISSING' });
  });

  test('is registered once, and replaced only by somebody who has read it', async () => {
    expect(await register()).toBe('stored');
    expect(await register({ secretId: 'autopack/demo/other' })).toBe('refused');
    const put = putCredential(tableOf(items), 'credentials');
    const next = credential({ secretId: 'autopack/demo/other', createdAt: '2026-11-21T10:00:00.000Z' });
    expect(await put(next, credential())).toBe('stored');
    expect(await put(next, credential())).toBe('refused');
    expect(await readCredential(tableOf(items), 'credentials')('demo', REF)).toEqual(next);
  });
});
