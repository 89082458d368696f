import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseCommandLine } from '#shared/cli/arguments.ts';
import { COMMANDS } from '#shared/cli/commands.ts';
import { EXITS } from '#shared/cli/exit.ts';
import { showAction, paintOf } from '#shared/cli/show-action.ts';
import { safeText } from '#shared/cli/terminal-text.ts';
import { signInOverLoopback } from '#shared/cli/sign-in.http.ts';
import { savePerson } from '#shared/cli/tokens.http.ts';
import { VERSION } from '#shared/config/version.ts';
import { personClaims, startIssuer, type TestIssuer } from '../operators/issuer.ts';
import { actionView, approvalView, type FakeApi, problem, startFakeApi } from './fake-api.ts';

const ACTIONS = '/projects/demo/actions';
let api: FakeApi;
let issuer: TestIssuer;
let folder: string;

beforeEach(async () => {
  api = await startFakeApi();
  issuer = await startIssuer();
  folder = await mkdtemp(join(tmpdir(), 'autopack-cli-'));
  issuer.onToken = async (form, authorization) => {
    const expected = `Basic ${Buffer.from('agent-1:s3cret').toString('base64')}`;
    if (form.get('grant_type') !== 'client_credentials' || authorization !== expected)
      return { status: 400, body: { error: 'invalid_client' } };
    return {
      status: 200,
      body: {
        access_token: await issuer.sign({ token_use: 'access', client_id: 'agent-1', sub: 'agent-1' }),
      },
    };
  };
  await writeFile(
    join(folder, 'local.json'),
    JSON.stringify({
      apiUrl: api.url,
      awsUrl: 'http://127.0.0.1:1',
      issuer: issuer.url,
      cliClientId: 'cli',
      agent: { clientId: 'agent-1', clientSecret: 's3cret' },
    }),
  );
});
afterEach(async () => {
  await Promise.all([api.close(), issuer.close()]);
  await rm(folder, { recursive: true, force: true });
});

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
const autopack = (
  args: readonly string[],
  options: { readonly stdin?: string; readonly env?: Record<string, string>; readonly node?: string } = {},
): Promise<Ran> =>
  new Promise((resolve) => {
    const child = spawn(options.node ?? process.execPath, ['shared/cli/autopack.js', ...args], {
      env: { PATH: process.env['PATH'] ?? '', AUTOPACK_DATA_DIR: folder, ...options.env },
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('close', (code) => resolve({ code, out, err }));
    child.stdin.end(options.stdin ?? '');
  });
const proposal = (more: object = {}): string =>
  JSON.stringify({ operation: 'alpaca/order.submit', payload: { symbol: 'AAPL' }, key: 'order-1', ...more });

describe('as a program', () => {
  test('CLI-01, CLI-02: help names Autopack and its commands, and the version is the package version', async () => {
    const help = await autopack(['--help']);
    expect(help.code).toBe(0);
    for (const { usage } of Object.values(COMMANDS)) expect(help.out).toContain(usage);
    expect(await autopack(['--version'])).toMatchObject({ code: 0, out: `${VERSION}\n` });
  });

  const oldNode = ['/usr/local/bin/node', '/usr/bin/node'].find(
    (file) => existsSync(file) && file !== process.execPath,
  );
  test.runIf(oldNode !== undefined)('it starts under whatever Node the machine has', async () => {
    expect(await autopack(['--version'], { node: oldNode as string })).toMatchObject({
      code: 0,
      out: `${VERSION}\n`,
    });
  });

  test('a proposal goes out once with key, body and the agent token, and the answer is JSON', async () => {
    api.replies.set(`POST ${ACTIONS}`, [
      { status: 202, body: actionView({ status: 'PROPOSED', terminal: false }) },
    ]);
    const ran = await autopack(['propose', '-', '--run', 'run-1'], {
      stdin: proposal({ rationale: 'why not' }),
    });
    expect(ran.code).toBe(EXITS.ok.code);
    expect(JSON.parse(ran.out)).toMatchObject({ key: 'order-1', status: 'PROPOSED' });
    const [request, ...more] = api.seen;
    expect(more).toEqual([]);
    expect(request).toMatchObject({
      path: ACTIONS,
      body: {
        operation: 'alpaca/order.submit',
        payload: { symbol: 'AAPL' },
        rationale: 'why not',
        runId: 'run-1',
      },
    });
    expect(request?.headers).toMatchObject({ 'idempotency-key': 'order-1' });
    expect(request?.headers.authorization).toMatch(/^Bearer ey/);
    expect(ran.out + ran.err).not.toContain('s3cret');
  });

  test.each<[string, Partial<ReturnType<typeof actionView>>, number]>([
    ['done', {}, EXITS.ok.code],
    ['a rendered dry run', { status: 'RENDERED', terminal: false, dryRun: true }, EXITS.ok.code],
    ['refused by a person', { status: 'REJECTED' }, EXITS.failed.code],
    ['failed', { status: 'FAILED' }, EXITS.failed.code],
  ])('--wait follows to the end: %s', async (_what, end, code) => {
    api.replies.set(`POST ${ACTIONS}`, [
      { status: 202, body: actionView({ status: 'PROPOSED', terminal: false }) },
    ]);
    api.replies.set(`GET ${ACTIONS}/order-1`, [
      { status: 200, body: actionView({ status: 'PENDING_APPROVAL', terminal: false }) },
      { status: 200, body: actionView(end) },
    ]);
    const ran = await autopack(['propose', '-', '--wait'], { stdin: proposal() });
    expect(ran.code).toBe(code);
    expect(ran.err).toContain('PENDING_APPROVAL');
    expect(JSON.parse(ran.out)).toMatchObject({ status: end.status ?? 'SUCCEEDED' });
  });

  test('--wait gives up after --timeout and says so', async () => {
    api.replies.set(`POST ${ACTIONS}`, [
      { status: 202, body: actionView({ status: 'PROPOSED', terminal: false }) },
    ]);
    api.replies.set(`GET ${ACTIONS}/order-1`, [
      { status: 200, body: actionView({ status: 'PENDING_APPROVAL', terminal: false }) },
    ]);
    const ran = await autopack(['propose', '-', '--wait', '--timeout', '1'], { stdin: proposal() });
    expect(ran.code).toBe(EXITS.open.code);
    expect(ran.err).toContain('autopack show order-1');
  });

  test('what the API refuses is exit 4 with code and request id, what does not answer is exit 3', async () => {
    api.replies.set(`POST ${ACTIONS}`, [{ status: 422, body: problem('IDEMPOTENCY_KEY_REUSED', 422) }]);
    const refused = await autopack(['propose', '-'], { stdin: proposal() });
    expect(refused).toMatchObject({ code: EXITS.refused.code });
    expect(refused.err).toContain('IDEMPOTENCY_KEY_REUSED');
    expect(refused.err).toContain('req-1');
    expect(JSON.parse(refused.out)).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    api.replies.set(`GET ${ACTIONS}/x`, [
      { status: 401, body: { message: 'Unauthorized' }, headers: { 'apigw-requestid': 'gw-1' } },
    ]);
    expect((await autopack(['show', 'x'])).err).toContain('gw-1');
    api.replies.set(`GET ${ACTIONS}/x`, [{ status: 503, body: problem('UNAVAILABLE', 503) }]);
    expect((await autopack(['show', 'x'])).code).toBe(EXITS.unreachable.code);
    await api.close();
    expect((await autopack(['show', 'x'])).code).toBe(EXITS.unreachable.code);
    await issuer.close();
    expect((await autopack(['show', 'x'])).code).toBe(EXITS.unreachable.code);
  });

  test.each<[string, string[], string]>([
    ['an unknown command', ['publish'], ''],
    ['an option of another command', ['show', 'x', '--wait'], ''],
    ['an unknown option', ['show', 'x', '--force'], ''],
    ['an argument too few', ['decide', 'x'], ''],
    ['a word that is no decision', ['decide', 'x', 'maybe'], ''],
    ['a file that is not there', ['propose', 'nowhere.json'], ''],
    ['JSON with a key twice', ['propose', '-'], '{"operation":"a/b","operation":"c/d","payload":{}}'],
    ['a field that does not exist', ['propose', '-'], proposal({ colour: 'red' })],
    ['a proposal without a key', ['propose', '-'], '{"operation":"a/b","payload":{}}'],
    ['a time that is none', ['list', '--from', 'yesterday'], ''],
    ['a timeout that is none', ['propose', '-', '--wait', '--timeout', 'soon'], proposal()],
    ['an export without a run', ['export'], ''],
    ['a policies command, which belongs to later work', ['policies'], ''],
  ])('%s is exit 2 and nothing is sent', async (_what, args, stdin) => {
    expect((await autopack(args, { stdin })).code).toBe(EXITS.usage.code);
    expect(api.seen).toEqual([]);
  });

  test('list turns its options into the query', async () => {
    api.replies.set(`GET ${ACTIONS}`, [{ status: 200, body: { actions: [actionView()], nextCursor: null } }]);
    const args = [
      '--operation',
      'alpaca',
      '--run',
      'r1',
      '--from',
      '2026-11-20',
      '--status',
      'failed',
      '--attention',
      '--limit',
      '5',
      '--cursor',
      'c',
    ];
    expect((await autopack(['list', ...args])).code).toBe(0);
    expect(Object.fromEntries(api.seen[0]?.query ?? [])).toEqual({
      operation: 'alpaca',
      runId: 'r1',
      from: '2026-11-20T00:00:00.000Z',
      status: 'FAILED',
      needsAttention: 'true',
      limit: '5',
      cursor: 'c',
    });
  });

  test('an export walks all pages and is the same bytes each time, whatever the order of the pages', async () => {
    const one = actionView({ key: 'b', createdAt: '2026-11-20T08:00:00.000Z' });
    const two = actionView({ key: 'a', createdAt: '2026-11-20T09:00:00.000Z' });
    api.replies.set(`GET ${ACTIONS}/a`, [{ status: 200, body: two }]);
    api.replies.set(`GET ${ACTIONS}/b`, [{ status: 200, body: one }]);
    const pages = (first: unknown, second: unknown) =>
      api.replies.set(`GET ${ACTIONS}`, [
        { status: 200, body: { actions: [first], nextCursor: 'next' } },
        { status: 200, body: { actions: [second], nextCursor: null } },
      ]);
    pages(two, one);
    const file = join(folder, 'out.json');
    expect((await autopack(['export', '--run', 'r1', '--out', file])).code).toBe(0);
    pages(one, two);
    const again = await autopack(['export', '--run', 'r1']);
    expect(again.out).toBe(await readFile(file, 'utf8'));
    expect((JSON.parse(again.out) as { actions: { key: string }[] }).actions.map(({ key }) => key)).toEqual([
      'b',
      'a',
    ]);
  });
});

describe('as a person', () => {
  const signedIn = async (claims: Record<string, unknown> = {}): Promise<void> =>
    savePerson(folder, {
      apiUrl: api.url,
      issuer: issuer.url,
      clientId: 'cli',
      idToken: await issuer.sign(personClaims('olivia@example.test', { aud: 'cli', ...claims })),
      refreshToken: 'refresh-1',
    });

  test('a decision carries the hash and version that were shown', async () => {
    await signedIn();
    const shown = approvalView();
    api.replies.set(`GET /approvals/${shown.id}`, [{ status: 200, body: shown }]);
    api.replies.set(`POST /approvals/${shown.id}/decision`, [
      { status: 200, body: approvalView({ status: 'APPROVED' }) },
    ]);
    const ran = await autopack(['decide', shown.id, 'approve', '--reason', 'fits the plan']);
    expect(ran.code).toBe(0);
    expect(ran.err).toContain('Buy 1 AAPL');
    expect(api.seen.at(-1)?.body).toEqual({
      decision: 'approve',
      reason: 'fits the plan',
      requestHash: shown.requestHash,
      version: 3,
    });
    const other = await autopack(['decide', shown.id, 'approve', '--request-hash', 'c'.repeat(64)]);
    expect(other.code).toBe(EXITS.refused.code);
    expect(api.seen.filter(({ method }) => method === 'POST').length).toBe(1);
  });

  test('without signing in there is no decision, however good the agent is', async () => {
    const ran = await autopack(['decide', '0'.repeat(32), 'approve']);
    expect(ran.code).toBe(EXITS.refused.code);
    expect(ran.err).toContain('autopack sign-in');
    expect(api.seen).toEqual([]);
  });

  test('a token that is about to end is renewed, and kept readable for its owner alone', async () => {
    await signedIn({ exp: Math.floor(Date.now() / 1000) + 10 });
    const renewed = await issuer.sign(
      personClaims('olivia@example.test', { aud: 'cli', exp: Math.floor(Date.now() / 1000) + 7200 }),
    );
    issuer.onToken = async (form) =>
      form.get('refresh_token') === 'refresh-1'
        ? { status: 200, body: { id_token: renewed } }
        : { status: 400, body: { error: 'invalid_grant' } };
    api.replies.set('GET /approvals', [
      { status: 200, body: { approvals: [approvalView()], nextCursor: null } },
    ]);
    expect((await autopack(['approvals'])).code).toBe(0);
    expect(api.seen[0]?.headers.authorization).toBe(`Bearer ${renewed}`);
    const file = join(folder, 'cli-token.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await chmod(file, 0o600);
    expect((await autopack(['sign-out'])).code).toBe(0);
    await expect(stat(file)).rejects.toThrow();
  });

  test('a token of one installation is never sent to another', async () => {
    await signedIn();
    const other = await startFakeApi();
    const ran = await autopack(['approvals', '--url', other.url]);
    await other.close();
    expect(ran.code).toBe(EXITS.refused.code);
    expect(other.seen).toEqual([]);
  });

  test('signing in uses PKCE, state and nonce over a loopback address, and only its own answer counts', async () => {
    let asked: URLSearchParams | undefined;
    const signIn = signInOverLoopback({
      apiUrl: api.url,
      issuer: issuer.url,
      clientId: 'cli',
      now: () => Date.now(),
      show: (url) => (asked = new URL(url).searchParams),
      patienceMs: 60_000,
    });
    while (asked === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    const back = asked.get('redirect_uri') ?? '';
    expect(back).toMatch(/^http:\/\/127\.0\.0\.1:4777[123]\/callback$/);
    const nonce = asked.get('nonce');
    issuer.onToken = async (form) => ({
      status: 200,
      body: {
        id_token: await issuer.sign(personClaims('olivia@example.test', { aud: 'cli', nonce })),
        refresh_token: form.get('code'),
      },
    });
    expect((await fetch(`${back}?code=evil&state=wrong`)).status).toBe(404);
    expect((await fetch(`${back}?code=good&state=${asked.get('state')}`)).status).toBe(200);
    expect(await signIn).toMatchObject({ clientId: 'cli', refreshToken: 'good' });
  });
});

test('what an agent wrote cannot move the cursor or turn text around', () => {
  expect(safeText('a\u001b[2Jb\u202ec\u009b')).toBe('a\\u001b[2Jb\\u202ec\\u009b');
  const shown = showAction(
    actionView({ outcome: { code: 'OK', summary: '\u001b]0;x\u0007' } }),
    paintOf(false),
  );
  expect([...shown].every((character) => character === '\n' || character >= ' ')).toBe(true);
});

test('every command can be parsed from its own usage', () => {
  for (const [name, spec] of Object.entries(COMMANDS)) {
    const words = spec.usage.split(' ').map((word) => word.split('|')[0] ?? word);
    expect(parseCommandLine(words)).toMatchObject({ kind: 'command', command: name });
  }
});
