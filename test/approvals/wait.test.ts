import { describe, expect, it } from 'vitest';
import { approvalId } from '#shared/actions/hashes.ts';
import { timestamp } from '#shared/actions/identity.ts';
import { transition } from '#shared/actions/transition.ts';
import { cancel } from '#shared/approvals/moves.ts';
import { ADA, approval, ballot, DAY, dryRun, NOW, OLIVIA, olivia, SAM, sam } from './fixtures.ts';
import { type World, world } from './world.ts';
import { decideApproval } from '#functions/approvals/decide-approval.ts';

const ID = approval().approvalId;
const decide = (at: World, person = olivia, decision: 'approve' | 'reject' = 'approve') =>
  decideApproval(
    {
      approvalId: ID,
      person: { ...person, authTimeMs: at.state.now },
      ballot: ballot({ decision, requestHash: at.state.dryRun?.requestHash ?? '' }),
    },
    at.deps,
  );
const stored = (at: World, id = ID) => at.store.readApproval(id);

describe('asking for an approval', () => {
  it('makes the item, moves the ledger once and mails everybody who may decide, but nobody behind the action', async () => {
    const at = world();
    at.state.people.push({ ...ADA, email: 'ada@example.test', roles: ['operator'] });
    await at.ask();
    expect(await stored(at)).toMatchObject({
      status: 'WAITING',
      version: 1,
      proposer: 'client:demo-agent',
      requestHash: dryRun().requestHash,
      expiresAt: timestamp(NOW + DAY),
      projectVersion: 3,
      mailed: ['olivia@example.test|requested', 'sam@example.test|requested'],
    });
    expect(at.row()).toMatchObject({
      status: 'PENDING_APPROVAL',
      version: 2,
      approvalId: ID,
      approvalExpiresAt: timestamp(NOW + DAY),
      requestHash: dryRun().requestHash,
    });
    expect(at.mails.map(({ to }) => to)).toEqual([OLIVIA.email, SAM.email]);
    expect(at.failed).toEqual([]);
  });

  it('invoked again replaces the token and mails nobody twice', async () => {
    const at = world();
    await at.ask('token-1');
    await at.ask('token-2');
    expect(at.mails).toHaveLength(2);
    expect(at.row().version).toBe(2);
    await decide(at);
    expect(at.told).toEqual([{ token: 'token-2', decision: 'APPROVED' }]);
  });

  it.each(['approve', 'reject'] as const)(
    'invoked again after "%s" answers at once with the new token',
    async (decision) => {
      const at = world();
      await at.ask('token-1');
      await decide(at, olivia, decision);
      await at.ask('token-2');
      expect(at.told).toEqual([
        { token: 'token-1', decision: decision === 'approve' ? 'APPROVED' : 'REJECTED' },
        { token: 'token-2', decision: decision === 'approve' ? 'APPROVED' : 'REJECTED' },
      ]);
      expect(at.mails).toHaveLength(2);
    },
  );

  it('invoked twice at the same time makes one item and both end in one wait', async () => {
    const at = world();
    await Promise.all([at.ask('token-1'), at.ask('token-2')]);
    expect(at.row().version).toBe(2);
    expect(await stored(at)).toMatchObject({ status: 'WAITING', version: 1 });
    await decide(at);
    expect(at.told).toHaveLength(1);
  });

  it('asks again for a mail that could not be sent, and only for that one', async () => {
    const at = world();
    at.state.sesFails.add(OLIVIA.email);
    await at.ask('token-1');
    expect(at.failed).toMatchObject([{ token: 'token-1', error: 'Autopack.Transient' }]);
    expect(at.mails.map(({ to }) => to)).toEqual([SAM.email]);
    at.state.sesFails.clear();
    await at.ask('token-2');
    expect(at.mails.map(({ to }) => to)).toEqual([SAM.email, OLIVIA.email]);
  });

  it('goes on without a recipient whom SES refuses, and counts it', async () => {
    const at = world();
    at.state.sesRefuses.add(OLIVIA.email);
    await at.ask();
    expect(at.failed).toEqual([]);
    expect(at.logs).toContainEqual({ metric: 'MailRefused' });
    expect((await stored(at))?.mailed).toEqual(['sam@example.test|requested']);
  });

  it('waits visibly where nobody may decide', async () => {
    const at = world();
    at.state.people = [ADA];
    await at.ask();
    expect((await stored(at))?.reasons).toContainEqual(
      expect.objectContaining({ code: 'NO_ELIGIBLE_APPROVER' }),
    );
    expect(at.logs).toContainEqual({ metric: 'NoEligibleApprover' });
    expect(at.row().status).toBe('PENDING_APPROVAL');
    expect((await at.http('/inbox', { cookies: at.signIn(ADA) })).body).toContain('Waits for others');
  });

  it('of an action that is closed ends the wait and asks nobody', async () => {
    const at = world();
    at.ledger.set(
      'demo#order-1',
      transition(at.row(), 'CANCELLED', { at: timestamp(NOW), by: 'client:demo-agent', writeToken: 'c' }).to,
    );
    await at.ask();
    expect(at.failed).toMatchObject([{ error: 'Autopack.NothingToWaitFor' }]);
    expect(at.mails).toEqual([]);
    expect(await stored(at)).toBeUndefined();
  });

  it('withdraws its item where the action is cancelled while it asks', async () => {
    const at = world();
    const ask = at.ask();
    const row = at.row();
    at.ledger.set(
      'demo#order-1',
      transition(row, 'CANCELLED', { at: timestamp(NOW), by: 'client:demo-agent', writeToken: 'c' }).to,
    );
    await ask;
    expect(at.mails).toEqual([]);
    expect((await stored(at))?.status).toBe('CANCELLED');
    expect(at.row().status).toBe('CANCELLED');
  });

  it.each([
    ['is missing', undefined],
    ['was changed', { ...dryRun(), request: { ...dryRun().request, body: '{"qty":"1000"}' } }],
  ])('of a dry run that %s ends the wait', async (_what, changed) => {
    const at = world();
    at.state.dryRun = changed;
    await at.ask();
    expect(at.failed).toMatchObject([{ error: 'Autopack.DryRunUnusable' }]);
    expect(at.mails).toEqual([]);
  });

  it('never lets the task token into a log, a cause or the item', async () => {
    const at = world();
    at.state.sesFails.add(OLIVIA.email);
    const secret = 'AAAAKgAAAAIAAAAAAAAAAbsecret+/=';
    await at.ask(secret);
    expect(JSON.stringify([at.logs, at.failed.map(({ cause, error }) => [cause, error])])).not.toContain(
      secret,
    );
    expect(JSON.stringify(await stored(at))).not.toContain(secret);
  });

  it('asks afresh where a not-applied action outlived its approval, and reuses one that still lives', async () => {
    const at = world();
    await at.ask('token-1');
    await decide(at);
    at.ledger.set('demo#order-1', { ...at.row(), status: 'NOT_APPLIED' });
    await at.ask('token-2');
    expect(at.told.at(-1)).toEqual({ token: 'token-2', decision: 'APPROVED' });
    at.state.now += DAY;
    await at.ask('token-3');
    const second = approvalId({ project: 'demo', key: 'order-1' }, 2);
    expect(await stored(at, second)).toMatchObject({ status: 'WAITING', round: 2 });
    expect(at.row()).toMatchObject({
      status: 'NOT_APPLIED',
      approvalId: second,
      approvalExpiresAt: timestamp(NOW + 2 * DAY),
    });
    expect(at.mails).toHaveLength(4);
  });
});

describe('deciding', () => {
  it('is a success although the wait does not answer; the outbox tells it later, once', async () => {
    const at = world();
    await at.ask();
    at.state.waitFails = true;
    expect((await decide(at)).status).toBe('APPROVED');
    expect(await at.store.listPendingCallbacks(10)).toEqual([ID]);
    at.state.waitFails = false;
    expect(await at.deps.deliverCallback(ID)).toBe('told');
    expect(await at.deps.deliverCallback(ID)).toBe('nothing');
    expect(at.told).toEqual([{ token: 'token-1', decision: 'APPROVED' }]);
    expect(await at.store.listPendingCallbacks(10)).toEqual([]);
  });

  it('APR-03: is done once: the second person gets ALREADY_DECIDED with who and when', async () => {
    const at = world();
    await at.ask();
    await decide(at);
    await expect(decide(at, sam, 'reject')).rejects.toMatchObject({
      code: 'ALREADY_DECIDED',
      extra: { decision: 'APPROVED', decidedBy: 'person:olivia@example.test' },
    });
    expect(at.logs).toContainEqual(
      expect.objectContaining({ event: 'DECISION_REFUSED', code: 'ALREADY_DECIDED' }),
    );
  });

  it('races to one outcome over the whole use case', async () => {
    for (let round = 0; round < 20; round += 1) {
      const at = world();
      await at.ask();
      const row = (await stored(at)) ?? approval();
      const withdraw = cancel(row, { by: 'client:demo-agent', byName: 'Demo', reason: '' }, NOW, 'cancel');
      const results = await Promise.allSettled([
        decide(at, olivia, 'approve'),
        decide(at, sam, 'reject'),
        at.ask('token-2'),
        ...(withdraw.kind === 'move' ? [at.store.applyApprovalChange({ from: row, to: withdraw.to })] : []),
      ]);
      const end = await stored(at);
      expect(end?.version).toBe(2);
      expect(new Set(at.told.map(({ decision }) => decision)).size).toBeLessThanOrEqual(1);
      expect(results.length).toBe(4);
    }
  });

  it('APR-05: refuses a vote where the stored bytes changed by one character', async () => {
    const at = world();
    await at.ask();
    const run = dryRun();
    at.state.dryRun = {
      ...run,
      request: { ...run.request, body: (run.request.body ?? '').replace('"1"', '"2"') },
    };
    await expect(decide(at)).rejects.toMatchObject({ code: 'HASH_MISMATCH' });
    const page = await at.http(`/a/${ID}`, { cookies: at.signIn(OLIVIA) });
    expect(page.body).toContain('HASH_MISMATCH');
    expect((await stored(at))?.status).toBe('WAITING');
  });

  it('over the API needs a person with a fresh row, and shows nothing of other projects', async () => {
    const at = world();
    await at.ask();
    const body = JSON.stringify({ decision: 'approve', requestHash: dryRun().requestHash, version: 1 });
    const post = (principal: Parameters<World['http']>[1], id = ID) =>
      at.http(`/approvals/${id}/decision`, { method: 'POST', body, ...principal });
    const client = {
      kind: 'client',
      subject: 'client:demo-agent',
      name: 'Demo',
      projects: ['demo'],
      roles: ['operator'],
      owner: 'person:ada@example.test',
    } as const;
    expect(await post({ principal: client })).toMatchObject({ statusCode: 403 });
    expect(JSON.parse((await post({ principal: client })).body)).toMatchObject({ code: 'PERSON_REQUIRED' });
    expect((await post({})).statusCode).toBe(401);
    expect(
      (
        await post({
          principal: { ...olivia, email: 'eve@example.test', subject: 'person:eve@example.test' },
        })
      ).statusCode,
    ).toBe(404);
    expect((await post({ principal: olivia }, '0'.repeat(32))).statusCode).toBe(404);
    expect((await post({ principal: { ...olivia, roles: ['viewer'] } })).statusCode).toBe(403);
    const good = await post({ principal: olivia });
    expect(good.statusCode).toBe(200);
    expect(JSON.parse(good.body)).toMatchObject({
      id: ID,
      status: 'APPROVED',
      decision: { by: olivia.subject },
    });
    expect(good.body).not.toMatch(/taskToken|writeToken|mailed|callback/);
  });

  it('is listed by state, in one’s own projects only', async () => {
    const at = world();
    await at.ask();
    const get = async (path: string, principal = olivia) =>
      JSON.parse((await at.http(path, { principal })).body);
    expect((await get('/approvals?state=waiting')).approvals).toHaveLength(1);
    expect((await get('/approvals?state=decided')).approvals).toHaveLength(0);
    expect(await get(`/approvals/${ID}`)).toMatchObject({
      id: ID,
      rendered: { requestHash: dryRun().requestHash },
    });
    const eve = { ...olivia, projects: ['other'] };
    expect((await get('/approvals', eve)).approvals).toEqual([]);
    expect((await get('/approvals?project=demo', eve)).code).toBe('NOT_FOUND');
    expect((await get(`/approvals/${ID}`, eve)).code).toBe('NOT_FOUND');
    expect((await get('/approvals?limit=0')).code).toBe('INVALID_INPUT');
    expect((await get('/approvals?cursor=x')).code).toBe('INVALID_CURSOR');
  });
});

describe('closing the wait', () => {
  it('APR-15: goes on to execute what was approved although the callback came too late', async () => {
    const at = world();
    await at.ask();
    at.state.waitFails = true;
    await decide(at);
    expect(await at.close()).toEqual({ next: 'EXECUTE' });
    expect(await at.close()).toEqual({ next: 'EXECUTE' });
    expect(await at.store.listPendingCallbacks(10)).toEqual([]);
  });

  it.each([
    ['PENDING_APPROVAL', 'REJECTED'],
    ['NOT_APPLIED', 'FAILED'],
    ['PAUSED_CREDENTIAL', 'DENIED'],
  ] as const)('after a rejection moves %s to %s, with who and why', async (from, to) => {
    const at = world();
    await at.ask();
    await decide(at, olivia, 'reject');
    at.ledger.set('demo#order-1', { ...at.row(), status: from });
    expect(await at.close()).toEqual({ next: 'CLOSED' });
    expect(at.row()).toMatchObject({ status: to, outcome: { code: 'APPROVAL_REJECTED' } });
    const version = at.row().version;
    expect(await at.close()).toEqual({ next: 'CLOSED' });
    expect(at.row().version).toBe(version);
  });

  it.each(['PENDING_APPROVAL', 'NOT_APPLIED', 'PAUSED_CREDENTIAL'] as const)(
    'APR-04: expires what nobody decided, item first, then the ledger (%s)',
    async (from) => {
      const at = world();
      await at.ask();
      at.ledger.set('demo#order-1', { ...at.row(), status: from });
      at.state.now = NOW + DAY;
      expect(await at.close()).toEqual({ next: 'CLOSED' });
      expect((await stored(at))?.status).toBe('EXPIRED');
      expect(at.row()).toMatchObject({ status: 'EXPIRED', outcome: { code: 'APPROVAL_EXPIRED' } });
    },
  );

  it('says of a request that nobody was mailed about that nobody knew of it, and of another that nobody decided', async () => {
    const at = world();
    at.state.people.length = 0;
    await at.ask();
    at.state.now = NOW + DAY;
    await at.close();
    expect((await stored(at))?.decision?.reason).toContain('No mail about it was handed over');
    expect(at.row().outcome?.summary).toBe(
      'It expired, and nobody had been mailed about it. Propose it again under a new key.',
    );

    const told = world();
    await told.ask();
    told.state.now = NOW + DAY;
    await told.close();
    expect((await stored(told))?.decision?.reason).toBe('Nobody decided in time.');
    expect(told.row().outcome?.summary).toBe('Nobody decided in time, or it could not run in time.');
  });

  it('expires an approval that was given but could not run in time', async () => {
    const at = world();
    await at.ask();
    await decide(at);
    at.state.now = NOW + DAY;
    expect(await at.close()).toEqual({ next: 'CLOSED' });
    expect(at.row().status).toBe('EXPIRED');
    expect((await stored(at))?.status).toBe('APPROVED');
  });

  it('goes on waiting where the wait broke off before its time: nothing was decided', async () => {
    const at = world();
    await at.ask();
    const before = at.dump();
    at.state.now += 3_600_000;
    expect(await at.close()).toEqual({ next: 'WAIT', waitSeconds: (DAY - 3_600_000) / 1000 + 120 });
    expect(at.dump()).toBe(before);
  });

  it('does not race a vote: whoever moves the item first is followed', async () => {
    const at = world();
    await at.ask();
    at.state.now = NOW + DAY - 120_000;
    const vote = decide(at);
    const [closed] = await Promise.all([at.close(), vote]);
    expect(closed.next === 'EXECUTE' || closed.next === 'WAIT').toBe(true);
    expect((await stored(at))?.status).toBe('APPROVED');
    expect(at.row().status).toBe('PENDING_APPROVAL');
  });
});
