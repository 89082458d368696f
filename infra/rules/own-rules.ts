import { CfnResource, Stack } from 'aws-cdk-lib';
import { CfnGlobalTable } from 'aws-cdk-lib/aws-dynamodb';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { CfnEventInvokeConfig, CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { NagMessageLevel, NagPack, NagRuleCompliance, type NagRuleResult } from 'cdk-nag';

const resolved = (node: CfnResource, value: unknown): unknown => Stack.of(node).resolve(value);
const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const verdict = (missing: readonly string[]): NagRuleResult =>
  missing.length === 0 ? NagRuleCompliance.COMPLIANT : [...missing];

/** The properties of a resource as its template will say them, overrides included. */
const propertiesOf = (node: CfnResource): Readonly<Record<string, unknown>> => {
  const known = properties.get(node);
  if (known !== undefined) return known;
  const template = record(resolved(node, node._toCloudFormation()));
  const [resource] = Object.values(record(template['Resources']));
  const read = record(record(resource)['Properties']);
  properties.set(node, read);
  return read;
};

// Rules run on finished trees, so what was looked up once stays true.
const properties = new WeakMap<CfnResource, Readonly<Record<string, unknown>>>();
const resources = new WeakMap<Stack, readonly CfnResource[]>();

/** Recovery to any second, protection against deletion and a customer key, in every replica. */
export const tableIsProtected = (node: CfnResource): NagRuleResult => {
  if (!(node instanceof CfnGlobalTable)) return NagRuleCompliance.NOT_APPLICABLE;
  const replicas = list(propertiesOf(node)['Replicas']).map(record);
  const missing = (what: string, holds: (replica: Readonly<Record<string, unknown>>) => boolean): string[] =>
    replicas.length > 0 && replicas.every(holds) ? [] : [what];
  return verdict([
    ...missing(
      'recovery',
      (replica) => record(replica['PointInTimeRecoverySpecification'])['PointInTimeRecoveryEnabled'] === true,
    ),
    ...missing('protection', (replica) => replica['DeletionProtectionEnabled'] === true),
    ...missing('key', (replica) => record(replica['SSESpecification'])['KMSMasterKeyId'] !== undefined),
  ]);
};

/** A wait without a timeout waits for ever when its token is lost. */
export const callbackHasTimeout = (node: CfnResource): NagRuleResult => {
  if (!(node instanceof CfnStateMachine)) return NagRuleCompliance.NOT_APPLICABLE;
  const text = resolved(node, node.definitionString);
  if (typeof text !== 'string') return ['unreadable definition'];
  const missing: string[] = [];
  const walk = (states: unknown): void => {
    for (const [name, state] of Object.entries(record(states)).map(
      ([key, value]) => [key, record(value)] as const,
    )) {
      const waits = typeof state['Resource'] === 'string' && state['Resource'].endsWith('.waitForTaskToken');
      if (waits && state['TimeoutSeconds'] === undefined && state['TimeoutSecondsPath'] === undefined)
        missing.push(name);
      for (const branch of list(state['Branches'])) walk(record(branch)['States']);
      walk(record(state['ItemProcessor'])['States']);
    }
  };
  walk(record(JSON.parse(text))['States']);
  return verdict(missing);
};

/** Logical ids that an ARN in a template points to. */
const pointsTo = (value: unknown): string | undefined => {
  const [id] = list(record(value)['Fn::GetAtt']);
  const reference = id ?? record(value)['Ref'];
  return typeof reference === 'string' ? reference : undefined;
};

const siblings = (node: CfnResource): readonly CfnResource[] => {
  const stack = Stack.of(node);
  const found =
    resources.get(stack) ?? stack.node.findAll().filter((each) => CfnResource.isCfnResource(each));
  resources.set(stack, found);
  return found;
};

const logicalId = (node: CfnResource): string => Stack.of(node).getLogicalId(node);

const functionsWithDestination = (node: CfnResource): ReadonlySet<string> =>
  new Set(
    siblings(node).flatMap((each) => {
      if (!(each instanceof CfnEventInvokeConfig)) return [];
      const { DestinationConfig, FunctionName } = propertiesOf(each);
      const target = pointsTo(FunctionName);
      const destination = record(record(DestinationConfig)['OnFailure'])['Destination'];
      return target !== undefined && destination !== undefined ? [target] : [];
    }),
  );

/** Ids of the functions that a resource invokes without waiting, and whether the invocation itself has a dead letter queue. */
const asynchronousTargets = (
  node: CfnResource,
): readonly { readonly target: unknown; readonly deadLetters: boolean }[] => {
  const said = propertiesOf(node);
  const withQueue = (target: Readonly<Record<string, unknown>>) => ({
    target: target['Arn'],
    deadLetters: record(target['DeadLetterConfig'])['Arn'] !== undefined,
  });
  if (node instanceof CfnRule) return list(said['Targets']).map((target) => withQueue(record(target)));
  if (node instanceof CfnSchedule) return [withQueue(record(said['Target']))];
  // CloudFormation reports the failure of a custom resource itself; what the function died of is another matter.
  if (said['ServiceToken'] !== undefined) return [{ target: said['ServiceToken'], deadLetters: true }];
  if (node.cfnResourceType === 'AWS::SNS::Subscription' && said['Protocol'] === 'lambda')
    return [{ target: said['Endpoint'], deadLetters: said['RedrivePolicy'] !== undefined }];
  return [];
};

/** Whatever is invoked asynchronously leaves something behind when it is given up. */
export const failureHasDestination = (node: CfnResource): NagRuleResult => {
  const targets = asynchronousTargets(node);
  if (targets.length === 0) return NagRuleCompliance.NOT_APPLICABLE;
  const functions = new Set(
    siblings(node)
      .filter((each) => each instanceof CfnFunction)
      .map(logicalId),
  );
  const destined = functionsWithDestination(node);
  return verdict(
    targets.flatMap(({ target, deadLetters }) => {
      const id = pointsTo(target);
      return [
        ...(deadLetters ? [] : ['delivery has no dead letter queue']),
        ...(id !== undefined && functions.has(id) && !destined.has(id)
          ? [`${id} has no failure destination`]
          : []),
      ];
    }),
  );
};

/** A function writes to a log group of its own that forgets. */
export const functionForgetsLogs = (node: CfnResource): NagRuleResult => {
  if (!(node instanceof CfnFunction)) return NagRuleCompliance.NOT_APPLICABLE;
  const group = pointsTo(record(propertiesOf(node)['LoggingConfig'])['LogGroup']);
  const keeps = siblings(node).some(
    (each) =>
      each instanceof CfnLogGroup &&
      logicalId(each) === group &&
      propertiesOf(each)['RetentionInDays'] !== undefined,
  );
  return verdict(keeps ? [] : ['no log group with retention']);
};

const RULES = {
  TableProtected: {
    rule: tableIsProtected,
    info: 'The table lacks point-in-time recovery, deletion protection or a customer key in a replica.',
  },
  CallbackTimeout: { rule: callbackHasTimeout, info: 'A task that waits for a token has no timeout.' },
  FailureDestination: {
    rule: failureHasDestination,
    info: 'Something is invoked asynchronously and leaves nothing behind when it fails.',
  },
  LogRetention: { rule: functionForgetsLogs, info: 'The function has no log group with retention.' },
} as const;

/** What the public packs do not see. Ids are `Autopack-<rule>[<finding>]`. */
export class AutopackChecks extends NagPack {
  readonly name = 'Autopack';

  constructor(scope: ConstructorParameters<typeof NagPack>[0]) {
    super(scope);
    this.packName = 'Autopack';
  }

  protected checkResource(node: CfnResource): void {
    for (const [ruleSuffixOverride, { rule, info }] of Object.entries(RULES))
      this.applyRule({
        ruleSuffixOverride,
        info,
        explanation: info,
        level: NagMessageLevel.ERROR,
        rule,
        node,
      });
  }
}
