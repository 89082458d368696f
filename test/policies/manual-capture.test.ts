import { describe, expect, it } from 'vitest';
import { captureManually } from '#functions/policies/capture-manually.ts';
import { listDueSources } from '#functions/policies/list-due-sources.ts';
import { sha256 } from '#shared/actions/canonical-json.ts';
import { timestamp } from '#shared/actions/identity.ts';
import type { HttpRequest } from '#shared/operators/http.ts';
import type { PersonRow } from '#shared/operators/principal.ts';
import type { StartCheck } from '#shared/policies/ports.ts';
import { PolicySource } from '#shared/policies/source.ts';
import { checkWorld, policyPage } from './check-world.ts';

const OPEN = PolicySource.parse({ id: 'open', url: 'https://open.example.test/policy', select: ['main'] });
const CRITICAL = PolicySource.parse({ ...OPEN, id: 'critical', critical: true });
const PAGE = Buffer.from(policyPage('Candles may be sold.').html ?? '');
const OLIVIA = 'olivia@example.test';
const SAM = 'sam@example.test';

const desk = async () => {
  const world = checkWorld([OPEN, CRITICAL]);
  await world.list({ scheduledTime: timestamp(world.now()) });
  world.wait(10);
  const started: Parameters<StartCheck>[0][] = [];
  const roles = new Map<string, PersonRow['roles']>([
    [OLIVIA, ['operator']],
    [SAM, ['operator']],
    ['ada@example.test', ['viewer']],
  ]);
  const deps = {
    ...world.deps,
    readPerson: async (email: string): Promise<PersonRow> => ({
      schemaVersion: 1,
      email,
      name: email,
      projects: ['demo'],
      roles: roles.get(email) ?? [],
      active: true,
      createdAt: timestamp(0),
    }),
    startCheck: async (input: Parameters<StartCheck>[0]) => {
      started.push(input);
      return started.length === 1 ? ('started' as const) : ('exists' as const);
    },
  };
  const ask = (
    path: string,
    body: unknown,
    { who = OLIVIA, signedInMinutesAgo = 1 } = {},
  ): Promise<{ status: number; json?: unknown }> => {
    const [, , source = '', , upload = ''] = path.split('/');
    const request: HttpRequest = {
      method: 'POST',
      path,
      params: { source, upload },
      query: {},
      headers: { 'content-type': 'application/json' },
      cookies: {},
      body: JSON.stringify(body),
      requestId: 'r',
      principal: {
        kind: 'person',
        subject: `person:${who}`,
        email: who,
        name: who,
        projects: ['demo'],
        roles: ['operator', 'viewer'],
        authTimeMs: world.now() - signedInMinutesAgo * 60_000,
      },
      sourceIp: '127.0.0.1',
    };
    return captureManually(request, deps);
  };
  const saved = (more: object = {}) => ({
    body: PAGE.toString('base64'),
    contentType: 'text/html',
    seenAt: timestamp(world.now() - 120_000),
    statement: 'Saved in Firefox from the address of the source',
    ...more,
  });
  return { world, ask, saved, started };
};
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'nothing was refused',
    (error: { code?: string; field?: string }) => [
      error.code,
      ...(error.field === undefined ? [] : [error.field]),
    ],
  );

describe('a page that a person brings (P26)', () => {
  it('is judged like any other look, fresh from the moment the person saw it, with who vouches for it', async () => {
    const { world, ask, saved, started } = await desk();
    const body = saved();
    const reply = await ask('/policies/open/captures', body);
    expect(reply).toMatchObject({ status: 202, json: { status: 'ACCEPTED', check: 'started' } });
    expect(started).toEqual([{ source: 'open', slot: body.seenAt, captured: true }]);
    const due = await listDueSources(
      { input: started[0] ?? { source: '' }, startedAt: timestamp(0) },
      world.deps,
    );
    for (const check of due.hosts.flatMap(({ checks }) => checks)) await world.perform(check);
    expect(
      await world.store.readObservation({ source: 'open', slot: body.seenAt, reading: 1 }),
    ).toMatchObject({
      fetcher: 'manual',
      usable: true,
      class: 'baseline',
      at: body.seenAt,
    });
    expect(await world.store.readCapture({ source: 'open', slot: body.seenAt, reading: 1 })).toMatchObject({
      attestation: { by: `person:${OLIVIA}`, statement: body.statement },
    });
    expect(world.fetches()).toBe(0);
    expect(await ask('/policies/open/captures', body)).toMatchObject({ json: { check: 'exists' } });
  });

  it('of a critical source waits for a second operator who has compared the same bytes', async () => {
    const { world, ask, saved, started } = await desk();
    const first = await ask('/policies/critical/captures', saved());
    expect(first.json).toMatchObject({ status: 'WAITING', check: null, rawSha256: sha256(PAGE) });
    const { uploadId, seenAt } = first.json as { uploadId: string; seenAt: string };
    expect(started).toEqual([]);
    expect(await world.store.readCapture({ source: 'critical', slot: seenAt, reading: 1 })).toBeUndefined();
    const path = `/policies/critical/captures/${uploadId}/confirm`;
    const right = { rawSha256: sha256(PAGE) };
    expect(await codeOf(ask(path, right))).toEqual(['SECOND_PERSON_REQUIRED']);
    expect(await codeOf(ask(path, { rawSha256: sha256('other') }, { who: SAM }))).toEqual([
      'HASH_MISMATCH',
      'rawSha256',
    ]);
    expect(await codeOf(ask(path.replace(/[0-9a-f]{32}/, '0'.repeat(32)), right, { who: SAM }))).toEqual([
      'NOT_FOUND',
    ]);
    expect(started).toEqual([]);
    expect(await ask(path, right, { who: SAM })).toMatchObject({
      json: { status: 'ACCEPTED', check: 'started' },
    });
    expect(await world.store.readCapture({ source: 'critical', slot: seenAt, reading: 1 })).toMatchObject({
      attestation: { by: `person:${OLIVIA}`, second: `person:${SAM}` },
    });
    expect(await ask(path, right, { who: SAM })).toMatchObject({ json: { status: 'ACCEPTED' } });
  });

  it('is refused with a code that says what to mend, and nothing is started', async () => {
    const { world, ask, saved, started } = await desk();
    const open = '/policies/open/captures';
    const late = timestamp(world.now() - 25 * 3_600_000);
    const early = timestamp(world.now() + 600_000);
    for (const [reply, expected] of [
      [ask(open, saved({ seenAt: late })), ['INVALID_INPUT', 'seenAt']],
      [ask(open, saved({ seenAt: early })), ['INVALID_INPUT', 'seenAt']],
      [ask(open, saved({ statement: 'short' })), ['INVALID_INPUT', 'statement']],
      [ask(open, saved({ body: 'not base64!' })), ['INVALID_INPUT', 'body']],
      [ask(open, saved({ contentType: 'image/png' })), ['INVALID_INPUT', 'contentType']],
      [ask(open, saved({ url: 'file:///etc/passwd' })), ['INVALID_INPUT', 'url']],
      [ask(open, saved(), { signedInMinutesAgo: 6 }), ['SIGN_IN_NOT_FRESH']],
      [ask(open, saved(), { who: 'ada@example.test' }), ['FORBIDDEN']],
      [ask('/policies/nobody/captures', saved()), ['NOT_FOUND']],
      [ask('/policies/Bad%20Name/captures', saved()), ['NOT_FOUND']],
    ] as const)
      expect(await codeOf(reply)).toEqual(expected);
    expect(started).toEqual([]);
    expect([...world.store.rows.keys()].filter((pk) => pk.startsWith('upload#'))).toEqual([]);
  });
});
