import {
  GetExecutionHistoryCommand,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import actionMachine from '#statemachines/action.asl.json' with { type: 'json' };
import {
  functionArn,
  FunctionError,
  machineArn,
  rig,
  settled,
  temporaryFolder,
  type Call,
  type Rig,
} from './step-functions-rig.ts';

const MACHINE = machineArn('actions');
const ACTION = { project: 'demo', key: 'order-1' };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let local: Rig;
let answers: Record<string, unknown[]> = {};

/** Functions are named after their token in the machine: `RenderAction`, `EvaluateGates`, … */
const answer = ({ name }: Call): unknown => {
  const next = answers[name]?.shift();
  if (next instanceof Error) throw next;
  return next ?? null;
};

beforeAll(async () => {
  folder = await temporaryFolder();
  local = await rig(folder.path, answer);
  const text = JSON.stringify(actionMachine);
  const tokens = [...text.matchAll(/\$\{([A-Za-z0-9]+)\}/g)].map((match) => match[1] ?? '');
  const substitutions = Object.fromEntries(
    tokens.map((token) => [token, functionArn(token.replace(/FunctionArn$/, ''))]),
  );
  await local.service.ensureStateMachine(MACHINE, 'actions', text, { substitutions });
  await local.service.resume();
});
afterAll(async () => {
  await local.stop();
  await folder.remove();
});

type Callback = { readonly success: unknown } | { readonly failure: string } | 'timeout';

interface Path {
  readonly answers: Record<string, unknown[]>;
  readonly callbacks?: readonly Callback[];
  /** The states that are visited, in order. */
  readonly visits: readonly string[];
  readonly took?: number;
}

const RENDERED = { RenderAction: [null] };
const PERMIT = { ...RENDERED, EvaluateGates: [{ next: 'UNATTENDED', permit: 'policy-1' }] };
const PERSON = { ...RENDERED, EvaluateGates: [{ next: 'PERSON', waitSeconds: 3600 }] };
const APPROVED: Callback = { success: { decision: 'APPROVED', approvalId: 'a1' } };
const REJECTED: Callback = { success: { decision: 'REJECTED', approvalId: 'a1' } };
const CLOSED = { next: 'CLOSED' };

const toGates = ['Render the dry run', 'Evaluate the gates', 'Route'];
const toWait = [...toGates, 'Wait for approval'];
const end = 'The action is closed';
const inOneMinute = '2026-11-21T09:00:00.000Z';

const paths: Readonly<Record<string, Path>> = {
  'an unattended permit goes straight to Execute': {
    answers: { ...PERMIT, ExecuteAction: [CLOSED] },
    visits: [...toGates, 'Execute', 'What came of it?', end],
  },
  'UNATTENDED without a permit waits for a person': {
    answers: { ...RENDERED, EvaluateGates: [{ next: 'UNATTENDED' }], CloseApproval: [CLOSED] },
    callbacks: [REJECTED],
    visits: [...toWait, 'Was it approved?', 'Close the wait', 'Was it approved?', end],
  },
  'an answer that nobody knows waits for a person': {
    answers: { ...RENDERED, EvaluateGates: [{ next: 'SURPRISE' }], ExecuteAction: [CLOSED] },
    callbacks: [APPROVED],
    visits: [...toWait, 'Was it approved?', 'Execute', 'What came of it?', end],
  },
  'an approval goes on to Execute': {
    answers: { ...PERSON, ExecuteAction: [CLOSED] },
    callbacks: [APPROVED],
    visits: [...toWait, 'Was it approved?', 'Execute', 'What came of it?', end],
  },
  'a rejection closes': {
    answers: { ...PERSON, CloseApproval: [CLOSED] },
    callbacks: [REJECTED],
    visits: [...toWait, 'Was it approved?', 'Close the wait', 'Was it approved?', end],
  },
  'an expired wait with a committed approval goes on': {
    answers: { ...PERSON, CloseApproval: [{ next: 'EXECUTE' }], ExecuteAction: [CLOSED] },
    callbacks: ['timeout'],
    visits: [...toWait, 'Close the wait', 'Was it approved?', 'Execute', 'What came of it?', end],
    took: 3600,
  },
  'an expired wait without one closes': {
    answers: { ...PERSON, CloseApproval: [CLOSED] },
    callbacks: ['timeout'],
    visits: [...toWait, 'Close the wait', 'Was it approved?', end],
    took: 3600,
  },
  'a wait that broke off before its time asks again': {
    answers: {
      ...PERSON,
      CloseApproval: [{ next: 'WAIT', waitSeconds: 3000 }],
      ExecuteAction: [CLOSED],
    },
    callbacks: [{ failure: 'Autopack.Broken' }, APPROVED],
    visits: [
      ...toWait,
      'Close the wait',
      'Was it approved?',
      'Pause before asking again',
      'Wait for approval',
      'Was it approved?',
      'Execute',
      'What came of it?',
      end,
    ],
    took: 60,
  },
  'a reported failure of the request for approval closes': {
    answers: { ...PERSON, CloseApproval: [CLOSED] },
    callbacks: [{ failure: 'Autopack.Broken' }],
    visits: [...toWait, 'Close the wait', 'Was it approved?', end],
  },
  'a transient failure of the request is tried again': {
    answers: {
      ...PERSON,
      RequestApproval: [new FunctionError('Autopack.Transient')],
      ExecuteAction: [CLOSED],
    },
    callbacks: [APPROVED],
    visits: [...toWait, 'Was it approved?', 'Execute', 'What came of it?', end],
    took: 1,
  },
  'a refusing gate closes': {
    answers: { ...RENDERED, EvaluateGates: [CLOSED] },
    visits: [...toGates, end],
  },
  'a function that fails is tried again with full jitter': {
    answers: {
      RenderAction: [new FunctionError('Runtime.Crash'), new FunctionError('Runtime.Crash'), null],
      EvaluateGates: [CLOSED],
    },
    visits: [...toGates, end],
    took: 1 + 2,
  },
  'a claim from an earlier life settles first': {
    answers: {
      ...RENDERED,
      EvaluateGates: [{ next: 'SETTLE', settleUntil: inOneMinute }],
      ReconcileAction: [CLOSED],
    },
    visits: [
      ...toGates,
      'Wait out the settle window',
      'Settle and reconcile',
      'What did the provider say?',
      end,
    ],
  },
  'back-off runs Execute again after its pause': {
    answers: { ...PERMIT, ExecuteAction: [{ next: 'BACK_OFF', waitSeconds: 45 }, CLOSED] },
    visits: [...toGates, 'Execute', 'What came of it?', 'Back off', 'Execute', 'What came of it?', end],
    took: 45,
  },
  'a mended credential runs Execute again': {
    answers: { ...PERMIT, ExecuteAction: [{ next: 'CREDENTIAL', waitSeconds: 600 }, CLOSED] },
    callbacks: [{ success: {} }],
    visits: [
      ...toGates,
      'Execute',
      'What came of it?',
      'Wait for the credential',
      'What came of it?',
      'Execute',
      'What came of it?',
      end,
    ],
  },
  'a credential that is not mended in time closes': {
    answers: {
      ...PERMIT,
      ExecuteAction: [{ next: 'CREDENTIAL', waitSeconds: 600 }],
      CloseApproval: [CLOSED],
    },
    callbacks: ['timeout'],
    visits: [
      ...toGates,
      'Execute',
      'What came of it?',
      'Wait for the credential',
      'Close the wait',
      'Was it approved?',
      end,
    ],
    took: 600,
  },
  'an Execute that breaks off is looked at and settled, never sent again': {
    answers: {
      ...PERMIT,
      ExecuteAction: [new FunctionError('Runtime.ExitError')],
      ReconcileAction: [{ next: 'SETTLE', settleUntil: inOneMinute }, CLOSED],
    },
    visits: [
      ...toGates,
      'Execute',
      'Look before settling',
      'What did the provider say?',
      'Wait out the settle window',
      'Settle and reconcile',
      'What did the provider say?',
      end,
    ],
  },
  'an Execute that the service did not start is started again': {
    answers: {
      ...PERMIT,
      ExecuteAction: [Object.assign(new Error('busy'), { name: 'TooManyRequestsException' }), CLOSED],
    },
    visits: [...toGates, 'Execute', 'What came of it?', end],
    took: 1,
  },
  'proven not applied goes through the gates and the approval again': {
    answers: {
      ...RENDERED,
      EvaluateGates: [
        { next: 'UNATTENDED', permit: 'p' },
        { next: 'PERSON', waitSeconds: 60 },
      ],
      ExecuteAction: [{ next: 'SETTLE', settleUntil: inOneMinute }, CLOSED],
      ReconcileAction: [{ next: 'GATES' }],
    },
    callbacks: [APPROVED],
    visits: [
      ...toGates,
      'Execute',
      'What came of it?',
      'Wait out the settle window',
      'Settle and reconcile',
      'What did the provider say?',
      'Evaluate the gates',
      'Route',
      'Wait for approval',
      'Was it approved?',
      'Execute',
      'What came of it?',
      end,
    ],
  },
};

let number = 0;

async function walk(
  path: Path,
): Promise<{ readonly visits: string[]; readonly took: number; readonly status: string }> {
  answers = structuredCloneOf(path.answers);
  const callbacks = [...(path.callbacks ?? [])];
  const startedAt = local.clock.now();
  const seen = local.calls.length;
  const told = new Set<string>();
  const executionArn = await local.start(MACHINE, ACTION, `walk-${(number += 1)}`);
  for (;;) {
    await settled();
    const { status } = await local.describe(executionArn);
    if (status !== 'RUNNING') {
      const { events } = await local.sfn.send(
        new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }),
      );
      const visits = (events ?? []).flatMap((event) => event.stateEnteredEventDetails?.name ?? []);
      return { visits, took: (local.clock.now() - startedAt) / 1000, status: status ?? '' };
    }
    const call = local.calls.slice(seen).findLast(({ payload }) => typeof payload['taskToken'] === 'string');
    const taskToken = String(call?.payload['taskToken']);
    const callback = call === undefined || told.has(taskToken) ? undefined : callbacks[0];
    if (callback !== undefined && callback !== 'timeout') {
      const command =
        'success' in callback
          ? new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(callback.success) })
          : new SendTaskFailureCommand({ taskToken, error: callback.failure });
      // A token of an attempt that has failed is refused; its successor gets the callback.
      const sent = await local.sfn.send(command as SendTaskSuccessCommand).then(
        () => true,
        () => false,
      );
      told.add(taskToken);
      if (sent) callbacks.shift();
      if (sent) continue;
    }
    const next = local.clock.next();
    if (next === undefined) throw new Error('The machine waits for nothing');
    local.clock.moveTo(next);
  }
}

const structuredCloneOf = (lists: Record<string, unknown[]>): Record<string, unknown[]> =>
  Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, [...list]]));

describe('the machine of an action', () => {
  test.each(Object.entries(paths))('%s', async (_name, path) => {
    const { visits, took, status } = await walk(path);
    expect(visits).toEqual(path.visits);
    expect(status).toBe('SUCCEEDED');
    if (path.took !== undefined) expect(took).toBe(path.took);
    expect(Object.values(answers).flat()).toEqual([]);
  });

  test('gives every function the action, and the callback functions a token', () => {
    for (const { name, payload } of local.calls) {
      const isCallback = name === 'RequestApproval' || name === 'WaitForCredential';
      expect(payload, name).toEqual({
        action: ACTION,
        ...(isCallback ? { taskToken: expect.any(String) } : {}),
      });
    }
  });

  test('is walked through every state by these paths', () => {
    const visited = new Set(Object.values(paths).flatMap(({ visits }) => visits));
    expect([...visited].toSorted()).toEqual(Object.keys(actionMachine.States).toSorted());
  });

  test('waits until the settle window is over', async () => {
    const settleUntil = new Date(local.clock.now() + 77_000).toISOString();
    const { took } = await walk({
      answers: { ...PERMIT, ExecuteAction: [{ next: 'SETTLE', settleUntil }], ReconcileAction: [CLOSED] },
      visits: [],
    });
    expect(took).toBe(77);
  });
});
