import type * as z from 'zod';
import { env as actions } from '#functions/actions/env.ts';
import { env as approvals } from '#functions/approvals/env.ts';
import { env as credentials } from '#functions/credentials/env.ts';
import { env as governance } from '#functions/governance/env.ts';
import { env as operators } from '#functions/operators/env.ts';
import { env as policies } from '#functions/policies/env.ts';

/** The environment schema of every function, by capability and entry file. This is the list of functions. */
export const ENVIRONMENTS = { actions, approvals, credentials, governance, operators, policies } as const;

type Environments = typeof ENVIRONMENTS;
type Names<Capability extends keyof Environments> = keyof Environments[Capability] & string;

/** `capability/verb-noun`: the function in `functions/<entry>.handler.ts`. */
export type Entry = { [C in keyof Environments]: `${C}/${Names<C>}` }[keyof Environments];

type SchemaOf<E extends Entry> = E extends `${infer C extends keyof Environments}/${infer Name}`
  ? Name extends keyof Environments[C]
    ? ReturnType<Environments[C][Name] & (() => z.ZodObject)>
    : never
  : never;

/** Template values are text, whatever the schema makes of them; a missing variable is a compile error. */
export type EnvironmentOf<E extends Entry> =
  z.input<SchemaOf<E>> extends infer Input ? { readonly [Name in keyof Input]: string } : never;

export const ENTRIES: readonly Entry[] = Object.entries(ENVIRONMENTS).flatMap(([capability, functions]) =>
  Object.keys(functions).map((name) => `${capability}/${name}` as Entry),
);

/** Schema of one function's environment. */
export const environmentSchema = (entry: Entry): z.ZodObject => {
  const [capability = '', name = ''] = entry.split('/');
  const schemas: Readonly<Record<string, Readonly<Record<string, () => z.ZodObject>>>> = ENVIRONMENTS;
  const schema = schemas[capability]?.[name];
  if (schema === undefined) throw new Error(`there is no function ${entry}`);
  return schema();
};

/** `actions/propose-action` as a construct id: `ProposeAction`. */
export const constructId = (entry: Entry): string =>
  (entry.split('/')[1] ?? entry)
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
