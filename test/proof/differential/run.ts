import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Contender, Surroundings } from './contender.ts';
import { ledger, type LedgerSetup } from './ledger.ts';
import { peer, type PeerSetup } from './peer.ts';
import { openProvider } from './provider.ts';
import { type Scenario, SCENARIOS } from './scenarios.ts';
import type { Store } from './store.ts';

/** The columns of the comparison: three set-ups of the peer, and this ledger with and without a lookup. */
export const CONTENDERS: Readonly<Record<string, (surroundings: Surroundings) => Contender>> = {
  peerDefault: (surroundings) => peer(surroundings, 'default' satisfies PeerSetup),
  peerBest: (surroundings) => peer(surroundings, 'best' satisfies PeerSetup),
  peerNeverUnlocks: (surroundings) => peer(surroundings, 'neverUnlocks' satisfies PeerSetup),
  ledgerLookup: (surroundings) => ledger(surroundings, 'lookup' satisfies LedgerSetup),
  ledgerNone: (surroundings) => ledger(surroundings, 'none' satisfies LedgerSetup),
};

/** What came of one scenario for one contender. */
export interface Result {
  /** Times that the provider acted. */
  readonly effects: number;
  /** Requests that the provider got. */
  readonly sent: number;
  /** Requests to DynamoDB, retries of the SDK included. */
  readonly requests: number;
  /** What the last caller learned; of three at once, all three. */
  readonly word: string;
  /** What the record says in the end. */
  readonly record: string;
}

/** Runs a script against a contender from an empty key. */
export const runScenario = async (
  scenario: Scenario,
  contenderName: string,
  { store, clock }: { readonly store: Store; readonly clock: Clock },
): Promise<Result> => {
  const provider = openProvider();
  const contender = CONTENDERS[contenderName]?.({ store, provider, clock });
  if (contender === undefined) throw new Error(`no contender ${contenderName}`);
  const key = `k${SCENARIOS.indexOf(scenario)}-${contenderName}`;
  const requestsBefore = store.state.requests;
  let word = 'no answer';
  let begun: Promise<string> | undefined;
  const first = { key, payload: { qty: '1' } };
  for (const step of scenario.steps) {
    switch (step.do) {
      case 'call': {
        if (step.provider !== undefined) provider.state.script = [step.provider];
        if (step.store !== undefined) store.state.faults = [step.store];
        word = await contender.call(step.payload === undefined ? first : { key, payload: { qty: '2' } });
        provider.state.script = [];
        store.state.faults = [];
        break;
      }
      case 'begin':
        provider.state.script = [step.provider];
        begun = contender.call(first);
        begun.catch(() => undefined);
        while (!provider.isHolding()) await sleep(1);
        break;
      case 'callTwice':
        word = (await Promise.all([contender.call(first), contender.call(first)])).join(', ');
        break;
      case 'release': {
        provider.release(step.failing ?? false);
        const late = await begun;
        if (scenario.steps.some((other) => other.do === 'callTwice')) word = `${late}, ${word}`;
        break;
      }
      case 'wait': {
        const until = clock.now() + step.seconds * 1000;
        await contender.passTime(until);
        clock.set(Math.max(clock.now(), until));
        break;
      }
    }
  }
  return {
    effects: provider.state.effects,
    sent: provider.state.sent,
    requests: store.state.requests - requestsBefore,
    word,
    record: await contender.record(key),
  };
};
