import type { AssemblyStack } from '../assembly.ts';
import type { ApiDefinition } from '../http-api.ts';
import {
  conditionHolds,
  resolveIntrinsics,
  TemplateError,
  type Scope,
  type TemplateResource,
} from '../template.ts';
import { inOrder } from '../template-order.ts';
import { API_TYPES, apiDefinition } from './api.ts';
import { COMPUTE_TYPES } from './compute.ts';
import {
  NotImplementedError,
  textOf,
  type Gathered,
  type MadeClient,
  type MakeResource,
  type Physical,
  type Services,
} from './context.ts';
import { DATA_TYPES } from './data.ts';
import { NOTHING_TYPES } from './nothing.ts';
import { PEOPLE_TYPES } from './people.ts';
import { TABLE_TYPES } from './tables.ts';

/** What runs after a deployment. */
export interface Deployed {
  readonly api: ApiDefinition | undefined;
  /** Machines with client credentials, in the order of the template. */
  readonly clients: readonly MadeClient[];
  readonly poolIds: readonly string[];
  /** ARNs by name. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Physical ids by `Stack/LogicalId`. */
  readonly resources: ReadonlyMap<string, Physical>;
  /** By `Stack/Name`. */
  readonly outputs: ReadonlyMap<string, unknown>;
}

const customResource: MakeResource = async (resource, { customResources }) => {
  textOf(resource, 'ServiceToken');
  const { physicalResourceId, data } = await customResources.ensure(resource);
  return { ref: physicalResourceId, attributes: data };
};

const MAKERS: Readonly<Record<string, MakeResource>> = {
  ...TABLE_TYPES,
  ...DATA_TYPES,
  ...COMPUTE_TYPES,
  ...API_TYPES,
  ...PEOPLE_TYPES,
  ...NOTHING_TYPES,
  'AWS::CloudFormation::CustomResource': customResource,
};

const makerOf = (type: string): MakeResource | undefined =>
  Object.hasOwn(MAKERS, type) ? MAKERS[type] : type.startsWith('Custom::') ? customResource : undefined;

const REFERENCE = /\{\{resolve:([a-z-]+):([^}]*)\}\}/g;

/** Fills in `{{resolve:secretsmanager:<id>:SecretString:<json key>}}`; other dynamic references are refused. */
const fillDynamic = async (value: unknown, at: string, services: Services): Promise<unknown> => {
  if (Array.isArray(value)) return Promise.all(value.map((item) => fillDynamic(item, at, services)));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      await Promise.all(
        Object.entries(value).map(
          async ([key, item]) => [key, await fillDynamic(item, `${at}/${key}`, services)] as const,
        ),
      ),
    );
  if (typeof value !== 'string' || !value.includes('{{resolve:')) return value;
  let filled = value;
  for (const [whole, kind, rest = ''] of value.matchAll(REFERENCE)) {
    const [, id = '', key] = /^(.+?):SecretString(?::([^:]*))?/.exec(rest) ?? [];
    if (kind !== 'secretsmanager' || id === '')
      throw new NotImplementedError(at, `dynamic references to ${kind}`);
    const text = await services.secrets.currentValue(id);
    const secret =
      key === undefined || key === '' ? text : String((JSON.parse(text) as Record<string, unknown>)[key]);
    filled = filled.replace(whole, () => secret);
  }
  return filled;
};

/** Every type that the templates use and the local host does not have, before anything is made. */
const refuseUnknown = (stacks: readonly AssemblyStack[]): void => {
  const unknown = stacks.flatMap(({ name, template }) =>
    Object.entries(template.Resources ?? {})
      .filter(([, { Type }]) => makerOf(Type) === undefined)
      .map(([id, { Type }]) => `${Type} (${name}/${id})`),
  );
  if (unknown.length > 0) throw new NotImplementedError('the template', unknown.join(', '));
};

/**
 * Turns the resources of the stacks into a running system. Names are the same at every start, so that a second
 * deployment finds what the first one made and changes only what is different.
 * @throws NotImplementedError, TemplateError, or what a resource could not be made for, with its path.
 */
export const deploy = async (
  stacks: readonly AssemblyStack[],
  services: Services,
  parameters: Readonly<Record<string, string>>,
): Promise<Deployed> => {
  refuseUnknown(stacks);
  const gathered: Gathered = {
    apis: new Map(),
    integrations: new Map(),
    authorizers: new Map(),
    routes: [],
    users: new Map(),
    clients: [],
    pools: [],
    secretNames: new Map(),
  };
  const resources = new Map<string, Physical>();
  const outputs = new Map<string, unknown>();
  const exported = new Map<string, unknown>();
  for (const stack of stacks) {
    const scope = scopeOf(stack, services, parameters, resources, exported);
    const wanted = Object.fromEntries(
      Object.entries(stack.template.Resources ?? {}).filter(
        ([, { Condition }]) => Condition === undefined || conditionHolds(Condition, scope),
      ),
    );
    for (const logicalId of inOrder(wanted)) {
      const { Type, Properties } = wanted[logicalId] as TemplateResource;
      const at = `${stack.name}/${logicalId}`;
      const resolved = resolveIntrinsics(Properties ?? {}, scope, at);
      const properties = (await fillDynamic(resolved, at, services)) as Record<string, unknown>;
      const resource = { stack: stack.name, logicalId, type: Type, at, properties, assets: stack.assets };
      resources.set(at, await (makerOf(Type) as MakeResource)(resource, services, gathered));
    }
    for (const [name, { Value, Condition, Export }] of Object.entries(stack.template.Outputs ?? {})) {
      if (Condition !== undefined && !conditionHolds(Condition, scope)) continue;
      const value = resolveIntrinsics(Value, scope, `${stack.name}/Outputs/${name}`);
      outputs.set(`${stack.name}/${name}`, value);
      if (Export !== undefined)
        exported.set(String(resolveIntrinsics(Export.Name, scope, `${stack.name}/Outputs/${name}`)), value);
    }
  }
  for (const { poolId, ...user } of gathered.users.values()) await services.identity.ensureUser(poolId, user);
  return {
    api: apiDefinition(gathered, services),
    clients: gathered.clients,
    poolIds: gathered.pools,
    secrets: gathered.secretNames,
    resources,
    outputs,
  };
};

const scopeOf = (
  stack: AssemblyStack,
  { host }: Services,
  parameters: Readonly<Record<string, string>>,
  resources: ReadonlyMap<string, Physical>,
  exported: ReadonlyMap<string, unknown>,
): Scope => {
  const physical = (logicalId: string): Physical => {
    const found = resources.get(`${stack.name}/${logicalId}`);
    if (found === undefined)
      throw new TemplateError(stack.name, `refers to ${logicalId}, which is not there`);
    return found;
  };
  return {
    template: stack.template,
    parameters,
    pseudo: {
      'AWS::Region': host.region,
      'AWS::AccountId': host.accountId,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': stack.name,
      'AWS::StackId': `arn:aws:cloudformation:${host.region}:${host.accountId}:stack/${stack.name}/local`,
    },
    ref: (logicalId) => physical(logicalId).ref,
    getAtt(logicalId, attribute) {
      const value = physical(logicalId).attributes?.[attribute];
      if (value === undefined)
        throw new TemplateError(`${stack.name}/${logicalId}`, `has no attribute ${attribute} here`);
      return value;
    },
    importValue(name) {
      if (!exported.has(name)) throw new TemplateError(stack.name, `imports ${name}, which no stack exports`);
      return exported.get(name);
    },
  };
};
