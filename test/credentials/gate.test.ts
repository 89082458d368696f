import { describe, expect, test } from 'vitest';
import type { Decision } from '#shared/governance/gate.ts';
import type { CredentialCondition } from '#shared/credentials/condition.ts';
import { putCondition, readStanding } from '#shared/credentials/conditions.aws.ts';
import type { Credential } from '#shared/credentials/credential.ts';
import { credentialIsUsable, openCredential, putCredential } from '#shared/credentials/credentials.aws.ts';
import { Secret } from '#shared/credentials/secret.ts';
import { credentialGate } from '#shared/governance/credential-gate.ts';
import { askGates } from '#shared/governance/gates.ts';
import { T0 } from '../actions/rows.ts';
import { world } from '../actions/world.ts';
import { secretsOf, tableOf } from './in-memory.ts';
import { aCondition, aCredential } from './rows.ts';

const SECRET_ID = 'autopack/demo/alpaca';
const REF = { provider: 'alpaca', account: 'paper-demo', environment: 'PAPER' } as const;
const YOUNG = '2026-11-01T00:00:00.000Z';
const grantOf = (over: Partial<Credential> = {}) =>
  aCredential({ createdAt: '2026-01-01T00:00:00.000Z', ...over });
const conditionOf = (over: Partial<CredentialCondition> = {}) =>
  aCondition({ since: YOUNG, rotatedAt: YOUNG, ...over });

/** Execute with the gate, the table and the secret as they are; only what other gates say is made up. */
const place = async (stored: { grant?: Credential | undefined; condition?: CredentialCondition }) => {
  const w = world();
  const items = new Map<string, Record<string, unknown>>();
  const db = tableOf(items);
  const secrets: Record<string, string> = {
    [SECRET_ID]: JSON.stringify({ keyId: 'PLANTED-ID', secretKey: 'PLANTED-SECRET' }),
  };
  const asked: string[] = [];
  const others = (): Decision => ({ verdict: 'NEEDS_PERSON', tier: 'standard', riskScore: 40, reasons: [] });
  const put = putCondition(db, 'credentials');
  if (stored.grant !== undefined) await putCredential(db, 'credentials')(stored.grant);
  if (stored.condition !== undefined) await put(undefined, stored.condition);
  const client = secretsOf(secrets, asked);
  await w.propose();
  const deps = {
    askGates: askGates([credentialGate(readStanding(db, 'credentials'), w.executeDeps.now)], others),
    resolveCredential: openCredential(client, w.executeDeps.now),
  };
  return {
    ...w,
    asked,
    put,
    isUsable: () => credentialIsUsable(db, 'credentials', client, w.executeDeps.now)('demo', REF, false),
    run: () => w.execute(deps),
  };
};

describe('the credentials gate inside Execute, before the secret is read (CRE-09, CRE-15)', () => {
  test('a grant that nobody has looked at yet works: its condition is unknown, which is usable', async () => {
    const w = await place({ grant: grantOf({ createdAt: YOUNG }) });
    await w.approve();
    expect(await w.run()).toEqual({ next: 'CLOSED' });
    expect([(await w.row()).status, w.effects(), w.asked]).toEqual(['SUCCEEDED', 1, [SECRET_ID]]);
  });

  test.each<[string, Credential | undefined, string]>([
    ['no grant', undefined, 'CREDENTIAL_UNKNOWN'],
    ['a retired one', grantOf({ retired: true }), 'CREDENTIAL_RETIRED'],
    [
      'no scope for it',
      grantOf({ scopes: ['READ', 'ADMIN', 'WRITE', 'DELETE', 'PUBLISH'] }),
      'CREDENTIAL_SCOPE',
    ],
    ['another operation', grantOf({ operations: ['alpaca/order.cancel'] }), 'CREDENTIAL_OPERATION'],
    ['one of a stand-in', grantOf({ standIn: true }), 'CREDENTIAL_STAND_IN'],
  ])('%s: DENIED for good, nothing is sent, and the secret is not even read', async (_, grant, code) => {
    const w = await place({ grant, condition: conditionOf() });
    await w.approve();
    expect(await w.run()).toEqual({ next: 'CLOSED' });
    expect(await w.row()).toMatchObject({ status: 'DENIED', outcome: { code } });
    expect([w.provider.state.sent, w.asked]).toEqual([0, []]);
  });

  test('every reason against it is on the row, those that would heal as well', async () => {
    const w = await place({
      grant: grantOf({ scopes: [], operations: [] }),
      condition: conditionOf({ status: 'INVALID' }),
    });
    await w.approve();
    await w.run();
    const { outcome } = await w.row();
    expect(outcome?.code).toBe('CREDENTIAL_SCOPE');
    expect(outcome?.summary).toMatch(/Also: CREDENTIAL_OPERATION, CREDENTIAL_UNHEALTHY\.$/);
  });

  test.each<[string, Partial<CredentialCondition>, string]>([
    ['NEEDS_REAUTH', { status: 'NEEDS_REAUTH' }, 'CREDENTIAL_UNHEALTHY'],
    ['INVALID', { status: 'INVALID' }, 'CREDENTIAL_UNHEALTHY'],
    ['MISSING', { status: 'MISSING' }, 'CREDENTIAL_UNHEALTHY'],
    ['EXPIRED', { status: 'EXPIRED' }, 'CREDENTIAL_UNHEALTHY'],
    ['too old', { rotatedAt: '2026-01-01T00:00:00.000Z' }, 'CREDENTIAL_OVERDUE'],
    ['over within the task', { accessExpiresAt: '2026-11-21T00:00:00.000Z' }, 'CREDENTIAL_EXPIRES'],
  ])('%s: pauses without reading the secret, and runs once when it is well', async (_, bad, code) => {
    const sick = conditionOf(bad);
    const w = await place({ grant: grantOf(), condition: sick });
    w.clock.now = Math.max(T0 + 60_000, Date.parse('2026-11-20T23:59:00.000Z'));
    await w.approve();
    expect(await w.run()).toMatchObject({ next: 'CREDENTIAL' });
    expect((await w.row()).history.at(-1)).toMatchObject({ event: 'PAUSED_CREDENTIAL', code });
    expect([w.provider.state.sent, w.asked, await w.isUsable()]).toEqual([0, [], false]);
    expect(await w.put(sick, { ...conditionOf(), version: 2 })).toBe('stored');
    // What the sweeper asks and what Execute asks agree: a resumed action does not pause again.
    expect(await w.isUsable()).toBe(true);
    expect(await w.run()).toEqual({ next: 'CLOSED' });
    expect([(await w.row()).status, w.effects()]).toEqual(['SUCCEEDED', 1]);
  });

  test('a condition that cannot be understood lets nothing through', async () => {
    const w = await place({ grant: grantOf() });
    await w.approve();
    const broken = credentialGate(
      async () => Promise.reject(new Error('the row does not fit')),
      w.executeDeps.now,
    );
    await expect(w.execute({ askGates: askGates([broken]) })).rejects.toThrow('the row does not fit');
    expect(w.provider.state.sent).toBe(0);
  });

  test('without an approval there is no use of it, whatever else holds', async () => {
    const w = await place({ grant: grantOf() });
    await w.approve();
    w.store.approval = undefined;
    await w.run();
    expect(await w.row()).toMatchObject({ status: 'DENIED', outcome: { code: 'CREDENTIAL_UNAPPROVED' } });
    expect(w.store.secret).toBeInstanceOf(Secret);
    expect(w.asked).toEqual([]);
  });
});
