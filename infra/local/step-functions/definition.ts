import aslValidator from 'asl-validator';
import { checkExpression, isExpression } from './expressions.ts';

/** A field that is a literal or a `{% … %}` expression. */
export type Field = unknown;

export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: 'FULL' | 'NONE';
}

export interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly Next: string;
  readonly Assign?: Field;
  readonly Output?: Field;
}

export interface ChoiceRule {
  readonly Condition: Field;
  readonly Next: string;
  readonly Assign?: Field;
  readonly Output?: Field;
}

export interface State {
  readonly Type: 'Task' | 'Choice' | 'Wait' | 'Map' | 'Parallel' | 'Pass' | 'Succeed' | 'Fail';
  readonly Next?: string;
  readonly End?: boolean;
  readonly Arguments?: Field;
  readonly Assign?: Field;
  readonly Output?: Field;
  readonly Resource?: string;
  readonly TimeoutSeconds?: Field;
  readonly HeartbeatSeconds?: Field;
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
  readonly Choices?: readonly ChoiceRule[];
  readonly Default?: string;
  readonly Seconds?: Field;
  readonly Timestamp?: Field;
  readonly Items?: Field;
  readonly ItemSelector?: Field;
  readonly ItemProcessor?: States;
  readonly MaxConcurrency?: Field;
  readonly Branches?: readonly States[];
  readonly Error?: Field;
  readonly Cause?: Field;
}

export interface States {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

export interface Definition extends States {
  readonly TimeoutSeconds?: number;
}

const COMMON = ['Type', 'Comment', 'QueryLanguage', 'Output'];
const FIELDS: Readonly<Record<State['Type'], readonly string[]>> = {
  Task: [
    'Resource',
    'Arguments',
    'Assign',
    'TimeoutSeconds',
    'HeartbeatSeconds',
    'Retry',
    'Catch',
    'Next',
    'End',
  ],
  Choice: ['Choices', 'Default', 'Assign'],
  Wait: ['Seconds', 'Timestamp', 'Assign', 'Next', 'End'],
  Map: [
    'Items',
    'ItemSelector',
    'ItemProcessor',
    'MaxConcurrency',
    'Assign',
    'Retry',
    'Catch',
    'Next',
    'End',
  ],
  Parallel: ['Branches', 'Arguments', 'Assign', 'Retry', 'Catch', 'Next', 'End'],
  Pass: ['Assign', 'Next', 'End'],
  Succeed: [],
  Fail: ['Error', 'Cause'],
};

/** What a Task of a local machine may call. */
export type Resource =
  | { readonly kind: 'lambda'; readonly callback: boolean }
  | { readonly kind: 'function'; readonly arn: string }
  | { readonly kind: 'startExecution' };

export function resourceOf(arn: string): Resource | undefined {
  if (arn === 'arn:aws:states:::lambda:invoke') return { kind: 'lambda', callback: false };
  if (arn === 'arn:aws:states:::lambda:invoke.waitForTaskToken') return { kind: 'lambda', callback: true };
  if (arn === 'arn:aws:states:::states:startExecution') return { kind: 'startExecution' };
  return /^arn:aws[a-z-]*:lambda:[^:]+:\d+:function:/.test(arn) ? { kind: 'function', arn } : undefined;
}

export class InvalidDefinition extends Error {
  override readonly name = 'InvalidDefinition';
}

/** @throws InvalidDefinition for what AWS refuses and for what this interpreter does not do. */
export function parseDefinition(text: string): Definition {
  let definition: Definition;
  try {
    definition = JSON.parse(text) as Definition;
  } catch {
    throw new InvalidDefinition('INVALID_JSON_DESCRIPTION: the definition is not JSON.');
  }
  // The validator writes QueryLanguage into what it is given.
  const { isValid, errorsText } = aslValidator(structuredClone(definition), {
    checkPaths: true,
    checkArn: true,
  });
  if (!isValid) throw new InvalidDefinition(errorsText('\n'));
  const language = (definition as { QueryLanguage?: string }).QueryLanguage;
  checkStates(definition, language === 'JSONata', '');
  return definition;
}

function checkStates(machine: States, jsonata: boolean, at: string): void {
  for (const [name, state] of Object.entries(machine.States)) {
    const where = `${at}/States/${name}`;
    const language = (state as { QueryLanguage?: string }).QueryLanguage;
    if (language !== 'JSONata' && !(jsonata && language === undefined)) {
      throw new InvalidDefinition(`NotImplemented: ${where} is not in JSONata.`);
    }
    const known = FIELDS[state.Type];
    for (const [field, value] of Object.entries(state)) {
      if (!COMMON.includes(field) && !known.includes(field)) {
        throw new InvalidDefinition(`NotImplemented: ${where} uses ${field}.`);
      }
      if (field !== 'Branches' && field !== 'ItemProcessor') checkExpressions(value, `${where}/${field}`);
    }
    if (state.Type === 'Task' && resourceOf(state.Resource ?? '') === undefined) {
      throw new InvalidDefinition(`NotImplemented: ${where} calls ${state.Resource}.`);
    }
    const mode = (state.ItemProcessor as { ProcessorConfig?: { Mode?: string } } | undefined)?.ProcessorConfig
      ?.Mode;
    if (mode !== undefined && mode !== 'INLINE')
      throw new InvalidDefinition(`NotImplemented: ${where} is ${mode}.`);
    if (state.ItemProcessor !== undefined) checkStates(state.ItemProcessor, true, `${where}/ItemProcessor`);
    for (const [index, branch] of (state.Branches ?? []).entries()) {
      checkStates(branch, true, `${where}/Branches[${index}]`);
    }
  }
}

function checkExpressions(value: unknown, where: string): void {
  if (isExpression(value)) {
    try {
      checkExpression(value);
    } catch (error) {
      const message =
        typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
      throw new InvalidDefinition(`SCHEMA_VALIDATION_FAILED: ${where}: ${String(message)}`);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) checkExpressions(inner, `${where}/${key}`);
  }
}
