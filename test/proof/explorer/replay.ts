/**
 * Production functions are async. A worker is such a call whose every request to the outside is a question that the
 * explorer answers. Its whole memory is the list of answers that it got: running it again with that list brings it
 * to the same question. So a worker is plain data, and any of its steps can be tried in any order.
 */

/** Something that a worker asked of the world. Plain data. */
export type Ask =
  | { readonly kind: 'put'; readonly table: string; readonly item: Item; readonly put: PutCondition }
  | { readonly kind: 'get'; readonly table: string; readonly pk: string }
  | { readonly kind: 'due'; readonly now: string }
  | { readonly kind: 'send'; readonly key: string; readonly hash: string }
  | { readonly kind: 'lookup'; readonly key: string }
  | { readonly kind: 'look' }
  | { readonly kind: 'dryRun' }
  | { readonly kind: 'start'; readonly generation: number }
  | { readonly kind: 'execution'; readonly generation: number }
  | { readonly kind: 'mail'; readonly to: string };

export type Item = Readonly<Record<string, unknown>>;

/** The condition of a conditional write, as the production adapter wrote it. */
export interface PutCondition {
  readonly expression: string;
  readonly names: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, unknown>>;
}

export type Answer =
  | { readonly kind: 'value'; readonly value: unknown; readonly now: number }
  | { readonly kind: 'error'; readonly error: Error; readonly now: number };

/** What a program may do; everything else that it needs is constant. */
export interface Outside {
  readonly ask: (question: Ask) => Promise<unknown>;
  readonly now: () => number;
  readonly newId: () => string;
  /** When the invocation began, epoch milliseconds. */
  readonly startedAt: number;
}

/** A call of a production use case. */
export type Program = (outside: Outside) => Promise<unknown>;

/** Where a worker stands: at a question, or at its end. */
export type Point =
  | { readonly kind: 'asks'; readonly ask: Ask }
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'threw'; readonly error: Error };

const never = new Promise<never>(() => undefined);

/** Every place where a program draws randomness is named by the call and the draw. */
export const tokenOf = (name: number, draw: number): string => `~${name}.${draw}~`;

/** Runs a program from its start with the answers that it got, up to its next question or its end. */
export const runTo = async (
  program: Program,
  name: number,
  startedAt: number,
  answers: readonly Answer[],
): Promise<Point> => {
  let asked = 0;
  let drawn = 0;
  let now = startedAt;
  let stop: (point: Point) => void = () => undefined;
  const stopped = new Promise<Point>((resolve) => {
    stop = resolve;
  });
  const outside: Outside = {
    startedAt,
    now: () => now,
    newId: () => tokenOf(name, (drawn += 1)),
    ask: async (ask) => {
      const answer = answers[asked];
      asked += 1;
      if (answer === undefined) {
        stop({ kind: 'asks', ask });
        return never;
      }
      await Promise.resolve();
      now = answer.now;
      if (answer.kind === 'error') throw answer.error;
      return answer.value;
    },
  };
  const run = async (): Promise<Point> => {
    try {
      return { kind: 'done', result: await program(outside) };
    } catch (error) {
      return { kind: 'threw', error: error instanceof Error ? error : new Error(String(error)) };
    }
  };
  return Promise.race([run(), stopped]);
};
