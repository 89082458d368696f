import type { StageName } from '#shared/config/env.ts';
import type { ClientSeed, CredentialSeed, PersonSeed, ProjectSeed } from './seeds.ts';

/** Everything that differs between stages. A stack never asks which stage it is; it reads this record. */
export interface StageRecord {
  readonly stage: StageName;
  /** Address that mails come from; its SES identity is made by the stack. */
  readonly senderAddress: string;
  /** Group of the user pool that operators belong to. */
  readonly operatorGroup: string;
  readonly identity: {
    /** Prefix of the sign-in domain; unique among all accounts of a region. */
    readonly domainPrefix: string;
    readonly secondFactor: 'optional' | 'required';
    /** Whether the user pool mails a temporary password to each person. */
    readonly invitePeople: boolean;
  };
  readonly people: readonly PersonSeed[];
  readonly clients: readonly ClientSeed[];
  readonly projects: readonly ProjectSeed[];
  readonly credentials: readonly CredentialSeed[];
  /** Gets the alarms by mail; none: the topic has no subscription yet. */
  readonly alarmAddress: string | undefined;
  /** Anyone may read without signing in. Development only. */
  readonly publicRead: boolean;
  /**
   * Whether development-only switches exist: public reading, and template parameters that re-point providers and
   * allow loopback addresses. Where they do not, setting one refuses the synthesis.
   */
  readonly developmentSwitches: boolean;
  readonly terminationProtection: boolean;
  readonly logs: { readonly retentionDays: number; readonly keepWhenDeleted: boolean };
  readonly timing: {
    /** A claim's life; at least the timeout of the execute function. */
    readonly leaseSeconds: number;
    readonly providerLagSeconds: number;
    /** An approval may wait this long before somebody is told. */
    readonly oldestApprovalSeconds: number;
  };
  readonly policies: {
    /** Who a watched site can turn to, in the user agent; undefined: the sender's address. */
    readonly contact: string | undefined;
    /** A second look at least this much later confirms a change. */
    readonly confirmSeconds: number;
    /** How often it is asked what is due. */
    readonly everyMinutes: number;
  };
  /** Requests a second, and how many at once. */
  readonly throttle: {
    readonly api: { readonly rate: number; readonly burst: number };
    /** The public page of a mail link. */
    readonly mailLink: { readonly rate: number; readonly burst: number };
  };
}

/** The part of a record that belongs to the product; the rest is said by whoever deploys. */
export type StageDefaults = Omit<
  StageRecord,
  'senderAddress' | 'operatorGroup' | 'identity' | 'publicRead'
> & {
  readonly senderAddress: string | undefined;
  readonly operatorGroup: string | undefined;
  readonly identity: Omit<StageRecord['identity'], 'domainPrefix'> & {
    readonly domainPrefix: string | undefined;
  };
};

/**
 * Timeout of the execute and reconcile functions, in seconds. Leases must outlive it, and the state machine gives
 * its tasks twice as long.
 */
export const EXECUTE_TIMEOUT_SECONDS = 60;

export const STAGES: Readonly<Record<StageName, StageDefaults>> = {
  dev: {
    stage: 'dev',
    senderAddress: 'autopack@example.test',
    operatorGroup: 'operators',
    identity: { domainPrefix: 'autopack-dev-example', secondFactor: 'optional', invitePeople: false },
    people: [
      {
        email: 'olivia@example.test',
        name: 'Olivia Operator',
        projects: ['demo'],
        roles: ['operator', 'viewer'],
      },
      { email: 'sam@example.test', name: 'Sam Second', projects: ['demo'], roles: ['operator', 'viewer'] },
      { email: 'ada@example.test', name: 'Ada Owner', projects: ['demo'], roles: ['viewer'] },
    ],
    clients: [
      {
        name: 'demo-agent',
        projects: ['demo'],
        roles: ['agent', 'viewer'],
        owner: 'person:ada@example.test',
      },
    ],
    projects: [
      {
        project: 'demo',
        settings: {
          allowedHosts: ['127.0.0.1'],
          approvalTtlSeconds: 86_400,
          providers: ['alpaca', 'http'],
          alpaca: { account: 'paper-demo', environment: 'PAPER' },
        },
      },
    ],
    credentials: [
      {
        project: 'demo',
        provider: 'alpaca',
        account: 'paper-demo',
        environment: 'PAPER',
        secretId: 'autopack/dev/alpaca-paper-demo',
        standIn: true,
        kind: 'operator-staged',
        scopes: ['READ', 'TRADE', 'DELETE'],
        operations: ['alpaca/*'],
        retired: false,
      },
    ],
    alarmAddress: undefined,
    developmentSwitches: true,
    terminationProtection: false,
    logs: { retentionDays: 14, keepWhenDeleted: false },
    timing: { leaseSeconds: 90, providerLagSeconds: 5, oldestApprovalSeconds: 14_400 },
    policies: { contact: undefined, confirmSeconds: 900, everyMinutes: 15 },
    throttle: { api: { rate: 50, burst: 100 }, mailLink: { rate: 5, burst: 10 } },
  },
  prod: {
    stage: 'prod',
    senderAddress: undefined,
    operatorGroup: undefined,
    identity: { domainPrefix: undefined, secondFactor: 'required', invitePeople: true },
    people: [],
    clients: [],
    projects: [],
    credentials: [],
    alarmAddress: undefined,
    developmentSwitches: false,
    terminationProtection: true,
    logs: { retentionDays: 365, keepWhenDeleted: true },
    timing: { leaseSeconds: 120, providerLagSeconds: 30, oldestApprovalSeconds: 14_400 },
    policies: { contact: undefined, confirmSeconds: 900, everyMinutes: 15 },
    throttle: { api: { rate: 100, burst: 200 }, mailLink: { rate: 10, burst: 20 } },
  },
};
