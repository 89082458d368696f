import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser } from '#infra/local/demo-browser.ts';
import { type AccountDesk, accountDesk, OLIVIA } from '../../path/account-desk.ts';
import { ASSEMBLIES, type Desk, openAs, openDesk, until } from '../../path/desk.ts';
import { recordFigures } from '../figures.ts';
import { filesIn, findSecret, itemsByTable, type Places, placesIn, settings, taskTokens } from './search.ts';

/**
 * The whole life of credentials on the whole stack: connect, pause, renew, revoke, probe, connect again, stage, rotate,
 * with faults in between. Then every value that any secret ever had, and everything that a browser or a provider was
 * handed on the way, is searched in everything that was answered, shown, mailed, logged, stored or synthesized.
 */
const lines: string[] = [];
const answers: string[] = [];
const handed = { transactions: new Set<string>(), codes: new Set<string>(), states: new Set<string>() };
const realFetch = globalThis.fetch;
let desk: Desk;
let at: AccountDesk;
let manager: SecretsManagerClient;
let places: Places;
let secrets: Record<string, readonly string[]>;

const noteUrl = (text: string | null): void => {
  if (text === null || !URL.canParse(text, 'http://127.0.0.1')) return;
  const { searchParams, pathname } = new URL(text, 'http://127.0.0.1');
  if (!pathname.startsWith('/credentials/connect/')) return;
  const [code, state] = [searchParams.get('code'), searchParams.get('state')];
  if (code !== null) handed.codes.add(code);
  if (state !== null) handed.states.add(state);
};

/** Keeps what Autopack answers, and what passes a browser on its way to the provider and back. */
const watched: typeof fetch = async (input, init) => {
  const reply = await realFetch(input, init);
  noteUrl(reply.headers.get('location'));
  for (const cookie of reply.headers.getSetCookie()) {
    const value = /^__Host-autopack-connect=([^;]+)/.exec(cookie)?.[1];
    if (value !== undefined) handed.transactions.add(value.split('.')[0] ?? '');
  }
  if (String(input instanceof Request ? input.url : input).startsWith(desk?.host.apiUrl ?? ' '))
    answers.push(await reply.clone().text());
  return reply;
};

const KINDS = new Map<string, Set<string>>();
/** Every value of every labelled version of every secret, by what it is; called after each step. */
const harvest = async (): Promise<void> => {
  const { SecretList = [] } = await manager.send(new ListSecretsCommand({}));
  for (const { Name = '' } of SecretList) {
    const { VersionIdsToStages = {} } = await manager.send(new DescribeSecretCommand({ SecretId: Name }));
    for (const VersionId of Object.keys(VersionIdsToStages)) {
      // The label of a rotation that has begun hangs on a version without a value.
      const SecretString = await manager
        .send(new GetSecretValueCommand({ SecretId: Name, VersionId }))
        .then((found) => found.SecretString)
        .catch(() => undefined);
      if (SecretString !== undefined) note(Name, JSON.parse(SecretString) as unknown);
    }
  }
};
/** Names of fields that are no secret: who, when, what for, and the public half. */
const OPEN = new Set(['clientId', 'account', 'scope', 'id', 'kind', 'alg', 'publicKey', 'x', 'kty', 'crv']);
const note = (secret: string, value: unknown, field = 'value'): void => {
  if (Array.isArray(value)) for (const each of value) note(secret, each, field);
  else if (value !== null && typeof value === 'object')
    for (const [name, each] of Object.entries(value)) note(secret, each, name);
  else if (typeof value === 'string' && value.length >= 12 && !OPEN.has(field) && !/^\d{4}-/.test(value)) {
    const kind = `${/keyring/.test(secret) ? 'keyring' : /signing/.test(secret) ? 'signing keys' : field}`;
    KINDS.set(kind, (KINDS.get(kind) ?? new Set()).add(value));
  }
};

/** The pages that an operator sees. */
const lookAround = async (): Promise<void> => {
  const browser = openBrowser();
  for (const page of ['/inbox', '/credentials', '/sources'])
    await openAs(browser, `${desk.host.apiUrl}${page}`, OLIVIA);
};

/** With patience: a machine that tests other things at the same time is slow. */
const soon = <Found>(what: string, look: () => Promise<Found | undefined> | Found | undefined) =>
  until(what, look, 90);

const PAPER = '/projects/demo/credentials/alpaca/paper-demo/PAPER';
const WRONG = 'planted-wrong-key-0f1e2d3c4b5a';

beforeAll(async () => {
  globalThis.fetch = watched;
  desk = await openDesk({}, (line) => lines.push(line));
  at = accountDesk(desk);
  manager = new SecretsManagerClient(settings(desk));
  await harvest();
  await at.register();

  // Pause, task, mail, a consent that breaks off, a connection; then it runs.
  await at.refreshNow();
  await at.proposePlaylist('first');
  await desk.decide(await desk.nextLink(OLIVIA), 'approve');
  await desk.becomes('first', 'PAUSED_CREDENTIAL');
  await at.tendNow();
  await at.connect('decline');
  await desk.host.oauth.inject({
    provider: 'youtube',
    endpoint: 'token',
    kind: 'serverErrorAfter',
    times: 1,
  });
  await at.connect();
  await at.connect();
  await harvest();
  await desk.sweep();
  await desk.becomes('first', 'SUCCEEDED');

  // Revoked at the provider: refused, renewed in vain, paused, told; connected again.
  await at.revoke();
  await at.proposePlaylist('second');
  await desk.decide(await desk.nextLink(OLIVIA), 'approve');
  await soon(
    'the refusal',
    () =>
      desk.host.oauth.calls().some(({ endpoint, status }) => endpoint === 'api' && status === 401) ||
      undefined,
  );
  await soon('the death', async () => {
    await at.refreshNow();
    return desk.host.oauth.calls().some(({ error }) => error === 'invalid_grant') || undefined;
  });
  await desk.becomes('second', 'PAUSED_CREDENTIAL', 60);
  await at.checkNow();
  await at.tendNow();
  await lookAround();
  await harvest();
  await at.connect();
  await harvest();
  await desk.sweep();
  await desk.becomes('second', 'SUCCEEDED', 60);
  await at.checkNow();

  // A wrong key is staged and refused, the ring and the signing keys rotate through faults.
  const before = JSON.parse(
    (await manager.send(new GetSecretValueCommand({ SecretId: 'autopack/dev/alpaca-paper-demo' })))
      .SecretString ?? '{}',
  ) as Record<string, string>;
  await at.person(OLIVIA, 'POST', `${PAPER}/stage`, { fields: { ...before, secretKey: WRONG } });
  await harvest();
  await at.person(OLIVIA, 'POST', `${PAPER}/rotate`);
  await soon(
    'the wrong key to be refused',
    () => lines.some((line) => line.includes('PENDING_REFUSED')) || undefined,
  );
  await at.person(OLIVIA, 'POST', `${PAPER}/unstick`, {});
  for (const operation of ['GetSecretValue', 'PutSecretValue'])
    desk.host.secretsFaults.inject({ kind: 'lostReply', operation } as Parameters<
      typeof desk.host.secretsFaults.inject
    >[0]);
  for (const house of ['keyring', 'signing-keys']) {
    const { body } = await at.person(OLIVIA, 'POST', `/house-secrets/${house}/rotate`);
    await soon(`the rotation of ${house}: ${JSON.stringify(body)}`, async () => {
      const { VersionIdsToStages = {} } = await manager.send(
        new DescribeSecretCommand({ SecretId: `autopack-house/dev/${house}` }),
      );
      return VersionIdsToStages[String(body['version'])]?.includes('AWSCURRENT') || undefined;
    });
  }
  desk.host.secretsFaults.clear();
  await harvest();

  // Bad input that holds a value, and everything that can be read.
  await at.person(OLIVIA, 'POST', `${PAPER}/stage`, { fields: { secretKey: [WRONG] } });
  await at.person(OLIVIA, 'POST', `${PAPER}/stage`, { token: WRONG });
  for (const path of [
    '/projects/demo/actions?limit=100',
    '/projects/demo/actions/first',
    '/projects/demo/actions/second',
    '/projects/demo/credentials',
    '/credentials/health',
    '/projects/demo',
    '/projects/demo/changes',
    '/openapi.json',
  ])
    await at.person(OLIVIA, 'GET', path);
  await lookAround();

  const items = await itemsByTable(desk);
  places = await placesIn(desk, items, lines);
  places.set('answers and pages', Buffer.from(answers.join('\n')));
  for (const { file, subject, text, html } of desk.mails())
    places.set(`mail ${file}`, Buffer.from([subject, text, html].join('\n')));
  for (const [path, bytes] of filesIn(ASSEMBLIES)) places.set(`template ${path}`, bytes);
  secrets = {
    ...Object.fromEntries([...KINDS].map(([kind, values]) => [kind, [...values]])),
    'staged wrong key': [WRONG],
    'task token': await taskTokens(desk, items),
    'connect transaction': [...handed.transactions],
    'authorization code': [...handed.codes],
    'state of a connection': [...handed.states],
  };
}, 300_000);
afterAll(async () => {
  globalThis.fetch = realFetch;
  manager?.destroy();
  await desk?.close();
});

/** Where values live by design: the local Secrets Manager, the provider itself, and the service that holds a wait. */
const HOME = /^file (secrets-manager|oauth-stand-in|alpaca-stand-in)\//;
const HOME_OF: Readonly<Record<string, RegExp>> = {
  'task token': /^(file step-functions\/|executions$)/,
};

describe('every value of every secret over the whole life of credentials', () => {
  it('is known to this test: each kind was met, and the old values with the new ones', () => {
    expect(Object.keys(secrets).toSorted()).toEqual(
      [
        'accessToken',
        'authorization code',
        'clientSecret',
        'connect transaction',
        'keyId',
        'keyring',
        'refreshToken',
        'secretKey',
        'signing keys',
        'staged wrong key',
        'state of a connection',
        'task token',
      ].toSorted(),
    );
    for (const [kind, values] of Object.entries(secrets)) expect(values.length, kind).toBeGreaterThan(0);
    for (const kind of ['accessToken', 'refreshToken', 'keyring', 'signing keys', 'authorization code'])
      expect(secrets[kind]?.length, kind).toBeGreaterThan(1);
    for (const place of ['answers and pages', 'host log', 'executions']) expect(places.has(place)).toBe(true);
    expect([...places.keys()].filter((place) => place.startsWith('mail ')).length).toBeGreaterThan(4);
    expect([...places.keys()].some((place) => place.startsWith('template '))).toBe(true);
  });

  it('is found at home, so that the search can be trusted', () => {
    for (const kind of [
      'accessToken',
      'refreshToken',
      'clientSecret',
      'keyring',
      'signing keys',
      'secretKey',
    ])
      for (const value of secrets[kind] ?? [])
        expect(
          findSecret(places, value).some((place) => place.startsWith('file secrets-manager/')),
          kind,
        ).toBe(true);
    expect(findSecret(places, 'Accounts that need you')).toContain('answers and pages');
  });

  it('is nowhere else: no answer, page, mail, log, state, item, file or template', () => {
    const leaks = Object.entries(secrets).flatMap(([kind, values]) =>
      values.flatMap((value) =>
        findSecret(places, value)
          .filter((place) => !(HOME_OF[kind] ?? HOME).test(place))
          .map((place) => `${kind}: ${place}`),
      ),
    );
    expect([...new Set(leaks)]).toEqual([]);
  });

  it('is recorded', () => {
    recordFigures('planted-credentials', { kinds: Object.keys(secrets).toSorted(), leaks: 0 });
  });
});
