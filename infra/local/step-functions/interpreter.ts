import { withRetries } from './attempts.ts';
import type { NewEvent } from './execution.ts';
import type { Json } from './journal-record.ts';
import { runMap, runParallel } from './branches.ts';
import { sleepUntil } from './scope.ts';
import { StateError } from './state-error.ts';
import { runTask } from './task-state.ts';
import { exitOf, field, wholeNumber, type Exit, type Frame, type Run, type Visiting } from './visit.ts';

/**
 * Walks the states of a frame to its end. States that the journal has left already are not run again.
 * @throws StateError where the frame fails
 * @throws Cancelled where somebody else has ended it
 */
export async function runStates(frame: Frame, input: Json): Promise<Json> {
  const { execution } = frame.run;
  let name = frame.states.StartAt;
  let value = input;
  for (let number = 1; ; number += 1) {
    const path = `${frame.path}/${number}`;
    const exit = execution.progress.visits.get(path)?.exit ?? (await runState(frame, path, name, value));
    Object.assign(frame.variables, exit.assign);
    frame.thread.lastEventId = Math.max(
      frame.thread.lastEventId,
      execution.progress.visits.get(path)?.lastEventId ?? 0,
    );
    value = exit.output;
    if (exit.next === undefined) return value;
    name = exit.next;
  }
}

async function runState(frame: Frame, path: string, name: string, input: Json): Promise<Exit> {
  const { execution } = frame.run;
  const state = Object.hasOwn(frame.states.States, name) ? frame.states.States[name] : undefined;
  if (state === undefined) throw new StateError('States.Runtime', `There is no state '${name}'.`);
  const { Type } = state;
  if (!execution.progress.visits.has(path)) {
    const stateEnteredEventDetails = {
      name,
      input: JSON.stringify(input),
      inputDetails: { truncated: false },
    };
    execution.record(frame.thread, { kind: 'enter', path, state: name }, [
      { type: `${Type}StateEntered`, stateEnteredEventDetails },
    ]);
  }
  const visit = execution.progress.visits.get(path);
  if (visit === undefined) throw new StateError('States.Runtime', `'${name}' was not entered.`);
  frame.thread.lastEventId = Math.max(frame.thread.lastEventId, visit.lastEventId);
  const visiting: Visiting = { frame, path, name, state, input, visit };
  const exit = await leave(visiting);
  const assigned = Object.entries(exit.assign).map(([variable, value]) => [variable, JSON.stringify(value)]);
  const exited: NewEvent = {
    type: `${Type}StateExited`,
    stateExitedEventDetails: {
      name,
      output: JSON.stringify(exit.output),
      outputDetails: { truncated: false },
      ...(assigned.length === 0 ? {} : { assignedVariables: Object.fromEntries(assigned) as unknown }),
    },
  };
  execution.record(frame.thread, { kind: 'exit', path, ...exit }, [exited]);
  return exit;
}

async function leave(visiting: Visiting): Promise<Exit> {
  const { state, input } = visiting;
  switch (state.Type) {
    case 'Pass':
    case 'Succeed':
      return exitOf(visiting, state, state.Next, input);
    case 'Wait':
      await wait(visiting);
      return exitOf(visiting, state, state.Next, input);
    case 'Choice':
      return choose(visiting);
    case 'Fail':
      throw await failure(visiting);
    case 'Task':
      return withRetries(visiting, (attempt) => runTask(visiting, attempt));
    case 'Map':
      return withRetries(visiting, (attempt) => runMap(visiting, attempt, runStates));
    case 'Parallel':
      return withRetries(visiting, (attempt) => runParallel(visiting, attempt, runStates));
  }
}

async function choose(visiting: Visiting): Promise<Exit> {
  const { state, input } = visiting;
  for (const [index, rule] of (state.Choices ?? []).entries()) {
    const where = `Choices[${index}]/`;
    const condition = await field(visiting, `${where}Condition`, rule.Condition);
    if (typeof condition !== 'boolean') {
      throw new StateError(
        'States.QueryEvaluationError',
        `The field '${where}Condition' of '${visiting.name}' must be a boolean, not ${JSON.stringify(condition)}.`,
      );
    }
    if (condition) return exitOf(visiting, rule, rule.Next, input, {}, where);
  }
  if (state.Default === undefined) {
    throw new StateError(
      'States.NoChoiceMatched',
      `No choice of '${visiting.name}' matched and there is no Default.`,
    );
  }
  return exitOf(visiting, state, state.Default, input);
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

async function wait(visiting: Visiting): Promise<void> {
  const { frame, path, state, visit } = visiting;
  const { execution, world } = frame.run;
  const { clock } = world.host;
  if (visit.dueAt === undefined) {
    let dueAt: number;
    if (state.Timestamp === undefined) {
      dueAt = clock.now() + (await wholeNumber(visiting, 'Seconds', state.Seconds, 0)) * 1000;
    } else {
      const moment = await field(visiting, 'Timestamp', state.Timestamp);
      dueAt = typeof moment === 'string' && MOMENT.test(moment) ? Date.parse(moment) : Number.NaN;
      if (Number.isNaN(dueAt)) {
        throw new StateError(
          'States.QueryEvaluationError',
          `The field 'Timestamp' of '${visiting.name}' must be an RFC 3339 timestamp, not ${JSON.stringify(moment)}.`,
        );
      }
    }
    execution.record(frame.thread, { kind: 'wait', path, dueAt });
    await execution.commit();
  }
  await sleepUntil(clock, frame.thread.scope, visit.dueAt ?? 0);
}

async function failure(visiting: Visiting): Promise<StateError> {
  const { state } = visiting;
  const text = async (where: 'Error' | 'Cause'): Promise<string | undefined> => {
    if (state[where] === undefined) return undefined;
    const value = await field(visiting, where, state[where]);
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
  return new StateError((await text('Error')) ?? '', await text('Cause'));
}

/** Runs an execution, or runs it on, to its end. Where the journal cannot be written it stands still until the next start. */
export async function runExecution(run: Run): Promise<void> {
  const { execution, world, definition } = run;
  const { start, root } = execution;
  const frame: Frame = { run, path: '', states: definition, thread: root, variables: {}, outer: {} };
  try {
    const output = JSON.stringify(await runStates(frame, JSON.parse(start.input) as Json));
    execution.finish(
      { kind: 'end', status: 'SUCCEEDED', output },
      {
        type: 'ExecutionSucceeded',
        executionSucceededEventDetails: { output, outputDetails: { truncated: false } },
      },
    );
  } catch (error) {
    if (error instanceof StateError) {
      const details = { error: error.error, ...(error.detail === undefined ? {} : { cause: error.detail }) };
      execution.finish(
        { kind: 'end', status: 'FAILED', ...details },
        { type: 'ExecutionFailed', executionFailedEventDetails: details },
      );
    } else if (!root.scope.cancelled) {
      world.host.log(
        `Step Functions: ${start.executionArn} stands still until the next start: ${String(error)}`,
      );
    }
  }
}
