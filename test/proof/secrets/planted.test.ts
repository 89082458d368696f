import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Desk, openDesk } from '../../path/desk.ts';
import { recordFigures } from '../figures.ts';
import { findSecret, itemsByTable, placesIn, settings, taskTokens } from './search.ts';

/**
 * One action on the whole stack, and then a search for every secret that took part in it in everything that was
 * left behind: items, logs, states, objects, mails.
 */
const lines: string[] = [];
const realFetch = globalThis.fetch;
/** What a client was given or sent while it acted: cookies and bearer tokens. */
const seen = { cookies: new Set<string>(), bearers: new Set<string>() };
let desk: Desk;
let secrets: Record<string, readonly string[]>;
let places: Map<string, Buffer>;

const watched: typeof fetch = async (input, init) => {
  const sent = new Headers(init?.headers).get('authorization');
  if (sent?.startsWith('Bearer ') === true) seen.bearers.add(sent.slice('Bearer '.length));
  const reply = await realFetch(input, init);
  for (const cookie of reply.headers.getSetCookie()) {
    const value = decodeURIComponent(/^[^=]*=([^;]*)/.exec(cookie)?.[1] ?? '');
    if (value.length >= 16) seen.cookies.add(value);
  }
  return reply;
};

beforeAll(async () => {
  globalThis.fetch = watched;
  desk = await openDesk({}, (line) => lines.push(line));
  await desk.propose('planted-1');
  const links = [await desk.nextLink('olivia@example.test'), await desk.nextLink('sam@example.test')];
  await desk.decide(links[0] ?? '', 'approve');
  await desk.becomes('planted-1', 'SUCCEEDED');
  // Somebody who comes too late, and a second action that is refused: more to log.
  await desk.openAs(
    (await import('#infra/local/demo-browser.ts')).openBrowser(),
    links[1] ?? '',
    'sam@example.test',
  );
  await desk.propose('planted-2');
  await desk.decide(await desk.nextLink('olivia@example.test'), 'reject');
  await desk.becomes('planted-2', 'REJECTED');

  const manager = new SecretsManagerClient(settings(desk));
  const { SecretString = '{}' } = await manager.send(
    new GetSecretValueCommand({ SecretId: 'autopack/dev/alpaca-paper-demo' }),
  );
  manager.destroy();
  const items = await itemsByTable(desk);
  const locators = desk.mails().map(({ link }) => link.split('/').at(-1) ?? '');
  secrets = {
    credential: Object.values(JSON.parse(SecretString) as Record<string, string>),
    taskToken: await taskTokens(desk, items),
    locator: locators,
    cookie: [...seen.cookies],
    bearer: [...seen.bearers],
    clientSecret: [desk.host.clients.agent.clientSecret],
  };

  places = await placesIn(desk, items, lines);
}, 300_000);
afterAll(async () => {
  globalThis.fetch = realFetch;
  await desk.close();
});

/** Where a secret of a kind lives by design; anywhere else it has leaked. */
const HOME: Readonly<Record<string, RegExp>> = {
  credential: /^file secrets-manager\//,
  // The service itself holds the token of a wait, as AWS does; its history is encrypted with the key of the stack.
  taskToken: /^(file step-functions\/|executions$)/,
  locator: /^file outbox\//,
  cookie: /^file identity\//,
  bearer: /^file identity\//,
  clientSecret: /^file (identity|secrets-manager)\//,
};
const placesOf = (secret: string): string[] => findSecret(places, secret);

describe('what was secret while an action ran', () => {
  it('is known to this test: every kind was met', () => {
    for (const [kind, values] of Object.entries(secrets)) {
      expect(values.length, kind).toBeGreaterThan(0);
      for (const value of values) expect(value.length, kind).toBeGreaterThanOrEqual(16);
    }
    expect(secrets['taskToken']?.length).toBe(2);
    expect([...places.keys()].filter((place) => place.startsWith('file s3/buckets/')).length).toBeGreaterThan(
      0,
    );
    expect([...places.keys()].filter((place) => place.startsWith('table ')).length).toBeGreaterThanOrEqual(7);
  });

  it('is found where it lives, so that the search can be trusted', () => {
    expect(placesOf(secrets['credential']?.[0] ?? '')).toContain('file secrets-manager/secrets.json');
    for (const locator of secrets['locator'] ?? [])
      expect(placesOf(locator).some((place) => place.startsWith('file outbox/'))).toBe(true);
    expect(
      [
        ...places
          .get('file dynamodb/tables.db')!
          .toString('latin1')
          .matchAll(/planted-1/g),
      ].length + places.get('file dynamodb/tables.db-wal')!.toString('latin1').split('planted-1').length,
    ).toBeGreaterThan(1);
  });

  it.each(Object.keys(HOME))('%s: in no item, log, state, object or mail', (kind) => {
    const leaks = (secrets[kind] ?? []).flatMap(placesOf).filter((place) => HOME[kind]?.test(place) !== true);
    expect(leaks).toEqual([]);
  });

  it('the locator stands in a mail once, as its link, and in no subject or name', () => {
    for (const mail of desk.mails()) {
      const locator = mail.link.split('/').at(-1) ?? '';
      expect(mail.text.split(locator).length - 1).toBe(1);
      expect(mail.html.split(locator).length - 1).toBe(mail.html.split(`${mail.link}`).length - 1);
      expect(mail.subject).not.toContain(locator);
      expect(mail.file).not.toContain(locator);
    }
  });

  it('no signed token of anybody is left anywhere', () => {
    const signed = /eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/;
    const found = [...places].filter(
      ([place, bytes]) => !place.startsWith('file identity/') && signed.test(bytes.toString('latin1')),
    );
    expect(found.map(([place]) => place)).toEqual([]);
  });

  it('is recorded', () => {
    recordFigures('planted-secrets', {
      kinds: Object.keys(HOME),
      places: [
        'items of every table and their bytes on disk',
        'logs of host and functions',
        'executions and their history',
        'objects',
        'mails',
      ],
      leaks: 0,
    });
  });
});
