import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timestamp } from '#shared/actions/identity.ts';
import { APPROVAL_STATUSES, type Approval, LAST_MINUTE_MS } from '#shared/approvals/approval.ts';
import {
  barredBecause,
  cancel,
  clearCallback,
  expire,
  isLive,
  type MoveResult,
  noteMail,
  replaceToken,
  vote,
} from '#shared/approvals/moves.ts';
import { FRESH_SIGN_IN_MS } from '#shared/operators/principal.ts';
import { ADA, approval, ballot, DAY, NOW, OLIVIA, olivia, personOf, sam } from './fixtures.ts';
import { memoryApprovals } from './memory-approvals.ts';

const END = NOW + DAY;
const said = (result: MoveResult): string =>
  result.kind === 'refused' ? result.refusal.code : result.kind === 'same' ? 'SAME' : result.to.status;
const inStatus = (status: Approval['status'], by = 'person:olivia@example.test'): Approval =>
  approval({
    status,
    version: status === 'WAITING' ? 1 : 2,
    ...(status === 'WAITING'
      ? {}
      : { decision: { by, byName: 'Olivia Operator', at: timestamp(NOW), reason: '', authTime: null } }),
  });

describe('every move from every status', () => {
  const withdraw = { by: 'client:demo-agent', byName: 'Demo', reason: '' };
  const moves = {
    'olivia approves': (from: Approval) => vote(from, olivia, ballot(), NOW, 'w'),
    'olivia rejects': (from: Approval) => vote(from, olivia, ballot({ decision: 'reject' }), NOW, 'w'),
    'sam approves': (from: Approval) => vote(from, sam, ballot(), NOW, 'w'),
    'the proposer withdraws': (from: Approval) => cancel(from, withdraw, NOW, 'w'),
    'it expires in time': (from: Approval) => expire(from, END, 'w'),
    'it expires too early': (from: Approval) => expire(from, END - 1, 'w'),
    'the wait starts again': (from: Approval) => replaceToken(from, 'bmV3', 'w'),
  } as const;
  const D = 'ALREADY_DECIDED';
  const E = 'APPROVAL_EXPIRED';
  const table: Record<keyof typeof moves, Record<Approval['status'], string>> = {
    'olivia approves': { WAITING: 'APPROVED', APPROVED: 'SAME', REJECTED: D, EXPIRED: E, CANCELLED: D },
    'olivia rejects': { WAITING: 'REJECTED', APPROVED: D, REJECTED: 'SAME', EXPIRED: E, CANCELLED: D },
    'sam approves': { WAITING: 'APPROVED', APPROVED: D, REJECTED: D, EXPIRED: E, CANCELLED: D },
    'the proposer withdraws': {
      WAITING: 'CANCELLED',
      APPROVED: D,
      REJECTED: D,
      EXPIRED: E,
      CANCELLED: 'SAME',
    },
    'it expires in time': { WAITING: 'EXPIRED', APPROVED: D, REJECTED: D, EXPIRED: 'SAME', CANCELLED: D },
    'it expires too early': { WAITING: 'CONFLICT', APPROVED: D, REJECTED: D, EXPIRED: 'SAME', CANCELLED: D },
    'the wait starts again': { WAITING: 'WAITING', APPROVED: D, REJECTED: D, EXPIRED: E, CANCELLED: D },
  };
  const cases = Object.entries(table).flatMap(([move, row]) =>
    APPROVAL_STATUSES.map((status) => [move as keyof typeof moves, status, row[status]] as const),
  );
  it.each(cases)('%s while it is %s: %s', (move, status, expected) => {
    expect(said(moves[move](inStatus(status)))).toBe(expected);
  });

  it('only what leaves WAITING raises the version and leaves a callback to deliver', () => {
    for (const move of Object.values(moves)) {
      const result = move(inStatus('WAITING'));
      if (result.kind !== 'move') continue;
      const left = result.to.status !== 'WAITING';
      expect(result.to.version).toBe(left ? 2 : 1);
      expect(result.to.callback).toBe(left ? 'PENDING' : undefined);
    }
  });

  it('bookkeeping changes neither status nor version', () => {
    const from = { ...inStatus('APPROVED'), callback: 'PENDING' as const };
    for (const result of [noteMail(from, 'a|requested', 'w'), clearCallback(from, 'w')])
      expect(result).toMatchObject({ kind: 'move', to: { status: 'APPROVED', version: 2 } });
    expect(clearCallback(inStatus('APPROVED'), 'w').kind).toBe('same');
    expect(noteMail(approval({ mailed: ['a|requested'] }), 'a|requested', 'w').kind).toBe('same');
  });
});

describe('a vote', () => {
  it('APR-05: counts only for the very request that was shown', () => {
    expect(said(vote(approval(), olivia, ballot({ requestHash: 'b'.repeat(64) }), NOW, 'w'))).toBe(
      'HASH_MISMATCH',
    );
  });

  it('counts only for the version that was shown', () => {
    for (const version of [0, 2, 3])
      expect(said(vote(approval(), olivia, ballot({ version }), NOW, 'w'))).toBe('CONFLICT');
  });

  it.each([
    ['a day before', END - DAY, 'APPROVED'],
    ['two minutes before (23 h 58 of 24)', END - 120_000, 'APPROVED'],
    ['one millisecond before the last minute', END - LAST_MINUTE_MS - 1, 'APPROVED'],
    ['as the last minute begins', END - LAST_MINUTE_MS, 'TOO_LATE_TO_EXECUTE'],
    ['in the last millisecond', END - 1, 'TOO_LATE_TO_EXECUTE'],
    ['at the expiry', END, 'APPROVAL_EXPIRED'],
    ['one second after it', END + 1000, 'APPROVAL_EXPIRED'],
  ])('APR-04: %s its expiry (at %d) it comes to %s', (_when, now, expected) => {
    expect(said(vote(approval(), personOf(OLIVIA, now), ballot(), now, 'w'))).toBe(expected);
  });

  it.each(['person:ada@example.test', 'person:ADA@Example.test'])(
    'of somebody behind the action (%s) is refused',
    (subject) => {
      const row = approval({ originators: ['client:demo-agent', subject] });
      for (const decision of ['approve', 'reject'] as const)
        expect(
          said(vote(row, personOf({ ...ADA, roles: ['operator'] }), ballot({ decision }), NOW, 'w')),
        ).toBe('ORIGINATOR_MAY_NOT_APPROVE');
    },
  );

  it('of a person who proposed it is refused even where the originator set forgot them', () => {
    const row = approval({ proposer: 'person:olivia@example.test', originators: [] });
    expect(said(vote(row, olivia, ballot(), NOW, 'w'))).toBe('ORIGINATOR_MAY_NOT_APPROVE');
  });

  it.each([
    ['low', DAY, 'APPROVED'],
    ['standard', FRESH_SIGN_IN_MS, 'APPROVED'],
    ['standard', FRESH_SIGN_IN_MS + 1, 'SIGN_IN_NOT_FRESH'],
    ['critical', FRESH_SIGN_IN_MS + 1, 'SIGN_IN_NOT_FRESH'],
    ['critical', Number.NaN, 'SIGN_IN_NOT_FRESH'],
  ] as const)('of tier %s, %d ms after the sign-in: %s', (tier, age, expected) => {
    expect(said(vote(approval({ tier }), personOf(OLIVIA, NOW - age), ballot(), NOW, 'w'))).toBe(expected);
    expect(barredBecause(approval({ tier }), personOf(OLIVIA, NOW - age), NOW)?.code ?? 'APPROVED').toBe(
      expected,
    );
  });

  it('after the decision tells who decided and when', () => {
    expect(vote(inStatus('REJECTED'), sam, ballot(), NOW, 'w')).toMatchObject({
      refusal: {
        code: 'ALREADY_DECIDED',
        extra: { decision: 'REJECTED', decidedBy: 'person:olivia@example.test', decidedAt: timestamp(NOW) },
      },
    });
  });

  it('repeated by the same person after the expiry still gets the same answer', () => {
    expect(said(vote(inStatus('APPROVED'), olivia, ballot(), END + 1, 'w'))).toBe('SAME');
    expect(isLive(inStatus('APPROVED'), END - 1)).toBe(true);
    expect(isLive(inStatus('APPROVED'), END)).toBe(false);
  });
});

/** One actor of the race: reads, thinks (others act), writes; reads again where it lost. */
type Actor = (approval: Approval, now: number, token: string) => MoveResult;
const ACTORS: Readonly<Record<string, Actor>> = {
  oliviaApproves: (row, now, token) => vote(row, personOf(OLIVIA, now), ballot(), now, token),
  oliviaRejects: (row, now, token) =>
    vote(row, personOf(OLIVIA, now), ballot({ decision: 'reject' }), now, token),
  samApproves: (row, now, token) => vote(row, { ...sam, authTimeMs: now }, ballot(), now, token),
  samRejects: (row, now, token) =>
    vote(row, { ...sam, authTimeMs: now }, ballot({ decision: 'reject' }), now, token),
  adaApproves: (row, now, token) => vote(row, personOf(ADA, now), ballot(), now, token),
  cancels: (row, now, token) =>
    cancel(row, { by: 'client:demo-agent', byName: 'Demo', reason: '' }, now, token),
  expires: (row, now, token) => expire(row, now, token),
  restarts: (row, _now, token) => replaceToken(row, token, token),
  mails: (row, _now, token) => noteMail(row, `${token}|requested`, token),
  tells: (row, _now, token) => clearCallback(row, token),
};

describe('many hands at once', () => {
  it('come to exactly one decision, and APPROVED never changes again', async () => {
    const step = fc.record({
      actor: fc.constantFrom(...Object.keys(ACTORS)),
      at: fc.integer({ min: -DAY, max: 10_000 }),
      reply: fc.constantFrom('seen', 'lost'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 2, maxLength: 14 }),
        fc.scheduler(),
        async (steps, scheduler) => {
          const store = memoryApprovals();
          const first = approval();
          await store.createApproval(first);
          const trail: Approval[] = [];
          const run = async (index: number): Promise<void> => {
            const { actor, at, reply } = steps[index] as (typeof steps)[number];
            const act = ACTORS[actor] as Actor;
            const token = `w-${index}`;
            let row = (await store.readApproval(first.approvalId)) as Approval;
            for (;;) {
              await scheduler.schedule(Promise.resolve(), `${actor} ${index}`);
              const move = act(row, END + at, token);
              if (move.kind !== 'move') return;
              let written = await store.applyApprovalChange({ from: row, to: move.to });
              if (reply === 'lost') written = await store.applyApprovalChange({ from: row, to: move.to });
              if (written.kind === 'applied') {
                trail.push((await store.readApproval(first.approvalId)) as Approval);
                return;
              }
              row = written.current;
            }
          };
          await scheduler.waitFor(Promise.all([...steps.keys()].map(run)));
          const end = (await store.readApproval(first.approvalId)) as Approval;
          const left = trail.map((row) => row.status).filter((status) => status !== 'WAITING');
          expect(new Set(left).size).toBeLessThanOrEqual(1);
          expect(end.version).toBe(left.length === 0 ? 1 : 2);
          expect(end.decision === undefined).toBe(end.status === 'WAITING');
          if (end.status === 'APPROVED') {
            expect(['person:olivia@example.test', 'person:sam@example.test']).toContain(end.decision?.by);
            expect(Date.parse(end.decision?.at ?? '')).toBeLessThan(END - LAST_MINUTE_MS);
          }
          const decisions = new Set(
            trail.flatMap((row) => (row.decision === undefined ? [] : [JSON.stringify(row.decision)])),
          );
          expect(decisions.size).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 300 },
    );
  });
});
