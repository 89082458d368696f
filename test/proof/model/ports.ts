import { createHash } from 'node:crypto';
import { executionName } from '#shared/actions/hashes.ts';
import { type ActionId, timestamp } from '#shared/actions/identity.ts';
import { type AskForPerson, askForPerson } from '#shared/credentials/ask-for-person.ts';
import type { CredentialCondition, ReadStanding } from '#shared/credentials/condition.ts';
import type { Credential, ResolveCredential } from '#shared/credentials/credential.ts';
import { healthReasons, TASK_MS } from '#shared/credentials/may-perform.ts';
import { noteUse } from '#shared/credentials/note-use.ts';
import { Secret } from '#shared/credentials/secret.ts';
import type { Decision, GovernanceFacts } from '#shared/governance/gate.ts';
import { type ProjectConfig, strictProjectConfig } from '#shared/governance/project-config.ts';
import type { PersonRow } from '#shared/operators/principal.ts';
import { locatorDigest } from '#shared/approvals/locator.ts';
import type { Mail } from '#shared/approvals/mail.ts';
import type { DryRun } from '#shared/actions/dry-run.ts';
import type { Send } from '#shared/providers/provider.ts';
import type { stepFunctions } from './machine.ts';
import type { Answer, PretendProvider } from './provider.ts';
import type { Process, Simulation } from './simulation.ts';
import type { Stores } from './stores.ts';

export interface Surroundings {
  readonly sim: Simulation;
  readonly store: Stores;
  readonly state: {
    providerIsOn: boolean;
    credentialWorks: boolean;
    answers: Answer[];
    grant: Credential;
    condition: CredentialCondition | undefined;
    /** Tasks for people that were opened, by the death that each is about. */
    readonly tasks: Set<string>;
  };
  readonly provider: PretendProvider;
  readonly decide: (facts: GovernanceFacts) => Decision;
  readonly people: readonly PersonRow[];
  readonly machine: () => ReturnType<typeof stepFunctions>;
}

const PROJECT: ProjectConfig = {
  ...strictProjectConfig('demo'),
  version: 1,
  settings: { allowedHosts: [], approvalTtlSeconds: 86_400, providers: [], alpaca: null },
};
const SECRET = new Secret({ token: 'made-up' });
const nothing = (): undefined => undefined;

/** What a reader of a script wants to know of a call. */
const words = (argument: unknown): string => {
  const change = argument as { from?: { status?: string }; to?: { status?: string } } | undefined;
  return change?.to?.status === undefined ? '' : `${change.from?.status} → ${change.to.status}`;
};

/**
 * The ports of every use case for one process. Each goes through the simulation, so that the test decides when it
 * happens and what becomes of it. What stays in the process (clock, randomness, rules, log) does not.
 */
export const ports = ({ sim, store, state, provider, decide, people, machine }: Surroundings) => {
  const { ledger, approvals } = store;
  const send =
    (key: () => string): Send =>
    () =>
      provider.perform(key(), state.answers.shift() ?? 'does it');
  const answer = async (token: string, value: unknown): Promise<'told' | 'gone'> =>
    machine().answer(token, { kind: 'value', value });

  const readStanding: ReadStanding = async () => ({ grant: state.grant, condition: state.condition });
  const resolveCredential: ResolveCredential = async () =>
    state.credentialWorks
      ? { kind: 'usable', credential: state.grant, secret: SECRET }
      : { kind: 'unusable', code: 'CREDENTIAL_UNREADABLE', detail: 'not now' };
  const isUsable = (): boolean =>
    state.credentialWorks &&
    healthReasons(state.grant, state.condition, { now: timestamp(sim.now()), taskMs: TASK_MS }).length === 0;

  return (process: Process) => {
    const gate =
      <Arguments extends readonly unknown[], Result>(
        name: string,
        run: (...given: Arguments) => Promise<Result>,
      ) =>
      (...given: Arguments): Promise<Result> =>
        sim.call(process, name, () => run(...given), words(given[0]));

    return {
      now: sim.now,
      newId: sim.newId,
      log: nothing,
      count: nothing,
      askGates: async (facts: GovernanceFacts) => decide(facts),
      decideAction: decide,
      askPolicies: async () => null,
      mayPropose: () => ({ kind: 'allow' as const, reasons: [] }),
      mayApprove: () => ({ kind: 'allow' as const, reasons: [] }),
      describeOperation: (name: string) => provider.describe(name),
      findOperation: (name: string) => provider.operationFor(process, name),
      baseUrlOverride: nothing,
      hostIsStandIn: () => false,
      stageIsProduction: false,
      publicUrl: 'https://autopack.example.test',
      randomBytes: (count: number): Uint8Array =>
        createHash('sha512').update(sim.newId()).digest().subarray(0, count),

      reserve: gate('ledger.reserve', ledger.reserve),
      read: gate('ledger.read', ledger.read),
      readAction: gate('ledger.read', ledger.read),
      apply: gate('ledger.apply', store.apply),
      listDue: gate('ledger.listDue', ledger.listDue),
      storePayload: gate('artifacts.storePayload', store.storePayload),
      readPayload: gate('artifacts.readPayload', store.readPayload),
      storeDryRun: gate('artifacts.storeDryRun', store.storeDryRun),
      readDryRun: gate('artifacts.readDryRun', store.readDryRun),
      readProjectConfig: gate('registry.readProjectConfig', async () => PROJECT),
      readAgreement: gate('agreement.read', async (_project: string, approvalId: string | undefined) => ({
        project: PROJECT,
        approval: approvalId === undefined ? undefined : await approvals.readApproval(approvalId),
      })),
      listApprovers: gate('registry.listApprovers', async () => people),
      nameOf: gate('registry.nameOf', async () => undefined),
      readStanding: gate('credentials.read', readStanding),
      resolveCredential: gate('credentials.resolve', resolveCredential),
      credentialIsUsable: gate('credentials.isUsable', async () => isUsable()),
      askForPerson: (...given: Parameters<AskForPerson>) =>
        askForPerson({
          now: sim.now,
          readStanding: gate('credentials.read', readStanding),
          resolveCredential: gate('credentials.resolve', resolveCredential),
          openReauthTask: gate('credentials.openTask', async ({ credential, connectionVersion }) => {
            state.tasks.add(`${credential.provider} ${credential.account} ${connectionVersion}`);
          }),
        })(...given),
      noteUse: noteUse({
        now: sim.now,
        readStanding: gate('credentials.read', readStanding),
        putCondition: gate('credentials.put', async (from, to) => {
          if (state.condition?.version !== from?.version) return 'refused';
          state.condition = to;
          return 'stored';
        }),
      }),
      readWait: gate('credentials.readWait', store.readWait),
      putWait: gate('credentials.putWait', store.putWait),
      createApproval: gate('approvals.create', approvals.createApproval),
      readApproval: gate('approvals.read', approvals.readApproval),
      applyApprovalChange: gate('approvals.apply', store.applyApprovalChange),
      listPendingCallbacks: gate('approvals.listPendingCallbacks', approvals.listPendingCallbacks),
      putLocator: gate('approvals.putLocator', approvals.putLocator),
      encryptToken: gate(
        'keys.encrypt',
        async (pk: string, token: string) => `${pk}|${token}|${sim.newId()}`,
      ),
      decryptToken: gate('keys.decrypt', async (pk: string, cipher: string) => {
        const [context, token = ''] = cipher.split('|');
        if (context !== pk) throw new Error('wrong encryption context');
        return token;
      }),
      start: gate('machine.start', async (id: ActionId, generation: number) =>
        machine().start(executionName(id, generation), { project: id.project, key: id.key }),
      ),
      readExecution: gate('machine.read', async (id: ActionId, generation: number) => {
        const found = machine().executions.get(executionName(id, generation));
        return found === undefined ? 'absent' : found.status === 'RUNNING' ? 'running' : 'ended';
      }),
      readExecutionInput: gate('machine.readInput', async (name: string) =>
        JSON.stringify(machine().executions.get(name)?.input),
      ),
      tellWait: gate('machine.tellWait', (token: string, output: unknown) => answer(token, output)),
      tell: gate('machine.tellWait', (token: string) => answer(token, { credential: 'USABLE' })),
      failWait: gate('machine.failWait', async (token: string, error: string) =>
        machine().answer(token, { kind: 'error', error }),
      ),
      fail: gate('machine.failWait', async (token: string, error: string) =>
        machine().answer(token, { kind: 'error', error }),
      ),
      sendMail: gate('mail.send', async (to: string, mail: Mail) => {
        const locator = /\/a\/([\w-]+)/.exec(mail.text)?.[1] ?? '';
        const found = await approvals.readLocator(locatorDigest(locator));
        store.mails.push({ approvalId: found?.approvalId ?? '', to });
        return 'sent' as const;
      }),
      sendTo: (dryRun: DryRun): Send => {
        const { key } = JSON.parse(dryRun.request.body ?? '{}') as { key: string };
        return gate(
          'provider.send',
          send(() => key),
        );
      },
    };
  };
};
