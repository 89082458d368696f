import { describe, expect, test } from 'vitest';
import { evaluateGatesStep, type EvaluateGatesDeps } from '#functions/governance/evaluate-gates.ts';
import type { Action } from '#shared/actions/action.ts';
import type { DryRun } from '#shared/actions/dry-run.ts';
import { STATUSES } from '#shared/actions/status.ts';
import { timestamp } from '#shared/actions/identity.ts';
import type { LedgerChange } from '#shared/actions/ledger.ts';
import type { CredentialCondition } from '#shared/credentials/condition.ts';
import type { Credential } from '#shared/credentials/credential.ts';
import { credentialGate } from '#shared/governance/credential-gate.ts';
import { askGates, evaluateGatesWith } from '#shared/governance/gates.ts';
import type { ProjectConfig } from '#shared/governance/project-config.ts';
import { reason } from '#shared/governance/reasons.ts';
import { approvalId } from '#shared/actions/hashes.ts';
import type { Approval } from '#shared/approvals/approval.ts';
import { approval } from '../approvals/fixtures.ts';
import { newAction, T0 } from '../actions/rows.ts';
import { definition, dryRun, effect, facts, order, projectConfig, READ_RULE } from './facts.ts';
import { aCredential } from '../credentials/rows.ts';

const credential = (over: Partial<Credential> = {}): Credential =>
  aCredential({ secretId: 'autopack/paper', ...over });

const step = async (
  row: Partial<Action>,
  run: DryRun | undefined,
  over: {
    project?: ProjectConfig;
    credential?: Credential | undefined;
    condition?: CredentialCondition;
    refusedBy?: Action;
    approvals?: readonly Approval[];
    /** Runs once before an approval is written: what people do in between. */
    meanwhile?: (approvals: Map<string, Approval>) => void;
  } = {},
) => {
  const action = newAction({ key: 'k-1', ...row });
  const writes: LedgerChange[] = [];
  const approvals = new Map((over.approvals ?? []).map((one) => [one.approvalId, one]));
  const trace: string[] = [];
  let { meanwhile } = over;
  const deps: EvaluateGatesDeps = {
    now: () => T0 + 60_000,
    newId: () => 'w-1',
    read: async () => action,
    apply: async (change) => {
      writes.push(change);
      trace.push('ledger');
      return over.refusedBy === undefined
        ? { kind: 'applied', action: change.to }
        : { kind: 'refused', current: over.refusedBy };
    },
    readDryRun: async () => run,
    readProjectConfig: async () => over.project ?? projectConfig(),
    askGates: askGates([
      credentialGate(
        async () => ({
          grant: 'credential' in over ? over.credential : credential(),
          condition: over.condition,
        }),
        () => T0 + 60_000,
      ),
    ]),
    stageIsProduction: false,
    readApproval: async (id) => {
      trace.push('read approval');
      return approvals.get(id);
    },
    applyApprovalChange: async ({ from, to }) => {
      trace.push('approval');
      meanwhile?.(approvals);
      meanwhile = undefined;
      const stored = approvals.get(from.approvalId);
      if (stored === undefined || stored.writeToken !== from.writeToken)
        return { kind: 'refused', current: stored ?? from };
      approvals.set(to.approvalId, to);
      return { kind: 'applied', approval: to };
    },
  };
  const answer = await evaluateGatesStep({ action: { project: 'demo', key: 'k-1' } }, deps);
  return { answer, writes, trace, approvals };
};
const seen = async (...input: Parameters<typeof step>) => {
  const { answer, writes } = await step(...input);
  return { answer, writes };
};
const http = { operation: 'http/request' };
const unattended = projectConfig({ policy: READ_RULE });

describe('what "Evaluate the gates" answers', () => {
  test('an order goes to a person for as long as its approval may take, and nothing is written', async () => {
    const { answer, writes } = await step({ approvalTtlSeconds: 3600 }, order());
    expect(answer).toEqual({ next: 'PERSON', waitSeconds: 3720 });
    expect(writes).toEqual([]);
  });

  test('a round that is under way waits for what is left of it', async () => {
    const approval = { approvalId: 'a'.repeat(32), approvalExpiresAt: timestamp(T0 + 90_500) };
    expect((await step({ status: 'NOT_APPLIED', ...approval }, order())).answer).toEqual({
      next: 'PERSON',
      waitSeconds: 31 + 120,
    });
    const over = { ...approval, approvalExpiresAt: timestamp(T0) };
    const waits = async (status: Action['status']) => (await step({ status, ...over }, order())).answer;
    expect(await waits('PENDING_APPROVAL')).toEqual({ next: 'PERSON', waitSeconds: 120 });
    // Proven not applied after the approval ended: a fresh one is asked for.
    expect(await waits('NOT_APPLIED')).toEqual({ next: 'PERSON', waitSeconds: 86_400 + 120 });
  });

  test('an explicit permit is handed out without a write', async () => {
    const { answer, writes } = await step(http, dryRun(), { project: unattended });
    expect(answer).toEqual({ next: 'UNATTENDED', permit: 'project.reports@3' });
    expect(writes).toEqual([]);
  });

  test('a rule of today does not stand in for a vote that was asked for', async () => {
    const row = {
      ...http,
      status: 'NOT_APPLIED' as const,
      approvalId: 'a'.repeat(32),
      approvalExpiresAt: timestamp(T0 + 600_000),
    };
    expect((await step(row, dryRun(), { project: unattended })).answer.next).toBe('PERSON');
  });

  test('a dry run rests at RENDERED with its hash, tier and version, even where a rule would let it run (DRY-02)', async () => {
    const { answer, writes } = await step({ ...http, dryRun: true }, dryRun(), { project: unattended });
    expect(answer).toEqual({ next: 'CLOSED' });
    expect(writes).toHaveLength(1);
    expect(writes[0]?.to).toMatchObject({
      status: 'RENDERED',
      requestHash: dryRun().requestHash,
      tier: 'low',
      projectVersion: 3,
      effects: ['read'],
      recoveryClass: 'none',
    });
    const rested = { ...http, dryRun: true, status: 'RENDERED' as const };
    expect(await seen(rested, dryRun(), { project: unattended })).toEqual({
      answer: { next: 'CLOSED' },
      writes: [],
    });
    const submitted = { ...rested, dryRun: false, requestHash: dryRun().requestHash };
    expect((await step(submitted, dryRun(), { project: unattended })).answer.next).toBe('UNATTENDED');
  });

  test.each(
    STATUSES.filter(
      (status) =>
        !['PROPOSED', 'RENDERED', 'PENDING_APPROVAL', 'PAUSED_CREDENTIAL', 'NOT_APPLIED'].includes(status),
    ),
  )('a row that is %s is left alone; one with a claim goes to Settle', async (status) => {
    const claimed = status === 'EXECUTING' || status === 'OUTCOME_UNKNOWN';
    const ends = { leaseUntil: timestamp(T0 + 35_000) };
    expect(
      await seen({ ...http, status, ...(claimed ? ends : {}) }, dryRun(), { project: unattended }),
    ).toEqual({
      answer: claimed ? { next: 'SETTLE', settleUntil: ends.leaseUntil } : { next: 'CLOSED' },
      writes: [],
    });
  });

  test('a row that somebody closed meanwhile stands; one that moved on is looked at again', async () => {
    const closedProject = { ...projectConfig(), settings: { ...projectConfig().settings, providers: [] } };
    const cancelled = newAction({ status: 'CANCELLED' });
    expect((await step({}, order(), { project: closedProject, refusedBy: cancelled })).answer).toEqual({
      next: 'CLOSED',
    });
    await expect(
      step({}, order(), { project: closedProject, refusedBy: newAction({ status: 'PENDING_APPROVAL' }) }),
    ).rejects.toThrow('LEDGER_MOVED');
  });
});

const off = projectConfig();
const live = { provider: 'alpaca', account: 'live', environment: 'PRODUCTION' as const };
const tampered = { ...order(), request: { ...order().request, body: '{"qty":"1000"}' } };
const refusals: readonly (readonly [
  string,
  string,
  Partial<Action>,
  DryRun | undefined,
  Parameters<typeof step>[2],
])[] = [
  ['the dry run is gone', 'DRY_RUN_MISSING', {}, undefined, {}],
  ['one byte of the stored request changed', 'HASH_MISMATCH', {}, tampered, {}],
  ['it is the dry run of another action', 'HASH_MISMATCH', {}, order({ key: 'k-2' }), {}],
  ['it is the dry run of another project', 'HASH_MISMATCH', {}, order({ project: 'other' }), {}],
  ['the row knows another hash', 'HASH_MISMATCH', { requestHash: 'f'.repeat(64) }, order(), {}],
  [
    'the provider was switched off',
    'PROVIDER_OFF',
    {},
    order(),
    { project: { ...off, settings: { ...off.settings, providers: ['http'] } } },
  ],
  [
    'the host left the list',
    'HOST_NOT_ALLOWED',
    http,
    dryRun(),
    { project: { ...off, settings: { ...off.settings, allowedHosts: [] } } },
  ],
  [
    'the definition changed since',
    'ENDPOINT_CHANGED',
    http,
    dryRun(),
    { project: projectConfig({ endpoints: [definition({ effects: ['read', 'destructive'] })] }) },
  ],
  [
    'the definition was removed since',
    'ENDPOINT_CHANGED',
    http,
    dryRun(),
    { project: projectConfig({ endpoints: [] }) },
  ],
  ['the account is unknown', 'CREDENTIAL_UNKNOWN', {}, order(), { credential: undefined }],
  [
    'the project trades with another account now',
    'CREDENTIAL_CHANGED',
    {},
    order(),
    {
      project: { ...off, settings: { ...off.settings, alpaca: { account: 'other', environment: 'PAPER' } } },
    },
  ],
  [
    'a paper credential meets the production host',
    'CREDENTIAL_ENVIRONMENT',
    {},
    order({}, { url: 'https://api.alpaca.markets/v2/orders' }),
    {},
  ],
  [
    'a production credential meets the paper host',
    'CREDENTIAL_ENVIRONMENT',
    {},
    order({}, { credential: live }),
    {
      credential: credential(live),
      project: {
        ...off,
        settings: { ...off.settings, alpaca: { account: 'live', environment: 'PRODUCTION' } },
      },
    },
  ],
  [
    'the registered credential is of another environment',
    'CREDENTIAL_ENVIRONMENT',
    {},
    order(),
    { credential: credential({ environment: 'PRODUCTION' }) },
  ],
  [
    'a real credential would meet a replaced host',
    'CREDENTIAL_STAND_IN',
    {},
    order({}, { url: 'http://127.0.0.1:4566/_stand-in/alpaca/v2/orders' }),
    {},
  ],
  [
    'a stand-in credential would meet a real host',
    'CREDENTIAL_STAND_IN',
    {},
    order(),
    { credential: credential({ standIn: true }) },
  ],
  [
    'the policy cannot be read',
    'POLICY_UNREADABLE',
    http,
    dryRun(),
    { project: projectConfig({ policy: 'permit(' }) },
  ],
  [
    'nobody confirmed anything',
    'PROVIDER_OFF',
    {},
    order(),
    { project: { ...off, version: 0, settings: { ...off.settings, providers: [] } } },
  ],
];
describe('what is refused before anybody is asked', () => {
  test.each(refusals)('%s: DENIED with %s on the ledger', async (_, code, row, run, over) => {
    const { answer, writes } = await step(row, run, over);
    expect(answer).toEqual({ next: 'CLOSED' });
    expect(writes).toHaveLength(1);
    expect(writes[0]?.to).toMatchObject({ status: 'DENIED', outcome: { code } });
    expect(writes[0]?.to.history.at(-1)).toMatchObject({ event: 'DENIED', code, by: 'system:gates' });
  });

  test('every open status can be refused, and a dry run is refused before it rests', async () => {
    for (const status of [
      'PROPOSED',
      'RENDERED',
      'PENDING_APPROVAL',
      'PAUSED_CREDENTIAL',
      'NOT_APPLIED',
    ] as const) {
      expect((await step({ status }, tampered)).writes[0]?.to.status, status).toBe('DENIED');
    }
    expect((await step({ dryRun: true }, tampered)).writes[0]?.to.status).toBe('DENIED');
  });

  test('a refusal beats an unattended permit and takes it away', () => {
    const decide = evaluateGatesWith(() => ({
      verdict: 'UNATTENDED',
      tier: 'low',
      riskScore: 0,
      reasons: [],
      permit: 'project.x@1',
    }));
    expect(decide(facts()).verdict).toBe('UNATTENDED');
    const refused = decide(facts({ dryRun: { ...dryRun(), requestHash: '0'.repeat(64) } }));
    expect(refused.verdict).toBe('REFUSE');
    expect(refused.permit).toBeUndefined();
  });

  test.each([
    ['allow', 'UNATTENDED', 'project.x@1', []],
    ['needsPerson', 'NEEDS_PERSON', undefined, ['CREDENTIAL_CHANGED']],
    ['refuse', 'REFUSE', undefined, ['CREDENTIAL_CHANGED']],
  ] as const)('a gate that reads and answers %s leaves %s', async (kind, verdict, permit, codes) => {
    const unattendedDecision = () => ({
      verdict: 'UNATTENDED' as const,
      tier: 'low' as const,
      riskScore: 0,
      reasons: [],
      permit: 'project.x@1',
    });
    const answer = { kind, reasons: [reason('credentials', 'CREDENTIAL_CHANGED')] };
    const decision = await askGates([async () => answer], unattendedDecision)(facts());
    expect(decision.verdict).toBe(verdict);
    expect(decision.permit).toBe(permit);
    expect(decision.reasons.map(({ code }) => code)).toEqual(codes);
  });

  test('a gate that allows or asks for a person cannot undo a refusal', async () => {
    const refused = { verdict: 'REFUSE' as const, tier: 'low' as const, riskScore: 0, reasons: [] };
    for (const kind of ['allow', 'needsPerson'] as const) {
      const ask = askGates([async () => ({ kind, reasons: [] })], () => refused);
      expect((await ask(facts())).verdict).toBe('REFUSE');
    }
  });

  test('a gate that cannot be read lets nothing through', async () => {
    const ask = askGates([() => Promise.reject(new Error('the table is away'))]);
    await expect(ask(facts())).rejects.toThrow('the table is away');
  });

  test('what the render understates is found from the bytes: effects that the definition does not have', async () => {
    const project = projectConfig({
      endpoints: [definition({ effects: ['write'], reversibility: 'reversible', methods: ['GET'] })],
      policy: READ_RULE,
    });
    const understated = dryRun({ effects: [effect('read')] }, {}, project);
    const { writes } = await step(http, understated, { project });
    expect(writes[0]?.to.outcome?.code).toBe('ENDPOINT_CHANGED');
    const keyed = dryRun({ recoveryClass: 'keyed' });
    expect((await step(http, keyed)).writes[0]?.to.outcome?.code).toBe('ENDPOINT_CHANGED');
  });
});

describe('a request that waits for people when a gate refuses (an execution that was started again)', () => {
  const ID = 'a'.repeat(32);
  const closedProject = { ...projectConfig(), settings: { ...projectConfig().settings, providers: [] } };
  const pending = {
    status: 'PENDING_APPROVAL' as const,
    generation: 2,
    approvalId: ID,
    approvalExpiresAt: timestamp(T0 + 3_600_000),
  };
  const waiting = (over: Partial<Approval> = {}): Approval =>
    approval({ approvalId: ID, key: 'k-1', writeToken: 'w-0', ...over });

  test('is void at once, with the reason, before the ledger says DENIED', async () => {
    const { answer, writes, trace, approvals } = await step(pending, order(), {
      project: closedProject,
      approvals: [waiting()],
    });
    expect(answer).toEqual({ next: 'CLOSED' });
    expect(writes.map(({ to }) => to.status)).toEqual(['DENIED']);
    expect(trace).toEqual(['read approval', 'approval', 'ledger']);
    expect(approvals.get(ID)).toMatchObject({
      status: 'CANCELLED',
      version: 2,
      decision: {
        by: 'system:gates',
        byName: 'Gates',
        reason: expect.stringMatching(/^PROVIDER_OFF: /),
        authTime: null,
      },
    });
  });

  test('also where its asker died before the ledger learned of it', async () => {
    const id = approvalId({ project: 'demo', key: 'k-1' }, 1);
    const { approvals } = await step({ status: 'PROPOSED', generation: 2 }, order(), {
      project: closedProject,
      approvals: [waiting({ approvalId: id })],
    });
    expect(approvals.get(id)?.status).toBe('CANCELLED');
  });

  test('a first execution asks for no request, since nobody was asked before its gates', async () => {
    const { trace } = await step({}, order(), { project: closedProject });
    expect(trace).toEqual(['ledger']);
  });

  test.each(['APPROVED', 'REJECTED', 'EXPIRED', 'CANCELLED'] as const)(
    'one that is %s stays so, and costs no write',
    async (status) => {
      const decided = waiting({ status, version: 2 });
      const { trace, approvals } = await step(pending, order(), {
        project: closedProject,
        approvals: [decided],
      });
      expect(trace).toEqual(['read approval', 'ledger']);
      expect(approvals.get(ID)).toEqual(decided);
    },
  );

  test('whoever decides in that moment has decided, and the action is refused all the same', async () => {
    const approved = waiting({ status: 'APPROVED', version: 2, writeToken: 'w-9' });
    const { writes, approvals } = await step(pending, order(), {
      project: closedProject,
      approvals: [waiting()],
      meanwhile: (all) => void all.set(ID, approved),
    });
    expect(approvals.get(ID)).toEqual(approved);
    expect(writes.map(({ to }) => to.status)).toEqual(['DENIED']);
  });

  test('a step that is run again after a crash in between finishes it', async () => {
    const { writes, trace } = await step(pending, order(), {
      project: closedProject,
      approvals: [waiting({ status: 'CANCELLED', version: 2 })],
    });
    expect([writes[0]?.to.status, trace]).toEqual(['DENIED', ['read approval', 'ledger']]);
  });
});
