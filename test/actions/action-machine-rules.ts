import jsonata from 'jsonata';

export interface Choice {
  Condition: string;
  Next: string;
}
export interface Rule {
  ErrorEquals: string[];
  Next?: string;
  MaxAttempts?: number;
}
export interface State {
  Type: string;
  Resource?: string;
  Arguments?: { FunctionName?: string };
  TimeoutSeconds?: number | string;
  Retry?: Rule[];
  Catch?: Rule[];
  Choices?: Choice[];
  Default?: string;
  Next?: string;
  Output?: unknown;
}
export interface Machine {
  StartAt: string;
  States: Record<string, State>;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly kind: 'next' | 'choice' | 'default' | 'catch';
  readonly condition?: string;
}

/** Errors after which the function surely has not begun, or has reported itself that it did nothing. */
const TRANSIENT = [
  'Autopack.Transient',
  'Lambda.ServiceException',
  'Lambda.TooManyRequestsException',
  'Lambda.SdkClientException',
];

export const edgesOf = ({ States }: Machine): Edge[] =>
  Object.entries(States).flatMap(([from, state]): Edge[] => [
    ...(state.Next === undefined ? [] : [{ from, to: state.Next, kind: 'next' as const }]),
    ...(state.Choices ?? []).map((choice) => ({
      from,
      to: choice.Next,
      kind: 'choice' as const,
      condition: choice.Condition,
    })),
    ...(state.Default === undefined ? [] : [{ from, to: state.Default, kind: 'default' as const }]),
    ...(state.Catch ?? []).map((rule) => ({ from, to: rule.Next ?? '', kind: 'catch' as const })),
  ]);

/** All states that can be reached over these edges, the start included. */
export function reachable(start: string, edges: readonly Edge[]): Set<string> {
  const seen = new Set([start]);
  for (const state of seen) for (const edge of edges) if (edge.from === state) seen.add(edge.to);
  return seen;
}

const calls = (state: State | undefined, name: string): boolean =>
  state?.Arguments?.FunctionName === `\${${name}FunctionArn}`;

const evaluate = async (expression: string, states: object): Promise<unknown> =>
  jsonata(expression.replace(/^\{%|%\}$/g, '')).evaluate(undefined, { states });

/** Every combination of what a gate step, a decision or a closed wait might say, known words and unknown ones. */
const WORDS = [
  'UNATTENDED',
  'PERSON',
  'CLOSED',
  'EXECUTE',
  'CLOSE',
  'GATES',
  'SETTLE',
  'unattended',
  '',
  undefined,
];
const INPUTS = WORDS.flatMap((next) => [
  { next },
  { next, permit: 'p' },
  { next, decision: 'APPROVED' },
  { next, waitSeconds: 60 },
]);

/** True for the inputs on which the condition holds. */
const holdingInputs = async (condition: string): Promise<typeof INPUTS> => {
  const results = await Promise.all(INPUTS.map((input) => evaluate(condition, { input })));
  return INPUTS.filter((_, index) => results[index] === true);
};

/** Edges over which Execute may be reached: an explicit permit, and an approval that was committed. */
async function isGranted(machine: Machine, edge: Edge): Promise<boolean> {
  if (edge.kind !== 'choice' || edge.condition === undefined) return false;
  const holds = await holdingInputs(edge.condition);
  const sources = edgesOf(machine).filter(({ to }) => to === edge.from);
  const fromGates = sources.every(
    ({ from, kind }) => kind === 'next' && calls(machine.States[from], 'EvaluateGates'),
  );
  if (fromGates) return holds.every((input) => input.next === 'UNATTENDED' && 'permit' in input);
  if (!holds.every((input) => input.next === 'EXECUTE')) return false;
  const answers = await Promise.all(sources.map((source) => speaksOfApproval(machine, source)));
  return answers.every(Boolean);
}

/** Whether what arrives over this edge says EXECUTE only after an approval. */
async function speaksOfApproval(machine: Machine, { from, kind }: Edge): Promise<boolean> {
  const state = machine.States[from];
  if (kind !== 'next' || typeof state?.Output !== 'string') return false;
  const output = state.Output;
  if (calls(state, 'CloseApproval')) return output === '{% $states.result.Payload %}';
  if (!calls(state, 'RequestApproval')) return false;
  const decisions = ['APPROVED', 'REJECTED', 'EXPIRED', 'CANCELLED', 'approved', '', undefined];
  const outputs = await Promise.all(
    decisions.map((decision) => evaluate(output, { result: { decision, next: 'EXECUTE' } })),
  );
  return decisions.every(
    (decision, index) => (outputs[index] as { next?: string }).next !== 'EXECUTE' || decision === 'APPROVED',
  );
}

/** What is wrong with the paths to Execute; empty when nothing is. */
export async function pathProblems(machine: Machine): Promise<string[]> {
  const edges = edgesOf(machine);
  const granted = await Promise.all(edges.map((edge) => isGranted(machine, edge)));
  const isExecute = (name: string): boolean => calls(machine.States[name], 'ExecuteAction');
  const executes = Object.keys(machine.States).filter(isExecute);
  const ungranted = edges.filter((edge, index) => granted[index] !== true || !isExecute(edge.to));
  const reached = reachable(machine.StartAt, ungranted);
  const problems = executes
    .filter((name) => reached.has(name))
    .map((name) => `${name} is reached without an approval or a permit`);
  if (!executes.some((name) => reachable(machine.StartAt, edges).has(name)))
    problems.push('Execute is never reached');
  const gates = Object.keys(machine.States).filter((name) => calls(machine.States[name], 'EvaluateGates'));
  for (const name of Object.keys(machine.States)) {
    if (!calls(machine.States[name], 'ReconcileAction')) continue;
    const around = reachable(
      name,
      edges.filter((edge) => !gates.includes(edge.to)),
    );
    if (executes.some((execute) => around.has(execute)))
      problems.push(`${name} leads to Execute around the gates`);
  }
  for (const name of executes) {
    const broken = edges.filter((edge) => edge.from === name && edge.kind === 'catch');
    if (machine.States[name]?.Catch?.some((rule) => rule.ErrorEquals.includes('States.ALL')) !== true) {
      problems.push(`${name} has a failure that nobody catches`);
    }
    if (!broken.every((edge) => calls(machine.States[edge.to], 'ReconcileAction'))) {
      problems.push(`${name} breaks off without a look at the ledger`);
    }
  }
  return problems;
}

/** What is wrong with timeouts and retries of the tasks. */
export function taskProblems(machine: Machine): string[] {
  const problems: string[] = [];
  for (const [name, state] of Object.entries(machine.States)) {
    if (state.Type !== 'Task') continue;
    const isCallback = state.Resource?.endsWith('.waitForTaskToken') === true;
    if (state.TimeoutSeconds === undefined) problems.push(`${name} has no timeout`);
    if (isCallback && state.Catch?.some((rule) => rule.ErrorEquals.includes('States.Timeout')) !== true) {
      problems.push(`${name} does not catch its timeout`);
    }
    const repeatable = !isCallback && !calls(state, 'ExecuteAction');
    const allowed = repeatable ? [...TRANSIENT, 'States.TaskFailed', 'States.Timeout'] : TRANSIENT;
    if (state.Retry === undefined) problems.push(`${name} gives up on the first transient error`);
    for (const { ErrorEquals, MaxAttempts } of state.Retry ?? []) {
      const unsafe = ErrorEquals.filter((error) => !allowed.includes(error));
      if (unsafe.length > 0) problems.push(`${name} retries ${unsafe.join(', ')}`);
      if (MaxAttempts === undefined) problems.push(`${name} leaves the number of retries open`);
    }
  }
  return problems;
}

/** The words that a Choice compares `$states.input.next` with. */
export const comparedWords = (state: State | undefined): string[] =>
  (state?.Choices ?? []).flatMap(({ Condition }) =>
    [...Condition.matchAll(/\$states\.input\.next\s*=\s*'([^']*)'/g)].map((match) => match[1] ?? ''),
  );
