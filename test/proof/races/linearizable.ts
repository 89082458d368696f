/**
 * A checker of linearizability after Wing and Gong, with Lowe's memoization: is there one order of a recorded
 * history in which every operation takes effect at one moment between its call and its answer, and every answer is
 * what the sequential model says? Histories are checked per key, so they stay small.
 */
export interface Operation<Input, Output> {
  readonly client: string;
  readonly input: Input;
  /** Monotonic time of the call. */
  readonly invoke: number;
  /** Time and content of the answer. Absent: the answer was lost, the operation may or may not have happened. */
  readonly answer?: { readonly at: number; readonly output: Output };
}

export interface Model<State, Input, Output> {
  readonly initial: State;
  /** What one operation makes of a state, alone and at once. */
  step(state: State, input: Input): { readonly state: State; readonly output: Output };
  /** Whether an operation that answered this can change no state whatever. */
  readsOnly(input: Input, output: Output): boolean;
  /** Equal text for equal states and outputs. */
  text(value: State | Output): string;
}

export type Verdict<Input, Output> =
  | { readonly kind: 'linearizable'; readonly order: readonly Operation<Input, Output>[] }
  | {
      readonly kind: 'violation';
      /** The longest order that was found, and what could not follow it. */
      readonly order: readonly Operation<Input, Output>[];
      readonly stuck: readonly Operation<Input, Output>[];
    };

interface Entry<Input, Output> {
  readonly bit: bigint;
  readonly end: number;
  readonly operation: Operation<Input, Output>;
}

/** Checks one history. Exponential at worst; close to linear where writes are decided by the state. */
export const checkHistory = <State, Input, Output>(
  history: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
): Verdict<Input, Output> => {
  const entries: Entry<Input, Output>[] = history
    .toSorted((one, other) => one.invoke - other.invoke)
    .map((operation, index) => ({
      bit: 1n << BigInt(index),
      end: operation.answer?.at ?? Number.POSITIVE_INFINITY,
      operation,
    }));
  const seen = new Set<string>();
  let longest: readonly Entry<Input, Output>[] = [];

  /** Those that may come next: called before anything that is left has answered. */
  const enabledIn = (left: readonly Entry<Input, Output>[]): Entry<Input, Output>[] => {
    const firstAnswer = left.reduce((least, { end }) => Math.min(least, end), Number.POSITIVE_INFINITY);
    return left.filter(({ operation }) => operation.invoke <= firstAnswer);
  };
  const tryStep = (
    state: State,
    { operation }: Entry<Input, Output>,
  ): { state: State; changes: boolean } | undefined => {
    const next = model.step(state, operation.input);
    const { answer } = operation;
    if (answer !== undefined && model.text(answer.output) !== model.text(next.output)) return undefined;
    return { state: next.state, changes: model.text(next.state) !== model.text(state) };
  };

  const search = (
    state: State,
    taken: readonly Entry<Input, Output>[],
    rest: readonly Entry<Input, Output>[],
    mask: bigint,
  ): readonly Entry<Input, Output>[] | undefined => {
    let [order, left, done] = [[...taken], [...rest], mask];
    // What can change nothing and fits now may go first: in whatever order exists, it can be moved here.
    for (let moved = true; moved;) {
      const fits = enabledIn(left).filter((entry) => {
        const { input, answer } = entry.operation;
        return (
          answer !== undefined && model.readsOnly(input, answer.output) && tryStep(state, entry) !== undefined
        );
      });
      moved = fits.length > 0;
      order = [...order, ...fits];
      left = left.filter((entry) => !fits.includes(entry));
      for (const { bit } of fits) done |= bit;
    }
    if (order.length > longest.length) longest = order;
    if (left.every(({ operation }) => operation.answer === undefined)) return order;
    const memory = `${done}|${model.text(state)}`;
    if (seen.has(memory)) return undefined;
    seen.add(memory);
    for (const entry of enabledIn(left)) {
      const next = tryStep(state, entry);
      if (next === undefined || (!next.changes && entry.operation.answer === undefined)) continue;
      const found = search(
        next.state,
        [...order, entry],
        left.filter((other) => other !== entry),
        done | entry.bit,
      );
      if (found !== undefined) return found;
    }
    return undefined;
  };

  const found = search(model.initial, [], entries, 0n);
  if (found !== undefined) return { kind: 'linearizable', order: found.map(({ operation }) => operation) };
  const left = entries.filter((entry) => !longest.includes(entry));
  return {
    kind: 'violation',
    order: longest.map(({ operation }) => operation),
    stuck: enabledIn(left).map(({ operation }) => operation),
  };
};
