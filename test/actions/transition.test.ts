import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Action } from '#shared/actions/action.ts';
import { historyFault } from '#shared/actions/history.ts';
import { type ActionStatus, findMove, isTerminal, STATUSES, TRANSITIONS } from '#shared/actions/status.ts';
import { IllegalTransitionError, transition } from '#shared/actions/transition.ts';
import { at, newAction } from './rows.ts';

const HASH = 'a'.repeat(64);

/** The table of the design page, written once more by hand: production may not drift from it. */
const DESIGN: Record<string, string> = {
  PROPOSED: 'RENDERED INVALID DENIED PENDING_APPROVAL EXECUTING PAUSED_CREDENTIAL CANCELLED',
  RENDERED: 'PENDING_APPROVAL EXECUTING DENIED CANCELLED',
  PENDING_APPROVAL: 'EXECUTING REJECTED EXPIRED CANCELLED DENIED PAUSED_CREDENTIAL',
  PAUSED_CREDENTIAL: 'EXECUTING EXPIRED CANCELLED DENIED',
  EXECUTING: 'SUCCEEDED FAILED NOT_APPLIED OUTCOME_UNKNOWN',
  OUTCOME_UNKNOWN: 'SUCCEEDED FAILED NOT_APPLIED EXECUTING',
  NOT_APPLIED: 'EXECUTING FAILED EXPIRED CANCELLED DENIED PAUSED_CREDENTIAL',
};

const rowIn = (status: ActionStatus, over: Partial<Action> = {}): Action => newAction({ status, ...over });

const write = { at: at(60_000), by: 'system:test' as const, writeToken: 'w1' };

/** Everything that any move could ask for. */
const generous = (from: ActionStatus): { row: Action; ownerToken: string } => ({
  ownerToken: 'mine',
  row: rowIn(from, {
    dryRun: true,
    requestHash: HASH,
    approvalId: 'b'.repeat(32),
    approvalExpiresAt: at(86_400_000),
    ownerToken: 'mine',
    leaseUntil: at(30_000),
    settleUntil: at(40_000),
  }),
});

describe('the transition table (EXT-06)', () => {
  it('has exactly the moves of the design', () => {
    for (const status of STATUSES) {
      const moves = TRANSITIONS[status].map((move) => move.to).sort();
      expect([status, moves]).toEqual([status, (DESIGN[status] ?? '').split(' ').filter(Boolean).sort()]);
    }
  });

  it('lets every listed move through when all it needs is there, and refuses every other pair', () => {
    for (const from of STATUSES) {
      for (const to of STATUSES) {
        const { row, ownerToken } = generous(from);
        const run = () => transition(row, to, { ...write, ownerToken, evidence: 'lookup' });
        if (findMove(from, to) === undefined) expect(run, `${from} → ${to}`).toThrow(IllegalTransitionError);
        else expect(run().to.status, `${from} → ${to}`).toBe(to);
      }
    }
  });

  it('lets nothing follow a terminal state', () => {
    const terminal = STATUSES.filter(isTerminal);
    expect(terminal).toEqual([
      'SUCCEEDED',
      'FAILED',
      'REJECTED',
      'EXPIRED',
      'CANCELLED',
      'DENIED',
      'INVALID',
    ]);
  });

  it.each<[string, ActionStatus, ActionStatus, Partial<Action>, object]>([
    ['no dry run was asked for', 'PROPOSED', 'RENDERED', { dryRun: false }, {}],
    ['no request hash is known', 'PROPOSED', 'PENDING_APPROVAL', { requestHash: undefined } as never, {}],
    [
      'there is no approval and no permit',
      'PENDING_APPROVAL',
      'EXECUTING',
      { approvalId: undefined } as never,
      {},
    ],
    ['the approval is over', 'PENDING_APPROVAL', 'EXECUTING', { approvalExpiresAt: at(60_000) }, {}],
    ['another owner claimed it', 'EXECUTING', 'SUCCEEDED', {}, { ownerToken: 'yours' }],
    ['an earlier attempt is unresolved', 'EXECUTING', 'FAILED', { ambiguousAttempts: 1 }, {}],
    ['an earlier attempt is unresolved', 'EXECUTING', 'NOT_APPLIED', { ambiguousAttempts: 1 }, {}],
    [
      'the lease runs and the writer is not the owner',
      'EXECUTING',
      'OUTCOME_UNKNOWN',
      { leaseUntil: at(60_001) },
      { ownerToken: undefined },
    ],
    ['there is no evidence', 'OUTCOME_UNKNOWN', 'SUCCEEDED', {}, { evidence: undefined }],
    ['the settle window runs', 'OUTCOME_UNKNOWN', 'NOT_APPLIED', { settleUntil: at(60_001) }, {}],
    ['the settle window runs', 'OUTCOME_UNKNOWN', 'FAILED', { settleUntil: at(60_001) }, {}],
    ['the provider has no key', 'OUTCOME_UNKNOWN', 'EXECUTING', { recoveryClass: 'lookup' }, {}],
  ])('refuses where %s: %s → %s', (_why, from, to, over, input) => {
    const { row, ownerToken } = generous(from);
    expect(() =>
      transition({ ...row, ...over }, to, { ...write, ownerToken, evidence: 'lookup', ...input } as never),
    ).toThrow(IllegalTransitionError);
  });

  it('takes a positive answer during the settle window: good news is always welcome', () => {
    const { row } = generous('OUTCOME_UNKNOWN');
    const late = transition({ ...row, settleUntil: at(999_999) }, 'SUCCEEDED', {
      ...write,
      evidence: 'reply',
    });
    expect(late.to.status).toBe('SUCCEEDED');
  });

  it('never changes a known request hash', () => {
    const { row } = generous('PROPOSED');
    expect(() =>
      transition(row, 'PENDING_APPROVAL', { ...write, set: { requestHash: 'c'.repeat(64) } }),
    ).toThrow(IllegalTransitionError);
  });

  it('keeps every open row where the sweeper sees it, and closed ones and resting dry runs out of its sight', () => {
    for (const from of STATUSES) {
      for (const { to } of TRANSITIONS[from]) {
        const { row, ownerToken } = generous(from);
        const next = transition(row, to, { ...write, ownerToken, evidence: 'lookup' }).to;
        const resting = isTerminal(to) || (to === 'RENDERED' && next.dryRun);
        expect([to, next.attention]).toEqual([to, resting ? undefined : 'sweep']);
      }
    }
  });

  it('chains the history of every walk through the table, in at most 2 KB for the approved path', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(6), { maxLength: 8 }), (choices) => {
        let row = { ...generous('PROPOSED').row };
        expect(
          historyFault({ ...row, history: row.history, requestHash: row.requestHash } as Action),
        ).toBeDefined();
        row = newAction({ dryRun: true });
        expect(historyFault(row)).toBeUndefined();
        for (const [step, choice] of choices.entries()) {
          const moves = TRANSITIONS[row.status];
          const move = moves[choice % Math.max(1, moves.length)];
          if (move === undefined) break;
          const now = at((step + 1) * 100_000);
          row = transition(row, move.to, {
            at: now,
            by: 'system:test',
            writeToken: `w${step}`,
            ownerToken: row.ownerToken ?? 'mine',
            evidence: 'lookup',
            set: {
              requestHash: HASH,
              approvalId: 'b'.repeat(32),
              approvalExpiresAt: at(86_400_000),
              ownerToken: 'mine',
              leaseUntil: now,
              settleUntil: now,
            },
          }).to;
          expect(historyFault(row)).toBeUndefined();
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the history chain (EXT-14)', () => {
  const closed = (): Action => {
    const { row } = generous('PENDING_APPROVAL');
    const fresh = newAction({});
    const pending = transition(fresh, 'PENDING_APPROVAL', {
      ...write,
      set: { requestHash: HASH, approvalId: row.approvalId!, approvalExpiresAt: row.approvalExpiresAt! },
    }).to;
    const executing = transition(pending, 'EXECUTING', {
      ...write,
      set: { ownerToken: 'mine', leaseUntil: at(90_000), attempts: 1 },
    }).to;
    return transition(executing, 'SUCCEEDED', {
      ...write,
      ownerToken: 'mine',
      set: { outcome: { code: 'ACCEPTED', summary: 'accepted', resourceId: 'r-1' } },
    }).to;
  };

  it('holds for an honest row', () => {
    expect(historyFault(closed())).toBeUndefined();
  });

  it('shows every change, insertion, loss and swap of entries, and of what the last one sealed', () => {
    const row = closed();
    const tampered: [string, Action][] = [
      ['payload hash', { ...row, payloadHash: 'd'.repeat(64) }],
      ['request hash', { ...row, requestHash: 'd'.repeat(64) }],
      ['approval', { ...row, approvalId: 'd'.repeat(32) }],
      ['outcome', { ...row, outcome: { code: 'ACCEPTED', summary: 'accepted', resourceId: 'r-2' } }],
      ['status', { ...row, status: 'FAILED' }],
      ['key', { ...row, key: 'order-2' }],
      ['lost last entry', { ...row, history: row.history.slice(0, -1) }],
      ['lost first entry', { ...row, history: row.history.slice(1) }],
      ['repeated entry', { ...row, history: [...row.history, row.history.at(-1)!] }],
    ];
    for (const [index] of row.history.entries()) {
      for (const field of ['event', 'at', 'by', 'code', 'about', 'hash'] as const) {
        const history = row.history.map((entry, i) =>
          i === index
            ? { ...entry, [field]: field === 'event' ? 'DENIED' : `${entry[field] ?? ''}x` }
            : entry,
        );
        tampered.push([`${field} of entry ${index}`, { ...row, history } as Action]);
      }
      const swapped = [...row.history];
      const other = (index + 1) % swapped.length;
      [swapped[index], swapped[other]] = [swapped[other]!, swapped[index]!];
      tampered.push([`entries ${index} and ${other} swapped`, { ...row, history: swapped }]);
    }
    expect(tampered.filter(([, bad]) => historyFault(bad) === undefined).map(([what]) => what)).toEqual([]);
    expect(tampered.length).toBeGreaterThan(30);
  });
});
