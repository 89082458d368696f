import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
  type DescribeExecutionCommandOutput,
} from '@aws-sdk/client-sfn';
import { listenOnLoopback } from '#infra/local/loopback.ts';
import type { Clock, Host, InvokeResult } from '#infra/local/service.ts';
import type { StepFunctions } from '#infra/local/step-functions/contract.ts';
import { createStepFunctions } from '#infra/local/step-functions/step-functions.ts';

export const START = Date.UTC(2026, 10, 21, 8, 0, 0);
export const ACCOUNT = '000000000000';
export const functionArn = (name: string): string => `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:${name}`;
export const machineArn = (name: string): string =>
  `arn:aws:states:eu-west-1:${ACCOUNT}:stateMachine:${name}`;

export interface SteppedClock extends Clock {
  /** The moment of the next timer. */
  next(): number | undefined;
  moveTo(ms: number): void;
}

export function steppedClock(startMs = START): SteppedClock {
  let now = startMs;
  const waiting = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  const next = (): number | undefined =>
    waiting.size === 0 ? undefined : Math.min(...[...waiting].map(({ atMs }) => atMs));
  return {
    now: () => now,
    at(atMs, callback) {
      const entry = { atMs, callback };
      waiting.add(entry);
      return () => {
        waiting.delete(entry);
      };
    },
    next,
    moveTo(ms) {
      for (let due = next(); due !== undefined && due <= ms; due = next()) {
        now = Math.max(now, due);
        for (const entry of [...waiting].filter(({ atMs }) => atMs <= now)) {
          if (waiting.delete(entry)) entry.callback();
        }
      }
      now = Math.max(now, ms);
    },
  };
}

/** Resolves once nothing moves any more but timers: no file is being written and no promise is on its way. */
export async function settled(): Promise<void> {
  for (let quiet = 0; quiet < 4;) {
    await setImmediate();
    quiet = process.getActiveResourcesInfo().some((kind) => kind === 'FSReqPromise' || kind === 'CloseReq')
      ? 0
      : quiet + 1;
  }
}

export interface Call {
  readonly name: string;
  readonly payload: { readonly [field: string]: unknown };
}
/** Throws a `FunctionError` to fail as a function does, anything else to fail as the Lambda service does. */
export type Script = (call: Call) => unknown;

export class FunctionError extends Error {
  readonly errorType: string;
  constructor(errorType: string, message = 'no') {
    super(message);
    this.errorType = errorType;
  }
}

export interface Rig {
  readonly sfn: SFNClient;
  readonly service: StepFunctions;
  readonly clock: SteppedClock;
  readonly calls: Call[];
  readonly log: string[];
  readonly host: Host;
  create(name: string, definition: object): Promise<string>;
  start(machine: string, input?: unknown, name?: string): Promise<string>;
  describe(arn: string): Promise<DescribeExecutionCommandOutput>;
  events(arn: string): Promise<string[]>;
  /** Lets time pass, timer by timer, until the execution is closed or nothing is left to wait for. */
  finish(arn: string): Promise<DescribeExecutionCommandOutput>;
  stop(): Promise<void>;
}

export async function temporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'autopack-sfn-'));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

export function scriptedInvoke(script: Script, calls: Call[]): Host['invoke'] {
  return async (arn, payload): Promise<InvokeResult> => {
    const call = { name: arn.split(':').at(-1) ?? '', payload: payload as Call['payload'] };
    calls.push(call);
    try {
      return { payload: await script(call) };
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error;
      return {
        payload: { errorType: error.errorType, errorMessage: error.message },
        functionError: 'Unhandled',
      };
    }
  };
}

export async function rig(
  dataDir: string,
  script: Script,
  clock = steppedClock(),
  random = () => 0.5,
): Promise<Rig> {
  const calls: Call[] = [];
  const log: string[] = [];
  const host: Host = {
    dataDir,
    accountId: ACCOUNT,
    region: 'eu-west-1',
    clock,
    awsUrl: () => '',
    invoke: scriptedInvoke(script, calls),
    log: (line) => log.push(line),
  };
  const service = createStepFunctions(host, { random });
  const server = await listenOnLoopback((request) => service.handle(request));
  const sfn = new SFNClient({
    endpoint: server.url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  const describe = (executionArn: string): Promise<DescribeExecutionCommandOutput> =>
    sfn.send(new DescribeExecutionCommand({ executionArn }));
  return {
    sfn,
    service,
    clock,
    calls,
    log,
    host,
    async create(name, definition) {
      const text = JSON.stringify({ QueryLanguage: 'JSONata', ...definition });
      const input = { name, definition: text, roleArn: `arn:aws:iam::${ACCOUNT}:role/machine` };
      return (await sfn.send(new CreateStateMachineCommand(input))).stateMachineArn ?? '';
    },
    async start(machine, input = {}, name) {
      const request = {
        stateMachineArn: machine,
        input: JSON.stringify(input),
        ...(name === undefined ? {} : { name }),
      };
      return (await sfn.send(new StartExecutionCommand(request))).executionArn ?? '';
    },
    describe,
    async events(executionArn) {
      const { events } = await sfn.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }));
      return (events ?? []).map(({ type }) => type ?? '');
    },
    async finish(arn) {
      for (;;) {
        await settled();
        const told = await describe(arn);
        const next = clock.next();
        if (told.status !== 'RUNNING' || next === undefined) return told;
        clock.moveTo(next);
      }
    },
    async stop() {
      await service.close();
      sfn.destroy();
      await server.stop();
    },
  };
}
