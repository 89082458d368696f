import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { timestamp } from '#shared/actions/identity.ts';
import { bindPersonSubject, listApprovers, readClient, readPerson } from '#shared/operators/registry.aws.ts';
import { createSession, readSession, revokeSession, touchSession } from '#shared/operators/sessions.aws.ts';
import { newSession } from '#shared/operators/sessions.ts';
import { personKeys } from '#shared/operators/registry.ts';
import { useSignIn } from '#shared/operators/sign-ins.aws.ts';
import { realTables } from '../support/real-tables.ts';
import { personClaims, startIssuer, type TestIssuer } from './issuer.ts';
import { person } from './memory-registry.ts';

const REGISTRY = 'registry';
const CREDENTIALS = 'credentials';
let tables: Awaited<ReturnType<typeof realTables>>;
let issuer: TestIssuer;
let inbox: Server;
const answers: Record<string, unknown>[] = [];

beforeAll(async () => {
  tables = await realTables({ [REGISTRY]: [['byKind', 'kind', 'sortKey']], [CREDENTIALS]: [] });
  issuer = await startIssuer();
  inbox = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      answers.push(JSON.parse(text) as Record<string, unknown>);
      response.end();
    });
  });
  await new Promise<void>((resolve) => inbox.listen(0, '127.0.0.1', resolve));
  const endpoint = await tables.client.config.endpoint?.();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${endpoint?.port}`,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AUTOPACK_ENV: 'dev',
    REGISTRY_TABLE: REGISTRY,
    CREDENTIALS_TABLE: CREDENTIALS,
    OIDC_ISSUER: issuer.url,
    OIDC_CONSOLE_CLIENT_ID: 'console',
    OIDC_CLI_CLIENT_ID: 'cli',
    OPERATOR_GROUP: 'operators',
    PUBLIC_URL: 'https://autopack.example.test/',
  });
});
afterAll(async () => {
  inbox.close();
  await Promise.all([tables.stop(), issuer.close()]);
});

const put = (email: string, more: object = {}) =>
  tables.db.send(
    new PutCommand({ TableName: REGISTRY, Item: { ...personKeys(email), ...person(email), ...more } }),
  );

const SEED = {
  people: [
    { email: 'Olivia@example.test', name: 'Olivia', projects: ['demo'], roles: ['operator', 'viewer'] },
  ],
  clients: [
    {
      name: 'demo-agent',
      clientId: 'agent-1',
      projects: ['demo'],
      roles: ['agent'],
      owner: 'person:ada@example.test',
    },
  ],
  projects: [
    {
      project: 'demo',
      settings: { approvalTtlSeconds: 86_400, allowedHosts: [], providers: ['http'], alpaca: null },
    },
  ],
  credentials: [
    {
      project: 'demo',
      provider: 'alpaca',
      account: 'paper',
      environment: 'PAPER',
      secretId: 'a/b',
      standIn: true,
      retired: false,
      policy: { notifyDays: [30], maxDays: 60, criticalDays: 90 },
    },
  ],
};
const propertiesOf = (seed: unknown) => ({
  ServiceToken: 'arn:aws:lambda:eu-central-1:000000000000:function:seed',
  seed: JSON.stringify(seed),
});
const PROPERTIES = propertiesOf(SEED);
const seed = async (type: string, properties: unknown): Promise<Record<string, unknown> | undefined> => {
  const { handler } = await import('#functions/operators/seed-registry.handler.ts');
  await handler({
    RequestType: type,
    ResponseURL: `http://127.0.0.1:${(inbox.address() as AddressInfo).port}/answer`,
    StackId: 'stack',
    RequestId: `request-${answers.length}`,
    LogicalResourceId: 'RegistryRows',
    ResourceProperties: properties,
  });
  return answers.at(-1);
};
const item = async (table: string, pk: string) =>
  (await tables.db.send(new GetCommand({ TableName: table, Key: { pk } }))).Item;

test('a deployment seeds people, agents, projects and credential metadata, and only where nothing is', async () => {
  expect(await seed('Create', PROPERTIES)).toMatchObject({
    Status: 'SUCCESS',
    Data: { put: '4', kept: '0' },
  });
  expect(await readPerson(tables.db, REGISTRY)('OLIVIA@example.test')).toMatchObject({
    email: 'olivia@example.test',
    active: true,
  });
  expect(await readClient(tables.db, REGISTRY)('agent-1')).toMatchObject({
    owner: 'person:ada@example.test',
  });
  expect(await item(REGISTRY, 'project#demo')).toMatchObject({
    version: 1,
    updatedBy: ['system:seed'],
    settings: { approvalTtlSeconds: 86_400, allowedHosts: [], alpaca: null },
  });
  expect(await item(CREDENTIALS, 'demo#alpaca#paper#PAPER')).toMatchObject({ standIn: true });
});

test('what a person changed outlives every later deployment, and deleting the resource deletes nothing', async () => {
  await put('olivia@example.test', { active: false });
  await tables.db.send(
    new PutCommand({ TableName: REGISTRY, Item: { ...(await item(REGISTRY, 'project#demo')), version: 7 } }),
  );
  expect(await seed('Update', PROPERTIES)).toMatchObject({
    Status: 'SUCCESS',
    Data: { put: '0', kept: '4' },
  });
  expect(await seed('Delete', PROPERTIES)).toMatchObject({ Status: 'SUCCESS' });
  expect(await seed('Delete', { nonsense: true })).toMatchObject({ Status: 'SUCCESS' });
  expect(await readPerson(tables.db, REGISTRY)('olivia@example.test')).toMatchObject({ active: false });
  expect(await item(REGISTRY, 'project#demo')).toMatchObject({ version: 7 });
});

test('a seed that does not fit is answered FAILED with the reason, before anything is written', async () => {
  const people = [
    { email: 'new@example.test', name: 'N', projects: ['demo'], roles: ['viewer'] },
    { email: 'nobody', name: 'N' },
  ];
  const answer = await seed('Create', propertiesOf({ people }));
  expect(answer).toMatchObject({ Status: 'FAILED' });
  expect(String(answer?.['Reason'])).toContain('people[1].email');
  expect(await item(REGISTRY, 'person#new@example.test')).toBeUndefined();
});

test.each(['condition', 'wait', 'act'])(
  'a project called %s is refused: its grants could meet other rows',
  async (project) => {
    const settings = { approvalTtlSeconds: 86_400, allowedHosts: [], providers: ['http'], alpaca: null };
    const answer = await seed('Create', propertiesOf({ projects: [{ project, settings }] }));
    expect(answer).toMatchObject({ Status: 'FAILED' });
    expect(String(answer?.['Reason'])).toContain('projects[0].project');
    expect(await item(REGISTRY, `project#${project}`)).toBeUndefined();
  },
);

test('ten sign-ins at once bind one subject', async () => {
  await put('race@example.test');
  const bind = bindPersonSubject(tables.db, REGISTRY);
  const results = await Promise.all(
    Array.from({ length: 10 }, (_, n) => bind('race@example.test', `sub-${n}`)),
  );
  expect(results.filter((result) => result === 'bound').length).toBe(1);
  const bound = (await readPerson(tables.db, REGISTRY)('race@example.test'))?.issuerSubject ?? '';
  expect(await bind('race@example.test', bound)).toBe('bound');
  expect(await bind('absent@example.test', 'x')).toBe('refused');
  expect(await readPerson(tables.db, REGISTRY)('absent@example.test')).toBeUndefined();
});

test('approvers are the active operators of the project', async () => {
  await put('sam@example.test');
  await put('off@example.test', { active: false });
  await put('viewer@example.test', { roles: ['viewer'] });
  await put('elsewhere@example.test', { projects: ['other'] });
  const found = await listApprovers(tables.db, REGISTRY)('demo');
  expect(found.map((row) => row.email)).toEqual(['race@example.test', 'sam@example.test']);
});

test('a session is stored by digest, is touched, and stays ended once it is ended', async () => {
  const [digest, now] = ['d'.repeat(64), Date.now()];
  const who = {
    kind: 'person',
    email: 'sam@example.test',
    issuerSubject: 's',
    authTimeMs: now,
    inOperatorGroup: true,
  } as const;
  await createSession(tables.db, REGISTRY)(digest, newSession(who, now));
  await expect(createSession(tables.db, REGISTRY)(digest, newSession(who, now))).rejects.toThrow();
  await touchSession(tables.db, REGISTRY)(digest, timestamp(now + 1000));
  expect(await readSession(tables.db, REGISTRY)(digest)).toMatchObject({ lastSeenAt: timestamp(now + 1000) });
  await revokeSession(tables.db, REGISTRY)(digest, timestamp(now + 2000));
  await revokeSession(tables.db, REGISTRY)(digest, timestamp(now + 9000));
  await touchSession(tables.db, REGISTRY)(digest, timestamp(now + 9000));
  expect(await readSession(tables.db, REGISTRY)(digest)).toMatchObject({
    lastSeenAt: timestamp(now + 1000),
    revokedAt: timestamp(now + 2000),
  });
  await revokeSession(tables.db, REGISTRY)('e'.repeat(64), timestamp(now));
  expect(await readSession(tables.db, REGISTRY)('e'.repeat(64))).toBeUndefined();
});

test('of ten uses of one sign-in attempt exactly one counts', async () => {
  const uses = await Promise.all(
    Array.from({ length: 10 }, () => useSignIn(tables.db, REGISTRY)('f'.repeat(64), Date.now())),
  );
  expect(uses.filter(Boolean).length).toBe(1);
});

test('the authorizer hands the principal over as JSON text, and nothing where nobody is', async () => {
  const { handler } = await import('#functions/operators/authorize.handler.ts');
  const ask = async (token: string) =>
    handler({
      version: '2.0',
      headers: { authorization: `Bearer ${token}` },
      requestContext: { http: { method: 'GET' } },
    });
  const answer = await ask(await issuer.sign(personClaims('sam@example.test')));
  expect(answer.isAuthorized).toBe(true);
  expect(JSON.parse(answer.context?.principal ?? '')).toMatchObject({
    kind: 'person',
    subject: 'person:sam@example.test',
  });
  expect(await ask(await issuer.sign(personClaims('off@example.test')))).toEqual({ isAuthorized: false });
});

test('the handlers of sign-in and description answer through the gateway payload', async () => {
  const signIn = (await import('#functions/operators/sign-in.handler.ts')).handler;
  const describe = (await import('#functions/operators/describe-api.handler.ts')).handler;
  const event = (path: string) => ({
    rawPath: path,
    requestContext: { requestId: 'r', http: { method: 'GET', path, sourceIp: '192.0.2.1' } },
  });
  const started = await signIn(event('/sign-in'));
  expect(started).toMatchObject({ statusCode: 302 });
  expect(new URL(started.headers['location'] ?? '').searchParams.get('redirect_uri')).toBe(
    'https://autopack.example.test/signed-in',
  );
  expect(JSON.parse((await describe(event('/health'))).body)).toMatchObject({ status: 'ok', stage: 'dev' });
  expect(JSON.parse((await describe(event('/openapi.json'))).body)).toMatchObject({ openapi: '3.1.0' });
});
