import type { StoreFault } from './store.ts';
import type { Behaviour } from './provider.ts';

/** One step of a fault script; the same for every contender. */
export type Step =
  /** A caller performs, and the step ends when it has its answer. */
  | {
      readonly do: 'call';
      readonly provider?: Behaviour;
      readonly store?: StoreFault;
      readonly payload?: 'other';
    }
  /** A caller performs, and the step ends when the provider holds its request. */
  | { readonly do: 'begin'; readonly provider: Behaviour }
  /** Two more callers at the same time. */
  | { readonly do: 'callTwice' }
  /** The held request goes on. */
  | { readonly do: 'release'; readonly failing?: boolean }
  | { readonly do: 'wait'; readonly seconds: number };

export interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
}

const call = (provider?: Behaviour, store?: StoreFault): Step => ({
  do: 'call',
  ...(provider === undefined ? {} : { provider }),
  ...(store === undefined ? {} : { store }),
});
const begin = (provider: Behaviour): Step => ({ do: 'begin', provider });
const wait = (seconds: number): Step => ({ do: 'wait', seconds });
/** Inside the 30 s that the invocation may run, and long past everything. */
const SOON = wait(1);
const LATER = wait(1_200);

/** The rows of the comparison; also those in which the peer does as well or better. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'All goes well', steps: [call()] },
  { name: 'All went well; the same again', steps: [call(), SOON, call()] },
  { name: 'The same key with another payload', steps: [call(), SOON, { do: 'call', payload: 'other' }] },
  { name: 'The same again two hours later', steps: [call(), wait(7_200), call()] },
  {
    name: 'Three at once',
    steps: [begin('actsThenHangs'), { do: 'callTwice' }, { do: 'release' }],
  },
  { name: 'Provider refuses for good; again', steps: [call('refuses'), SOON, call('refuses'), LATER] },
  { name: 'Provider is busy, nothing happened; again', steps: [call('busy'), LATER, call()] },
  {
    name: 'Provider acts and times out; again at once',
    steps: [call('actsThenTimesOut'), SOON, call(), LATER],
  },
  { name: 'Provider times out without acting; again', steps: [call('timesOut'), LATER, call(), LATER] },
  {
    name: 'Completion write fails; again inside the deadline',
    steps: [call('acts', { on: 'completion', how: 'fails' }), SOON, call()],
  },
  {
    name: 'Completion write fails; again after the deadline',
    steps: [call('acts', { on: 'completion', how: 'fails' }), LATER, call(), LATER],
  },
  {
    name: 'Completion write is stored, its reply lost',
    steps: [call('acts', { on: 'completion', how: 'replyLost' }), SOON, call()],
  },
  {
    name: 'Result with a nested undefined; again after the deadline',
    steps: [call('answersOddly'), LATER, call('answersOddly'), LATER],
  },
  {
    name: 'Claim is stored, its reply lost; the SDK repeats it',
    steps: [call('acts', { on: 'claim', how: 'replyLost' })],
  },
  {
    name: 'The same; again after the deadline',
    steps: [call('acts', { on: 'claim', how: 'replyLost' }), LATER, call()],
  },
  {
    name: 'Claim write fails; again',
    steps: [call('acts', { on: 'claim', how: 'fails' }), LATER, call()],
  },
  { name: 'Crash after acting; again inside the deadline', steps: [begin('actsThenHangs'), SOON, call()] },
  {
    name: 'Crash after acting; again after the deadline',
    steps: [begin('actsThenHangs'), LATER, call(), LATER],
  },
  { name: 'Crash before acting; again after the deadline', steps: [begin('hangs'), LATER, call(), LATER] },
  {
    name: 'Caller is ended while the request is on its way; again; it lands',
    steps: [begin('landsLate'), wait(31), call(), wait(9), { do: 'release', failing: true }, LATER],
  },
  {
    name: 'Owner out of time finishes late, after a second one finished',
    steps: [begin('actsThenHangs'), LATER, call(), { do: 'release' }, LATER, call()],
  },
  {
    name: 'Owner out of time fails late, after a second one finished',
    steps: [begin('actsThenHangs'), LATER, call(), { do: 'release', failing: true }, LATER, call()],
  },
];
