import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { RotationEvent, rotateSecret } from '#functions/credentials/rotate-secret.ts';
import type { Renewal } from '#shared/credentials/renewal.ts';
import { askApi } from '#shared/credentials/rotation/api-key.http.ts';
import { apiKeyKind } from '#shared/credentials/rotation/api-key.ts';
import { ApiModel, keyed, RENEWAL } from '../proof/rotation/api-model.ts';
import { SecretsModel } from '../proof/rotation/secrets-model.ts';
import { aCredential } from './rows.ts';

/** What becomes of the n-th request that an API gets, counted from 1. */
type Trouble = 'reply lost' | 'reply cut off' | '500 after the effect' | '503 before it' | 'led elsewhere';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
const listening = async (server: Server): Promise<string> => {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const worldOf = async (honoursKeys: boolean, troubles: Readonly<Record<string, Trouble>> = {}) => {
  const api = new ApiModel(honoursKeys, 'before');
  const requests: string[] = [];
  const counts: Record<string, number> = {};
  const elsewhere: string[] = [];
  const other = await listening(
    createServer((incoming, outgoing) => {
      elsewhere.push(incoming.headers.authorization ?? 'nothing');
      outgoing.end('{"token":"planted"}');
    }),
  );
  const base = await listening(
    createServer((incoming, outgoing) => {
      const { method = '', url = '' } = incoming;
      const what = `${method} ${url}`;
      requests.push(what);
      counts[what] = (counts[what] ?? 0) + 1;
      const trouble = troubles[`${what} ${counts[what]}`];
      if (trouble === '503 before it') {
        outgoing.writeHead(503).end();
        return;
      }
      if (trouble === 'led elsewhere') {
        outgoing.writeHead(307, { location: `${other}/keys` }).end();
        return;
      }
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(incoming.headers)) headers[name] = String(value);
      void api.ask({ method, url: `http://api${url}`, headers }).then(({ status, body }) => {
        if (trouble === 'reply lost') incoming.socket.destroy();
        else if (trouble === '500 after the effect') outgoing.writeHead(500).end();
        else if (trouble === 'reply cut off') {
          outgoing.writeHead(status, { 'content-length': Buffer.byteLength(body) + 10 });
          outgoing.write(body, () => incoming.socket.destroy());
        } else outgoing.writeHead(status).end(status === 204 ? undefined : body);
      });
    }),
  );
  const renewal: Renewal = {
    ...RENEWAL,
    url: `${base}/keys`,
    probeUrl: `${base}/me`,
    revokeUrl: `${base}/keys/self`,
  };
  const secrets = new SecretsModel(keyed('before'));
  const ask = askApi({ allowLoopback: true });
  const lines: string[] = [];
  const codes: unknown[] = [];
  const kind = apiKeyKind(aCredential({ provider: 'http' }), renewal, { ...secrets.ports, ask });
  const rotate = async (token: string): Promise<void> => {
    secrets.beginRotation(token);
    for (const Step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret'])
      for (let tries = 0, done = false; tries < 3 && !done; tries += 1)
        done = await rotateSecret(
          RotationEvent.parse({ Step, SecretId: SecretsModel.ID, ClientRequestToken: token }),
          {
            versions: secrets.ports,
            targetOf: async () => ({ kind, grants: [] }),
            countRotation: async () => undefined,
            sleep: async () => undefined,
            now: () => 0,
            log: (line) => void lines.push(JSON.stringify(line)),
          },
        ).then(
          () => true,
          (error: unknown) => {
            codes.push((error as { code?: string }).code);
            lines.push(String(error));
            return false;
          },
        );
    secrets.cleanUp(token);
  };
  return { api, secrets, rotate, requests, lines, codes, elsewhere, kind };
};
const FIRST = 'token-of-the-first-rotation-00000001';
const SECOND = 'token-of-the-second-rotation-0000001';
const keysOf = ({ secrets }: Awaited<ReturnType<typeof worldOf>>) => [
  secrets.valueOf('AWSCURRENT'),
  secrets.valueOf('AWSPREVIOUS'),
];

describe('a key that its API renews, over HTTP', () => {
  test.each([true, false])(
    'each rotation makes one key and ends the one before the last (idempotency keys honoured: %s)',
    async (honoursKeys) => {
      const world = await worldOf(honoursKeys);
      await world.rotate(FIRST);
      expect(keysOf(world)).toEqual([keyed('made-1'), keyed('before')]);
      expect([...world.api.alive.keys()]).toEqual(['before', 'made-1']);
      await world.rotate(SECOND);
      expect(keysOf(world)).toEqual([keyed('made-2'), keyed('made-1')]);
      expect([...world.api.alive.keys()]).toEqual(['made-1', 'made-2']);
      expect([world.api.made, world.api.ended]).toEqual([['made-1', 'made-2'], ['before']]);
      expect(world.codes).toEqual([]);
    },
  );

  test.each<Trouble>(['reply lost', 'reply cut off', '500 after the effect', '503 before it'])(
    'a renewal whose answer is %s is asked for again, and there is one key',
    async (trouble) => {
      const world = await worldOf(true, { 'POST /keys 1': trouble });
      await world.rotate(FIRST);
      expect(world.codes).toEqual(['CANNOT_TELL']);
      expect(keysOf(world)).toEqual([keyed('made-1'), keyed('before')]);
      expect(world.api.made).toEqual(['made-1']);
    },
  );

  test('an API that makes a key for every request leaves the one whose answer was lost; nothing else breaks', async () => {
    const world = await worldOf(false, { 'POST /keys 1': 'reply lost' });
    await world.rotate(FIRST);
    expect(keysOf(world)).toEqual([keyed('made-2'), keyed('before')]);
    expect(world.api.made).toEqual(['made-1', 'made-2']);
    expect([...world.api.alive.keys()]).toEqual(['before', 'made-1', 'made-2']);
  });

  test.each<Trouble>(['reply lost', '500 after the effect', '503 before it'])(
    'an end whose answer is %s is asked for again before anything is made',
    async (trouble) => {
      const world = await worldOf(true, { 'DELETE /keys/self 1': trouble });
      await world.rotate(FIRST);
      await world.rotate(SECOND);
      expect(world.codes).toEqual(['CANNOT_TELL']);
      expect(world.api.ended).toEqual(['before']);
      expect(world.api.made).toEqual(['made-1', 'made-2']);
      expect(keysOf(world)).toEqual([keyed('made-2'), keyed('made-1')]);
    },
  );

  test('a key is led nowhere else', async () => {
    const world = await worldOf(true, { 'POST /keys 1': 'led elsewhere', 'GET /me 1': 'led elsewhere' });
    await world.rotate(FIRST);
    expect(world.codes).toEqual(['VALUE_DOES_NOT_FIT', 'ACCOUNT_UNKNOWN']);
    expect(world.elsewhere).toEqual([]);
    expect(keysOf(world)).toEqual([keyed('made-1'), keyed('before')]);
  });

  test('a current key that died leaves everything as it is, and no word of a key is said', async () => {
    const world = await worldOf(true);
    world.api.alive.clear();
    await world.rotate(FIRST);
    expect(world.codes.at(0)).toBe('CURRENT_REFUSED');
    expect(world.secrets.valueOf('AWSCURRENT')).toBe(keyed('before'));
    expect(world.api.made).toEqual([]);
    expect(world.lines.join('\n')).not.toMatch(/"before"|Bearer|made-/);
  });

  test('loopback is closed where it is not opened: nothing is sent, and nothing is taken for an answer', async () => {
    const world = await worldOf(true);
    const closed = askApi({ allowLoopback: false });
    const url = 'http://127.0.0.1:1/keys';
    expect(await closed({ method: 'POST', url, headers: {}, body: null, timeoutMs: 30_000 })).toBeUndefined();
    expect(world.requests).toEqual([]);
  });
});
