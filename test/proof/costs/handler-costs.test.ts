import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Principal } from '#shared/operators/principal.ts';
import { httpEvent } from '../../operators/http-event.ts';
import { type Desk, MARKET_ORDER, openDesk } from '../../path/desk.ts';
import { recordFigures } from '../figures.ts';
import { AGREED_REQUESTS, AGREED_UNITS } from './agreed.ts';
import { countOnTheWire, type WireRequest } from './wire-count.ts';

/**
 * The real handlers against the local services, one after the other as the machine would call them: what each of them
 * sends to AWS along the approved path, counted on the wire.
 */
let desk: Desk;
let wire: Awaited<ReturnType<typeof countOnTheWire>>;
const before = { ...process.env };
const TABLES = [
  'ActionsTable',
  'ApprovalsTable',
  'RegistryTable',
  'CredentialsTable',
  'ControlsTable',
  'PoliciesTable',
] as const;

beforeAll(async () => {
  desk = await openDesk();
  const { resources } = desk.host.deployed;
  const made = (id: string) => {
    const found = [...resources].find(([name]) => name.endsWith(`/${id}`))?.[1];
    if (found === undefined) throw new Error(`the template has no ${id}`);
    return found;
  };
  const names = new Map(TABLES.map((id) => [String(made(id).ref), id.replace('Table', '').toLowerCase()]));
  wire = await countOnTheWire(
    desk.host.awsUrl,
    (table) => names.get(table) ?? names.get(table.split('/').at(-1) ?? '') ?? table,
  );
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: wire.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AUTOPACK_ENV: 'dev',
    ...Object.fromEntries(
      TABLES.map((id) => [`${id.replace('Table', '').toUpperCase()}_TABLE`, String(made(id).ref)]),
    ),
    ARTIFACTS_BUCKET: String(made('ArtifactsBucket').ref),
    TOKEN_KEY_ARN: String(made('TokenKey').attributes?.['Arn']),
    KEYRING_SECRET_ARN: String(made('KeyringSecret').ref),
    ACTION_STATE_MACHINE_ARN: 'arn:aws:states:us-east-1:000000000000:stateMachine:test',
    SENDER_ADDRESS: 'autopack@example.test',
    PUBLIC_URL: desk.host.apiUrl,
    AUTOPACK_PROVIDER_URL_ALPACA: `${desk.host.awsUrl}/_stand-in/alpaca`,
    AUTOPACK_ALLOW_LOOPBACK: '1',
    LEASE_SECONDS: '60',
    PROVIDER_LAG_SECONDS: '5',
  });
}, 300_000);
afterAll(async () => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
  await wire.close();
  await desk.close();
});

const agent: Principal = {
  kind: 'client',
  subject: 'client:demo-agent',
  name: 'Demo agent',
  projects: ['demo'],
  roles: ['agent'],
  owner: 'person:ada@example.test',
};
const olivia = (): Principal => ({
  kind: 'person',
  subject: 'person:olivia@example.test',
  email: 'olivia@example.test',
  name: 'Olivia Operator',
  projects: ['demo'],
  roles: ['operator'],
  authTimeMs: Date.now(),
});
const action = { project: 'demo', key: 'cost-1' };
const proposal = () =>
  httpEvent({
    method: 'POST',
    path: '/projects/demo/actions',
    params: { project: 'demo' },
    headers: { 'content-type': 'application/json', 'idempotency-key': action.key },
    body: JSON.stringify(MARKET_ORDER),
    principal: agent,
  });

const perHandler: Record<string, Record<string, number>> = {};
const sequences: Record<string, readonly string[]> = {};
const units: Record<string, { table: number; indexes: number }> = {};
/** Requests by kind; a refusal is counted by itself. */
const countOf = (seen: readonly WireRequest[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { what, status } of seen) {
    const name = status < 400 ? what : `${what} refused`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
};
const counted = async <Result>(name: string, run: () => Promise<Result>): Promise<Result> => {
  wire.take();
  const result = await run();
  const seen = wire.take();
  perHandler[name] = countOf(seen);
  sequences[name] = seen.map(({ what }) => what);
  const sum = (pick: (one: WireRequest) => number): number =>
    seen.filter(({ what }) => /PutItem|UpdateItem/.test(what)).reduce((total, one) => total + pick(one), 0);
  units[name] = { table: sum(({ tableUnits }) => tableUnits), indexes: sum(({ indexUnits }) => indexUnits) };
  return result;
};

describe('what each function asks of AWS along the approved path', () => {
  it('is what was agreed, request by request', async () => {
    const context = { getRemainingTimeInMillis: () => 60_000 } as never;
    const propose = await import('#functions/actions/propose-action.handler.ts');
    const render = await import('#functions/actions/render-action.handler.ts');
    const gates = await import('#functions/governance/evaluate-gates.handler.ts');
    const ask = await import('#functions/approvals/request-approval.handler.ts');
    const decide = await import('#functions/approvals/decide-approval.handler.ts');
    const execute = await import('#functions/actions/execute-action.handler.ts');
    const read = await import('#functions/actions/read-actions.handler.ts');
    const show = async () =>
      JSON.parse(
        String(
          (
            (await read.handler(
              httpEvent({
                path: `/projects/demo/actions/${action.key}`,
                params: action,
                principal: agent,
              }) as never,
            )) as { body?: string }
          ).body,
        ),
      ) as Record<string, unknown>;

    expect(await counted('propose', () => propose.handler(proposal() as never))).toMatchObject({
      statusCode: 202,
    });
    await counted('render', () => render.handler({ action }));
    expect(await counted('gates', () => gates.handler({ action }))).toMatchObject({ next: 'PERSON' });
    await counted('request approval', () => ask.handler({ action, taskToken: 'token-of-the-wait' }));
    const waiting = await counted('read one', show);
    const { approval, requestHash } = waiting as { approval: { id: string }; requestHash: string };
    const vote = httpEvent({
      method: 'POST',
      path: `/approvals/${approval.id}/decision`,
      params: { id: approval.id },
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ decision: 'approve', requestHash, version: 1, reason: 'as shown' }),
      principal: olivia(),
    });
    expect(await counted('decide', () => decide.handler(vote as never))).toMatchObject({ statusCode: 200 });
    expect(await counted('execute', () => execute.handler({ action }, context))).toEqual({ next: 'CLOSED' });
    expect(await counted('propose again', () => propose.handler(proposal() as never))).toMatchObject({
      statusCode: 200,
    });
    expect(await show()).toMatchObject({ status: 'SUCCEEDED', attempts: 1, historyIntact: true });
    expect(perHandler).toEqual(AGREED_REQUESTS);
    expect(units).toEqual(AGREED_UNITS);
    // What stands between a click and the provider: the row, the agreement, the credential, the claim.
    const executed = sequences['execute']?.filter((what) => what.startsWith('dynamodb:')) ?? [];
    expect(executed.slice(0, executed.indexOf('dynamodb:PutItem actions') + 1).toSorted()).toEqual([
      'dynamodb:BatchGetItem approvals+registry',
      'dynamodb:BatchGetItem credentials',
      'dynamodb:GetItem actions',
      'dynamodb:PutItem actions',
    ]);
    recordFigures('handler-costs', { perHandler, units });
  });
});
