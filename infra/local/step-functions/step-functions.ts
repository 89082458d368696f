import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../service.ts';
import { createApi } from './api.ts';
import { ApiError, checkJson, checkName } from './api-error.ts';
import type { StatusListener, StepFunctions } from './contract.ts';
import { statusOf, type Engine } from './engine.ts';
import { openExecution, type Execution } from './execution.ts';
import { runExecution } from './interpreter.ts';
import type { StartRecord } from './journal-record.ts';
import { createJournalStore } from './journal-store.ts';
import { createMachines } from './machines.ts';
import { at } from './scope.ts';
import { createTaskTokens } from './task-token.ts';

/** Step Functions, JSONata only: Standard executions that survive `kill -9`, with the API of `AWSStepFunctions`. */
export function createStepFunctions(
  host: Host,
  options: { readonly random?: () => number } = {},
): StepFunctions {
  const folder = join(host.dataDir, 'step-functions');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const store = createJournalStore(folder);
  const machines = createMachines(folder);
  const tokens = createTaskTokens(folder);
  const live = new Map<string, Execution>();
  const launched = new Set<string>();
  const starting = new Map<string, Promise<unknown>>();
  const listeners = new Set<StatusListener>();
  const concluding = new Set<Promise<void>>();
  let closing = false;

  const loaded = (async () => {
    for (const { records } of await store.readOpen((line) => host.log(line))) {
      const execution = openExecution(host.clock, store.journal(arnIn(records)), records);
      live.set(execution.start.executionArn, execution);
    }
  })();
  loaded.catch((error: unknown) => host.log(`Step Functions: the journals cannot be read: ${String(error)}`));

  const announce = async (execution: Execution): Promise<void> => {
    const { start, progress } = execution;
    const change = statusOf(start, progress.end);
    const told = [...listeners].map(async (listener) => listener(change, progress.end?.at ?? start.at));
    for (const result of await Promise.allSettled(told)) {
      if (result.status === 'rejected')
        host.log(`Step Functions: a listener failed: ${String(result.reason)}`);
    }
  };

  /** The end is announced before the move, so a crash in between announces it again. */
  const conclude = async (execution: Execution): Promise<void> => {
    const { start, progress } = execution;
    const { end } = progress;
    if (end === undefined || closing) return;
    await execution.commit();
    await announce(execution);
    if (closing) return;
    const { executionArn, stateMachineArn, name } = start;
    const entry = {
      executionArn,
      stateMachineArn,
      name,
      status: end.status,
      startDate: start.at,
      stopDate: end.at,
    };
    await store.archive(entry);
    live.delete(executionArn);
    launched.delete(executionArn);
  };

  const launch = (execution: Execution): void => {
    const { start, progress, root } = execution;
    if (closing || launched.has(start.executionArn)) return;
    launched.add(start.executionArn);
    const run = async (): Promise<void> => {
      if (progress.end === undefined) {
        const definition = machines.definition(start.definition);
        const machineName = start.stateMachineArn.split(':').at(-1) ?? '';
        const { TimeoutSeconds: seconds } = definition;
        const stopTimer =
          seconds === undefined
            ? undefined
            : at(host.clock, start.at + seconds * 1000, () => timeOut(execution));
        root.scope.onCancel(() => stopTimer?.());
        await runExecution({ world, execution, definition, machineName });
      }
      await conclude(execution);
    };
    const done = run()
      .catch((error: unknown) => host.log(`Step Functions: ${start.executionArn}: ${String(error)}`))
      .finally(() => concluding.delete(done));
    concluding.add(done);
  };

  const timeOut = (execution: Execution): void => {
    execution.finish(
      { kind: 'end', status: 'TIMED_OUT', error: 'States.Timeout' },
      { type: 'ExecutionTimedOut', executionTimedOutEventDetails: { error: 'States.Timeout' } },
    );
  };

  const stop: Engine['stop'] = async (execution, error, cause) => {
    const details = { ...(error === undefined ? {} : { error }), ...(cause === undefined ? {} : { cause }) };
    execution.finish(
      { kind: 'end', status: 'ABORTED', ...details },
      { type: 'ExecutionAborted', executionAbortedEventDetails: details },
    );
    await execution.commit();
    launch(execution);
    return execution.progress.end?.at ?? host.clock.now();
  };

  const start: Engine['start'] = async ({ stateMachineArn, name = randomUUID(), input = '{}' }) => {
    await loaded;
    const machine = machines.get(stateMachineArn);
    if (machine === undefined) {
      throw new ApiError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${stateMachineArn}'`);
    }
    checkName(name);
    checkJson(input, 'InvalidExecutionInput', 'execution input');
    const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
    // Two starts of one name come one after the other.
    const before = starting.get(executionArn) ?? Promise.resolve();
    const mine = before
      .catch(() => undefined)
      .then(async () => {
        const running = live.get(executionArn);
        const isOpen = running !== undefined && running.progress.end === undefined;
        if (isOpen && running.start.input === input) {
          await running.commit();
          return { executionArn, startDate: running.start.at };
        }
        if (running !== undefined || (await store.has(executionArn))) {
          throw new ApiError('ExecutionAlreadyExists', `Execution Already Exists: '${executionArn}'`);
        }
        const { roleArn, definition } = machine;
        const details = { input, inputDetails: { truncated: false }, roleArn };
        const now = host.clock.now();
        const event = {
          id: 1,
          previousEventId: 0,
          timestamp: now,
          type: 'ExecutionStarted',
          executionStartedEventDetails: details,
        };
        const base = {
          kind: 'start',
          executionArn,
          stateMachineArn,
          name,
          input,
          definition,
          roleArn,
        } as const;
        const record: StartRecord = { ...base, at: now, events: [event] };
        const journal = store.journal(executionArn);
        journal.append(record);
        await journal.commit();
        const execution = openExecution(host.clock, journal, [record]);
        live.set(executionArn, execution);
        void announce(execution);
        launch(execution);
        return { executionArn, startDate: now };
      });
    starting.set(executionArn, mine);
    try {
      return await mine;
    } finally {
      if (starting.get(executionArn) === mine) starting.delete(executionArn);
    }
  };

  const world = {
    host,
    mintToken: (executionArn: string, path: string, attempt: number) =>
      tokens.mint({ executionArn, path, attempt }),
    random: options.random ?? Math.random,
    startExecution: start,
  };
  const api = createApi({ host, machines, store, tokens, live, loaded, start, stop });

  return {
    signingNames: ['states'],
    handle: api,
    async ensureStateMachine(arn, name, definition, { roleArn = '', substitutions = {} } = {}) {
      const text = definition.replaceAll(
        /\$\{([A-Za-z0-9_]+)\}/g,
        (whole, token: string) => substitutions[token] ?? whole,
      );
      const before = machines.get(arn);
      const now = host.clock.now();
      const dates = { createdAt: before?.createdAt ?? now, updatedAt: now };
      await machines.put({ arn, name, roleArn, tags: before?.tags ?? {}, ...dates }, text);
    },
    async resume() {
      await loaded;
      const running = [...live.values()].filter((execution) => !launched.has(execution.start.executionArn));
      for (const execution of running) launch(execution);
      return { resumed: running.filter((execution) => execution.progress.end === undefined).length };
    },
    startExecution: start,
    onStatusChange(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    async close() {
      closing = true;
      await loaded.catch(() => undefined);
      const commits = [...live.values()].map((execution) => {
        execution.root.scope.cancel();
        return execution.commit();
      });
      await Promise.allSettled(commits);
    },
  };
}

function arnIn(records: readonly { readonly kind: string }[]): string {
  const [start] = records as readonly StartRecord[];
  if (start?.kind !== 'start') throw new Error('A journal does not begin with its start');
  return start.executionArn;
}
