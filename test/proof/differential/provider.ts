/** What the provider does with one request, and what its caller hears. */
export type Behaviour =
  /** Acts and says so. */
  | 'acts'
  /** Acts; the answer never comes and the transport gives up. */
  | 'actsThenTimesOut'
  /** Does nothing; the transport gives up. */
  | 'timesOut'
  /** Says no for good; nothing happened. */
  | 'refuses'
  /** Says "later"; nothing happened. */
  | 'busy'
  /** Acts; the caller dies or waits until `release`. */
  | 'actsThenHangs'
  /** Does nothing; the caller is dead. */
  | 'hangs'
  /** The request is still on its way when the caller dies; it acts at `release`. */
  | 'landsLate'
  /** Acts and answers something that a store of results may not take: a nested `undefined`. */
  | 'answersOddly';

export class ProviderError extends Error {
  override readonly name: string;
  constructor(name: 'TimedOut' | 'Refused' | 'Busy' | 'OwnerFailedLate') {
    super(name);
    this.name = name;
  }
}

export interface Reply {
  readonly order: string;
  readonly note?: { readonly text: string | undefined };
}

/** A provider without deduplication, so that every request that acts is counted as an effect. It can be asked. */
export const openProvider = () => {
  const held: ((failing: boolean) => void)[] = [];
  const state = { effects: 0, sent: 0, script: [] as Behaviour[] };
  const hold = (act: () => void): Promise<Reply> =>
    new Promise((answer, reject) =>
      held.push((failing) => {
        act();
        if (failing) reject(new ProviderError('OwnerFailedLate'));
        else answer({ order: 'order-1' });
      }),
    );
  const act = (): void => {
    state.effects += 1;
  };
  return {
    state,
    /** One request. */
    send: async (): Promise<Reply> => {
      state.sent += 1;
      switch (state.script.shift() ?? 'acts') {
        case 'acts':
          act();
          return { order: `order-${state.effects}` };
        case 'answersOddly':
          act();
          return { order: `order-${state.effects}`, note: { text: undefined } };
        case 'actsThenTimesOut':
          act();
          throw new ProviderError('TimedOut');
        case 'timesOut':
          throw new ProviderError('TimedOut');
        case 'refuses':
          throw new ProviderError('Refused');
        case 'busy':
          throw new ProviderError('Busy');
        case 'actsThenHangs':
          act();
          return hold(() => undefined);
        case 'hangs':
          return hold(() => undefined);
        case 'landsLate':
          return hold(act);
      }
    },
    isHolding: () => held.length > 0,
    /** Lets the oldest held request go on; its caller hears an answer, or fails. */
    release: (failing = false): void => held.shift()?.(failing),
    reset: (): void => {
      held.length = 0;
      Object.assign(state, { effects: 0, sent: 0, script: [] });
    },
  };
};
export type Provider = ReturnType<typeof openProvider>;
