import { randomUUID } from 'node:crypto';
import type { StatusChange } from './step-functions/contract.ts';
import { deliver } from './deliver.ts';
import { matchesPattern, parsePattern, type EventPattern } from './event-pattern.ts';
import type { AwsReply, AwsRequest, Host, LocalService } from './service.ts';
import { awsJson, awsJsonError } from './service.ts';

export interface BusEvent {
  readonly source: string;
  readonly detailType: string;
  readonly detail: unknown;
  readonly resources?: readonly string[];
  /** Epoch milliseconds; default: now. */
  readonly time?: number;
}

/** The properties of an `AWS::Events::Rule`, as in the template after its references are resolved. */
export interface RuleProperties {
  readonly Name: string;
  readonly EventPattern?: unknown;
  readonly EventBusName?: string;
  readonly State?: string;
  readonly Targets?: readonly RuleTarget[];
  readonly [other: string]: unknown;
}

export interface RuleTarget {
  readonly Id: string;
  readonly Arn: string;
  readonly Input?: string;
  readonly RetryPolicy?: {
    readonly MaximumRetryAttempts?: number;
    readonly MaximumEventAgeInSeconds?: number;
  };
  readonly [other: string]: unknown;
}

export interface Events extends LocalService {
  /** Creates or replaces a rule of the default bus. Throws where the rule asks for more than this bus does. */
  ensureRule(rule: RuleProperties): void;
  /** Resolves with the event's id once every matching target has been invoked or given up. */
  put(event: BusEvent, id?: string): Promise<string>;
}

/** Turns a status change of Step Functions into its event. */
export const statusChangeEvent = (change: StatusChange, at: number): BusEvent => ({
  source: 'aws.states',
  detailType: 'Step Functions Execution Status Change',
  detail: {
    ...change,
    inputDetails: change.input === null ? null : { included: true },
    outputDetails: change.output === null ? null : { included: true },
    stateMachineVersionArn: null,
    stateMachineAliasArn: null,
    redriveCount: 0,
    redriveDate: null,
    redriveStatus:
      change.status === 'RUNNING' || change.status === 'SUCCEEDED' ? 'NOT_REDRIVABLE' : 'REDRIVABLE',
    redriveStatusReason: null,
  },
  resources: [change.executionArn],
  time: at,
});

interface Rule {
  readonly pattern: EventPattern;
  readonly targets: readonly RuleTarget[];
}

const SUPPORTED = new Set([
  'Name',
  'Description',
  'EventPattern',
  'EventBusName',
  'State',
  'Targets',
  'Tags',
]);
const SUPPORTED_TARGET = new Set(['Id', 'Arn', 'Input', 'RetryPolicy', 'DeadLetterConfig', 'RoleArn']);

/** The default event bus: rules with patterns, Lambda targets, events put in process or by PutEvents. */
export function createEvents(host: Host): Events {
  const rules = new Map<string, Rule>();

  const ensureRule = (rule: RuleProperties): void => {
    for (const key of Object.keys(rule)) {
      if (!SUPPORTED.has(key)) throw new Error(`NotImplemented: rule ${rule.Name} uses ${key}`);
    }
    if (rule.EventBusName !== undefined && rule.EventBusName !== 'default') {
      throw new Error(`NotImplemented: rule ${rule.Name} is on the bus ${rule.EventBusName}`);
    }
    for (const target of rule.Targets ?? []) {
      for (const key of Object.keys(target)) {
        if (!SUPPORTED_TARGET.has(key))
          throw new Error(`NotImplemented: a target of ${rule.Name} uses ${key}`);
      }
      if (!target.Arn.includes(':lambda:')) {
        throw new Error(
          `NotImplemented: rule ${rule.Name} has a target that is not a Lambda function: ${target.Arn}`,
        );
      }
    }
    const pattern = parsePattern(rule.EventPattern);
    if (rule.State === 'DISABLED') rules.delete(rule.Name);
    else rules.set(rule.Name, { pattern, targets: rule.Targets ?? [] });
  };

  const put = async (event: BusEvent, id: string = randomUUID()): Promise<string> => {
    const time = event.time ?? host.clock.now();
    const envelope = {
      version: '0',
      id,
      'detail-type': event.detailType,
      source: event.source,
      account: host.accountId,
      time: `${new Date(time).toISOString().slice(0, 19)}Z`,
      region: host.region,
      resources: event.resources ?? [],
      detail: event.detail,
    };
    const deliveries: Promise<boolean>[] = [];
    for (const rule of rules.values()) {
      if (!matchesPattern(rule.pattern, envelope)) continue;
      for (const target of rule.targets) {
        const payload: unknown = target.Input === undefined ? envelope : JSON.parse(target.Input);
        deliveries.push(
          deliver(host, `event ${event.detailType}`, target.RetryPolicy, () =>
            host.invoke(target.Arn, payload),
          ),
        );
      }
    }
    await Promise.all(deliveries);
    return envelope.id;
  };

  const putEvents = async (body: unknown): Promise<AwsReply> => {
    const entries = (body as { Entries?: unknown }).Entries;
    if (!Array.isArray(entries) || entries.length < 1 || entries.length > 10) {
      return awsJsonError(400, 'ValidationException', 'Entries takes 1 to 10 events.');
    }
    const results = entries.map((entry: Record<string, unknown>) => {
      if (
        typeof entry['Source'] !== 'string' ||
        typeof entry['DetailType'] !== 'string' ||
        typeof entry['Detail'] !== 'string'
      ) {
        return { ErrorCode: 'InvalidArgument', ErrorMessage: 'Source, DetailType and Detail are required.' };
      }
      let detail: unknown;
      try {
        detail = JSON.parse(entry['Detail']);
      } catch {
        return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
      }
      const event = { source: entry['Source'], detailType: entry['DetailType'], detail };
      const id = randomUUID();
      void put(event, id);
      return { EventId: id };
    });
    return awsJson({
      Entries: results,
      FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length,
    });
  };

  return {
    signingNames: ['events'],
    ensureRule,
    put,
    async handle(request: AwsRequest): Promise<AwsReply> {
      if (request.target === 'AWSEvents.PutEvents')
        return putEvents(JSON.parse(request.body.toString('utf8')));
      host.log(`NotImplemented: events ${request.target ?? request.method}`);
      return awsJsonError(
        501,
        'UnknownOperationException',
        `NotImplemented: ${request.target ?? request.method}`,
      );
    },
  };
}
