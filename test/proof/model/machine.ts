import { evaluate } from '#infra/local/step-functions/expressions.ts';
import { matchesError } from '#infra/local/step-functions/state-error.ts';
import actionMachine from '#statemachines/action.asl.json' with { type: 'json' };
import type { End, Simulation } from './simulation.ts';

/** What the action machine uses of the states language. */
interface State {
  readonly Type: string;
  readonly Resource?: string;
  readonly Arguments?: { readonly FunctionName: string; readonly Payload: unknown };
  readonly TimeoutSeconds?: unknown;
  readonly Retry?: readonly {
    readonly ErrorEquals: readonly string[];
    readonly IntervalSeconds: number;
    readonly MaxAttempts: number;
    readonly BackoffRate: number;
  }[];
  readonly Catch?: readonly {
    readonly ErrorEquals: readonly string[];
    readonly Next: string;
    readonly Output?: unknown;
  }[];
  readonly Choices?: readonly { readonly Condition: string; readonly Next: string }[];
  readonly Default?: string;
  readonly Seconds?: unknown;
  readonly Timestamp?: unknown;
  readonly Assign?: Readonly<Record<string, unknown>>;
  readonly Output?: unknown;
  readonly Next?: string;
}
const STATES = actionMachine.States as unknown as Readonly<Record<string, State>>;

export type Execution = {
  readonly name: string;
  readonly input: { readonly project: string; readonly key: string };
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED';
  /** The state that it is in, for a reader. */
  state: string;
};

type TaskEnd =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'error'; readonly error: string };
type Invoke = (functionName: string, payload: unknown, ended: (end: End) => void) => void;

/** Expressions are pure but for the clock, and a run asks the same things over and over. */
const answers = new Map<string, unknown>();
const ask = async (
  value: unknown,
  states: Record<string, unknown>,
  variables: Record<string, unknown>,
  now: number,
): Promise<unknown> => {
  const text = JSON.stringify([value, states, variables]);
  const key = text.includes('$now') ? `${now}${text}` : text;
  if (answers.has(key)) return answers.get(key);
  const answer = await evaluate(value, { states, variables: variables as never, now }, 'the model');
  if (answers.size > 50_000) answers.clear();
  answers.set(key, answer);
  return answer;
};

/**
 * The very text of `statemachines/action.asl.json`, carried out in simulated time. The machine itself never fails; the
 * functions that it invokes do.
 */
export const stepFunctions = (sim: Simulation, invoke: Invoke, ended: (execution: Execution) => void) => {
  const executions = new Map<string, Execution>();
  const waits = new Map<string, (end: TaskEnd) => void>();
  /** What a running task of an execution listens to, so that a test can break an invocation off. */
  const tasks = new Map<Execution, (end: TaskEnd) => void>();
  let serial = 0;

  const until = (moment: number): Promise<void> =>
    new Promise((resolve) => void sim.at(Math.max(moment, sim.now()), resolve));

  const task = (
    execution: Execution,
    state: State,
    payload: unknown,
    token: string | undefined,
    seconds: number,
  ): Promise<TaskEnd> =>
    new Promise((resolve) => {
      const finish = (end: TaskEnd): void => {
        cancel();
        if (token !== undefined) waits.delete(token);
        if (tasks.get(execution) === finish) tasks.delete(execution);
        resolve(end);
      };
      const cancel = sim.at(sim.now() + seconds * 1000, () =>
        finish({ kind: 'error', error: 'States.Timeout' }),
      );
      if (token !== undefined) waits.set(token, finish);
      tasks.set(execution, finish);
      invoke(state.Arguments?.FunctionName ?? '', payload, (end) => {
        // A callback task waits on once its function has returned; one that broke off fails like any other.
        if (end.kind === 'done' && token !== undefined) return;
        if (end.kind === 'done') finish({ kind: 'value', value: { Payload: end.value } });
        else if (end.kind === 'failed') finish({ kind: 'error', error: 'Error' });
        else if (end.told) finish({ kind: 'error', error: 'Lambda.Unknown' });
      });
    });

  const carryOut = async (execution: Execution): Promise<void> => {
    let variables: Record<string, unknown> = {};
    let input: unknown = execution.input;
    let name = actionMachine.StartAt;
    while (execution.status === 'RUNNING') {
      execution.state = name;
      const state = STATES[name];
      if (state === undefined) throw new Error(`there is no state ${name}`);
      const context = { Execution: { Input: execution.input } };
      const of = (value: unknown, more: object = {}): Promise<unknown> =>
        ask(value, { input, context, ...more }, variables, sim.now());
      if (state.Type === 'Succeed') return;
      if (state.Type === 'Choice') {
        let next = state.Default;
        for (const choice of state.Choices ?? [])
          if ((await of(choice.Condition)) === true) {
            next = choice.Next;
            break;
          }
        name = next ?? '';
        continue;
      }
      if (state.Type === 'Wait') {
        const moment =
          state.Seconds === undefined
            ? Date.parse(String(await of(state.Timestamp)))
            : sim.now() + Number(await of(state.Seconds)) * 1000;
        await until(moment);
        name = state.Next ?? '';
        continue;
      }
      const tried = (state.Retry ?? []).map(() => 0);
      for (;;) {
        const waits_ = state.Resource?.endsWith('.waitForTaskToken') === true;
        const token = waits_ ? `token-${(serial += 1)}` : undefined;
        const more = token === undefined ? {} : { context: { ...context, Task: { Token: token } } };
        const payload =
          token === undefined
            ? await of(state.Arguments?.Payload)
            : { action: execution.input, taskToken: token };
        const seconds = Number(await of(state.TimeoutSeconds ?? 60));
        const end = await task(execution, state, payload, token, seconds);
        if (execution.status !== 'RUNNING') return;
        if (end.kind === 'value') {
          const result = { result: end.value, ...more };
          const assigned = state.Assign === undefined ? {} : await of(state.Assign, result);
          const output = state.Output === undefined ? end.value : await of(state.Output, result);
          variables = { ...variables, ...(assigned as object) };
          input = output;
          name = state.Next ?? '';
          break;
        }
        const retrier = (state.Retry ?? []).findIndex(
          (rule, index) =>
            matchesError(rule.ErrorEquals, end.error) && (tried[index] ?? 0) < rule.MaxAttempts,
        );
        const rule = state.Retry?.[retrier];
        if (rule !== undefined) {
          await until(sim.now() + rule.IntervalSeconds * 1000 * rule.BackoffRate ** (tried[retrier] ?? 0));
          if (execution.status !== 'RUNNING') return;
          tried[retrier] = (tried[retrier] ?? 0) + 1;
          continue;
        }
        const caught = (state.Catch ?? []).find(({ ErrorEquals }) => matchesError(ErrorEquals, end.error));
        if (caught === undefined) throw new Error(end.error);
        input = caught.Output === undefined ? { Error: end.error } : await of(caught.Output);
        name = caught.Next;
        break;
      }
    }
  };

  const close = (execution: Execution, status: 'SUCCEEDED' | 'FAILED' | 'ABORTED'): void => {
    if (execution.status !== 'RUNNING') return;
    execution.status = status;
    ended(execution);
  };

  return {
    executions,
    /** Repeated under the same name it is answered `exists`, as StartExecution does. */
    start: (name: string, input: Execution['input']): 'started' | 'exists' => {
      if (executions.has(name)) return 'exists';
      const execution: Execution = { name, input, status: 'RUNNING', state: '' };
      executions.set(name, execution);
      carryOut(execution).then(
        () => close(execution, 'SUCCEEDED'),
        () => close(execution, 'FAILED'),
      );
      return 'started';
    },
    answer: (token: string, end: TaskEnd): 'told' | 'gone' => {
      const finish = waits.get(token);
      if (finish === undefined) return 'gone';
      finish(end);
      return 'told';
    },
    /** The invocation of the task that runs fails for the machine, whatever its function is doing. */
    breakTask: (execution: Execution, error: string): void =>
      tasks.get(execution)?.({ kind: 'error', error }),
    abort: (execution: Execution): void => {
      const finish = tasks.get(execution);
      close(execution, 'ABORTED');
      finish?.({ kind: 'error', error: 'States.Runtime' });
    },
  };
};
