import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BatchGetCommand, GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import {
  lookOnPage,
  lookOverHttp,
  type LookOnPageDeps,
  type LookOverHttpDeps,
} from '#functions/credentials/look-at-credential.ts';
import { showCredentials } from '#functions/credentials/show-credentials.ts';
import { timestamp } from '#shared/actions/identity.ts';
import type { CredentialCondition } from '#shared/credentials/condition.ts';
import { putCondition, readCondition, readStanding } from '#shared/credentials/conditions.aws.ts';
import type { Credential } from '#shared/credentials/credential.ts';
import { CredentialLookView } from '#shared/credentials/credential-view.ts';
import { putCredential, readSecretDocument } from '#shared/credentials/credentials.aws.ts';
import { type Keyring, newKeyring } from '#shared/credentials/keyring.ts';
import { listStandings } from '#shared/credentials/list-credentials.aws.ts';
import { claimLook } from '#shared/credentials/look-claims.aws.ts';
import { NOTICE_COOKIE } from '#shared/credentials/page-notice.ts';
import type { ProbeFinding } from '#shared/credentials/probes/probe.ts';
import { listOpenReauthTasks, openReauthTask } from '#shared/credentials/reauth-tasks.aws.ts';
import { recordAct } from '#shared/credentials/rotation/acts.aws.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import type { Principal } from '#shared/operators/principal.ts';
import { httpEvent } from '../operators/http-event.ts';
import { memoryRegistry, person as row } from '../operators/memory-registry.ts';
import { realTables } from '../support/real-tables.ts';
import { secretsOf } from './in-memory.ts';
import { aCondition, aCredential } from './rows.ts';

const TABLE = 'credentials';
const T0 = Date.parse('2026-11-21T10:00:00.000Z');
const MINUTE = 60_000;
const CANARY = 'PLANTED-9f31c7';
const ring = newKeyring({ id: 'test-key', bytes: new Uint8Array(32) }, 0);

type Person = Extract<Principal, { kind: 'person' }>;
const olivia = (project: string, over: Partial<Person> = {}): Person => ({
  kind: 'person',
  subject: 'person:olivia@example.test',
  email: 'olivia@example.test',
  name: 'Olivia',
  projects: [project],
  roles: ['operator'],
  authTimeMs: T0 - MINUTE,
  ...over,
});

let tables: Awaited<ReturnType<typeof realTables>>;
beforeAll(async () => {
  tables = await realTables({ credentials: [['byKind', 'rowKind', 'sortKey']], controls: [] });
});
afterAll(() => tables.stop());

let serial = 0;
const desk = async (over: Partial<Credential> = {}, condition?: Partial<CredentialCondition>) => {
  const project = `look${(serial += 1)}`;
  const grant = aCredential({ project, secretId: `autopack/${project}`, createdAt: timestamp(T0), ...over });
  await putCredential(tables.db, TABLE)(grant);
  if (condition !== undefined)
    await putCondition(tables.db, TABLE)(undefined, aCondition({ project, ...condition }));
  const sent: unknown[] = [];
  const db = {
    send: async (command: never) => {
      sent.push(command);
      return tables.db.send(command);
    },
  } as unknown as typeof tables.db;
  const people = memoryRegistry([
    row('olivia@example.test', { projects: [project] }),
    row('vera@example.test', { projects: [project], roles: ['viewer'] }),
    row('gone@example.test', { projects: [project], active: false }),
  ]);
  const state = {
    now: T0,
    finding: { kind: 'works', account: 'PA1' } as ProbeFinding,
    asked: 0,
    ids: 0,
    signedIn: olivia(project) as Person | null,
    meanwhile: async (): Promise<void> => undefined,
  };
  const deps: LookOverHttpDeps & LookOnPageDeps = {
    now: () => state.now,
    newId: () => `${project}-${(state.ids += 1)}`,
    readPerson: people.readPerson,
    signedIn: async () => (state.signedIn === null ? null : { principal: state.signedIn, csrf: 'csrf' }),
    readStanding: readStanding(db, TABLE),
    putCondition: putCondition(db, TABLE),
    openReauthTask: openReauthTask(db, TABLE, () => state.now),
    recordAct: recordAct(db, TABLE),
    claimLook: claimLook(db, 'controls'),
    countUp: async () => 'counted',
    readSecretDocument: readSecretDocument(
      secretsOf({ [grant.secretId]: JSON.stringify({ keyId: CANARY, secretKey: CANARY }) }),
    ),
    useKeyring: async <T>(run: (keys: Keyring) => T) => run(ring),
    probe: async () => {
      state.asked += 1;
      await state.meanwhile();
      return state.finding;
    },
  };
  const look = async (
    who: Principal = olivia(project),
    params: Readonly<Record<string, string>> = {},
  ): Promise<{ status: number; body: any; text: string }> => {
    const { provider, account, environment } = grant;
    const reply = await httpHandler((request) => lookOverHttp(request, deps))(
      httpEvent({
        method: 'POST',
        path: `/projects/${project}/credentials/x/look`,
        params: { project, provider, account, environment, ...params },
        principal: who,
      }),
    );
    return { status: reply.statusCode, body: JSON.parse(reply.body), text: reply.body };
  };
  const acts = async () => {
    const { Items = [] } = await tables.db.send(
      new QueryCommand({
        TableName: TABLE,
        IndexName: 'byKind',
        KeyConditionExpression: 'rowKind = :act',
        ExpressionAttributeValues: { ':act': 'act' },
      }),
    );
    const own = Items.filter(({ pk }) => String(pk).startsWith(`act#${project}-`));
    return Promise.all(
      own.map(async ({ pk }) => {
        const key = { TableName: TABLE, Key: { pk }, ConsistentRead: true };
        return (await tables.db.send(new GetCommand(key))).Item;
      }),
    );
  };
  const tasks = async () =>
    (await listOpenReauthTasks(tables.db, TABLE)()).filter((task) => task.project === project);
  return {
    project,
    grant,
    state,
    deps,
    look,
    acts,
    tasks,
    sent,
    condition: () => readCondition(tables.db, TABLE)(project, grant),
  };
};

describe('a look that an operator asks for', () => {
  test('is the look of the hourly check, and answers how the credential stands now', async () => {
    const d = await desk({}, { status: 'INVALID', probedAt: timestamp(T0 - 20 * MINUTE) });
    const { status, body } = await d.look();
    expect(status).toBe(200);
    expect(CredentialLookView.parse(body)).toMatchObject({
      look: 'done',
      credential: { status: 'PRESENT', detail: null, providerAccount: 'PA1', lastValidatedAt: timestamp(T0) },
    });
    // The next hourly look stays where it is: it alone tells people of ages.
    expect(await d.condition()).toMatchObject({
      status: 'PRESENT',
      version: 2,
      checkedAt: timestamp(T0),
      probedAt: timestamp(T0 - 20 * MINUTE),
      warnedAtDays: null,
    });
  });

  test('one that nobody has looked at yet keeps its first hourly look', async () => {
    const d = await desk();
    expect((await d.look()).body.look).toBe('done');
    expect((await d.condition())?.probedAt).toBeUndefined();
  });

  test('costs one batched read, one claim, one record and one write, and a second one the read and the claim', async () => {
    const d = await desk({}, {});
    await d.look();
    expect(d.sent.map((command) => (command as object).constructor)).toEqual([
      BatchGetCommand,
      UpdateCommand,
      PutCommand,
      PutCommand,
    ]);
    d.sent.length = 0;
    await d.look();
    expect(d.sent.map((command) => (command as object).constructor)).toEqual([
      BatchGetCommand,
      UpdateCommand,
    ]);
  });

  test('asks the provider once a minute, however many ask at once', async () => {
    const d = await desk();
    const answers = await Promise.all(Array.from({ length: 8 }, () => d.look()));
    expect(answers.map(({ body }) => body.look).toSorted()).toEqual(['done', ...Array(7).fill('recent')]);
    d.state.now += MINUTE - 1;
    expect((await d.look()).body).toMatchObject({ look: 'recent', credential: { status: 'PRESENT' } });
    expect([d.state.asked, (await d.acts()).length]).toEqual([1, 1]);
    d.state.now += 1;
    expect((await d.look()).body.look).toBe('done');
    expect(d.state.asked).toBe(2);
  });

  test('another credential of the project is another minute', async () => {
    const d = await desk();
    await putCredential(tables.db, TABLE)(aCredential({ project: d.project, account: 'second' }));
    await d.look();
    expect((await d.look(undefined, { account: 'second' })).body.look).toBe('done');
  });

  test('is on record before it is done, with who asked and without a value', async () => {
    const d = await desk();
    let recorded = 0;
    d.state.meanwhile = async () => void (recorded = (await d.acts()).length);
    const { text } = await d.look();
    expect(recorded).toBe(1);
    const acts = await d.acts();
    expect(acts).toMatchObject([
      { what: 'look', by: 'person:olivia@example.test', project: d.project, secretId: d.grant.secretId },
    ]);
    expect(text + JSON.stringify(acts)).not.toContain('PLANTED');
  });

  test('opens the task of a person where one is needed', async () => {
    const d = await desk();
    d.state.finding = { kind: 'refused' };
    expect((await d.look()).body.credential.status).toBe('INVALID');
    expect((await d.tasks()).map(({ reason }) => reason)).toEqual(['refused']);
  });

  test('counts for nothing where it was renewed meanwhile', async () => {
    const d = await desk({}, {});
    d.state.finding = { kind: 'refused' };
    d.state.meanwhile = async () => {
      const before = await d.condition();
      if (before === undefined) throw new Error('no condition');
      const renewed = { ...before, version: before.version + 1, rotationCount: 7 };
      await putCondition(tables.db, TABLE)(before, renewed);
    };
    expect((await d.look()).body).toMatchObject({
      look: 'overtaken',
      credential: { status: 'PRESENT', rotationCount: 7 },
    });
    expect(await d.tasks()).toEqual([]);
  });

  test.each<[string, (project: string) => Principal, Readonly<Record<string, string>>, number, string]>([
    ['a viewer', (p) => olivia(p, { email: 'vera@example.test' }), {}, 403, 'FORBIDDEN'],
    ['who is not active any more', (p) => olivia(p, { email: 'gone@example.test' }), {}, 403, 'FORBIDDEN'],
    ['an old sign-in', (p) => olivia(p, { authTimeMs: T0 - 6 * MINUTE }), {}, 401, 'SIGN_IN_NOT_FRESH'],
    [
      'an agent',
      (p) => ({
        kind: 'client',
        subject: 'client:bot',
        name: 'bot',
        projects: [p],
        roles: ['operator'],
        owner: 'person:olivia@example.test',
      }),
      {},
      403,
      'PERSON_REQUIRED',
    ],
    ['the public', () => ({ kind: 'public', subject: 'system:public' }), {}, 401, 'UNAUTHENTICATED'],
    ['another project', (p) => olivia(p), { project: 'elsewhere' }, 404, 'NOT_FOUND'],
    ['an account that is not registered', (p) => olivia(p), { account: 'other' }, 404, 'NOT_FOUND'],
    ['an environment that there is not', (p) => olivia(p), { environment: 'MOON' }, 404, 'NOT_FOUND'],
  ])('%s: refused, and nothing is asked or written', async (_, who, params, status, code) => {
    const d = await desk();
    const reply = await d.look(who(d.project), params);
    expect([reply.status, reply.body.code]).toEqual([status, code]);
    expect([d.state.asked, await d.condition(), await d.acts()]).toEqual([0, undefined, []]);
  });

  test('a retired one is not looked at', async () => {
    const d = await desk({ retired: true });
    expect((await d.look()).body.code).toBe('NOT_FOUND');
    expect(d.state.asked).toBe(0);
  });
});

describe('the form of the page', () => {
  let d: Awaited<ReturnType<typeof desk>>;
  let jar: Map<string, string>;
  beforeEach(async () => {
    d = await desk();
    jar = new Map();
  });
  const keep = (cookies: readonly string[] = []): void => {
    for (const set of cookies) {
      const [pair = '', ...rules] = set.split('; ');
      const [name = '', value = ''] = pair.split('=');
      if (rules.includes('Max-Age=0')) jar.delete(name);
      else jar.set(name, value);
    }
  };
  const cookies = () => [...jar].map(([name, value]) => `${name}=${value}`);
  const open = async (over: object = {}): Promise<string> => {
    const page = await httpHandler(
      (request) =>
        showCredentials(request, {
          ...d.deps,
          listStandings: listStandings(tables.db, TABLE),
          randomBytes: (count) => new Uint8Array(count).fill((serial += 1)),
          log: () => undefined,
          ...over,
        }),
      { page: true },
    )(httpEvent({ method: 'GET', path: '/credentials', cookies: cookies() }));
    keep(page.cookies);
    return page.body;
  };
  const fieldsOf = (page: string): Record<string, string> => {
    const form = /action="\/credentials\/look">([\s\S]*?)<\/form>/.exec(page)?.[1] ?? '';
    return Object.fromEntries(
      [...form.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
    );
  };
  const post = async (fields: Record<string, string>, headers: Record<string, string> = {}) => {
    const reply = await httpHandler((request) => lookOnPage(request, d.deps), { page: true })(
      httpEvent({
        method: 'POST',
        path: '/credentials/look',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        cookies: cookies(),
        body: new URLSearchParams(fields).toString(),
      }),
    );
    keep(reply.cookies);
    return reply;
  };

  test('has it looked at, goes back to the page, and tells once what came of it', async () => {
    const reply = await post(fieldsOf(await open()));
    expect([reply.statusCode, reply.headers['location']]).toEqual([303, '/credentials']);
    expect(reply.cookies?.[0]).toMatch(
      /^__Host-autopack-notice=[\w-]+; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=60$/,
    );
    expect(d.state.asked).toBe(1);
    const page = await open();
    expect(page).toContain('Looked at just now');
    expect(jar.has(NOTICE_COOKIE)).toBe(false);
    expect(await open()).not.toContain('Looked at just now');
    await post(fieldsOf(page));
    expect(await open()).toContain('Not looked at again');
    expect(d.state.asked).toBe(1);
  });

  test('pages in two tabs hold both', async () => {
    const [first, second] = [fieldsOf(await open()), fieldsOf(await open())];
    expect((await post(first)).statusCode).toBe(303);
    expect((await post(second)).statusCode).toBe(303);
  });

  test.each<[string, (fields: Record<string, string>) => void, Record<string, string>]>([
    ['about another credential', (fields) => (fields['account'] = 'second'), {}],
    ['of another project', (fields) => (fields['project'] = 'elsewhere'), {}],
    ['of another session', (fields) => (fields['csrf'] = 'other'), {}],
    ['without our signature', (fields) => (fields['nonce'] = 'v1.x'), {}],
    ['without the cookie of the page', () => jar.clear(), {}],
    ['from elsewhere', () => undefined, { 'sec-fetch-site': 'cross-site' }],
    ['that is an hour old', () => (d.state.now += 3_600_001), {}],
  ])('a form %s does nothing', async (_, change, headers) => {
    const fields = fieldsOf(await open());
    change(fields);
    expect((await post(fields, headers)).statusCode).toBe(403);
    expect([d.state.asked, await d.acts()]).toEqual([0, []]);
  });

  test('signed out, or signed in too long ago, it does nothing and says what to do', async () => {
    const fields = fieldsOf(await open());
    d.state.signedIn = olivia(d.project, { authTimeMs: T0 - 6 * MINUTE });
    const stale = await post(fields);
    expect([stale.statusCode, stale.body]).toEqual([
      401,
      expect.stringContaining('/sign-in?fresh=1&amp;return=%2Fcredentials'),
    ]);
    const page = await open();
    expect([fieldsOf(page), page]).toEqual([{}, expect.stringContaining('Sign in again to look at it now')]);
    d.state.signedIn = null;
    expect((await post(fields)).statusCode).toBe(401);
    expect(d.state.asked).toBe(0);
  });

  test('without the keyring the page shows how credentials are doing, and no form', async () => {
    const page = await open({ useKeyring: () => Promise.reject(new Error('throttled')) });
    expect(page).toContain('paper-demo');
    expect(fieldsOf(page)).toEqual({});
  });

  test('a notice of something that is not on the page, or that is none of ours, is not shown', async () => {
    const cookie = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const { provider, account, environment } = d.grant;
    const credential = { provider, account, environment };
    for (const value of [
      cookie({ done: 'looked', project: 'elsewhere', credential }),
      cookie({ done: 'looked', project: d.project, credential, text: '<b>' }),
      cookie('x'),
      'no-base64-%',
      '',
    ]) {
      jar.set(NOTICE_COOKIE, value);
      expect(await open()).not.toContain('role="status"');
    }
  });
});
