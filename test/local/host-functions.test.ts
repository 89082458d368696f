import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLambdaRunner, type LambdaRunner } from '#infra/local/lambda-runner.ts';

const CODE = `
import { readFileSync } from 'node:fs';
let calls = 0;
const started = Math.random();
class TeapotError extends Error { name = 'TeapotError'; }
export const handler = async (event, context) => {
  calls += 1;
  switch (event.do) {
    case 'throw': throw new TeapotError('short and stout');
    case 'throwText': throw 'plain';
    case 'sleep': await new Promise((r) => setTimeout(r, event.ms)); return { calls, started };
    case 'loop': for (;;) { /* never yields */ }
    case 'exit': process.exit(3);
    case 'crash': setTimeout(() => { throw new Error('out of band'); }, 1); await new Promise(() => {}); break;
    case 'env': return { ...process.env };
    case 'sidecar': return readFileSync(new URL('./side.txt', import.meta.url), 'utf8');
    case 'huge': return 'x'.repeat(7 * 1024 * 1024);
    case 'print': console.log('hello from the function'); return null;
    case 'nothing': return undefined;
    default: return { calls, started, left: context.getRemainingTimeInMillis(), name: context.functionName, id: context.awsRequestId, arn: context.invokedFunctionArn };
  }
};
`;

let root: string;
let runner: LambdaRunner;
const lines: string[] = [];
const define = (name: string, code: string, timeoutSeconds = 60): void => {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.mjs'), code);
  writeFileSync(join(folder, 'side.txt'), 'beside the bundle');
  runner.ensureFunction({
    name,
    arn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
    folder,
    handler: 'index.handler',
    timeoutSeconds,
    memoryMb: 128,
    environment: { MINE: 'yes', NODE_OPTIONS: '--enable-source-maps' },
  });
};

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'host-functions-'));
  runner = createLambdaRunner({
    region: 'us-east-1',
    dataDir: root,
    awsUrl: () => 'http://127.0.0.1:1',
    log: (line) => lines.push(line),
  });
  define('tea', CODE);
  define('quick', CODE, 2);
  define('broken', 'throw new TypeError("cannot load");');
  define('unnamed', 'export const other = 1;');
});
afterAll(async () => {
  await runner.close();
  rmSync(root, { recursive: true, force: true });
});

describe('functions in worker threads', () => {
  it('answer, stay warm, and get a context as Lambda gives one', async () => {
    const first = (await runner.invoke('tea', {})).payload as Record<string, unknown>;
    const second = (await runner.invoke('arn:aws:lambda:us-east-1:000000000000:function:tea:1', {}))
      .payload as typeof first;
    expect(second).toMatchObject({
      calls: Number(first['calls']) + 1,
      started: first['started'],
      name: 'tea',
    });
    expect(first['left']).toBeGreaterThan(0);
    expect(first['left']).toBeLessThanOrEqual(60_000);
    expect(second['id']).not.toBe(first['id']);
    expect((await runner.invoke('tea', { do: 'nothing' })).payload).toBeNull();
    expect((await runner.invoke('tea', { do: 'sidecar' })).payload).toBe('beside the bundle');
  });

  it('see only the environment that the template gives them and what Lambda adds', async () => {
    process.env['AUTOPACK_TEST_LEAK'] = 'leaked';
    const { payload } = await runner.invoke('tea', { do: 'env' });
    delete process.env['AUTOPACK_TEST_LEAK'];
    expect(payload).toMatchObject({
      MINE: 'yes',
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      AWS_LAMBDA_FUNCTION_NAME: 'tea',
    });
    expect(
      Object.keys(payload as object).filter((name) =>
        /LEAK|^PATH$|^HOME$|PROXY|NODE_OPTIONS|PROFILE/i.test(name),
      ),
    ).toEqual([]);
  });

  it.each([
    ['an error class', { do: 'throw' }, { errorType: 'TeapotError', errorMessage: 'short and stout' }],
    ['text', { do: 'throwText' }, { errorType: 'string', errorMessage: 'plain' }],
    ['an end of the process', { do: 'exit' }, { errorType: 'Runtime.ExitError' }],
    ['an error outside of the handler', { do: 'crash' }, { errorType: 'Error', errorMessage: 'out of band' }],
    ['an answer above 6 MB', { do: 'huge' }, { errorType: 'Function.ResponseSizeTooLarge' }],
  ])('report %s with its own type and message', async (_name, event, expected) => {
    expect(await runner.invoke('tea', event)).toMatchObject({
      functionError: 'Unhandled',
      payload: expected,
    });
    expect((await runner.invoke('tea', {})).functionError).toBeUndefined();
  });

  it('are ended at their timeout, also in an endless loop, and start afresh afterwards', async () => {
    for (const event of [{ do: 'sleep', ms: 120_000 }, { do: 'loop' }]) {
      const result = await runner.invoke('quick', event);
      expect(result).toMatchObject({
        functionError: 'Unhandled',
        payload: { errorType: 'Sandbox.Timedout' },
      });
      expect((result.payload as { errorMessage: string }).errorMessage).toMatch(
        /Task timed out after 2\.00 seconds$/,
      );
    }
    expect((await runner.invoke('quick', {})).payload).toMatchObject({ calls: 1 });
  });

  it('that do not load say why', async () => {
    expect((await runner.invoke('broken', {})).payload).toMatchObject({
      errorType: 'TypeError',
      errorMessage: 'cannot load',
    });
    expect((await runner.invoke('unnamed', {})).payload).toMatchObject({
      errorType: 'Runtime.HandlerNotFound',
    });
    await expect(runner.invoke('absent', {})).rejects.toThrow(/Function not found: absent/);
  });

  it('run side by side in workers of their own', async () => {
    const results = await Promise.all(
      Array.from({ length: 6 }, () => runner.invoke('tea', { do: 'sleep', ms: 150 })),
    );
    expect(new Set(results.map(({ payload }) => (payload as { started: number }).started)).size).toBe(6);
  });

  it('print into a file of their own, and failures into the log of the host', async () => {
    await runner.invoke('tea', { do: 'print' });
    await expect
      .poll(() => readFileSync(join(root, 'logs', 'tea.log'), 'utf8'))
      .toContain('hello from the function');
    expect(lines.some((line) => line.startsWith('tea: TeapotError: short and stout'))).toBe(true);
  });
});
