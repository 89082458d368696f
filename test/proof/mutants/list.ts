import type { Edit } from './edit.ts';

/** One condition of production code taken away or turned round. */
export interface Mutation {
  readonly edit: Edit;
  /** What is wrong then. */
  readonly breaks: string;
}

const mutations = (file: string, list: readonly (readonly [string, string, string])[]): Mutation[] =>
  list.map(([search, replace, breaks]) => ({ edit: [file, search, replace], breaks }));

/** Which tests look after which file; the first that fails is enough. */
export const TESTS: Readonly<Record<string, readonly string[]>> = {
  'shared/actions/status.ts': ['test/actions/fences.test.ts', 'test/actions/transition.test.ts'],
  'shared/actions/transition.ts': [
    'test/actions/fences.test.ts',
    'test/actions/transition.test.ts',
    'test/actions/propose.test.ts',
  ],
  'shared/actions/settle.ts': ['test/actions/execute.test.ts', 'test/proof/explorer/mutation-watch.test.ts'],
  'shared/actions/ledger.aws.ts': [
    'test/actions/fences.test.ts',
    'test/actions/ledger-contract.test.ts',
    'test/proof/explorer/mutation-watch.test.ts',
  ],
  'shared/config/rows.aws.ts': ['test/actions/agreement.test.ts'],
  'functions/actions/execute-action.ts': [
    'test/actions/fences.test.ts',
    'test/actions/execute.test.ts',
    'test/proof/explorer/mutation-watch.test.ts',
  ],
  'functions/actions/make-ready.ts': [
    'test/actions/fences.test.ts',
    'test/actions/execute.test.ts',
    'test/credentials/gate.test.ts',
    'test/proof/explorer/mutation-watch.test.ts',
  ],
  'functions/actions/reconcile-action.ts': [
    'test/actions/fences.test.ts',
    'test/actions/execute.test.ts',
    'test/proof/explorer/mutation-watch.test.ts',
  ],
  'functions/actions/sweep-actions.ts': ['test/actions/fences.test.ts', 'test/actions/propose.test.ts'],
  'functions/actions/propose-action.ts': ['test/actions/fences.test.ts', 'test/actions/propose.test.ts'],
  'functions/actions/resolve-action.ts': ['test/actions/propose.test.ts'],
  'shared/approvals/moves.ts': ['test/approvals/moves.test.ts'],
  'shared/approvals/approvals.aws.ts': ['test/approvals/store-contract.test.ts'],
  'functions/approvals/close-approval.ts': ['test/approvals/wait.test.ts'],
  'shared/credentials/may-perform.ts': ['test/credentials/may-perform.test.ts'],
  'shared/policies/gate.ts': ['test/policies/gate.test.ts'],
};

const STATUS = mutations('shared/actions/status.ts', [
  ["move('SUCCEEDED', 'owner'),", "move('SUCCEEDED'),", 'anybody may say that an attempt succeeded'],
  [
    "move('FAILED', 'owner', 'noDoubt'),",
    "move('FAILED', 'owner'),",
    'a refusal counts after an ambiguous attempt',
  ],
  [
    "move('NOT_APPLIED', 'owner', 'noDoubt'),",
    "move('NOT_APPLIED', 'noDoubt'),",
    'anybody may say that nothing happened',
  ],
  [
    "move('OUTCOME_UNKNOWN', 'ownerOrLeaseEnd'),",
    "move('OUTCOME_UNKNOWN'),",
    'a running lease can be doubted',
  ],
  ["move('NOT_APPLIED', 'evidence'),", "move('NOT_APPLIED'),", 'doubt ends without evidence'],
  [
    "move('EXECUTING', 'requestHash', 'authorization', 'keyed'),",
    "move('EXECUTING', 'requestHash', 'authorization'),",
    'doubt is sent again to a provider without a key',
  ],
  ['  SUCCEEDED: [],', "  SUCCEEDED: [move('FAILED')],", 'SUCCEEDED is not final'],
  [
    "    move('RENDERED', 'dryRun', 'requestHash'),",
    "    move('RENDERED', 'requestHash'),",
    'what was not a dry run rests as one',
  ],
]);

const TRANSITION = mutations('shared/actions/transition.ts', [
  [
    '(from.requestHash === undefined || from.requestHash === next.requestHash)',
    'next.requestHash !== undefined',
    'another request takes the place of the approved one',
  ],
  [
    'next.approvalExpiresAt > input.at)',
    "next.approvalExpiresAt > '')",
    'an approval that ended still authorises',
  ],
  ['next.permit !== undefined ||', 'true ||', 'nothing is needed to claim'],
  [
    'return from.ownerToken !== undefined && from.ownerToken === input.ownerToken;',
    'return from.ownerToken !== undefined;',
    'somebody else writes the result of an attempt',
  ],
  ['from.leaseUntil <= input.at)', "from.leaseUntil > '')", 'a running lease counts as ended'],
  ['return from.ambiguousAttempts === 0;', 'return true;', 'a refusal counts after an ambiguous attempt'],
  ['input.evidence !== undefined &&', '', 'doubt ends without evidence'],
  [
    'from.settleUntil <= input.at))',
    "from.settleUntil > ''))",
    'a miss counts before the settle window ends',
  ],
  [
    "return from.recoveryClass === 'keyed';",
    'return true;',
    'doubt is sent again to a provider without a key',
  ],
  ['    version: from.version + 1,', '    version: from.version,', 'a write does not move the version'],
  ['if (isTerminal(row.status)) return {};', '', 'a closed row stays in the index of what is due'],
  [
    "if (found === undefined) throw new IllegalTransitionError(from.status, to, 'move');",
    'if (found === undefined) return { from, to: from };',
    'a move that the table does not have passes silently',
  ],
]);

const SETTLE = mutations('shared/actions/settle.ts', [
  ['transportTimeoutMs +\n      lagMs,', 'lagMs,', 'the settle window forgets the wire'],
  [
    'transportTimeoutMs +\n      lagMs,',
    'transportTimeoutMs,',
    'the settle window forgets the lag of the provider',
  ],
  [
    'Math.max(row.leaseUntil === undefined ? 0 : epochMs(row.leaseUntil), epochMs(doubtAt))',
    'epochMs(doubtAt)',
    'the settle window forgets the lease',
  ],
  ['export const MAX_ATTEMPTS = 5;', 'export const MAX_ATTEMPTS = 50;', 'attempts have no real bound'],
  [
    'export const MAX_RECONCILIATIONS = 6;',
    'export const MAX_RECONCILIATIONS = 60;',
    'a provider that cannot be read is asked for ever',
  ],
]);

const LEDGER = mutations('shared/actions/ledger.aws.ts', [
  ["'attribute_not_exists(pk)'", "'attribute_not_exists(nothing)'", 'a key that is taken is taken again'],
  [
    "['#status = :status', '#version = :version']",
    "['#status = :status', '(attribute_exists(pk) OR #version = :version)']",
    'the version is no fence',
  ],
  [
    // The version moves with every write, so the status alone is implied by it: only both together can be missed.
    "['#status = :status', '#version = :version']",
    "['(attribute_exists(pk) OR #status = :status)', '(attribute_exists(pk) OR #version = :version)']",
    'neither status nor version is a fence',
  ],
  [
    "terms.push('ownerToken = :owner');",
    "terms.push('(attribute_exists(pk) OR ownerToken = :owner)');",
    'the owner token is no fence',
  ],
  [
    "terms.push('requestHash = :hash');",
    "terms.push('(attribute_exists(pk) OR requestHash = :hash)');",
    'the hash is no fence',
  ],
  [
    "terms.push('approvalExpiresAt > :now');",
    "terms.push('(attribute_exists(pk) OR approvalExpiresAt > :now)');",
    'a claim commits after the approval ended',
  ],
  [
    "return existing.writeToken === action.writeToken\n        ? { kind: 'reserved', action: existing }",
    "return existing.writeToken === ''\n        ? { kind: 'reserved', action: existing }",
    'a reservation does not know itself when its reply was lost',
  ],
  [
    'now.version === change.to.version && now.writeToken === change.to.writeToken',
    'now.version === change.to.version',
    "another writer's row counts as one's own",
  ],
  [
    'now.version === change.to.version && now.writeToken === change.to.writeToken',
    'now.version === -1',
    'a writer locks itself out when its reply was lost',
  ],
  [
    'ConsistentRead: true }),\n    );\n    return Item',
    '}),\n    );\n    return Item',
    'the ledger is read from a replica',
  ],
]);

const ROWS = mutations('shared/config/rows.aws.ts', [
  [', ConsistentRead: true }).Keys', ' }).Keys', 'several rows are read from a replica'],
  [
    'left = [...heldBack, ...left.slice(MOST_KEYS)];',
    'left = left.slice(MOST_KEYS);',
    'rows that were held back count as absent',
  ],
  [
    'if (waitMs === undefined) throw new RowsHeldBackError(heldBack.length);',
    'if (waitMs === undefined) break;',
    'rows that never came count as absent',
  ],
]);

const READY = mutations('functions/actions/make-ready.ts', [
  [
    "|| approval.status !== 'APPROVED') return 'APPROVAL_MISSING';",
    ") return 'APPROVAL_MISSING';",
    'an approval that was not given counts',
  ],
  [
    "if (approval.requestHash !== dryRun.requestHash) return 'HASH_MISMATCH';",
    '',
    'a vote for another request counts',
  ],
  [
    "if (TIERS.indexOf(decision.tier) > TIERS.indexOf(approval.tier)) return 'TIER_RAISED';",
    '',
    'a vote of a lower tier counts',
  ],
  ['hash !== dryRun.requestHash || ', '', 'stored bytes are not checked against their hash'],
  [
    "if (decision.verdict === 'REFUSE') {",
    "if (decision.verdict === ('NEVER' as string)) {",
    'the gates are not asked again',
  ],
  [
    "if (decision.verdict !== 'UNATTENDED' || decision.permit === undefined) {",
    'if (deps.now() < 0) {',
    'it runs unattended without a permit',
  ],
  [
    'if (epochMs(approval.expiresAt) <= deps.now()) {',
    'if (deps.now() < 0) {',
    'an approval that ended is not seen before the claim',
  ],
  ['if (row.attempts >= MAX_ATTEMPTS) {', 'if (deps.now() < 0) {', 'attempts have no bound'],
  [
    'if (hashOfOutgoing(dryRun.request, outgoing) !== hash) {',
    'if (deps.now() < 0) {',
    'the bytes to send are not checked',
  ],
  [
    "if (found.kind === 'unusable') return pause(row, found.code, authorization, deps);",
    "if (found.kind === 'unusable') return closed;",
    'a missing credential does not pause',
  ],
  [
    'if (wait !== undefined) return pause(',
    'if (deps.now() < 0 && wait !== undefined) return pause(',
    'the secret of a dead credential is read',
  ],
]);

const EXECUTE = mutations('functions/actions/execute-action.ts', [
  ['attempts: row.attempts + 1,', 'attempts: row.attempts,', 'attempts are not counted'],
  ['      ownerToken,\n      leaseUntil', '      leaseUntil', 'the claim carries no owner token'],
  [
    "verdict.kind === 'notApplied' && claimed.ambiguousAttempts === 0",
    "verdict.kind === 'notApplied'",
    'a refusal counts after an ambiguous attempt',
  ],
  [
    "transition(claimed, again ? 'NOT_APPLIED' : 'FAILED', {",
    "transition(claimed, again ? 'FAILED' : 'NOT_APPLIED', {",
    'a final refusal is tried again and a busy provider is not',
  ],
  [
    "if (row.status === 'EXECUTING' || row.status === 'OUTCOME_UNKNOWN') {",
    "if (row.status === 'OUTCOME_UNKNOWN') {",
    'an invocation that finds EXECUTING goes on',
  ],
  [
    'if (deps.remainingMs() < ready.outgoing.timeoutMs + MARGIN_MS) {',
    'if (deps.now() < 0) {',
    'it sends without time to hear the answer',
  ],
  [
    "if (claim.kind === 'refused') {",
    "if (claim.kind === 'refused' && deps.now() < 0) {",
    'it sends although its claim was refused',
  ],
  [
    'if (current.version === row.version) {',
    'if (deps.now() < 0) {',
    'a claim that came too late is left open',
  ],
  [
    "return written.kind === 'applied' ? record.step : recordLate(",
    'return deps.now() > 0 ? record.step : recordLate(',
    'a late yes is dropped',
  ],
]);

const RECONCILE = mutations('functions/actions/reconcile-action.ts', [
  [
    'if (row.settleUntil !== undefined && epochMs(row.settleUntil) > deps.now()) {',
    'if (deps.now() < 0) {',
    'the provider is asked before the settle window ends',
  ],
  [
    'if (row.leaseUntil !== undefined && epochMs(row.leaseUntil) > deps.now()) {',
    'if (deps.now() < 0) {',
    'a running lease is doubted',
  ],
  [
    "if (row.recoveryClass === 'none') return { kind: 'cannotAsk' };",
    '',
    'a provider that cannot be asked is asked',
  ],
  [
    'if (row.reconciliations + 1 >= MAX_RECONCILIATIONS) {',
    'if (deps.now() < 0) {',
    'a provider that cannot be read is asked for ever',
  ],
  [
    'ambiguousAttempts: row.ambiguousAttempts + 1,',
    'ambiguousAttempts: row.ambiguousAttempts,',
    'doubt is not counted',
  ],
  [
    "|| row.attention === 'person') return { next: 'CLOSED' };",
    ") return { next: 'CLOSED' };",
    'what was parked for a person is taken up again',
  ],
]);

const SWEEP = mutations('functions/actions/sweep-actions.ts', [
  [
    "if (state === 'running') return false;",
    "if (state !== 'absent') return false;",
    'a row whose execution ended stays open',
  ],
  ["if (state === 'absent') {", 'if (deps.now() < 0) {', 'a lost start raises the generation'],
  [
    'if (restsUntil(row) > deps.now()) return false;',
    '',
    'a machine that fails at once is restarted without end',
  ],
  [
    "if (isTerminal(row.status) || row.attention === 'person') return 'nothing';",
    '',
    'closed and parked rows are started again',
  ],
  ["if (row.status === 'RENDERED' && row.dryRun) return 'nothing';", '', 'a dry run that rests is started'],
  [
    "if (row.status === 'EXECUTING' && row.leaseUntil !== undefined && epochMs(row.leaseUntil) <= deps.now()) {",
    'if (deps.now() < 0) {',
    'a lease that ended is left alone',
  ],
]);

const PROPOSE = mutations('functions/actions/propose-action.ts', [
  [
    'const { kind, action } = await deps.reserve(row);',
    'await deps.start(id, 1);\n  const { kind, action } = await deps.reserve(row);',
    'it starts before it reserves',
  ],
  [
    "if (kind === 'exists' && (action.payloadHash !== hash || action.operation !== proposal.operation)) {",
    'if (deps.now() < 0) {',
    'a key stands for two payloads',
  ],
  ["if (action.status === 'PROPOSED') {", 'if (deps.now() < 0) {', 'what was reserved is not started'],
  ["if (allowed.kind === 'refuse') {", 'if (deps.now() < 0) {', 'whoever may not propose does'],
  [
    'proposal.approvalTtlSeconds ?? project.settings.approvalTtlSeconds,\n        project.settings.approvalTtlSeconds,',
    'proposal.approvalTtlSeconds ?? project.settings.approvalTtlSeconds,\n        Number.MAX_SAFE_INTEGER,',
    'an approval lives longer than the project allows',
  ],
]);

const RESOLVE = mutations('functions/actions/resolve-action.ts', [
  ['first?.by === principal.subject', 'first?.by === undefined', 'one person counts for two'],
  [
    "body.outcome !== 'SUCCEEDED' && row.settleUntil !== undefined && epochMs(row.settleUntil) > heardAt",
    'heardAt < 0',
    'a person says that nothing happened while it may still land',
  ],
  [
    '? { approvalExpiresAt: at }',
    '? {}',
    'the old approval stays good after two people said that nothing happened',
  ],
]);

const MOVES = mutations('shared/approvals/moves.ts', [
  [
    "if (approval.status !== 'WAITING') return decided(approval);\n  if (isPastExpiry",
    'if (isPastExpiry',
    'a decision is made twice',
  ],
  [
    'if (epochMs(approval.expiresAt) - now <= LAST_MINUTE_MS)',
    'if (epochMs(approval.expiresAt) - now <= 0)',
    'a vote in the last minute counts',
  ],
  [
    'if (ballot.requestHash !== approval.requestHash)',
    'if (now < 0)',
    'a vote for what was not shown counts',
  ],
  ['if (isOriginator(approval, person.subject))', 'if (now < 0)', 'whoever proposed it approves it'],
  [
    "approval.tier !== 'low' && !(now - person.authTimeMs <= FRESH_SIGN_IN_MS)",
    'now < 0',
    'an old sign-in counts',
  ],
  ['if (ballot.version !== approval.version)', 'if (now < 0)', 'a vote on an older version counts'],
  [
    "if (!isPastExpiry(approval, now))\n    return refused({ code: 'CONFLICT'",
    "if (now < 0)\n    return refused({ code: 'CONFLICT'",
    'a wait expires before its time',
  ],
  [
    "if (approval.status !== 'WAITING') return refused(decided(approval));\n  return {\n    kind: 'move',\n    to: {\n      ...approval,\n      status: 'CANCELLED'",
    "return {\n    kind: 'move',\n    to: {\n      ...approval,\n      status: 'CANCELLED'",
    'an approval that was given is withdrawn',
  ],
]);

const APPROVALS = mutations('shared/approvals/approvals.aws.ts', [
  [
    "'#status = :status AND #version = :version AND writeToken = :writeToken'",
    "'(attribute_exists(pk) OR #status = :status) AND (attribute_exists(pk) OR #version = :version) AND (attribute_exists(pk) OR writeToken = :writeToken)'",
    'decisions have no arbiter',
  ],
  [
    'return current.writeToken === to.writeToken',
    'return current.writeToken === from.approvalId',
    'a voter does not know the own vote when its reply was lost',
  ],
]);

const CLOSE = mutations('functions/approvals/close-approval.ts', [
  ["if (approval.status === 'WAITING') return 'OPEN';", '', 'what nobody decided counts as decided'],
  ["if (isPastExpiry(approval, now)) return 'EXPIRED';", '', 'an approval that ended goes on to execute'],
  [
    "if (approval.status !== 'APPROVED') return approval.status;",
    '',
    'a rejected request goes on to execute',
  ],
  [
    "if (ending === 'OPEN') return",
    "if (ending === ('NEVER' as string)) return",
    'a wait that broke off early is closed',
  ],
]);

const PERFORM = mutations('shared/credentials/may-perform.ts', [
  ['  if (grant.retired)\n', '  if (effects.length < 0)\n', 'a retired credential is used'],
  ['grant.environment !== ref.environment', 'grant.environment === undefined', 'PAPER serves a live trade'],
  ['!fitsHost(grant.standIn, hostIsOverridden)', 'effects.length < 0', 'a real secret goes to a stand-in'],
  ['(scope) => !grant.scopes.includes(scope)', '(scope) => scope === undefined', 'no scope is needed'],
  ['if (!covers(grant.operations, operation))', 'if (effects.length < 0)', 'any operation is allowed'],
  ["status !== 'PRESENT' && status !== 'UNKNOWN'", 'status === undefined', 'health does not matter'],
  ['epochMs(end) <= now + facts.taskMs', 'epochMs(end) < 0', 'it ends in the middle of the task'],
  ["if (rotation === 'critical') {", 'if (now < 0) {', 'what is overdue is used for ever'],
  ["facts.approval === 'absent'", "needs.operation === ''", 'nobody has to approve its use'],
  [
    'if (grant === undefined) {',
    "if (grant === undefined && account === '') {",
    'what is not registered is used',
  ],
]);

const POLICY = mutations('shared/policies/gate.ts', [
  [
    "if (reading === undefined) return [['READ_ERROR', 'It was not read.']];",
    'if (reading === undefined) return [];',
    'a policy that was not read allows',
  ],
  [
    "if (reading.kind === 'unreadable') return [['READ_ERROR', reading.detail]];",
    "if (reading.kind === 'unreadable') return [];",
    'a policy that cannot be read allows',
  ],
  [
    "if (record === undefined) return [['MISSING', 'It is not in the registry of sources.']];",
    'if (record === undefined) return [];',
    'a policy that nobody watches allows',
  ],
  ['if (record.retired)', 'if (now < 0)', 'a retired policy allows'],
  [
    "if (state === undefined) return [['BASELINE_PENDING', 'It was never captured.']];",
    'if (state === undefined) return [];',
    'a policy that was never captured allows',
  ],
  ['if (state.acknowledged === null)', 'if (now < 0)', 'a first text needs nobody'],
  ['else if (state.configHash !== record.configHash)', 'else if (now < 0)', 'an edited source needs nobody'],
  ['else if (!(ageMs >= 0))', 'else if (now < 0)', 'a look of tomorrow counts'],
  [
    'else if (!(ageMs < limitMs))',
    'else if (!(ageMs <= limitMs))',
    'exactly as old as it may be counts as fresh',
  ],
  [
    'if (pending !== null && !isBaseline(pending))',
    'if (now < 0 && pending !== null)',
    'a change needs nobody',
  ],
  [
    'if (candidate !== null && record.source.critical)',
    'if (now < 0 && candidate !== null)',
    'a critical source may be in doubt',
  ],
  ['if (isUnstable(state, now))', 'if (now < 0)', 'a page that goes back and forth allows'],
  [
    'one.sources.includes(source) && one.codes.includes(code)',
    'one.sources.includes(source)',
    'break-glass sets aside what it does not name',
  ],
  ['GATE_REASONS[code].overridable', 'code.length > 0', 'break-glass sets aside what is not known'],
]);

/** Every one of these has to be noticed by the tests of its file. */
export const MUTATIONS: readonly Mutation[] = [
  ...STATUS,
  ...TRANSITION,
  ...SETTLE,
  ...LEDGER,
  ...ROWS,
  ...READY,
  ...EXECUTE,
  ...RECONCILE,
  ...SWEEP,
  ...PROPOSE,
  ...RESOLVE,
  ...MOVES,
  ...APPROVALS,
  ...CLOSE,
  ...PERFORM,
  ...POLICY,
];
