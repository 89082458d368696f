import { AsyncLocalStorage } from 'node:async_hooks';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Action } from '#shared/actions/action.ts';
import { sha256 } from '#shared/actions/canonical-json.ts';
import type { ApplyResult, LedgerChange } from '#shared/actions/ledger.ts';
import { applyChange, readAction, reserveAction } from '#shared/actions/ledger.aws.ts';
import { isTerminal } from '#shared/actions/status.ts';
import { transition } from '#shared/actions/transition.ts';
import { at, newAction } from '../../actions/rows.ts';
import { faceOf, inputOf, type LedgerInput, type LedgerOutput } from './ledger-model.ts';
import type { Operation } from './linearizable.ts';
import { isLost, loseSome } from './lossy.ts';

/** One process of the race: several claimants that go for each key at once, with the production adapters. */
export interface ClaimantSetup {
  readonly endpoint: string;
  readonly first: number;
  readonly claimants: number;
  /** Removes the conditions of all writes: a race that must be found out. */
  readonly mutant: boolean;
}
export interface KeyReport {
  readonly key: string;
  readonly operations: readonly Operation<LedgerInput, LedgerOutput>[];
  /** Claimants that were told that the key, or the claim, is theirs. */
  readonly reserved: readonly string[];
  readonly claimed: readonly string[];
  /** Claimants whose last reply never came. */
  readonly gone: readonly string[];
}

const setup = JSON.parse(process.argv[2] ?? '') as ClaimantSetup;
const HASH = 'a'.repeat(64);
const clock = (): number => Number(process.hrtime.bigint());

interface Call {
  readonly seed: string;
  readonly input: LedgerInput;
  readonly lost: { readonly invoke: number }[];
  began: number;
}
const calls = new AsyncLocalStorage<Call>();
/** A ledger of a claimant's own: a client of its own keeps the SDK's budget of retries of its own. */
const openLedger = () => {
  const client = new DynamoDBClient({
    region: 'eu-central-1',
    endpoint: setup.endpoint,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  loseSome(
    client,
    () => {
      const call = calls.getStore();
      if (call === undefined) return 'delivered';
      call.began = clock();
      const dice = Number.parseInt(sha256(`${call.seed}#${call.lost.length}`).slice(0, 4), 16) % 100;
      if (dice < 6) return 'replyLost';
      return dice < 8 && call.input.kind !== 'read' ? 'goneForGood' : 'delivered';
    },
    () => {
      const call = calls.getStore();
      call?.lost.push({ invoke: call.began });
    },
  );
  if (setup.mutant) {
    client.middlewareStack.add(
      (next) => (args) => {
        const input = args.input as unknown as Record<string, unknown>;
        for (const name of ['ConditionExpression', 'ExpressionAttributeNames', 'ExpressionAttributeValues'])
          delete input[name];
        return next(args);
      },
      { step: 'initialize', name: 'withoutConditions' },
    );
  }
  const db = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  return {
    reserve: reserveAction(db, 'actions'),
    apply: applyChange(db, 'actions'),
    read: readAction(db, 'actions'),
  };
};
const ledgers = Array.from({ length: setup.claimants }, openLedger);

const race = async (
  key: string,
  report: { -readonly [K in keyof KeyReport]: KeyReport[K] },
  me: string,
  ledger: ReturnType<typeof openLedger>,
): Promise<void> => {
  const operations = report.operations as Operation<LedgerInput, LedgerOutput>[];
  let step = 0;
  const record = async <Result>(
    input: LedgerInput,
    run: () => Promise<Result>,
    outputOf: (result: Result) => LedgerOutput,
  ): Promise<Result> => {
    const call: Call = { seed: `${key}#${me}#${(step += 1)}`, input, lost: [], began: clock() };
    try {
      const result = await calls.run(call, run);
      operations.push({
        client: me,
        input,
        invoke: call.began,
        answer: { at: clock(), output: outputOf(result) },
      });
      return result;
    } finally {
      // Each request whose reply was lost may have happened, whatever became of the next one.
      for (const { invoke } of call.lost) operations.push({ client: me, input, invoke });
    }
  };
  const apply = (change: LedgerChange): Promise<ApplyResult> =>
    record(
      inputOf(change),
      () => ledger.apply(change),
      (result) => ({
        won: result.kind === 'applied',
        row: faceOf(result.kind === 'applied' ? result.action : result.current),
      }),
    );
  const now = (result: ApplyResult): Action => (result.kind === 'applied' ? result.action : result.current);
  const token = (what: string): string => `${me}-${what}`;

  const first = newAction({ key, writeToken: token('reserve') });
  const reserved = await record(
    { kind: 'reserve', to: faceOf(first) },
    () => ledger.reserve(first),
    ({ kind, action }) => ({ won: kind === 'reserved', row: faceOf(action) }),
  );
  if (reserved.kind === 'reserved') (report.reserved as string[]).push(me);
  let row = reserved.action;
  if (row.status === 'PROPOSED') {
    row = now(
      await apply(
        transition(row, 'PENDING_APPROVAL', {
          at: at(1000),
          by: 'system:race',
          writeToken: token('ask'),
          set: { requestHash: HASH, approvalId: 'b'.repeat(32), approvalExpiresAt: at(86_400_000) },
        }),
      ),
    );
  }
  if (row.status === 'PENDING_APPROVAL') {
    const claim = await apply(
      transition(row, 'EXECUTING', {
        at: at(2000),
        by: 'system:race',
        writeToken: token('claim'),
        set: { ownerToken: me, attempts: row.attempts + 1, leaseUntil: at(60_000) },
      }),
    );
    row = now(claim);
    if (claim.kind === 'applied') (report.claimed as string[]).push(me);
  }
  const done = { at: at(3000), by: 'system:race', writeToken: token('done') } as const;
  if (row.status === 'EXECUTING' && row.ownerToken === me) {
    row = now(await apply(transition(row, 'SUCCEEDED', { ...done, ownerToken: me })));
    if (row.status === 'OUTCOME_UNKNOWN')
      row = now(await apply(transition(row, 'SUCCEEDED', { ...done, evidence: 'reply' })));
  } else if (row.status === 'EXECUTING' && step % 2 === 0) {
    // Somebody who believes that the claim is theirs: the stored owner token has to say no.
    const honest = transition(row, 'SUCCEEDED', { ...done, ownerToken: row.ownerToken ?? '' });
    row = now(await apply({ ...honest, ownerToken: me }));
  } else if (row.status === 'EXECUTING') {
    row = now(
      await apply(
        transition(row, 'OUTCOME_UNKNOWN', {
          at: at(60_000),
          by: 'system:race',
          writeToken: token('doubt'),
          set: { ambiguousAttempts: 1, settleUntil: at(90_000) },
        }),
      ),
    );
  }
  if (!isTerminal(row.status) || row.version % 2 === 0)
    await record(
      { kind: 'read' },
      () => ledger.read({ project: 'demo', key }),
      (found) => ({
        won: false,
        row: found === undefined ? null : faceOf(found),
      }),
    );
};

const runKey = async (key: string): Promise<KeyReport> => {
  const report: KeyReport = { key, operations: [], reserved: [], claimed: [], gone: [] };
  await Promise.all(
    ledgers.map(async (ledger, index) => {
      const me = `c${setup.first + index}`;
      try {
        await race(key, report, me, ledger);
      } catch (error) {
        if (!isLost(error)) throw error;
        (report.gone as string[]).push(me);
      }
    }),
  );
  return report;
};

process.on('message', (keys: string[]) => {
  void Promise.all(keys.map(runKey)).then(
    (reports) => process.send?.(reports),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => process.exit(0));
