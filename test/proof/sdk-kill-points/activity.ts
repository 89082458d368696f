/** What is really under way: SDK commands between two calls, and requests on real sockets. */
export const activity = () => {
  let under = 0;
  let waiting: (() => void)[] = [];
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const begin = (): void => void (under += 1);
  const end = (): void => {
    under -= 1;
    if (under > 0) return;
    const told = waiting;
    waiting = [];
    for (const tell of told) tell();
  };
  return {
    begin,
    end,
    during: async <Result>(run: () => Promise<Result>): Promise<Result> => {
      begin();
      try {
        return await run();
      } finally {
        end();
      }
    },
    /** Resolves once nothing moves by itself any more: everybody stands at a call, waits for a timer, or is done. */
    settle: async (): Promise<void> => {
      for (;;) {
        await turn();
        if (under > 0) {
          await new Promise<void>((resolve) => void waiting.push(resolve));
          continue;
        }
        await turn();
        if (under === 0) return;
      }
    },
  };
};
export type Activity = ReturnType<typeof activity>;
