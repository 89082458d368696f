import type { Host } from '../service.ts';
import type { StepFunctions } from './contract.ts';
import type { Definition, State, States } from './definition.ts';
import type { Execution, Thread } from './execution.ts';
import { evaluate } from './expressions.ts';
import type { Json } from './journal-record.ts';
import type { Visit } from './progress.ts';
import { StateError, withinLimit } from './state-error.ts';

/** What an execution needs of the world. */
export interface World {
  readonly host: Pick<Host, 'clock' | 'invoke' | 'log' | 'region'>;
  /** A new secret token that leads back to this attempt. */
  mintToken(executionArn: string, path: string, attempt: number): string;
  /** In [0, 1), for the jitter of retries. */
  random(): number;
  readonly startExecution: StepFunctions['startExecution'];
}

export interface Run {
  readonly world: World;
  readonly execution: Execution;
  readonly definition: Definition;
  readonly machineName: string;
}

/** A run of states with variables of its own: the machine, a branch, or one item of a Map. */
export interface Frame {
  readonly run: Run;
  readonly path: string;
  readonly states: States;
  readonly thread: Thread;
  readonly variables: Record<string, Json>;
  /** Readable here, assigned only outside. */
  readonly outer: Readonly<Record<string, Json>>;
  readonly item?: { readonly Index: number; readonly Value: Json };
}

/** One visit of a state. */
export interface Visiting {
  readonly frame: Frame;
  readonly path: string;
  readonly name: string;
  readonly state: State;
  readonly input: Json;
  readonly visit: Visit;
}

export interface Exit {
  readonly output: Json;
  readonly assign: { readonly [name: string]: Json };
  readonly next: string | undefined;
}

/** What `$states` holds beside input and context. */
export interface Extra {
  readonly result?: Json;
  readonly errorOutput?: { readonly Error: string; readonly Cause: string };
  readonly token?: string;
  readonly attempt?: number;
  readonly mapItem?: { readonly Index: number; readonly Value: Json };
}

const iso = (ms: number): string => new Date(ms).toISOString();

function contextOf(visiting: Visiting, extra: Extra): Record<string, unknown> {
  const { run, item } = visiting.frame;
  const { start } = run.execution;
  const mapItem = extra.mapItem ?? item;
  return {
    Execution: {
      Id: start.executionArn,
      Input: JSON.parse(start.input) as Json,
      Name: start.name,
      RoleArn: start.roleArn,
      StartTime: iso(start.at),
      RedriveCount: 0,
    },
    State: {
      EnteredTime: iso(visiting.visit.enteredAt),
      Name: visiting.name,
      RetryCount: extra.attempt ?? 0,
    },
    StateMachine: { Id: start.stateMachineArn, Name: run.machineName },
    ...(extra.token === undefined ? {} : { Task: { Token: extra.token } }),
    ...(mapItem === undefined ? {} : { Map: { Item: mapItem } }),
  };
}

/**
 * Evaluates one field of the state.
 * @throws StateError `States.QueryEvaluationError`, after the history has got its EvaluationFailed event
 */
export async function field(
  visiting: Visiting,
  where: string,
  value: unknown,
  extra: Extra = {},
): Promise<Json> {
  const { frame, path, name } = visiting;
  const states: Record<string, unknown> = { input: visiting.input, context: contextOf(visiting, extra) };
  if ('result' in extra) states['result'] = extra.result;
  if (extra.errorOutput !== undefined) states['errorOutput'] = extra.errorOutput;
  try {
    const variables = { ...frame.outer, ...frame.variables };
    return await evaluate(value, { states, variables, now: frame.run.world.host.clock.now() }, where);
  } catch (error) {
    if (error instanceof StateError) {
      const details = { state: name, error: error.error, cause: error.detail, location: where };
      frame.run.execution.record(frame.thread, { kind: 'note', path }, [
        { type: 'EvaluationFailed', evaluationFailedEventDetails: details },
      ]);
    }
    throw error;
  }
}

/** A field that must be a whole number of at least `least`. */
export async function wholeNumber(
  visiting: Visiting,
  where: string,
  value: unknown,
  least: number,
  extra: Extra = {},
): Promise<number> {
  const number = await field(visiting, where, value, extra);
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= least) return number;
  throw new StateError(
    'States.QueryEvaluationError',
    `The field '${where}' of '${visiting.name}' must be a whole number of at least ${least}, not ${JSON.stringify(number)}.`,
  );
}

/** Assign and Output of a state, a choice rule or a catcher. Both see the variables as they were. */
export async function exitOf(
  visiting: Visiting,
  fields: { readonly Assign?: unknown; readonly Output?: unknown },
  next: string | undefined,
  fallback: Json,
  extra: Extra = {},
  where = '',
): Promise<Exit> {
  const assign =
    fields.Assign === undefined ? {} : await field(visiting, `${where}Assign`, fields.Assign, extra);
  for (const name of Object.keys(assign as object)) {
    if (Object.hasOwn(visiting.frame.outer, name)) {
      throw new StateError(
        'States.Runtime',
        `The variable ${name} belongs to an outer scope and cannot be assigned here.`,
      );
    }
  }
  const output =
    'Output' in fields ? await field(visiting, `${where}Output`, fields.Output, extra) : fallback;
  withinLimit(JSON.stringify(output), `The output of the state '${visiting.name}'`);
  return { output, assign: assign as Exit['assign'], next };
}
