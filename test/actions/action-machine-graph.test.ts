import { describe, expect, test } from 'vitest';
import type { CloseStep, ExecuteStep, GatesStep, ReconcileStep } from '#shared/actions/step-results.ts';
import actionMachine from '#statemachines/action.asl.json' with { type: 'json' };
import {
  comparedWords,
  edgesOf,
  pathProblems,
  reachable,
  taskProblems,
  type Machine,
  type State,
} from './action-machine-rules.ts';

const machine = (): Machine => structuredClone(actionMachine) as unknown as Machine;
const state = (changed: Machine, name: string): State => {
  const found = changed.States[name];
  if (found === undefined) throw new Error(`There is no state ${name}`);
  return found;
};

/** Each word that a step may answer, or that the machine says to itself, goes by a comparison or by Default. */
type Words<Step extends { readonly next: string }> = Readonly<Record<Step['next'], 'compared' | 'default'>>;
const words = {
  Route: {
    UNATTENDED: 'compared',
    PERSON: 'default',
    SETTLE: 'compared',
    CLOSED: 'compared',
  } satisfies Words<GatesStep>,
  'Was it approved?': {
    EXECUTE: 'compared',
    CLOSE: 'compared',
    WAIT: 'compared',
    CLOSED: 'default',
  } satisfies Words<CloseStep | { readonly next: 'CLOSE' }>,
  'What came of it?': {
    CLOSED: 'default',
    SETTLE: 'compared',
    BACK_OFF: 'compared',
    CREDENTIAL: 'compared',
    EXECUTE: 'compared',
  } satisfies Words<ExecuteStep | { readonly next: 'EXECUTE' }>,
  'What did the provider say?': {
    SETTLE: 'compared',
    GATES: 'compared',
    CLOSED: 'default',
  } satisfies Words<ReconcileStep>,
} as const;

const DEFAULTS: Readonly<Record<string, string>> = { Route: 'Wait for approval' };

function wordProblems(changed: Machine): string[] {
  const choices = Object.keys(changed.States).filter((name) => state(changed, name).Type === 'Choice');
  return choices.flatMap((name) => {
    const known: Readonly<Record<string, string>> =
      (words as Readonly<Record<string, Readonly<Record<string, string>>>>)[name] ?? {};
    const expected = Object.keys(known).filter((word) => known[word] === 'compared');
    const compared = comparedWords(state(changed, name));
    return [
      ...compared
        .filter((word) => !expected.includes(word))
        .map((word) => `${name} compares with ${word}, which nobody says`),
      ...expected.filter((word) => !compared.includes(word)).map((word) => `${name} does not know ${word}`),
      ...(state(changed, name).Default === (DEFAULTS[name] ?? 'The action is closed')
        ? []
        : [`${name} has a permissive default`]),
    ];
  });
}

const problemsOf = async (changed: Machine): Promise<string[]> => [
  ...(await pathProblems(changed)),
  ...taskProblems(changed),
  ...wordProblems(changed),
];

describe('the machine of an action (EXT-01, APR-01)', () => {
  test('reaches Execute only over an approval or an explicit unattended permit', async () => {
    expect(await pathProblems(machine())).toEqual([]);
  });

  test('gives every task, above all every callback task, a timeout and retries only what is safe', () => {
    expect(taskProblems(machine())).toEqual([]);
  });

  test('compares exactly the words that its steps answer', () => {
    expect(wordProblems(machine())).toEqual([]);
  });

  test('has no state that cannot be reached and none that cannot come to an end', () => {
    const edges = edgesOf(machine());
    const names = Object.keys(actionMachine.States);
    expect([...reachable(actionMachine.StartAt, edges)].toSorted()).toEqual(names.toSorted());
    for (const name of names) expect(reachable(name, edges), name).toContain('The action is closed');
  });
});

const choice = (changed: Machine, name: string, next: string) => {
  const found = state(changed, name).Choices?.find((one) => one.Next === next);
  if (found === undefined) throw new Error(`${name} has no choice to ${next}`);
  return found;
};

/** Each mutation names what must be found. */
const mutations: Readonly<Record<string, readonly [found: string, mutate: (changed: Machine) => void]>> = {
  'Route lets through what it does not know': [
    'Execute is reached without',
    (changed) => void (state(changed, 'Route').Default = 'Execute'),
  ],
  'Route does not ask for the permit': [
    'Execute is reached without',
    (changed) =>
      void (choice(changed, 'Route', 'Execute').Condition = "{% $states.input.next = 'UNATTENDED' %}"),
  ],
  'Route takes a permit for any word': [
    'Execute is reached without',
    (changed) => void (choice(changed, 'Route', 'Execute').Condition = '{% $exists($states.input.permit) %}'),
  ],
  'a rendered action goes straight to Execute': [
    'Execute is reached without',
    (changed) => void (state(changed, 'Render the dry run').Next = 'Execute'),
  ],
  'any decision is an approval': [
    'Execute is reached without',
    (changed) => void (state(changed, 'Wait for approval').Output = "{% { 'next': 'EXECUTE' } %}"),
  ],
  'everything but a rejection is an approval': [
    'Execute is reached without',
    (changed) =>
      void (state(changed, 'Wait for approval').Output =
        "{% { 'next': $states.result.decision = 'REJECTED' ? 'CLOSE' : 'EXECUTE' } %}"),
  ],
  'the callback itself chooses the way': [
    'Execute is reached without',
    (changed) => void (state(changed, 'Wait for approval').Output = '{% $states.result %}'),
  ],
  'the end of the wait executes': [
    'Execute is reached without',
    (changed) =>
      void Object.assign(state(changed, 'Wait for approval').Catch?.[0] ?? {}, { Next: 'Execute' }),
  ],
  'the end of the wait claims an approval': [
    'Execute is reached without',
    (changed) =>
      void Object.assign(state(changed, 'Wait for approval').Catch?.[0] ?? {}, { Next: 'Was it approved?' }),
  ],
  'a closed wait executes without looking': [
    'Execute is reached without',
    (changed) => void (state(changed, 'Close the wait').Next = 'Execute'),
  ],
  'what closes the wait is not what reads the approval': [
    'Execute is reached without',
    (changed) =>
      void (state(changed, 'Close the wait').Arguments = { FunctionName: '${EvaluateGatesFunctionArn}' }),
  ],
  'a second state executes': [
    'Another is reached without',
    (changed) => {
      changed.States['Another'] = { ...state(changed, 'Execute'), Next: 'What came of it?' };
      state(changed, 'Route').Default = 'Another';
    },
  ],
  'a proven miss is sent again at once': [
    'around the gates',
    (changed) => void (choice(changed, 'What did the provider say?', 'Evaluate the gates').Next = 'Execute'),
  ],
  'a broken Execute is executed again': [
    'without a look at the ledger',
    (changed) => void Object.assign(state(changed, 'Execute').Catch?.[0] ?? {}, { Next: 'Back off' }),
  ],
  'a broken Execute is not caught': [
    'nobody catches',
    (changed) => void delete state(changed, 'Execute').Catch,
  ],
  'the wait for approval has no timeout': [
    'Wait for approval has no timeout',
    (changed) => void delete state(changed, 'Wait for approval').TimeoutSeconds,
  ],
  'the wait for the credential has no timeout': [
    'Wait for the credential has no timeout',
    (changed) => void delete state(changed, 'Wait for the credential').TimeoutSeconds,
  ],
  'a task has no timeout': [
    'Evaluate the gates has no timeout',
    (changed) => void delete state(changed, 'Evaluate the gates').TimeoutSeconds,
  ],
  'a timeout of the wait is not caught': [
    'does not catch its timeout',
    (changed) => void (state(changed, 'Wait for approval').Catch = []),
  ],
  'Execute is retried after any failure': [
    'Execute retries States.TaskFailed',
    (changed) => void state(changed, 'Execute').Retry?.[0]?.ErrorEquals.push('States.TaskFailed'),
  ],
  'Execute is retried after a timeout': [
    'Execute retries States.Timeout',
    (changed) => void state(changed, 'Execute').Retry?.[0]?.ErrorEquals.push('States.Timeout'),
  ],
  'a timed-out wait is asked for again': [
    'Wait for approval retries States.Timeout',
    (changed) => void state(changed, 'Wait for approval').Retry?.[0]?.ErrorEquals.push('States.Timeout'),
  ],
  'everything is retried': [
    'retries States.ALL',
    (changed) => void state(changed, 'Render the dry run').Retry?.[0]?.ErrorEquals.push('States.ALL'),
  ],
  'a word is misspelt': [
    'compares with SETTLED',
    (changed) =>
      void (choice(changed, 'What came of it?', 'Wait out the settle window').Condition =
        "{% $states.input.next = 'SETTLED' %}"),
  ],
  'a word is forgotten': [
    'What came of it? does not know BACK_OFF',
    (changed) => {
      const asked = state(changed, 'What came of it?');
      asked.Choices = (asked.Choices ?? []).filter((one) => one.Next !== 'Back off');
    },
  ],
  'an unknown answer of Execute runs it again': [
    'What came of it? has a permissive default',
    (changed) => void (state(changed, 'What came of it?').Default = 'Execute'),
  ],
};

describe('a planted mistake is found', () => {
  test.each(Object.entries(mutations))('%s', async (_name, [found, mutate]) => {
    const changed = machine();
    mutate(changed);
    expect(changed).not.toEqual(machine());
    expect((await problemsOf(changed)).join('\n')).toContain(found);
  });
});
