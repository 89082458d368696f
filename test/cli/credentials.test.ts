import { describe, expect, it } from 'vitest';
import type { ApiRequest } from '#shared/cli/api.ts';
import { parseCommandLine } from '#shared/cli/arguments.ts';
import { credentialsHealth, credentialsList, credentialsLook } from '#shared/cli/run-credentials.http.ts';
import { timestamp } from '#shared/actions/identity.ts';
import { credentialHealth, credentialView } from '#shared/credentials/credential-view.ts';
import { ROUTES } from '#shared/operators/routes.ts';
import { aCondition, aCredential } from '../credentials/rows.ts';

const NOW = Date.parse('2026-11-21T10:00:00.000Z');
const RUNS = {
  'credentials list': credentialsList,
  'credentials health': credentialsHealth,
  'credentials look': credentialsLook,
};

const run = async (line: string, reply: unknown) => {
  const parsed = parseCommandLine(['credentials', ...line.split(' ')]);
  if (parsed.kind !== 'command') throw new Error('no command');
  const calls: ApiRequest[] = [];
  const answer = await RUNS[parsed.command as keyof typeof RUNS]({
    parsed,
    call: async (request) => {
      calls.push(request);
      return { status: 200, json: reply };
    },
    now: () => NOW,
    sleep: async () => undefined,
    progress: () => undefined,
    paint: (_colour, text) => text,
    project: () => 'demo',
  });
  return { calls, text: 'text' in answer ? answer.text : '', answer };
};
const recent = timestamp(NOW - 86_400_000);
const view = (account: string, status: 'PRESENT' | 'INVALID') =>
  credentialView(
    {
      grant: aCredential({ account, createdAt: recent }),
      condition: aCondition({ account, status, rotatedAt: recent }),
    },
    NOW,
  );
const isRoute = ({ method, path }: ApiRequest): boolean =>
  ROUTES.some(
    (route) =>
      route.method === method && new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );

describe('credentials on the command line', () => {
  it('lists what is registered and what each may do', async () => {
    const credentials = [view('paper-demo', 'PRESENT')];
    const { calls, text } = await run('list', { project: 'demo', credentials });
    expect(calls.map(({ path }) => path)).toEqual(['/projects/demo/credentials']);
    expect(calls.every(isRoute)).toBe(true);
    expect(text).toContain('alpaca/paper-demo/PAPER');
    expect(text).toContain('Works');
    expect(text).toContain('alpaca/*');
    expect((await run('list', { project: 'demo', credentials: [] })).text).toMatch(/No credentials/);
  });

  it('shows their health, the worst first, with what to do', async () => {
    const health = credentialHealth([view('good', 'PRESENT'), view('bad', 'INVALID')], NOW);
    const { calls, text } = await run('health', health);
    expect(calls.every(isRoute)).toBe(true);
    expect(text.indexOf('alpaca/bad/PAPER')).toBeLessThan(text.indexOf('alpaca/good/PAPER'));
    expect(text).toContain('Hand in a new value and rotate.');
  });

  it('has one looked at now, and says what came of it', async () => {
    const credential = view('bad', 'INVALID');
    const { calls, text } = await run('look alpaca/a/b/paper', { look: 'done', credential });
    expect(calls).toEqual([{ method: 'POST', path: '/projects/demo/credentials/alpaca/a%2Fb/PAPER/look' }]);
    expect(calls.every(isRoute)).toBe(true);
    expect(text).toMatch(/Looked at +just now/);
    expect(text).toMatch(/Standing +Invalid/);
    expect(text).toContain('Hand in a new value and rotate.');
    expect((await run('look alpaca/bad/PAPER', { look: 'recent', credential })).text).toContain('not again');
    expect((await run('look alpaca/bad/PAPER', { look: 'overtaken', credential })).text).toContain('in vain');
    await expect(run('look keyring', {})).rejects.toMatchObject({ exit: 'usage' });
  });

  it('prints no control characters of an answer', async () => {
    const credentials = [{ ...view('x', 'PRESENT'), secretId: 'a\u001b[2Jb' }];
    expect((await run('list', { project: 'demo', credentials })).text).not.toContain('\u001b');
  });

  it('does not guess at an answer that it cannot read', async () => {
    await expect(run('health', { status: 'fine' })).rejects.toThrow('this version of the CLI');
  });
});
