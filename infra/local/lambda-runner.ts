import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { functionLog } from './function-log.ts';
import type { ErrorDocument, InvokeMessage, WorkerMessage, WorkerSetup } from './lambda-worker.ts';
import { lambdaEnvironment } from './lambda-environment.ts';
import type { InvokeResult } from './service.ts';

export interface FunctionSpec {
  readonly name: string;
  readonly arn: string;
  /** Unpacked asset. */
  readonly folder: string;
  readonly handler: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  /** Only what the template gives it. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface LambdaRunner {
  /** Makes the function known, or gives it new code or environment for the next invocation. */
  ensureFunction(spec: FunctionSpec): void;
  /** By ARN (with or without version) or name. Answers the function's own failures; throws where there is no such function. */
  invoke(functionArn: string, payload: unknown): Promise<InvokeResult>;
  functionNames(): readonly string[];
  /** Waits a moment until nothing runs. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export interface RunnerOptions {
  readonly region: string;
  readonly dataDir: string;
  awsUrl(): string;
  log(line: string): void;
  /** Workers that may wait for work, over all functions. */
  readonly idleWorkers?: number;
  /** How long one waits before it is ended. Default 75 s: the sweeper's minute keeps its own worker warm. */
  readonly idleMs?: number;
}

const INIT_TIMEOUT_MS = 20_000;
/** Concurrent invocations of one function; further ones wait in line. */
const CONCURRENCY = 8;
/** What is longer under way when the host stops is broken off and resumes at the next start. */
const DRAIN_MS = 3_000;
const MAX_ANSWER_BYTES = 6 * 1024 * 1024;

/** Invoked something that the template does not hold. */
export class FunctionNotFoundError extends Error {
  override readonly name = 'ResourceNotFoundException';
}

interface Warm {
  readonly worker: Worker;
  readonly spec: FunctionSpec;
  readonly since: number;
}

interface Lane {
  spec: FunctionSpec;
  running: number;
  readonly queue: (() => void)[];
}

const failure = (error: ErrorDocument): InvokeResult => ({ payload: error, functionError: 'Unhandled' });

/** Runs functions in worker threads: own environment and timeout each, warm reuse, as many as are called at once. */
export const createLambdaRunner = (options: RunnerOptions): LambdaRunner => {
  const lanes = new Map<string, Lane>();
  const idle: Warm[] = [];
  const workers = new Set<Worker>();
  const idleLimit = options.idleWorkers ?? 6;
  const idleMs = options.idleMs ?? 75_000;
  const logOf = functionLog(join(options.dataDir, 'logs'));
  let closed = false;

  const retire = (worker: Worker): void => {
    const position = idle.findIndex((warm) => warm.worker === worker);
    if (position !== -1) idle.splice(position, 1);
    workers.delete(worker);
    void worker.terminate();
  };
  const reaper = setInterval(() => {
    for (const warm of idle.filter((entry) => Date.now() - entry.since > idleMs)) retire(warm.worker);
  }, 5_000);
  reaper.unref();

  const start = async (spec: FunctionSpec): Promise<Worker> => {
    const setup: WorkerSetup = {
      folder: spec.folder,
      handler: spec.handler,
      functionName: spec.name,
      functionArn: spec.arn,
      memoryMb: spec.memoryMb,
    };
    const worker = new Worker(new URL('./lambda-worker.ts', import.meta.url), {
      workerData: setup,
      env: lambdaEnvironment(spec, options),
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: spec.memoryMb, maxYoungGenerationSizeMb: 16 },
    });
    workers.add(worker);
    worker.on('error', () => undefined);
    worker.once('exit', () => retire(worker));
    worker.stdout.on('data', (chunk: Buffer) => logOf(spec.name, chunk));
    worker.stderr.on('data', (chunk: Buffer) => logOf(spec.name, chunk));
    const answer = await outcome(worker, INIT_TIMEOUT_MS);
    if (answer.kind === 'ready') return worker;
    retire(worker);
    throw new InitFailure(
      answer.kind === 'timedOut'
        ? {
            errorType: 'Runtime.InitTimeout',
            errorMessage: `${spec.name} did not load within ${INIT_TIMEOUT_MS / 1000} s`,
          }
        : 'error' in answer
          ? answer.error
          : { errorType: 'Runtime.Unknown', errorMessage: `${spec.name} answered before it was asked` },
    );
  };

  const run = async (spec: FunctionSpec, event: string): Promise<InvokeResult> => {
    const requestId = randomUUID();
    const position = idle.findLastIndex((warm) => warm.spec === spec);
    const worker = position === -1 ? await start(spec) : (idle.splice(position, 1)[0] as Warm).worker;
    const waiting = outcome(worker, spec.timeoutSeconds * 1000);
    const message: InvokeMessage = { requestId, event, deadlineMs: Date.now() + spec.timeoutSeconds * 1000 };
    worker.postMessage(message);
    const answer = await waiting;
    if (answer.kind === 'timedOut') {
      retire(worker);
      const errorMessage = `${new Date().toISOString()} ${requestId} Task timed out after ${spec.timeoutSeconds.toFixed(2)} seconds`;
      return failure({ errorType: 'Sandbox.Timedout', errorMessage });
    }
    if (answer.kind === 'died') return failure(answer.error);
    if (closed || lanes.get(spec.name)?.spec !== spec) retire(worker);
    else {
      idle.push({ worker, spec, since: Date.now() });
      while (idle.length > idleLimit) retire((idle[0] as Warm).worker);
    }
    if (answer.kind === 'failed') return failure(answer.error);
    if (answer.kind !== 'answer')
      return failure({ errorType: 'Runtime.Unknown', errorMessage: 'The worker answered something else' });
    if (Buffer.byteLength(answer.payload) > MAX_ANSWER_BYTES)
      return failure({
        errorType: 'Function.ResponseSizeTooLarge',
        errorMessage: `Response payload size exceeded maximum allowed payload size (${MAX_ANSWER_BYTES} bytes).`,
      });
    return { payload: JSON.parse(answer.payload) as unknown };
  };

  return {
    ensureFunction(spec) {
      const lane = lanes.get(spec.name);
      if (lane === undefined) lanes.set(spec.name, { spec, running: 0, queue: [] });
      else lane.spec = spec;
    },
    async invoke(functionArn, payload) {
      const name = functionNameOf(functionArn);
      const lane = lanes.get(name);
      if (lane === undefined || closed) throw new FunctionNotFoundError(`Function not found: ${functionArn}`);
      if (lane.running >= CONCURRENCY) await new Promise<void>((resolve) => lane.queue.push(resolve));
      lane.running += 1;
      let result: InvokeResult;
      try {
        result = await run(lane.spec, JSON.stringify(payload) ?? 'null');
      } catch (error) {
        if (!(error instanceof InitFailure)) throw error;
        result = failure(error.document);
      } finally {
        lane.running -= 1;
        lane.queue.shift()?.();
      }
      if (result.functionError !== undefined) {
        const { errorType, errorMessage } = result.payload as ErrorDocument;
        if (!closed) options.log(`${name}: ${errorType}: ${errorMessage.slice(0, 300)}`);
        logOf(name, Buffer.from(`${JSON.stringify(result.payload)}\n`));
      }
      return result;
    },
    functionNames: () => [...lanes.keys()],
    async drain() {
      const busy = (): boolean => [...lanes.values()].some((lane) => lane.running > 0);
      // Idle for a little while: whoever got an answer writes it down before its machine is stopped.
      for (
        let [idleSteps, end] = [0, Date.now() + DRAIN_MS];
        Date.now() < end && idleSteps < 5;
        await sleep(10)
      )
        idleSteps = busy() ? 0 : idleSteps + 1;
    },
    async close() {
      closed = true;
      clearInterval(reaper);
      await Promise.all([...workers].map((worker) => worker.terminate()));
    },
  };
};

class InitFailure extends Error {
  override readonly name = 'InitFailure';
  readonly document: ErrorDocument;
  constructor(document: ErrorDocument) {
    super(document.errorMessage);
    this.document = document;
  }
}

const functionNameOf = (arn: string): string =>
  arn.startsWith('arn:') ? (arn.split(':')[6] ?? arn) : (arn.split(':')[0] ?? arn);

type Outcome =
  | WorkerMessage
  | { readonly kind: 'timedOut' }
  | { readonly kind: 'died'; readonly error: ErrorDocument };

/** The next thing that a worker says, or how it ended. */
const outcome = (worker: Worker, timeoutMs: number): Promise<Outcome> =>
  new Promise((resolve) => {
    const settle = (value: Outcome): void => {
      clearTimeout(timer);
      worker.off('message', settle).off('error', onError).off('exit', onExit);
      resolve(value);
    };
    const onError = (error: unknown): void => {
      const { code, name, message } = error as NodeJS.ErrnoException;
      const errorType = code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'Runtime.OutOfMemory' : (name ?? 'Error');
      settle({ kind: 'died', error: { errorType, errorMessage: String(message ?? error) } });
    };
    const onExit = (status: number): void =>
      settle({
        kind: 'died',
        error: {
          errorType: 'Runtime.ExitError',
          errorMessage: `Runtime exited with error: exit status ${status}`,
        },
      });
    const timer = setTimeout(() => settle({ kind: 'timedOut' }), timeoutMs);
    worker.on('message', settle).on('error', onError).on('exit', onExit);
  });
