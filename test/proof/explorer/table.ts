import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Db } from '#shared/config/dynamo.aws.ts';
import type { Ask, Item, Outside, PutCondition } from './replay.ts';

/**
 * The table as the production adapters see it: a document client whose every request is a question. The adapters
 * run unchanged, with their own condition expressions, which are evaluated here word by word.
 */

const operand = (text: string, item: Item, put: PutCondition): unknown => {
  if (text.startsWith(':')) {
    if (!(text in put.values)) throw new Error(`no value for ${text}`);
    return put.values[text];
  }
  return item[text.startsWith('#') ? (put.names[text] ?? text) : text];
};

const holdsTerm = (term: string, item: Item | undefined, put: PutCondition): boolean => {
  const either = /^\((.+ OR .+)\)$/.exec(term);
  if (either !== null) return (either[1] ?? '').split(' OR ').some((one) => holdsTerm(one, item, put));
  const present = /^attribute_exists\((.+)\)$/.exec(term);
  if (present !== null) return item !== undefined && operand(present[1] ?? '', item, put) !== undefined;
  const absent = /^attribute_not_exists\((.+)\)$/.exec(term);
  if (absent !== null) return item === undefined || operand(absent[1] ?? '', item, put) === undefined;
  const compared = /^(\S+) (=|>) (\S+)$/.exec(term);
  if (compared === null) throw new Error(`the explorer does not know the condition "${term}"`);
  if (item === undefined) return false;
  const [left, right] = [operand(compared[1] ?? '', item, put), operand(compared[3] ?? '', item, put)];
  if (left === undefined || right === undefined) return false;
  return compared[2] === '=' ? left === right : String(left) > String(right);
};

/** Whether a conditional write goes through. An expression that is not known here throws: nothing is guessed. */
export const holds = (item: Item | undefined, put: PutCondition): boolean =>
  put.expression === '' || put.expression.split(' AND ').every((term) => holdsTerm(term, item, put));

const refusals = new WeakMap<Item, ConditionalCheckFailedException>();

/** The error that the SDK throws for a refused write, with the old item. */
export const refusal = (item: Item): ConditionalCheckFailedException => {
  const known = refusals.get(item);
  if (known !== undefined) return known;
  const error = new ConditionalCheckFailedException({
    message: 'The conditional request failed',
    $metadata: {},
    Item: marshall(item),
  });
  refusals.set(item, error);
  return error;
};

/** History is a chain that only grows; which states can be reached does not depend on it, so one link stands for it. */
const HISTORY = [
  {
    version: 1,
    event: 'PROPOSED',
    at: '2026-01-01T00:00:00.000Z',
    by: 'system:explorer',
    about: 'about',
    hash: 'hash',
  },
];

const clean = (item: Item): Item => {
  const copy = JSON.parse(JSON.stringify(item)) as Record<string, unknown>;
  return 'history' in copy ? { ...copy, history: HISTORY } : copy;
};

interface Command {
  readonly constructor: { readonly name: string };
  readonly input: {
    readonly TableName: string;
    readonly Item?: Item;
    readonly Key?: { readonly pk: string };
    readonly ConditionExpression?: string;
    readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
    readonly ExpressionAttributeValues?: Readonly<Record<string, unknown>>;
  };
}

const asQuestion = ({ constructor, input }: Command): Ask => {
  switch (constructor.name) {
    case 'PutCommand':
      return {
        kind: 'put',
        table: input.TableName,
        item: clean(input.Item ?? {}),
        put: {
          expression: input.ConditionExpression ?? '',
          names: input.ExpressionAttributeNames ?? {},
          values: input.ExpressionAttributeValues ?? {},
        },
      };
    case 'GetCommand':
      return { kind: 'get', table: input.TableName, pk: input.Key?.pk ?? '' };
    case 'QueryCommand':
      return { kind: 'due', now: String(input.ExpressionAttributeValues?.[':now']) };
    default:
      throw new Error(`the explorer does not know ${constructor.name}`);
  }
};

/** A document client for the production adapters. */
export const dbOf = (outside: Outside): Db =>
  ({ send: (command: Command) => outside.ask(asQuestion(command)) }) as unknown as Db;

/** An item as it lies in the table. */
export const stored = clean;
