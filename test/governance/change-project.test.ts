import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { changeProject, type ChangeProjectDeps } from '#functions/governance/change-project.ts';
import { readStanding } from '#shared/credentials/conditions.aws.ts';
import { confirmChange, createChange, listChanges, readChange } from '#shared/governance/changes.aws.ts';
import { readProjectConfig } from '#shared/governance/project-config.aws.ts';
import { strictProjectConfig } from '#shared/governance/project-config.ts';
import { readCredential } from '#shared/credentials/credentials.aws.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import type { Principal } from '#shared/operators/principal.ts';
import { httpEvent } from '../operators/http-event.ts';
import { memoryRegistry, person as row } from '../operators/memory-registry.ts';
import { realTables } from '../support/real-tables.ts';
import { BLANKET, definition, READ_RULE } from './facts.ts';

const T0 = Date.UTC(2026, 10, 21, 12, 0, 0);
let engine: Awaited<ReturnType<typeof realTables>>;
let requests: string[] = [];
beforeAll(async () => {
  engine = await realTables({ registry: [['byKind', 'kind', 'sortKey']], credentials: [] });
  engine.db.middlewareStack.add(
    (next, context) => (args) => (requests.push(context.commandName ?? ''), next(args)),
    { step: 'initialize' },
  );
});
afterAll(() => engine.stop());

const people = memoryRegistry([
  row('olivia@example.test'),
  row('sam@example.test'),
  row('former@example.test', { active: false }),
  row('vera@example.test', { roles: ['viewer'] }),
]);
const who = (
  name: string,
  roles: ('operator' | 'viewer')[] = ['operator'],
  projects = [project],
): Principal => ({
  kind: 'person',
  subject: `person:${name}@example.test`,
  email: `${name}@example.test`,
  name,
  projects,
  roles,
  authTimeMs: T0,
});
const machine = (): Principal => ({
  kind: 'client',
  subject: 'client:bot',
  name: 'bot',
  projects: [project],
  roles: ['operator'],
  owner: 'person:ada@example.test',
});

let project = 'p0';
let serial = 0;
let clock = T0;
const deps = (over: Partial<ChangeProjectDeps> = {}): ChangeProjectDeps => ({
  now: () => (clock += 1000),
  newId: () => `00000000-0000-4000-8000-${String((serial += 1)).padStart(12, '0')}`,
  readProjectConfig: readProjectConfig(engine.db, 'registry'),
  createChange: createChange(engine.db, 'registry'),
  readChange: readChange(engine.db, 'registry'),
  listChanges: listChanges(engine.db, 'registry'),
  confirmChange: confirmChange(engine.db, { registry: 'registry', credentials: 'credentials' }),
  readStanding: readStanding(engine.db, 'credentials'),
  readPerson: async (email) => {
    const found = await people.readPerson(email);
    return found === undefined ? undefined : { ...found, projects: [project] };
  },
  stageIsProduction: false,
  ...over,
});

interface Answer {
  status: number;
  body: Record<string, any>;
}
const call = async (
  by: Principal,
  method: string,
  tail: string,
  body?: unknown,
  over: Partial<ChangeProjectDeps> = {},
): Promise<Answer> => {
  const id = /^\/changes\/(.+)\/confirm$/.exec(tail)?.[1];
  const [path, query] = tail.split('?');
  const run = httpHandler((request) => changeProject(request, deps(over)));
  const reply = await run(
    httpEvent({
      method,
      path: `/projects/${project}${path}`,
      ...(query === undefined ? {} : { query }),
      params: { project, ...(id === undefined ? {} : { id }) },
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      principal: by,
    }),
  );
  return { status: reply.statusCode, body: JSON.parse(reply.body) };
};
const propose = (by: Principal, body: unknown) => call(by, 'POST', '/changes', body);
const confirm = (by: Principal, id: string, body?: unknown, over?: Partial<ChangeProjectDeps>) =>
  call(by, 'POST', `/changes/${id}/confirm`, body, over);
const settings = {
  allowedHosts: ['api.example.test'],
  approvalTtlSeconds: 3600,
  providers: ['http'],
  alpaca: null,
};

beforeEach(() => {
  project = `p${(serial += 1)}`;
  requests = [];
});

describe('a change of a project takes two people', () => {
  test('nothing is in force until another operator confirms, then all of it, with who and when on record', async () => {
    const proposed = await propose(who('olivia'), { kind: 'settings', settings, reason: 'We go live.' });
    expect(proposed.status).toBe(201);
    expect(proposed.body).toMatchObject({
      status: 'PROPOSED',
      baseVersion: 0,
      proposedBy: 'person:olivia@example.test',
      current: strictProjectConfig(project).settings,
    });
    expect((await call(who('vera', ['viewer']), 'GET', '/config')).body).toEqual(
      strictProjectConfig(project),
    );

    const confirmed = await confirm(who('sam'), proposed.body.id, { hash: proposed.body.hash });
    expect(confirmed.status).toBe(200);
    expect(confirmed.body).toMatchObject({
      status: 'CONFIRMED',
      confirmedBy: 'person:sam@example.test',
      hash: proposed.body.hash,
    });
    expect((await call(who('vera', ['viewer']), 'GET', '/config')).body).toMatchObject({
      version: 1,
      settings,
      updatedBy: ['person:olivia@example.test', 'person:sam@example.test'],
      updatedAt: confirmed.body.confirmedAt,
    });
    const { body } = await call(who('vera', ['viewer']), 'GET', '/changes');
    expect(body.changes).toEqual([{ ...confirmed.body, overtaken: false }]);
  });

  test('the proposer cannot confirm, in whatever spelling of the address', async () => {
    const { body } = await propose(who('olivia'), { kind: 'settings', settings });
    for (const same of [
      who('olivia'),
      { ...who('olivia'), subject: 'person:Olivia@Example.test' } as Principal,
    ]) {
      const refused = await confirm(same, body.id);
      expect([refused.status, refused.body.code]).toEqual([403, 'SECOND_PERSON_REQUIRED']);
    }
    expect((await call(who('olivia'), 'GET', '/config')).body.version).toBe(0);
  });

  const outsiders: readonly (readonly [string, () => Principal, number, string])[] = [
    ['a machine with the role operator', machine, 403, 'PERSON_REQUIRED'],
    ['a viewer', () => who('vera', ['viewer']), 403, 'FORBIDDEN'],
    ['somebody whose token is older than the loss of the role', () => who('vera'), 403, 'FORBIDDEN'],
    ['somebody who was switched off', () => who('former'), 403, 'FORBIDDEN'],
    ['an operator of another project', () => who('olivia', ['operator'], ['other']), 404, 'NOT_FOUND'],
    ['the public reader', () => ({ kind: 'public', subject: 'system:public' }), 401, 'UNAUTHENTICATED'],
  ];
  test.each(outsiders)('%s can neither propose nor confirm', async (_, make, status, code) => {
    const open = await propose(who('olivia'), { kind: 'settings', settings });
    for (const answer of [
      await propose(make(), { kind: 'settings', settings }),
      await confirm(make(), open.body.id),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([status, code]);
    }
    expect((await call(who('sam'), 'GET', '/changes')).body.changes).toHaveLength(1);
  });

  test('of two changes for one version the second to be confirmed is overtaken and says what to do', async () => {
    const first = await propose(who('olivia'), { kind: 'settings', settings });
    const second = await propose(who('sam'), { kind: 'policy', policy: READ_RULE });
    const [a, b] = await Promise.all([
      confirm(who('sam'), first.body.id),
      confirm(who('olivia'), second.body.id),
    ]);
    expect([a.status, b.status].toSorted()).toEqual([200, 409]);
    const lost = a.status === 409 ? a : b;
    expect(lost.body).toMatchObject({ code: 'CONFLICT', baseVersion: 0, version: 1 });
    expect(lost.body.detail).toContain('propose it again');
    expect((await call(who('sam'), 'GET', '/config')).body.version).toBe(1);
    const { body } = await call(who('sam'), 'GET', '/changes');
    expect(body.changes.map((each: { overtaken: boolean }) => each.overtaken).toSorted()).toEqual([
      false,
      true,
    ]);
  });

  test('confirmed twice, at once or later, by anybody: once in force, the record answers', async () => {
    const { body } = await propose(who('olivia'), { kind: 'settings', settings });
    const many = await Promise.all(Array.from({ length: 5 }, () => confirm(who('sam'), body.id)));
    expect(many.every((each) => each.status === 200)).toBe(true);
    const later = await confirm(who('olivia'), body.id);
    expect(later.body).toMatchObject({
      status: 'CONFIRMED',
      confirmedBy: 'person:sam@example.test',
      replayed: true,
    });
    expect((await call(who('sam'), 'GET', '/config')).body.version).toBe(1);
  });

  test('a reply that is lost after the write is found again, a crash before it leaves nothing', async () => {
    const { body } = await propose(who('olivia'), {
      kind: 'credential',
      credential: {
        provider: 'alpaca',
        account: 'a',
        environment: 'PAPER',
        secretId: 'autopack/a',
        standIn: true,
      },
    });
    const real = deps().confirmChange;
    const broken = await confirm(who('sam'), body.id, undefined, {
      confirmChange: () => Promise.reject(new Error('gone')),
    });
    expect(broken.status).toBe(500);
    expect((await call(who('sam'), 'GET', '/config')).body.version).toBe(0);
    const lost = await confirm(who('sam'), body.id, undefined, {
      confirmChange: async (input) => (await real(input), Promise.reject(new Error('lost'))),
    });
    expect(lost.status).toBe(500);
    expect((await confirm(who('sam'), body.id)).body).toMatchObject({ status: 'CONFIRMED', replayed: true });
    const ref = { provider: 'alpaca', account: 'a', environment: 'PAPER' as const };
    expect(await readCredential(engine.db, 'credentials')(project, ref)).toMatchObject({
      secretId: 'autopack/a',
      project,
    });
  });

  test('a change that was tampered with in the table is not confirmed', async () => {
    const { body } = await propose(who('olivia'), { kind: 'settings', settings });
    const stored = await deps().readChange(project, body.id);
    await engine.db.send(
      new PutCommand({
        TableName: 'registry',
        Item: {
          ...stored,
          change: { kind: 'settings', settings: { ...settings, allowedHosts: ['evil.example.test'] } },
          pk: `change#${project}#${body.id}`,
          kind: `change#${project}`,
          sortKey: 'x',
        },
      }),
    );
    expect((await confirm(who('sam'), body.id)).body.code).toBe('HASH_MISMATCH');
    expect((await call(who('sam'), 'GET', '/config')).body.version).toBe(0);
  });

  test('the transaction itself refuses a record that is confirmed already and a version that is not the next', async () => {
    const { body } = await propose(who('olivia'), { kind: 'settings', settings });
    await confirm(who('sam'), body.id);
    const row = await deps().readChange(project, body.id);
    const config = await deps().readProjectConfig(project);
    const write = (id: string, version: number) =>
      deps().confirmChange({ row: { ...row!, id }, config: { ...config, version } });
    expect(await write(body.id, 2)).toBe('refused');
    const open = await propose(who('olivia'), { kind: 'policy', policy: READ_RULE });
    const next = { ...(await deps().readChange(project, open.body.id))!, status: 'CONFIRMED' as const };
    for (const version of [1, 3]) {
      expect(await deps().confirmChange({ row: next, config: { ...config, version } }), String(version)).toBe(
        'refused',
      );
    }
    expect(
      await deps().confirmChange({
        row: { ...next, hash: '0'.repeat(64) },
        config: { ...config, version: 2 },
      }),
    ).toBe('refused');
    expect(await deps().confirmChange({ row: next, config: { ...config, version: 2 } })).toBe('confirmed');
    const late = await propose(who('olivia'), { kind: 'policy', policy: READ_RULE });
    const stale = { ...(await deps().readChange(project, late.body.id))!, status: 'CONFIRMED' as const };
    expect(await deps().confirmChange({ row: stale, config: { ...config, version: 2 } })).toBe('refused');
  });

  test('another change than the one that was looked at is refused', async () => {
    const { body } = await propose(who('olivia'), { kind: 'settings', settings });
    expect((await confirm(who('sam'), body.id, { hash: '0'.repeat(64) })).body.code).toBe('HASH_MISMATCH');
    for (const id of ['nonsense', '00000000-0000-4000-8000-999999999999']) {
      expect((await confirm(who('sam'), id)).status).toBe(404);
    }
  });

  test('costs: proposing one read and one write, confirming two reads and one transaction', async () => {
    const { body } = await propose(who('olivia'), { kind: 'settings', settings });
    expect(requests).toEqual(['GetItemCommand', 'PutItemCommand']);
    requests = [];
    await confirm(who('sam'), body.id);
    expect(requests).toEqual(['GetItemCommand', 'GetItemCommand', 'TransactWriteItemsCommand']);
  });

  test('changes come newest first, page by page, and never another project’s', async () => {
    for (let i = 0; i < 5; i += 1)
      await propose(who('olivia'), {
        kind: 'settings',
        settings: { ...settings, approvalTtlSeconds: 400 + i },
      });
    const seen: number[] = [];
    let tail = '/changes?limit=2';
    for (let page = 0; page < 5 && tail !== ''; page += 1) {
      const { body } = await call(who('sam'), 'GET', tail);
      seen.push(...body.changes.map((each: any) => each.change.settings.approvalTtlSeconds));
      tail = body.nextCursor === undefined ? '' : `/changes?limit=2&cursor=${body.nextCursor}`;
    }
    expect(seen).toEqual([404, 403, 402, 401, 400]);
    expect((await call(who('sam'), 'GET', '/changes?cursor=garbage')).body.code).toBe('INVALID_CURSOR');
    expect((await call(who('sam'), 'GET', '/changes?limit=0')).body).toMatchObject({
      code: 'INVALID_INPUT',
      field: 'limit',
    });
  });
});

describe('what a change is held against', () => {
  const endpoint = definition({
    name: 'orders',
    pathPrefix: '/orders',
    methods: ['POST'],
    effects: ['write'],
    reversibility: 'reversible',
    recoveryClass: 'keyed',
    idempotencyHeader: 'x-idem',
  });
  const put = (over: Partial<typeof endpoint>) => ({
    kind: 'endpoint',
    op: 'put',
    endpoint: { ...endpoint, ...over },
  });
  const without = (name: 'idempotencyHeader') => {
    const { [name]: _gone, ...rest } = endpoint;
    return { kind: 'endpoint', op: 'put', endpoint: rest };
  };
  const auth = (over: object) =>
    put({ auth: { kind: 'hmac-sha256', account: 'a', environment: 'STAGING', ...over } as never });
  const bad: readonly (readonly [string, unknown, string])[] = [
    [
      'a provider that is misspelt',
      { kind: 'settings', settings: { ...settings, providers: ['htpp'] } },
      'settings.providers[0]',
    ],
    [
      'a host with a scheme',
      { kind: 'settings', settings: { ...settings, allowedHosts: ['https://x.test'] } },
      'settings.allowedHosts[0]',
    ],
    [
      'a host twice',
      { kind: 'settings', settings: { ...settings, allowedHosts: ['x.test', 'x.test'] } },
      'settings.allowedHosts',
    ],
    [
      'alpaca without an account',
      { kind: 'settings', settings: { ...settings, providers: ['alpaca'] } },
      'settings.alpaca',
    ],
    [
      'a field that does not exist',
      { kind: 'settings', settings: { ...settings, autoApprove: true } },
      'settings.autoApprove',
    ],
    ['a kind that does not exist', { kind: 'everything' }, 'kind'],
    ['settings as they are', { kind: 'policy', policy: '' }, 'policy'],
    ['keyed without a header', without('idempotencyHeader'), 'endpoint.idempotencyHeader'],
    [
      'a key in the header of authentication',
      put({ idempotencyHeader: 'authorization' }),
      'endpoint.idempotencyHeader',
    ],
    ['lookup without a path', put({ recoveryClass: 'lookup' }), 'endpoint.lookupPath'],
    ['a lookup path without the key', put({ lookupPath: '/orders/by-key' }), 'endpoint.lookupPath'],
    ['resumable', put({ recoveryClass: 'resumable' }), 'endpoint.recoveryClass'],
    ['upsert by POST', put({ recoveryClass: 'upsert' }), 'endpoint.recoveryClass'],
    ['a POST that claims to read', put({ effects: ['read'], reversibility: 'none' }), 'endpoint.effects'],
    ['a write with nothing to take back', put({ reversibility: 'none' }), 'endpoint.reversibility'],
    ['an hmac without a header', auth({}), 'endpoint.auth.header'],
    ['an hmac in a common header', auth({ header: 'content-type' }), 'endpoint.auth.header'],
    [
      'a bearer with a header',
      put({ auth: { kind: 'bearer', account: 'a', environment: 'STAGING', header: 'x-signature' } }),
      'endpoint.auth.header',
    ],
    [
      'a policy of an operation that does not exist',
      {
        kind: 'settings',
        settings: { ...settings, policySources: [{ operation: 'etsy/publish', sources: ['etsy-ip'] }] },
      },
      'settings.policySources[0].operation',
    ],
    [
      'a policy source whose id is none',
      {
        kind: 'settings',
        settings: { ...settings, policySources: [{ operation: 'http/*', sources: ['Etsy IP'] }] },
      },
      'settings.policySources[0].sources[0]',
    ],
    [
      'a policy source twice',
      {
        kind: 'settings',
        settings: { ...settings, policySources: [{ operation: 'http/*', sources: ['etsy-ip', 'etsy-ip'] }] },
      },
      'settings.policySources[0].sources',
    ],
    [
      'a policy source twice at an endpoint',
      put({ policySources: ['etsy-ip', 'etsy-ip'] }),
      'endpoint.policySources',
    ],
    [
      'a policy source for what only reads',
      put({ methods: ['GET'], effects: ['read'], reversibility: 'none', policySources: ['etsy-ip'] }),
      'endpoint.policySources',
    ],
    ['a prefix that climbs', put({ pathPrefix: '/orders/../admin' }), 'endpoint.pathPrefix'],
    ['a prefix with an encoded slash', put({ pathPrefix: '/orders%2fx' }), 'endpoint.pathPrefix'],
    ['the removal of what is not there', { kind: 'endpoint', op: 'remove', name: 'nothing' }, 'name'],
    [
      'a secret instead of its name',
      {
        kind: 'credential',
        credential: {
          provider: 'http',
          account: 'a',
          environment: 'STAGING',
          secretId: 'hunter2 {}',
          standIn: false,
        },
      },
      'credential.secretId',
    ],
  ];
  test.each(bad)('%s is refused and the field named', async (_, body, field) => {
    const answer = await propose(who('olivia'), body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'INVALID_INPUT', field });
    expect(answer.body.detail.length).toBeGreaterThan(field.length + 5);
    expect(requests).not.toContain('PutItemCommand');
  });

  test('a policy that could let a trade run unattended is refused with every fault (GOV-04)', async () => {
    const answer = await propose(who('olivia'), {
      kind: 'policy',
      policy: `@id("one") ${BLANKET} @id("two") ${BLANKET}`,
    });
    expect([answer.status, answer.body.code, answer.body.field]).toEqual([422, 'POLICY_REFUSED', 'policy']);
    expect(answer.body.faults.map((each: { detail: string }) => each.detail.split(' ')[0])).toEqual([
      'project.one',
      'project.two',
    ]);
  });

  test('a policy that got into the table past the write is refused once more when it is confirmed', async () => {
    const { body } = await propose(who('olivia'), { kind: 'policy', policy: READ_RULE });
    const stored = await deps().readChange(project, body.id);
    const { changeHash } = await import('#shared/governance/change.ts');
    const change = { kind: 'policy' as const, policy: BLANKET };
    const answer = await confirm(who('sam'), body.id, undefined, {
      readChange: async () => ({ ...stored!, change, hash: changeHash(project, 0, change) }),
    });
    expect(answer.body.code).toBe('POLICY_REFUSED');
  });

  test('an endpoint is put, replaced by its name and removed; a twin under another name is refused', async () => {
    const step = async (body: unknown) => {
      const proposed = await propose(who('olivia'), body);
      expect(proposed.status, JSON.stringify(proposed.body)).toBe(201);
      expect((await confirm(who('sam'), proposed.body.id)).status).toBe(200);
      return { proposed, config: (await call(who('sam'), 'GET', '/config')).body };
    };
    const first = await step(put({}));
    expect(first.config.endpoints).toEqual([endpoint]);
    expect(first.proposed.body.warnings).toHaveLength(2);
    expect((await propose(who('olivia'), put({ name: 'twin', pathPrefix: '/Orders/' }))).body.field).toBe(
      'endpoint.pathPrefix',
    );
    expect((await step(put({ effects: ['write', 'notify'] }))).config.endpoints).toHaveLength(1);
    expect((await step({ kind: 'endpoint', op: 'remove', name: 'orders' })).config.endpoints).toEqual([]);
  });

  test('production takes no local names and no stand-ins', async () => {
    const production = { stageIsProduction: true };
    for (const host of ['localhost:8080', '127.0.0.1', '169.254.169.254', '10.0.0.1:443', 'x.localhost']) {
      const answer = await call(
        who('olivia'),
        'POST',
        '/changes',
        { kind: 'settings', settings: { ...settings, allowedHosts: [host] } },
        production,
      );
      expect(answer.body.field, host).toBe('settings.allowedHosts[0]');
    }
    const standIn = {
      kind: 'credential',
      credential: { provider: 'alpaca', account: 'a', environment: 'PAPER', secretId: 's', standIn: true },
    };
    expect((await call(who('olivia'), 'POST', '/changes', standIn, production)).body.field).toBe(
      'credential.standIn',
    );
  });
});

describe('reading a project (GOV-03)', () => {
  test.each([
    ['a provider that is misspelt', { settings: { ...settings, providers: ['htpp'] } }],
    ['a member too many', { autoApprove: true }],
    ['another project inside', { project: 'other' }],
    ['a version that is text', { version: '1' }],
    ['half a row', { settings: undefined }],
  ])('%s in the stored row closes the project', async (_, over) => {
    await engine.db.send(
      new PutCommand({
        TableName: 'registry',
        Item: {
          ...strictProjectConfig(project),
          version: 4,
          settings,
          ...over,
          pk: `project#${project}`,
          kind: 'project',
          sortKey: project,
        },
      }),
    );
    expect(await readProjectConfig(engine.db, 'registry')(project)).toEqual(strictProjectConfig(project));
  });
});

describe('break-glass (issue 4)', () => {
  const breakGlass = {
    sources: ['etsy-prohibited-items'],
    codes: ['STALE'],
    reason: 'The page is down and a listing must end today',
    minutes: 60,
  };
  const ask = { kind: 'breakGlass', breakGlass };

  test('two operators set a reason aside for an hour; the record stays, the next change forgets what is over', async () => {
    clock = T0;
    const proposed = await propose(who('olivia'), ask);
    expect(proposed).toMatchObject({ status: 201, body: { current: [], status: 'PROPOSED' } });
    expect(proposed.body.warnings[0]).toContain('STALE of etsy-prohibited-items');
    expect((await call(who('sam'), 'GET', '/config')).body.breakGlass).toBeUndefined();
    expect((await confirm(who('olivia'), proposed.body.id)).body.code).toBe('SECOND_PERSON_REQUIRED');
    const { body } = await confirm(who('sam'), proposed.body.id);
    expect((await call(who('sam'), 'GET', '/config')).body.breakGlass).toEqual([
      {
        ...breakGlass,
        version: 1,
        openedAt: body.confirmedAt,
        until: new Date(Date.parse(body.confirmedAt) + 3_600_000).toISOString(),
        by: ['person:olivia@example.test', 'person:sam@example.test'],
      },
    ]);
    clock = T0 + 2 * 3_600_000;
    const later = (name: string) => ({ ...who(name), authTimeMs: clock }) as Principal;
    const again = await propose(later('sam'), {
      kind: 'breakGlass',
      breakGlass: { ...breakGlass, minutes: 5 },
    });
    await confirm(later('olivia'), again.body.id);
    const open = (await call(who('sam'), 'GET', '/config')).body.breakGlass;
    expect(open).toMatchObject([{ minutes: 5, version: 2 }]);
    clock = T0;
  });

  test('takes people who have just signed in', async () => {
    clock = T0;
    const stale = { ...who('olivia'), authTimeMs: T0 - 301_000 } as Principal;
    expect((await propose(stale, ask)).body.code).toBe('SIGN_IN_NOT_FRESH');
    const { body } = await propose(who('olivia'), ask);
    const second = { ...who('sam'), authTimeMs: T0 - 301_000 } as Principal;
    expect((await confirm(second, body.id)).body.code).toBe('SIGN_IN_NOT_FRESH');
  });

  test.each([
    ['a reason that nobody can set aside', { codes: ['BASELINE_PENDING'] }, 'breakGlass.codes[0]'],
    ['more than four hours', { minutes: 241 }, 'breakGlass.minutes'],
    ['no why', { reason: 'hurry' }, 'breakGlass.reason'],
    ['no source', { sources: [] }, 'breakGlass.sources'],
  ])('is refused with %s', async (_what, over, field) => {
    clock = T0;
    const answer = await propose(who('olivia'), {
      kind: 'breakGlass',
      breakGlass: { ...breakGlass, ...over },
    });
    expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT', field } });
  });
});
