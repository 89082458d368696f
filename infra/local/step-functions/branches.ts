import type { States } from './definition.ts';
import type { NewEvent, Thread } from './execution.ts';
import type { Json } from './journal-record.ts';
import { Cancelled, StateError } from './state-error.ts';
import { field, wholeNumber, type Frame, type Visiting } from './visit.ts';

type RunStates = (frame: Frame, input: Json) => Promise<Json>;

interface Plan {
  readonly kind: 'Map' | 'Parallel';
  readonly inputs: readonly Json[];
  readonly statesOf: (index: number) => States;
  readonly concurrency: number;
  readonly values?: readonly Json[];
}

/** All branches at once, each with the same input. Answers their outputs in order. */
export async function runParallel(visiting: Visiting, attempt: number, runStates: RunStates): Promise<Json> {
  const { state, input } = visiting;
  const branches = state.Branches ?? [];
  const items = await itemsOf(visiting, attempt, { type: 'ParallelStateStarted' }, async () => {
    const given =
      state.Arguments === undefined
        ? input
        : await field(visiting, 'Arguments', state.Arguments, { attempt });
    return [given];
  });
  const plan: Plan = {
    kind: 'Parallel',
    inputs: branches.map(() => items[0] ?? null),
    statesOf: (index) => branches[index] ?? { StartAt: '', States: {} },
    concurrency: branches.length,
  };
  return runBranches(visiting, attempt, plan, runStates);
}

/** One run of the processor for each item, at most MaxConcurrency at once. Answers the outputs in order. */
export async function runMap(visiting: Visiting, attempt: number, runStates: RunStates): Promise<Json> {
  const { state, input } = visiting;
  const given = state.Items === undefined ? input : await field(visiting, 'Items', state.Items, { attempt });
  if (!Array.isArray(given)) {
    throw new StateError('States.QueryEvaluationError', `The items of '${visiting.name}' must be an array.`);
  }
  const values = given as readonly Json[];
  const started = { type: 'MapStateStarted', mapStateStartedEventDetails: { length: values.length } };
  const inputs = await itemsOf(visiting, attempt, started, async () => {
    if (state.ItemSelector === undefined) return values;
    const selected: Json[] = [];
    for (const [Index, Value] of values.entries()) {
      selected.push(
        await field(visiting, 'ItemSelector', state.ItemSelector, { attempt, mapItem: { Index, Value } }),
      );
    }
    return selected;
  });
  const limit =
    state.MaxConcurrency === undefined
      ? 0
      : await wholeNumber(visiting, 'MaxConcurrency', state.MaxConcurrency, 0, { attempt });
  const processor = state.ItemProcessor ?? { StartAt: '', States: {} };
  const concurrency = limit === 0 ? inputs.length : limit;
  const plan: Plan = { kind: 'Map', inputs, values, statesOf: () => processor, concurrency };
  return runBranches(visiting, attempt, plan, runStates);
}

/** What the branches get is written down once, so that a resumed run works on the same items. */
async function itemsOf(
  visiting: Visiting,
  attempt: number,
  started: NewEvent,
  make: () => Promise<readonly Json[]>,
): Promise<readonly Json[]> {
  const { frame, path, visit } = visiting;
  const known = visit.attempts[attempt]?.items;
  if (known !== undefined) return known;
  const items = await make();
  frame.run.execution.record(frame.thread, { kind: 'items', path, attempt, items }, [started]);
  return items;
}

async function runBranches(
  visiting: Visiting,
  attempt: number,
  plan: Plan,
  runStates: RunStates,
): Promise<Json> {
  const { frame, path, name, visit } = visiting;
  const { execution } = frame.run;
  const { kind, inputs } = plan;
  const settled = visit.attempts[attempt]?.outcome;
  if (settled !== undefined) {
    if ('output' in settled) return settled.output;
    throw new StateError(settled.error, settled.cause);
  }
  const scope = frame.thread.scope.child();
  const outputs: Json[] = [];
  const iteration = (what: string, index: number): NewEvent[] =>
    kind === 'Map'
      ? [{ type: `MapIteration${what}`, [`mapIteration${what}EventDetails`]: { name, index } }]
      : [];

  const runOne = async (index: number): Promise<void> => {
    const branchPath = `${path}#${attempt}.${index}`;
    const thread: Thread = { scope, lastEventId: visit.lastEventId };
    const known = execution.progress.branches.get(branchPath);
    if (known?.output !== undefined) {
      outputs[index] = known.output.value;
      return;
    }
    if (known === undefined)
      execution.record(thread, { kind: 'branch', path: branchPath }, iteration('Started', index));
    else thread.lastEventId = Math.max(thread.lastEventId, known.lastEventId);
    const branch: Frame = {
      run: frame.run,
      path: branchPath,
      states: plan.statesOf(index),
      thread,
      variables: {},
      outer: { ...frame.outer, ...frame.variables },
      ...(plan.values === undefined
        ? frame.item === undefined
          ? {}
          : { item: frame.item }
        : { item: { Index: index, Value: plan.values[index] ?? null } }),
    };
    try {
      const output = await runStates(branch, inputs[index] ?? null);
      execution.record(
        thread,
        { kind: 'branchEnd', path: branchPath, output },
        iteration('Succeeded', index),
      );
      outputs[index] = output;
    } catch (error) {
      if (error instanceof StateError && !scope.cancelled) {
        const outcome = { error: error.error, cause: error.detail };
        execution.record(thread, { kind: 'outcome', path, attempt, outcome }, [
          ...iteration('Failed', index),
          {
            type: `${kind}StateFailed`,
            [kind === 'Map' ? 'mapStateFailedEventDetails' : 'parallelStateFailedEventDetails']: outcome,
          },
        ]);
        frame.thread.lastEventId = thread.lastEventId;
        scope.cancel();
      }
      throw error;
    }
    frame.thread.lastEventId = Math.max(frame.thread.lastEventId, thread.lastEventId);
  };

  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < inputs.length && !scope.cancelled) {
      const index = next;
      next += 1;
      await runOne(index);
    }
  };
  const workers = Array.from({ length: Math.min(plan.concurrency, inputs.length) }, worker);
  const results = await Promise.allSettled(workers);
  const errors = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  const real = errors.find((error) => !(error instanceof Cancelled));
  if (real !== undefined) throw real;
  if (errors.length > 0 || frame.thread.scope.cancelled) throw new Cancelled();
  execution.record(frame.thread, { kind: 'outcome', path, attempt, outcome: { output: outputs } }, [
    { type: `${kind}StateSucceeded` },
  ]);
  return outputs;
}
