/**
 * Runs inside a worker thread: loads one function's bundle and answers one invocation after the other, as the
 * Lambda runtime does.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

/** What the host hands to a new worker. */
export interface WorkerSetup {
  readonly folder: string;
  /** As `index.handler`. */
  readonly handler: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMb: number;
}

export interface InvokeMessage {
  readonly requestId: string;
  /** JSON text. */
  readonly event: string;
  readonly deadlineMs: number;
}

/** Error document of the Lambda runtime. */
export interface ErrorDocument {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'initFailed'; readonly error: ErrorDocument }
  | { readonly kind: 'answer'; readonly requestId: string; readonly payload: string }
  | { readonly kind: 'failed'; readonly requestId: string; readonly error: ErrorDocument };

type Handler = (event: unknown, context: unknown) => unknown;

const errorDocument = (error: unknown): ErrorDocument =>
  error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') }
    : {
        errorType: typeof error,
        errorMessage: typeof error === 'string' ? error : (JSON.stringify(error) ?? 'undefined'),
      };

const load = async (setup: WorkerSetup): Promise<Handler> => {
  const dot = setup.handler.lastIndexOf('.');
  const [file, name] = [setup.handler.slice(0, dot), setup.handler.slice(dot + 1)];
  const path = ['mjs', 'js', 'cjs']
    .map((type) => join(setup.folder, `${file}.${type}`))
    .find((path) => existsSync(path));
  if (path === undefined) {
    const missing = new Error(`Cannot find module '${file}'`);
    missing.name = 'Runtime.ImportModuleError';
    throw missing;
  }
  const module = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  const handler = module[name];
  if (typeof handler !== 'function') {
    const missing = new Error(`${setup.handler} is undefined or not exported`);
    missing.name = 'Runtime.HandlerNotFound';
    throw missing;
  }
  return handler as Handler;
};

const contextOf = (setup: WorkerSetup, message: InvokeMessage): Record<string, unknown> => ({
  functionName: setup.functionName,
  functionVersion: '$LATEST',
  invokedFunctionArn: setup.functionArn,
  memoryLimitInMB: String(setup.memoryMb),
  awsRequestId: message.requestId,
  logGroupName: `/aws/lambda/${setup.functionName}`,
  logStreamName: 'local',
  callbackWaitsForEmptyEventLoop: true,
  getRemainingTimeInMillis: () => Math.max(0, message.deadlineMs - Date.now()),
});

const serve = async (): Promise<void> => {
  const port = parentPort;
  if (port === null) return;
  const setup = workerData as WorkerSetup;
  const say = (message: WorkerMessage): void => port.postMessage(message);
  let handler: Handler;
  try {
    handler = await load(setup);
  } catch (error) {
    say({ kind: 'initFailed', error: errorDocument(error) });
    return;
  }
  port.on('message', (message: InvokeMessage) => {
    const { requestId } = message;
    Promise.resolve()
      .then(() => handler(JSON.parse(message.event), contextOf(setup, message)))
      .then(
        (result) => say({ kind: 'answer', requestId, payload: JSON.stringify(result) ?? 'null' }),
        (error: unknown) => say({ kind: 'failed', requestId, error: errorDocument(error) }),
      )
      .catch((error: unknown) => say({ kind: 'failed', requestId, error: errorDocument(error) }));
  });
  say({ kind: 'ready' });
};

await serve();
