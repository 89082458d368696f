import { pathsAt } from './paths.ts';
import { openPlace, type Place } from './place.ts';
import type { Path } from './run.ts';
import { type Fault, FAULTS, type Outcome, walk } from './walk.ts';

/** How a disturbed run may end. Everything else is a fault of ours. */
export const ENDS = {
  same: 'ends as the clean run',
  mailed: 'ends as the clean run, a mail was sent again',
  unknown: 'parked for a person: the outcome is unknown',
} as const;
export type EndName = keyof typeof ENDS;

/** One pair: a call of a path and what it met. */
export interface Pair {
  readonly path: string;
  /** Number of the call in the clean run, from 0, and its name: function, command, table. */
  readonly call: number;
  readonly name: string;
  readonly fault: Fault;
  /** Absent where the run came to something that it must not come to. */
  readonly end?: EndName;
  readonly problem?: string;
}

/** An undisturbed run, and the number of the first call that is not swept as part of another path already. */
export interface Clean extends Outcome {
  readonly own: number;
}

/** What a worker hands back. */
export interface Swept {
  readonly clean: Readonly<Record<string, Clean>>;
  readonly pairs: readonly Pair[];
}

/** Which pairs a worker takes: every `of`-th of those that are asked for. */
export interface Share {
  readonly paths?: readonly string[];
  readonly faults?: readonly Fault[];
  /** Only requests of this name. */
  readonly only?: string;
  readonly index: number;
  readonly of: number;
  /** Only to show that the sweep would see it: the ledger's conditions are left out on the wire. */
  readonly withoutConditions?: boolean;
}

/** These are called by people and by a schedule: nobody hears how such an invocation ended. */
const isAsked = (name: string): boolean => /^(propose|decide|cancel|sweep):/.test(name);

const compare = (clean: Outcome, run: Outcome, name: string): EndName | undefined => {
  if (run.faults.length > 0) return undefined;
  const truth = ({ status, effects }: Outcome): string => `${status} ${effects}`;
  const once = (mails: readonly string[]): string => [...new Set(mails)].join();
  if (truth(run) !== truth(clean))
    return run.status === 'OUTCOME_UNKNOWN' && run.parked ? 'unknown' : undefined;
  if (once(run.mails) !== once(clean.mails)) return undefined;
  if (run.approvals.join() !== clean.approvals.join()) return undefined;
  if (run.mails.length === clean.mails.length) return 'same';
  // Mails come again only from the function that sends them, and only where it broke off.
  return name.startsWith('request approval:') ? 'mailed' : undefined;
};

/** How many calls two runs have in common from their beginning on. */
const inCommon = (one: readonly string[], other: readonly string[]): number => {
  const differs = one.findIndex((name, index) => name !== other[index]);
  return differs === -1 ? one.length : differs;
};

/** The first call of a path that is swept: what is before it is another path's, call by call. */
const firstOwn = ({ sweptFrom, sameBefore }: Path, calls: readonly string[], base?: Outcome): number => {
  if (sweptFrom === undefined) return 0;
  const own = calls.findIndex((name) => name.includes(sweptFrom));
  if (own === -1) throw new Error(`no request of this path is like ${sweptFrom}`);
  if (base !== undefined && inCommon(calls, base.calls) < own)
    throw new Error(`before ${sweptFrom} it is not like "${sameBefore}"`);
  return own;
};

/** Walks the pairs of a share, one after the other, each with a fresh action. */
export const sweepShare = async (place: Place, share: Share): Promise<Swept> => {
  const clean: Record<string, Clean> = {};
  const pairs: Pair[] = [];
  let number = 0;
  for (const [name, path] of Object.entries(pathsAt(place.provider.url))) {
    if (share.paths?.includes(name) === false) continue;
    const first = await walk(place, path);
    const own = firstOwn(path, first.calls, clean[path.sameBefore ?? '']);
    clean[name] = { ...first, own };
    if (first.faults.length > 0) throw new Error(`the clean run of "${name}": ${first.faults.join('; ')}`);
    for (const [call, callName] of first.calls.entries()) {
      if (call < own || (share.only ?? callName) !== callName) continue;
      for (const fault of share.faults ?? FAULTS) {
        if (isAsked(callName) && fault.endsWith('reported')) continue;
        if ((number += 1) % share.of !== share.index) continue;
        const run = await walk(place, path, { call, fault });
        const end = compare(first, run, callName);
        const sameSoFar = inCommon(run.calls, first.calls) > call;
        const pair = { path: name, call, name: callName, fault };
        if (end !== undefined && sameSoFar) pairs.push({ ...pair, end });
        else {
          const { calls: _calls, ...rest } = run;
          pairs.push({
            ...pair,
            problem: `${sameSoFar ? '' : 'another run before the fault; '}${JSON.stringify(rest)}`,
          });
        }
      }
    }
  }
  return { clean, pairs };
};

if (process.send !== undefined && process.argv[2] !== undefined) {
  const share = JSON.parse(process.argv[2]) as Share;
  const place = await openPlace(share);
  // The engine is a process of its own and would outlive a test that was broken off.
  process.once('disconnect', () => void place.close().finally(() => process.exit()));
  process.send(await sweepShare(place, share), () => process.disconnect());
}
