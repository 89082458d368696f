import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SendTaskSuccessCommand } from '@aws-sdk/client-sfn';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JournalRecord } from '#infra/local/step-functions/journal-record.ts';
import {
  functionArn,
  FunctionError,
  rig,
  settled,
  START,
  steppedClock,
  temporaryFolder,
  type Call,
  type Rig,
  type Script,
} from './step-functions-rig.ts';

const task = (key: unknown, more: object = {}): object => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments: {
    FunctionName: functionArn('work'),
    Payload: { key, retry: '{% $states.context.State.RetryCount %}' },
  },
  Output: '{% $states.result.Payload %}',
  ...more,
});
const ask = (key: unknown, more: object = {}): object => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
  Arguments: {
    FunctionName: functionArn('ask'),
    Payload: { key, retry: 0, token: '{% $states.context.Task.Token %}' },
  },
  ...more,
});
const Retry = [{ ErrorEquals: ['Busy'], IntervalSeconds: 7, MaxAttempts: 3 }];

const everything = {
  QueryLanguage: 'JSONata',
  StartAt: 'First',
  States: {
    First: task('flaky-first', { Retry, Assign: { first: '{% $states.result.Payload %}' }, Next: 'Pause' }),
    Pause: { Type: 'Wait', Seconds: 30, Next: 'Ask' },
    Ask: ask('ask-1', { Assign: { answer: '{% $states.result %}' }, Next: 'Both' }),
    Both: {
      Type: 'Parallel',
      Branches: [
        {
          StartAt: 'Left',
          States: {
            Left: ask('ask-left', { Next: 'Left sleep' }),
            'Left sleep': { Type: 'Wait', Seconds: 5, End: true },
          },
        },
        { StartAt: 'Right', States: { Right: task('flaky-right', { Retry, End: true }) } },
      ],
      Next: 'Each',
    },
    Each: {
      Type: 'Map',
      Items: '{% [1..3] %}',
      MaxConcurrency: 2,
      ItemProcessor: {
        StartAt: 'One',
        States: {
          One: task("{% 'item-' & $states.input %}", { Next: 'One sleep' }),
          'One sleep': { Type: 'Wait', Seconds: '{% 4 %}', End: true },
        },
      },
      Assign: { items: '{% $states.result %}' },
      Next: 'Broken',
    },
    Broken: task('broken', {
      Catch: [
        { ErrorEquals: ['States.TaskFailed'], Output: '{% $states.errorOutput.Error %}', Next: 'Loop' },
      ],
      Next: 'Loop',
    }),
    Loop: {
      Type: 'Choice',
      Choices: [{ Condition: '{% $exists($looped) %}', Next: 'Last' }],
      Default: 'Again',
    },
    Again: { Type: 'Pass', Assign: { looped: true }, Next: 'Loop' },
    Last: {
      Type: 'Pass',
      Output: '{% { "first": $first, "answer": $answer, "items": $items, "caught": $states.input } %}',
      End: true,
    },
  },
};
const EXPECTED = JSON.stringify({
  first: 'did flaky-first',
  answer: 'yes ask-1',
  items: ['did item-1', 'did item-2', 'did item-3'],
  caught: 'Custom',
});
const KEYS = ['flaky-first', 'ask-1', 'ask-left', 'flaky-right', 'item-1', 'item-2', 'item-3', 'broken'];

const keyOf = (call: Call): string => `${String(call.payload['key'])}@${String(call.payload['retry'])}`;
/** Answers by what it is asked alone, as a function whose state is elsewhere. */
const script: Script = ({ name, payload }) => {
  const key = String(payload['key']);
  if (key.startsWith('flaky') && payload['retry'] === 0) throw new FunctionError('Busy');
  if (key === 'broken') throw new FunctionError('Custom');
  return name === 'ask' ? null : `did ${key}`;
};

interface Waiting {
  readonly token: string;
  readonly key: string;
}

/** Lets time pass and answers every token once, until the execution is closed. */
async function drive(local: Rig, arn: string, waiting: Waiting[]): Promise<string | undefined> {
  const answered = new Set<string>();
  for (;;) {
    await settled();
    const asked = local.calls
      .filter(({ name }) => name === 'ask')
      .map(({ payload }) => ({ token: String(payload['token']), key: String(payload['key']) }));
    const open = [...waiting, ...asked].filter(({ token }) => !answered.has(token));
    for (const { token, key } of open) {
      if (answered.has(token)) continue;
      answered.add(token);
      await local.sfn.send(
        new SendTaskSuccessCommand({ taskToken: token, output: JSON.stringify(`yes ${key}`) }),
      );
    }
    if (open.length > 0) continue;
    const told = await local.describe(arn);
    const next = local.clock.next();
    if (told.status !== 'RUNNING' || next === undefined) return told.output;
    local.clock.moveTo(next);
  }
}

let reference: Awaited<ReturnType<typeof temporaryFolder>>;
let lines: string[];
let arn: string;
let file: string;
beforeAll(async () => {
  reference = await temporaryFolder();
  const local = await rig(reference.path, script);
  await local.service.resume();
  arn = await local.start(await local.create('M', everything), {}, 'one');
  expect(await drive(local, arn, [])).toBe(EXPECTED);
  await settled();
  await local.stop();
  const closed = join(reference.path, 'step-functions', 'closed');
  const found =
    (await readdir(closed, { recursive: true })).find((name) => /[0-9a-f]{40}\.jsonl$/.test(name)) ?? '';
  lines = (await readFile(join(closed, found), 'utf8')).split('\n').slice(0, -1);
  file = found.split(/[\\/]/).at(-1) ?? '';
  await rm(join(closed), { recursive: true });
});
afterAll(() => reference.remove());

/** What the world may rely on when the journal ends after these records. */
function known(records: readonly JournalRecord[]): {
  readonly done: Set<string>;
  readonly waiting: Waiting[];
} {
  const done = new Set<string>();
  const waiting = new Map<string, Waiting>();
  const scheduled = new Map<string, Call['payload']>();
  for (const record of records) {
    if (!('attempt' in record)) continue;
    const place = `${record.path}@${record.attempt}`;
    if (record.kind === 'schedule') {
      const payload = (record.payload as { Payload: Call['payload'] }).Payload;
      scheduled.set(place, payload);
      if (record.token !== undefined)
        waiting.set(place, { token: record.token, key: String(payload['key']) });
    }
    const payload = scheduled.get(place);
    if (record.kind === 'outcome') waiting.delete(place);
    if ((record.kind === 'submitted' || record.kind === 'outcome') && payload !== undefined) {
      done.add(keyOf({ name: '', payload }));
    }
  }
  return { done, waiting: [...waiting.values()] };
}

async function crashAndResume(cut: number, torn: number, downtimeMs: number): Promise<void> {
  const folder = await temporaryFolder();
  try {
    await cp(reference.path, folder.path, { recursive: true });
    const kept = lines.slice(0, cut);
    const rest = (lines[cut] ?? '').slice(0, torn);
    const open = join(folder.path, 'step-functions', 'open');
    await mkdir(open, { recursive: true });
    await writeFile(join(open, file), kept.map((line) => `${line}\n`).join('') + rest);
    const records = kept.map((line) => JSON.parse(line) as JournalRecord);
    const { done, waiting } = known(records);
    const local = await rig(folder.path, script, steppedClock((records.at(-1)?.at ?? START) + downtimeMs));
    await local.service.resume();
    expect(await drive(local, arn, waiting)).toBe(EXPECTED);
    await local.stop();
    const called = local.calls.map(keyOf);
    const ever = new Set([...called, ...done].map((key) => key.split('@')[0]));
    expect([...ever].toSorted()).toEqual(KEYS.toSorted());
    expect(called.filter((key) => done.has(key))).toEqual([]);
    expect(called.length).toBe(new Set(called).size);
    expect(local.log.filter((line) => !line.includes('is called again'))).toEqual([]);
  } finally {
    await folder.remove();
  }
}

test('wherever the journal ends after a crash, the execution comes to the same end, calls every task and loses no callback', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: lines.length }),
      fc.nat(200),
      fc.constantFrom(0, 1, 6000, 90_000_000),
      crashAndResume,
    ),
    { numRuns: 120 },
  );
});

test('a line in the middle that is not a record keeps the execution from running on, loudly', async () => {
  const folder = await temporaryFolder();
  await cp(reference.path, folder.path, { recursive: true });
  const path = join(folder.path, 'step-functions', 'open', file);
  await mkdir(join(folder.path, 'step-functions', 'open'), { recursive: true });
  await writeFile(path, lines.map((line, index) => (index === 5 ? 'rubbish\n' : `${line}\n`)).join(''));
  const local = await rig(folder.path, script);
  expect(await local.service.resume()).toEqual({ resumed: 0 });
  await settled();
  expect(local.log.join()).toContain('is damaged at line 6');
  expect(local.calls).toEqual([]);
  await local.stop();
  await folder.remove();
});
