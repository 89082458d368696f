import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import machine from '#statemachines/policy-check.asl.json' with { type: 'json' };
import {
  type Call,
  functionArn,
  FunctionError,
  machineArn,
  rig,
  type Rig,
  temporaryFolder,
} from '../local/step-functions-rig.ts';

const MACHINE = machineArn('policy-check');
const SLOT = '2026-11-21T08:00:00.000Z';
const check = (source: string, step = 'FETCH') => ({ source, slot: SLOT, reading: 1, step });

/** The machine as it stands in the template, run by the local host; the functions are a script. */
describe('the machine of the policy check', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let local: Rig;
  let hosts: readonly { readonly host: string; readonly checks: readonly object[] }[];
  let broken: Readonly<Record<string, readonly string[]>>;
  /** Looks under way by host, and the most there were at once. */
  const busy = { total: 0, most: 0 };

  const answer = async ({ name, payload }: Call): Promise<unknown> => {
    if (name === 'ListDueSources') return { slot: SLOT, hosts, waiting: 0 };
    const { source } = (payload['check'] ?? payload) as { source: string };
    if (name === 'FetchSource') {
      busy.total += 1;
      busy.most = Math.max(busy.most, busy.total);
      await setImmediate();
      busy.total -= 1;
    }
    const gives = payload['readingFailed'] === undefined ? name : 'GaveUp';
    if (broken[source]?.includes(gives) === true) throw new FunctionError('Runtime.OutOfMemory');
    return { source };
  };

  beforeEach(async () => {
    hosts = [];
    broken = {};
    Object.assign(busy, { total: 0, most: 0 });
    folder = await temporaryFolder();
    local = await rig(folder.path, answer);
    const text = JSON.stringify(machine);
    const tokens = [...text.matchAll(/\$\{([A-Za-z0-9]+)\}/g)].map((match) => match[1] ?? '');
    await local.service.ensureStateMachine(MACHINE, 'policy-check', text, {
      substitutions: Object.fromEntries(
        tokens.map((token) => [token, functionArn(token.replace(/FunctionArn$/, ''))]),
      ),
    });
    await local.service.resume();
  });
  afterEach(async () => {
    await local.stop();
    await folder.remove();
  });

  const run = async (input: object = { scheduledTime: '2026-11-21T08:00:00Z' }) => {
    const arn = await local.start(MACHINE, input);
    return local.finish(arn);
  };
  const called = (): string[] =>
    local.calls.map(({ name, payload }) => {
      const of = (payload['check'] ?? payload) as { source?: string };
      return of.source === undefined ? name : `${name} ${of.source}`;
    });

  it('hands the input and the start of the execution on, and ends where nothing is due', async () => {
    const done = await run({ source: 'one' });
    expect(done.status).toBe('SUCCEEDED');
    expect(local.calls).toHaveLength(1);
    expect(local.calls[0]?.payload).toEqual({
      input: { source: 'one' },
      startedAt: expect.stringMatching(/^2026-11-21T08:00:00(\.000)?Z$/) as string,
    });
  });

  it('looks at the sources of a host one after the other, each to its end', async () => {
    hosts = [{ host: 'a.test', checks: [check('one'), check('two')] }];
    const done = await run();
    expect(done.status).toBe('SUCCEEDED');
    expect(called()).toEqual([
      'ListDueSources',
      ...['one', 'two'].flatMap((source) =>
        ['FetchSource', 'CompareSource', 'TellPeople'].map((name) => `${name} ${source}`),
      ),
    ]);
    expect(busy.most).toBe(1);
    expect(local.calls.find(({ name }) => name === 'CompareSource')?.payload).toEqual({
      check: check('one'),
    });
    expect(local.calls.find(({ name }) => name === 'TellPeople')?.payload).toEqual({ source: 'one' });
  });

  it('looks at four hosts at once, and no more', async () => {
    hosts = Array.from({ length: 7 }, (_, index) => ({
      host: `${index}.test`,
      checks: [check(`s${index}`)],
    }));
    expect((await run()).status).toBe('SUCCEEDED');
    expect(busy.most).toBeLessThanOrEqual(4);
    expect(called().filter((call) => call.startsWith('TellPeople'))).toHaveLength(7);
  });

  it('only judges, rereads or tells where that is all that is needed', async () => {
    hosts = [
      { host: 'a.test', checks: [check('judge', 'JUDGE'), check('again', 'REREAD'), check('tell', 'TELL')] },
    ];
    expect((await run()).status).toBe('SUCCEEDED');
    expect(called().slice(1)).toEqual([
      'CompareSource judge',
      'TellPeople judge',
      'CompareSource again',
      'TellPeople again',
      'TellPeople tell',
    ]);
  });

  it.each([
    ['a fetch that does not come back', ['FetchSource'], { fetchFailed: 'Runtime.OutOfMemory' }, 'SUCCEEDED'],
    [
      'bytes that break their reader',
      ['CompareSource'],
      { readingFailed: 'Runtime.OutOfMemory' },
      'SUCCEEDED',
    ],
    [
      'both',
      ['FetchSource', 'CompareSource'],
      { fetchFailed: 'Runtime.OutOfMemory', readingFailed: 'Runtime.OutOfMemory' },
      'SUCCEEDED',
    ],
    ['a source that nothing can be done for', ['CompareSource', 'GaveUp'], {}, 'FAILED'],
    ['mail that cannot be sent', ['TellPeople'], {}, 'FAILED'],
  ])('%s: the others are looked at all the same', async (_what, breaks, says, status) => {
    broken = { bad: breaks };
    hosts = [
      { host: 'a.test', checks: [check('before'), check('bad'), check('after')] },
      { host: 'b.test', checks: [check('beside')] },
    ];
    const done = await run();
    expect(done.status).toBe(status);
    if (status === 'FAILED') expect(done.error).toBe('Autopack.SourcesLeft');
    for (const source of ['before', 'after', 'beside'])
      expect(called().filter((call) => call.endsWith(` ${source}`))).toEqual(
        ['FetchSource', 'CompareSource', 'TellPeople'].map((name) => `${name} ${source}`),
      );
    const last = local.calls.findLast(
      ({ name, payload }) =>
        name === 'CompareSource' && (payload['check'] as { source: string }).source === 'bad',
    );
    expect(last?.payload).toMatchObject({ check: check('bad'), ...says });
  });
});
