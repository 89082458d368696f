import type { Edit } from '../mutants/edit.ts';

/** Which exploration has to catch it. */
export type Where =
  | {
      readonly kind: 'dispatch';
      readonly recoveryClass: string;
      readonly workers: number;
      readonly attempts: number;
    }
  | { readonly kind: 'start' }
  | { readonly kind: 'approving'; readonly workers: 1 | 2 }
  | { readonly kind: 'bytes' };

export interface Mutant {
  /** What is taken away, as a headline. */
  readonly name: string;
  /** The rule of the design page, or the classic mistake. */
  readonly rule: string;
  readonly where: Where;
  readonly edits: readonly Edit[];
}

const EXECUTE = 'functions/actions/execute-action.ts';
const READY = 'functions/actions/make-ready.ts';
const RECONCILE = 'functions/actions/reconcile-action.ts';
const TRANSITION = 'shared/actions/transition.ts';
const LEDGER = 'shared/actions/ledger.aws.ts';
const SETTLE = 'shared/actions/settle.ts';

const dispatch = (recoveryClass: string, workers = 1, attempts = 1): Where => ({
  kind: 'dispatch',
  recoveryClass,
  workers,
  attempts,
});

/**
 * A legal course that production does not take: a keyed provider is asked again from doubt, with the same key. It is
 * safe, and it is what makes the rule about refusals after an ambiguous attempt bite.
 */
export const SEND_AGAIN_FROM_DOUBT: Edit = [
  EXECUTE,
  "if (row.status === 'EXECUTING' || row.status === 'OUTCOME_UNKNOWN') {",
  "if (row.status === 'EXECUTING' || (row.status === 'OUTCOME_UNKNOWN' && !(row.recoveryClass === 'keyed' && row.attempts < 2))) {",
];

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'The execution is started before the action is reserved',
    rule: 'Rule 1',
    where: { kind: 'start' },
    edits: [
      [
        'functions/actions/propose-action.ts',
        'const { kind, action } = await deps.reserve(row);',
        'await deps.start(id, 1);\n  const { kind, action } = await deps.reserve(row);',
      ],
    ],
  },
  {
    name: 'Nobody compares the hash of what is sent with the hash that was shown',
    rule: 'Rule 2',
    where: { kind: 'bytes' },
    edits: [
      [READY, ' || (row.requestHash !== undefined && hash !== row.requestHash)', ''],
      [READY, "if (approval.requestHash !== dryRun.requestHash) return 'HASH_MISMATCH';", ''],
      [
        TRANSITION,
        '(from.requestHash === undefined || from.requestHash === next.requestHash)',
        'next.requestHash !== undefined',
      ],
    ],
  },
  {
    name: 'Decisions are written without a condition',
    rule: 'Rule 3',
    where: { kind: 'approving', workers: 2 },
    edits: [
      [
        'shared/approvals/approvals.aws.ts',
        "'#status = :status AND #version = :version AND writeToken = :writeToken'",
        "'attribute_not_exists(nothing)'",
      ],
    ],
  },
  {
    name: 'The owner token comes from the event instead of fresh randomness',
    rule: 'Rule 4; owner token from the event',
    where: dispatch('lookup', 2),
    edits: [
      [EXECUTE, 'const ownerToken = deps.newId();', 'const ownerToken = `execution-${row.generation}`;'],
      [EXECUTE, 'writeToken: deps.newId(),\n    ownerToken,', 'writeToken: ownerToken,\n    ownerToken,'],
    ],
  },
  {
    name: 'A claim is written without looking at status and version',
    rule: 'Rule 4; drop the fence',
    where: dispatch('lookup', 2),
    edits: [
      [
        LEDGER,
        "const terms = ['#status = :status', '#version = :version'];",
        "const terms = ['attribute_not_exists(nothing)'];",
      ],
    ],
  },
  {
    name: 'A lease that ended opens the way to another attempt',
    rule: 'Rule 5; unlock on expiry',
    where: dispatch('lookup', 2),
    edits: [
      [
        'shared/actions/status.ts',
        "move('OUTCOME_UNKNOWN', 'ownerOrLeaseEnd'),",
        "move('OUTCOME_UNKNOWN', 'ownerOrLeaseEnd'),\n    move('EXECUTING', 'requestHash', 'authorization'),",
      ],
      [
        EXECUTE,
        "if (row.status === 'EXECUTING' || row.status === 'OUTCOME_UNKNOWN') {",
        "if ((row.status === 'EXECUTING' && epochMs(row.leaseUntil ?? row.updatedAt) > deps.now()) || row.status === 'OUTCOME_UNKNOWN') {",
      ],
    ],
  },
  {
    name: '"Not found" counts at once, without a settle window',
    rule: 'Rule 5; drop the settle window',
    where: dispatch('lookup'),
    edits: [
      [
        RECONCILE,
        'if (row.settleUntil !== undefined && epochMs(row.settleUntil) > deps.now()) {',
        'if (deps.now() < 0) {',
      ],
      [
        TRANSITION,
        "(next.status === 'SUCCEEDED' || (from.settleUntil !== undefined && from.settleUntil <= input.at))",
        "from.status === 'OUTCOME_UNKNOWN'",
      ],
    ],
  },
  {
    name: 'The settle window forgets how long a request may be on the wire',
    rule: 'Rule 5',
    where: dispatch('lookup'),
    edits: [[SETTLE, 'transportTimeoutMs +\n      lagMs,', 'lagMs,']],
  },
  {
    name: 'The settle window forgets how long a provider may not show what it did',
    rule: 'Rule 5',
    where: dispatch('lookup'),
    edits: [[SETTLE, 'transportTimeoutMs +\n      lagMs,', 'transportTimeoutMs,']],
  },
  {
    name: 'A refusal is believed although an earlier attempt is unresolved',
    rule: 'Rule 5; trust a refusal after an ambiguous attempt',
    where: dispatch('keyed', 1, 2),
    edits: [
      SEND_AGAIN_FROM_DOUBT,
      [
        EXECUTE,
        "verdict.kind === 'notApplied' && claimed.ambiguousAttempts === 0",
        "verdict.kind === 'notApplied'",
      ],
      [TRANSITION, 'return from.ambiguousAttempts === 0;', 'return true;'],
    ],
  },
  {
    name: 'A vote in the last minute is taken',
    rule: 'Rule 6',
    where: { kind: 'approving', workers: 2 },
    edits: [
      [
        'shared/approvals/moves.ts',
        'if (epochMs(approval.expiresAt) - now <= LAST_MINUTE_MS)',
        'if (epochMs(approval.expiresAt) - now <= 0)',
      ],
    ],
  },
  {
    name: 'The claim does not look at the end of the approval',
    rule: 'Rule 6',
    where: { kind: 'approving', workers: 2 },
    edits: [
      [READY, 'if (epochMs(approval.expiresAt) <= deps.now()) {', 'if (deps.now() < 0) {'],
      [TRANSITION, 'next.approvalExpiresAt > input.at)', "next.approvalExpiresAt > '')"],
      [LEDGER, "terms.push('approvalExpiresAt > :now');", ''],
    ],
  },
  {
    name: 'A wait that is asked for again mails everybody again',
    rule: 'Rule 7',
    where: { kind: 'approving', workers: 1 },
    edits: [['shared/approvals/mail-approvers.ts', 'if (approval.mailed.includes(mark)) continue;', '']],
  },
  {
    name: 'The sweeper leaves a row alone whose execution ended',
    rule: 'Rule 8',
    where: { kind: 'start' },
    edits: [
      [
        'functions/actions/sweep-actions.ts',
        "if (state === 'running') return false;",
        "if (state !== 'absent') return false;",
      ],
    ],
  },
  {
    name: 'One person may say twice that nothing happened',
    rule: 'Rule 9',
    where: dispatch('none'),
    edits: [
      ['functions/actions/resolve-action.ts', 'first?.by === principal.subject', 'first?.by === undefined'],
    ],
  },
  {
    name: 'A request whose reply did not come is sent again at once',
    rule: 'Rule 10',
    where: dispatch('lookup'),
    edits: [
      [
        EXECUTE,
        '.sendTo(ready.dryRun)(ready.outgoing)\n',
        '.sendTo(ready.dryRun)(ready.outgoing)\n      .catch(() => deps.sendTo(ready.dryRun)(ready.outgoing))\n',
      ],
    ],
  },
  {
    name: 'Something that may fail comes between the claim and the dispatch',
    rule: 'Rule 10',
    where: dispatch('lookup'),
    edits: [
      [
        EXECUTE,
        'const verdict = ready.operation.classify(',
        'await deps.readAgreement(row.project, row.approvalId ?? "");\n  const verdict = ready.operation.classify(',
      ],
    ],
  },
  {
    name: 'Every attempt has a provider key of its own',
    rule: 'Fresh provider key per attempt',
    where: dispatch('keyed'),
    edits: [
      [
        READY,
        'providerKey: row.providerKey, facts: dryRun.facts }',
        'providerKey: `${row.providerKey}-${row.attempts}`, facts: dryRun.facts }',
      ],
    ],
  },
  {
    name: 'A timeout is recorded as a failure',
    rule: 'Treat timeout as failure',
    where: dispatch('lookup'),
    edits: [
      [
        EXECUTE,
        "if (verdict.kind === 'notApplied' && claimed.ambiguousAttempts === 0) {",
        "if (verdict.kind !== 'applied') {",
      ],
    ],
  },
];
