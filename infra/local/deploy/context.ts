import { createHash } from 'node:crypto';
import type {
  IdentityService,
  KmsService,
  S3Service,
  SecretsManagerService,
  SesService,
  UserSpec,
} from '../ports.ts';
import type { Events } from '../events.ts';
import type { LambdaRunner } from '../lambda-runner.ts';
import type { Scheduler } from '../scheduler.ts';
import type { Host } from '../service.ts';
import type { StepFunctions } from '../step-functions/contract.ts';
import type { ApiAuthorizer } from '../http-routes.ts';
import type { CustomResources } from './custom-resource.ts';

/** Everything that resources are made with. */
export interface Services {
  readonly host: Host;
  readonly lambda: LambdaRunner;
  readonly s3: S3Service;
  readonly kms: KmsService;
  readonly secrets: SecretsManagerService;
  readonly ses: SesService;
  readonly identity: IdentityService;
  readonly stepFunctions: StepFunctions;
  readonly scheduler: Scheduler;
  readonly events: Events;
  readonly customResources: CustomResources;
  readonly dynamoUrl: string;
  /** Base URL of the HTTP API. */
  readonly apiUrl: string;
  /** Values that win over the template's, for variables that a function has. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What a resource became: the answers to `Ref` and `Fn::GetAtt`. */
export interface Physical {
  readonly ref: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

export interface ResourceToMake {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  /** `Stack/LogicalId`, for messages. */
  readonly at: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** Folders and files of the assembly by object key. */
  readonly assets: ReadonlyMap<string, string>;
}

/** A machine that may ask for tokens with its client credentials. */
export interface MadeClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly logicalId: string;
}

/** What resources leave for those that come after them, and for the host. */
export interface Gathered {
  readonly apis: Map<string, { readonly name: string; stage: string }>;
  readonly integrations: Map<string, { readonly functionArn: string; readonly timeoutMs: number }>;
  readonly authorizers: Map<string, ApiAuthorizer>;
  readonly routes: {
    readonly apiId: string;
    readonly key: string;
    readonly integrationId: string;
    readonly authorizerId: string | undefined;
  }[];
  readonly users: Map<string, UserSpec & { readonly poolId: string }>;
  readonly clients: MadeClient[];
  readonly pools: string[];
  readonly secretNames: Map<string, string>;
}

export type MakeResource = (
  resource: ResourceToMake,
  services: Services,
  gathered: Gathered,
) => Promise<Physical> | Physical;

/** A template asks for something that the local host does not have. */
export class NotImplementedError extends Error {
  override readonly name = 'NotImplemented';
  constructor(at: string, what: string) {
    super(`NotImplemented: ${at}: the local host does not have ${what}`);
  }
}

/** Hexadecimal digest that gives a resource the same physical name at every start. */
export const digestOf = (resource: Pick<ResourceToMake, 'stack' | 'logicalId'>, length: number): string =>
  createHash('sha256').update(`${resource.stack}/${resource.logicalId}`).digest('hex').slice(0, length);

/** Name as CloudFormation would make one: stack, logical id, something unique; the same at every start. */
export const generatedName = (
  resource: Pick<ResourceToMake, 'stack' | 'logicalId'>,
  longest: number,
): string => {
  const end = digestOf(resource, 8).toUpperCase();
  return `${`${resource.stack}-${resource.logicalId}`.slice(0, longest - 9)}-${end}`;
};

export const arn = (host: Pick<Host, 'region' | 'accountId'>, service: string, resource: string): string =>
  `arn:aws:${service}:${host.region}:${host.accountId}:${resource}`;

/** A property that has to be text. */
export const textOf = (resource: ResourceToMake, name: string): string => {
  const value = resource.properties[name];
  if (typeof value !== 'string' || value === '') throw new Error(`${resource.at}: ${name} has to be text`);
  return value;
};

export const optionalText = (resource: ResourceToMake, name: string): string | undefined => {
  const value = resource.properties[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** A property that is an object, or an empty one. */
export const recordOf = (resource: ResourceToMake, name: string): Readonly<Record<string, unknown>> => {
  const value = resource.properties[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
};

export const listOf = (resource: ResourceToMake, name: string): readonly unknown[] => {
  const value = resource.properties[name];
  return Array.isArray(value) ? value : [];
};
