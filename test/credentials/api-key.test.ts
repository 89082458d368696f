import { describe, expect, test } from 'vitest';
import { apiKeyKind, type AskApi } from '#shared/credentials/rotation/api-key.ts';
import type { Renewal } from '#shared/credentials/renewal.ts';
import type { RotationKind } from '#shared/credentials/rotation/kind.ts';
import type { ReadVersion } from '#shared/credentials/rotation/versions.ts';
import type { OutgoingRequest, ProviderReply } from '#shared/providers/provider.ts';
import { keyed, RENEWAL } from '../proof/rotation/api-model.ts';
import { aCredential } from './rows.ts';

const secret = { secretId: 'autopack/demo/api', token: 'token-of-the-rotation-00000000000001' };
const grant = (over: object = {}) =>
  aCredential({ provider: 'http', kind: 'api-key', renewal: RENEWAL, ...over });
const reply = (status: number, body: unknown = {}): ProviderReply => ({
  status,
  headers: {},
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

interface World {
  readonly kind: RotationKind;
  readonly asked: OutgoingRequest[];
}
const versionsOf =
  (stages: Readonly<Record<string, { readonly versionId: string; readonly value: string }>>): ReadVersion =>
  async (_secretId, { stage }) =>
    stages[stage];
const worldOf = (
  answer: (request: OutgoingRequest) => ProviderReply | undefined,
  { renewal = RENEWAL as Renewal, readVersion = versionsOf({}), standIn = false } = {},
): World => {
  const asked: OutgoingRequest[] = [];
  const ask: AskApi = async (request) => {
    asked.push(request);
    return answer(request);
  };
  return { asked, kind: apiKeyKind(grant({ renewal, standIn }), renewal, { readVersion, ask }) };
};
const codeOf = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => 'no error',
    (error: unknown) => (error as { code?: string }).code ?? error,
  );
const said = (asked: readonly OutgoingRequest[]): string[] =>
  asked.map(
    ({ method, url, headers }) => `${method} ${new URL(url).pathname} ${headers['authorization'] ?? ''}`,
  );

describe('the next key of an API', () => {
  test('is asked for with the current one, under the token of the rotation; everything else in the secret stays', async () => {
    const { kind, asked } = worldOf(() => reply(201, { token: 'after', expires: 1 }));
    expect(await kind.create(secret, keyed('before'))).toBe(keyed('after'));
    expect(said(asked)).toEqual(['POST /keys Bearer before']);
    expect(asked[0]?.headers['idempotency-key']).toBe(secret.token);
    expect(asked[0]?.body).toBeNull();
  });

  test('is read from the field that the registration names', async () => {
    const { kind } = worldOf(() => reply(200, { token: 'other', api_key: 'after' }), {
      renewal: { ...RENEWAL, tokenField: 'api_key' },
    });
    expect(await kind.create(secret, keyed('before'))).toBe(keyed('after'));
  });

  test.each<[string, ProviderReply | undefined, string]>([
    ['no complete answer', undefined, 'CANNOT_TELL'],
    ['500', reply(500), 'CANNOT_TELL'],
    ['503', reply(503, { token: 'after' }), 'CANNOT_TELL'],
    ['408', reply(408), 'CANNOT_TELL'],
    ['409, still at it', reply(409), 'CANNOT_TELL'],
    ['429', reply(429), 'CANNOT_TELL'],
    ['401', reply(401), 'CURRENT_REFUSED'],
    ['403', reply(403), 'CURRENT_REFUSED'],
    ['404', reply(404), 'VALUE_DOES_NOT_FIT'],
    ['422', reply(422), 'VALUE_DOES_NOT_FIT'],
    ['a redirect', reply(307, { token: 'after' }), 'VALUE_DOES_NOT_FIT'],
    ['no JSON', reply(200, 'after'), 'VALUE_DOES_NOT_FIT'],
    ['JSON without the field', reply(200, { key: 'after' }), 'VALUE_DOES_NOT_FIT'],
    ['an inherited field', reply(200, '[]'), 'VALUE_DOES_NOT_FIT'],
    ['a field that is no text', reply(200, { token: 7 }), 'VALUE_DOES_NOT_FIT'],
    ['an empty key', reply(200, { token: '' }), 'VALUE_DOES_NOT_FIT'],
    ['a key with a line end', reply(200, { token: 'a\r\nx-evil: 1' }), 'VALUE_DOES_NOT_FIT'],
    ['a key that is too long', reply(200, { token: 'k'.repeat(4097) }), 'VALUE_DOES_NOT_FIT'],
    ['the key that asked', reply(200, { token: 'before' }), 'VALUE_DOES_NOT_FIT'],
  ])('%s gives none, with a code and no word of a value', async (_what, answer, code) => {
    const run = worldOf(() => answer).kind.create(secret, keyed('before'));
    expect(await codeOf(run)).toBe(code);
    expect(String(await run.catch((error: unknown) => error))).not.toMatch(/before|after|x-evil/);
  });

  test.each([
    ['nothing to sign with', JSON.stringify({ hmacKey: 'h' })],
    ['an empty key', JSON.stringify({ token: '' })],
    ['no document', 'before'],
  ])('a secret with %s is asked nothing', async (_what, current) => {
    const { kind, asked } = worldOf(() => reply(201, { token: 'after' }));
    expect(await codeOf(kind.create(secret, current))).toBe('VALUE_DOES_NOT_FIT');
    expect(asked).toEqual([]);
  });

  test('a key of a stand-in never meets the host', async () => {
    const { kind, asked } = worldOf(() => reply(200, { token: 'after' }), { standIn: true });
    expect(await codeOf(kind.create(secret, keyed('before')))).toBe('NOT_ROTATED_HERE');
    expect(await kind.test(keyed('before'), keyed('before'))).toBe('cannot-tell');
    expect(await kind.sameAccount(keyed('before'), keyed('after'))).toBe('cannot-tell');
    expect(asked).toEqual([]);
  });
});

describe('the key that stops being AWSPREVIOUS', () => {
  const stages = {
    AWSCURRENT: { versionId: 'now', value: keyed('before') },
    AWSPREVIOUS: { versionId: 'then', value: keyed('first') },
  };
  const api =
    (ended: ProviderReply | undefined, probe: ProviderReply | null = reply(200)) =>
    ({ method }: OutgoingRequest): ProviderReply | undefined =>
      method === 'POST' ? reply(201, { token: 'after' }) : method === 'GET' ? (probe ?? undefined) : ended;

  test.each([200, 204, 401, 404, 410])('is ended before a new one is made (%d)', async (status) => {
    const { kind, asked } = worldOf(api(reply(status)), { readVersion: versionsOf(stages) });
    expect(await kind.create(secret, keyed('before'))).toBe(keyed('after'));
    expect(said(asked)).toEqual([
      'GET /me Bearer before',
      'DELETE /keys/self Bearer first',
      'POST /keys Bearer before',
    ]);
  });

  test.each<[string, ProviderReply | undefined]>([
    ['no complete answer', undefined],
    ['500', reply(500)],
    ['429', reply(429)],
    ['403', reply(403)],
    ['400', reply(400)],
  ])('that may not have ended (%s) stops the rotation before anything is made', async (_what, ended) => {
    const { kind, asked } = worldOf(api(ended), { readVersion: versionsOf(stages) });
    expect(await codeOf(kind.create(secret, keyed('before')))).toBe('CANNOT_TELL');
    expect(said(asked)).not.toContain('POST /keys Bearer before');
  });

  test.each<[string, ProviderReply | null, string]>([
    ['refused', reply(401), 'CURRENT_REFUSED'],
    ['not told about', reply(500), 'CANNOT_TELL'],
    ['not answered about', null, 'CANNOT_TELL'],
  ])(
    'is not ended while the current one is %s: it may be the last that works',
    async (_what, probe, code) => {
      const { kind, asked } = worldOf(api(reply(204), probe), { readVersion: versionsOf(stages) });
      expect(await codeOf(kind.create(secret, keyed('before')))).toBe(code);
      expect(said(asked)).toEqual(['GET /me Bearer before']);
    },
  );

  test.each<[string, object]>([
    ['the label moved back to it', { AWSCURRENT: stages.AWSPREVIOUS, AWSPREVIOUS: stages.AWSPREVIOUS }],
    [
      'this very rotation is over',
      { ...stages, AWSCURRENT: { versionId: secret.token, value: keyed('before') } },
    ],
    ['there is no current value', { AWSPREVIOUS: stages.AWSPREVIOUS }],
  ])('is not ended, and nothing is made, where %s meanwhile', async (_what, moved) => {
    const { kind, asked } = worldOf(api(reply(204)), { readVersion: versionsOf(moved as typeof stages) });
    expect(await codeOf(kind.create(secret, keyed('before')))).toBe('STAGE_MOVED');
    expect(said(asked)).toEqual(['GET /me Bearer before']);
  });

  test.each<[string, ReadVersion]>([
    ['is the current one too', versionsOf({ ...stages, AWSPREVIOUS: stages.AWSCURRENT })],
    ['is not there', versionsOf({ AWSCURRENT: stages.AWSCURRENT })],
    ['is no key', versionsOf({ ...stages, AWSPREVIOUS: { versionId: 'then', value: '{}' } })],
  ])('is left alone where it %s', async (_what, readVersion) => {
    const { kind, asked } = worldOf(api(reply(204)), { readVersion });
    await kind.create(secret, keyed('before'));
    expect(said(asked)).toEqual(['POST /keys Bearer before']);
  });

  test('is left alone where nothing says how a key ends; POST ends it where that is said', async () => {
    const { revokeUrl: _none, ...silent } = RENEWAL;
    const quiet = worldOf(api(reply(204)), { renewal: silent, readVersion: versionsOf(stages) });
    await quiet.kind.create(secret, keyed('before'));
    expect(said(quiet.asked)).toEqual(['POST /keys Bearer before']);
    const posts = worldOf(({ url }) => reply(200, url === RENEWAL.url ? { token: 'after' } : {}), {
      renewal: { ...RENEWAL, revokeMethod: 'POST' },
      readVersion: versionsOf(stages),
    });
    await posts.kind.create(secret, keyed('before'));
    expect(said(posts.asked)).toContain('POST /keys/self Bearer first');
  });
});

describe('what a probe says of a key', () => {
  test.each<[string, ProviderReply | undefined, string]>([
    ['200', reply(200), 'works'],
    ['204 without a body', reply(204, ''), 'works'],
    ['401', reply(401), 'refused'],
    ['403', reply(403), 'refused'],
    ['404', reply(404), 'cannot-tell'],
    ['302', reply(302), 'cannot-tell'],
    ['429', reply(429), 'cannot-tell'],
    ['500', reply(500), 'cannot-tell'],
    ['no complete answer', undefined, 'cannot-tell'],
  ])('%s', async (_what, answer, verdict) => {
    const { kind, asked } = worldOf(() => answer);
    expect(await kind.test(keyed('after'), keyed('before'))).toBe(verdict);
    expect(said(asked)).toEqual(['GET /me Bearer after']);
  });

  test('a value without a key is refused without asking', async () => {
    const { kind, asked } = worldOf(() => reply(200));
    expect(await kind.test('{}', keyed('before'))).toBe('refused');
    expect(asked).toEqual([]);
  });

  const { accountField: _none, ...nameless } = RENEWAL;
  const me = (account: unknown) => reply(200, { account });
  test.each<[string, Renewal, ProviderReply | undefined, ProviderReply | undefined, string]>([
    ['the same account', RENEWAL, me('a'), me('a'), 'same'],
    ['two accounts', RENEWAL, me('a'), me('b'), 'different'],
    ['an account that is not told of the new one', RENEWAL, me('a'), reply(200), 'cannot-tell'],
    ['an account that is not told of the old one', RENEWAL, me(7), me('a'), 'cannot-tell'],
    ['a new one that is refused', RENEWAL, me('a'), reply(401), 'refused'],
    ['a new one that is not told about', RENEWAL, me('a'), reply(500), 'cannot-tell'],
    ['an old one that is refused', RENEWAL, reply(401), me('a'), 'cannot-tell'],
    ['no accounts, both work', nameless, reply(200), reply(200), 'same'],
    ['no accounts, the new one is refused', nameless, reply(200), reply(403), 'refused'],
    ['no accounts, the old one is refused', nameless, reply(401), reply(200), 'cannot-tell'],
    ['no accounts, no answer', nameless, undefined, reply(200), 'cannot-tell'],
  ])('%s', async (_what, renewal, before, after, verdict) => {
    const answer = ({ headers }: OutgoingRequest) =>
      headers['authorization'] === 'Bearer after' ? after : before;
    expect(await worldOf(answer, { renewal }).kind.sameAccount(keyed('before'), keyed('after'))).toBe(
      verdict,
    );
  });

  test('any other field that changed is another account', async () => {
    const { kind } = worldOf(() => me('a'));
    const moved = JSON.stringify({ token: 'after', region: 'south' });
    expect(await kind.sameAccount(keyed('before'), moved)).toBe('different');
    expect(await kind.sameAccount(keyed('before'), JSON.stringify({ token: 'after' }))).toBe('different');
    expect(await kind.sameAccount(keyed('before'), 'nothing')).toBe('cannot-tell');
  });
});
