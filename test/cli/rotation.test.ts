import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiRequest } from '#shared/cli/api.ts';
import { parseCommandLine } from '#shared/cli/arguments.ts';
import {
  credentialsDrop,
  credentialsRotate,
  credentialsStage,
  credentialsUnstick,
} from '#shared/cli/run-rotation.http.ts';
import type { RingView } from '#shared/credentials/rotation/drop-key.ts';
import type { RotationView } from '#shared/credentials/rotation/requests.ts';
import { ROUTES } from '#shared/operators/routes.ts';

const RUNS = {
  'credentials stage': credentialsStage,
  'credentials rotate': credentialsRotate,
  'credentials unstick': credentialsUnstick,
  'credentials drop': credentialsDrop,
};
const VIEW: RotationView = {
  secret: 'autopack/dev/alpaca',
  done: null,
  version: 'v'.repeat(36),
  rotationEnabled: true,
  pendingSeconds: 700,
  stages: { ['v'.repeat(36)]: ['AWSPENDING'], old: ['AWSCURRENT'] },
  next: 'Look again.\u001b[2J',
};
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autopack-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = async (line: readonly string[], reply: unknown = VIEW) => {
  const parsed = parseCommandLine(['credentials', ...line]);
  if (parsed.kind !== 'command') throw new Error('no command');
  const calls: ApiRequest[] = [];
  const answer = await RUNS[parsed.command as keyof typeof RUNS]({
    parsed,
    call: async (request) => {
      calls.push(request);
      return { status: 200, json: reply };
    },
    now: () => 0,
    sleep: async () => undefined,
    progress: () => undefined,
    paint: (_colour, text) => text,
    project: () => 'demo',
  });
  return { calls, text: 'text' in answer ? answer.text : '' };
};
const file = async (content: string): Promise<string> => {
  const path = join(folder, 'value.json');
  await writeFile(path, content);
  return path;
};
const PAPER = 'alpaca/paper-demo/PAPER';

/** Whether the API has such a route. */
const isRoute = ({ method, path }: ApiRequest): boolean =>
  ROUTES.some(
    (route) =>
      route.method === method && new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );

describe('rotation on the command line', () => {
  it('hands in the fields of a file, to the credential of the project', async () => {
    const { calls } = await run(['stage', PAPER, await file('{"keyId":"id","secretKey":"new"}')]);
    expect(calls).toEqual([
      {
        method: 'POST',
        path: '/projects/demo/credentials/alpaca/paper-demo/PAPER/stage',
        body: { fields: { keyId: 'id', secretKey: 'new' } },
      },
    ]);
  });

  it.each<[readonly string[], string, unknown]>([
    [['rotate', PAPER], '/projects/demo/credentials/alpaca/paper-demo/PAPER/rotate', undefined],
    [
      ['rotate', 'etsy/shop/9/production'],
      '/projects/demo/credentials/etsy/shop%2F9/PRODUCTION/rotate',
      undefined,
    ],
    [['rotate', 'keyring'], '/house-secrets/keyring/rotate', undefined],
    [['unstick', 'signing-keys'], '/house-secrets/signing-keys/unstick', {}],
    [
      ['unstick', PAPER, '--pending', 'x'.repeat(36)],
      '/projects/demo/credentials/alpaca/paper-demo/PAPER/unstick',
      { version: 'x'.repeat(36) },
    ],
  ])('%j goes to a route that there is', async (line, path, body) => {
    const { calls } = await run(line);
    expect(calls).toEqual([{ method: 'POST', path, ...(body === undefined ? {} : { body }) }]);
    expect(calls.every(isRoute)).toBe(true);
  });

  it('shows what is pending and what to do next, and nothing that moves the cursor', async () => {
    const { text } = await run(['unstick', PAPER]);
    expect(text).toContain('nothing was changed');
    expect(text).toContain('for at most 700 s');
    expect(text).toMatch(/v{36} +AWSPENDING/);
    expect(text).toContain('Look again.\\u001b[2J');
  });

  it.each<[readonly string[], unknown]>([
    [['drop', 'keyring'], {}],
    [['drop', 'keyring', 'first-key'], { key: 'first-key' }],
  ])('%j shows the keys of a ring and what follows', async (line, body) => {
    const ring: RingView = {
      secret: 'keyring',
      done: 'waits',
      key: 'first-key',
      askedBy: 'person:olivia@example.test',
      askedUntil: '2026-11-21T11:00:00.000Z',
      keys: [{ id: 'first-key', notBefore: '1970-01-01T00:00:00.000Z', notAfter: null, signsNow: true }],
      next: 'Another operator.\u001b[2J',
    };
    const { calls, text } = await run(line, ring);
    expect(calls).toEqual([{ method: 'POST', path: '/house-secrets/keyring/drop', body }]);
    expect(calls.every(isRoute)).toBe(true);
    expect(text).toMatch(/first-key +1970-01-01T00:00:00.000Z +open +signs now/);
    expect(text).toContain('waits for a second operator');
    expect(text).toContain('Another operator.\\u001b[2J');
  });

  it.each<[string, readonly string[]]>([
    ['to drop a key of a credential', ['drop', PAPER]],
    ['a credential that is named by its provider alone', ['rotate', 'alpaca']],
    ['the value of a secret that Autopack makes itself', ['stage', 'keyring', 'nothing.json']],
    ['a value on the command line', ['stage', PAPER]],
    ['a file that is not there', ['stage', PAPER, 'no/such/file.json']],
  ])('refuses %s', async (_what, line) => {
    await expect(run(line)).rejects.toMatchObject({ exit: 'usage' });
  });

  it('says of a file that is no JSON nothing that is in it', async () => {
    const error: unknown = await run(['stage', PAPER, await file('planted-secret-value')]).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ exit: 'usage' });
    expect(String(error)).not.toContain('planted');
  });

  it('does not print what it cannot read', async () => {
    await expect(run(['rotate', PAPER], { value: 'x' })).rejects.toMatchObject({ exit: 'unreachable' });
  });
});
