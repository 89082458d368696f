import { createHash, randomUUID } from 'node:crypto';
import jsonata from 'jsonata';
import type { Json } from './journal-record.ts';
import { StateError } from './state-error.ts';

/** An expression that takes more steps than this is stopped, as AWS stops one that takes too long. */
const MAX_STEPS = 1_000_000;
const MAX_RANGE = 1000;

const EXPRESSION = /^\{%([\s\S]*)%\}$/;
const ALGORITHMS: Readonly<Record<string, string>> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

export interface Bindings {
  /** `$states`. */
  readonly states: Json | Readonly<Record<string, unknown>>;
  readonly variables: Readonly<Record<string, Json>>;
  /** Epoch milliseconds, for `$now()` and `$millis()`. */
  readonly now: number;
}

export const isExpression = (value: unknown): value is string =>
  typeof value === 'string' && EXPRESSION.test(value);

/** @throws Error with the position of the mistake. */
export function checkExpression(text: string): void {
  jsonata(EXPRESSION.exec(text)?.[1] ?? text);
}

/**
 * Evaluates every `{% … %}` in a value of any depth; the rest is taken as it stands.
 * @param where the field, for the message: `Arguments/Payload`
 * @throws StateError `States.QueryEvaluationError`
 */
export async function evaluate(value: unknown, bindings: Bindings, where: string): Promise<Json> {
  if (isExpression(value)) return evaluateText(value, bindings, where);
  if (Array.isArray(value)) {
    const items: Json[] = [];
    for (const [index, item] of value.entries())
      items.push(await evaluate(item, bindings, `${where}[${index}]`));
    return items;
  }
  if (typeof value === 'object' && value !== null) {
    const entries: [string, Json][] = [];
    for (const [key, item] of Object.entries(value))
      entries.push([key, await evaluate(item, bindings, `${where}/${key}`)]);
    return Object.fromEntries(entries);
  }
  return value as Json;
}

async function evaluateText(text: string, bindings: Bindings, where: string): Promise<Json> {
  const body = EXPRESSION.exec(text)?.[1]?.trim() ?? '';
  const fail = (reason: string): StateError =>
    new StateError(
      'States.QueryEvaluationError',
      `The JSONata expression '${body}' specified for the field '${where}' ${reason}`,
    );
  let result: unknown;
  try {
    const expression = jsonata(body);
    addFunctions(expression, bindings.now);
    let steps = 0;
    expression.assign(Symbol.for('jsonata.__evaluate_entry') as unknown as string, () => {
      steps += 1;
      if (steps > MAX_STEPS) throw new Error('it took too many steps');
    });
    result = await expression.evaluate(undefined, { ...bindings.variables, states: bindings.states });
  } catch (error) {
    throw fail(
      `threw an error during evaluation. ${error instanceof Error ? error.message : messageOf(error)}`,
    );
  }
  if (result === undefined) throw fail('returned nothing (undefined).');
  const plain = JSON.stringify(result, (_key, inner: unknown) => {
    const unsupported =
      typeof inner === 'function' ||
      (typeof inner === 'object' && inner !== null && '_jsonata_function' in inner);
    if (unsupported) throw fail('returned an unsupported result type.');
    return inner;
  }) as string | undefined;
  if (plain === undefined) throw fail('returned an unsupported result type.');
  return JSON.parse(plain) as Json;
}

const messageOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);

function addFunctions(expression: jsonata.Expression, now: number): void {
  expression.registerFunction('uuid', () => randomUUID(), '<:s>');
  expression.registerFunction(
    'parse',
    (text: string | undefined) => (text === undefined ? undefined : (JSON.parse(text) as unknown)),
    '<s-:x>',
  );
  expression.registerFunction(
    'random',
    (seed?: number) => (seed === undefined ? Math.random() : seeded(seed)),
    '<n?:n>',
  );
  expression.registerFunction('range', range, '<nnn:a<n>>');
  expression.registerFunction('partition', partition, '<a-n:a>');
  expression.registerFunction('hash', digest, '<s-s?:s>');
  expression.registerFunction('eval', () => {
    throw new Error('$eval is not supported; use $parse');
  });
  expression.registerFunction('millis', () => now, '<:n>');
  expression.registerFunction(
    'now',
    function now_(picture?: string, timezone?: string) {
      const fromMillis = this.environment.lookup('fromMillis') as {
        implementation(millis: number, picture?: string, timezone?: string): string;
      };
      return fromMillis.implementation(now, picture, timezone);
    },
    '<s?s?:s>',
  );
}

function range(first: number, last: number, step: number): number[] {
  if (step === 0) throw new Error('the step of $range is 0');
  const length = Math.max(0, Math.floor((last - first) / step) + 1);
  if (length > MAX_RANGE) throw new Error(`$range makes at most ${MAX_RANGE} numbers`);
  return Array.from({ length }, (_, index) => first + index * step);
}

function partition(list: readonly unknown[] | undefined, size: number): unknown[][] | undefined {
  if (list === undefined) return undefined;
  if (!Number.isInteger(size) || size < 1) throw new Error('the size of $partition is a positive integer');
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}

function digest(data: string | undefined, algorithm = 'SHA-256'): string | undefined {
  const name = ALGORITHMS[algorithm];
  if (name === undefined) throw new Error(`$hash does not know ${algorithm}`);
  return data === undefined ? undefined : createHash(name).update(data).digest('hex');
}

function seeded(seed: number): number {
  return createHash('sha256').update(String(seed)).digest().readUInt32BE(0) / 2 ** 32;
}
