import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { actionPk } from '#shared/actions/identity.ts';
import { timeKey } from '#shared/actions/listing.ts';
import { at, newAction } from '../actions/rows.ts';
import { CONTENDERS } from '../proof/differential/run.ts';
import { openProvider } from '../proof/differential/provider.ts';
import { openStore, type Store } from '../proof/differential/store.ts';
import { median } from './statistics.ts';

const realClock = { now: () => Date.now(), set: () => undefined };
const contenderOn = (store: Store, name: string) => {
  const contender = CONTENDERS[name]?.({ store, provider: openProvider(), clock: realClock });
  if (contender === undefined) throw new Error(`no contender ${name}`);
  return contender;
};

export interface PathCost {
  readonly contender: string;
  readonly what: 'new' | 'again';
  readonly requests: number;
  readonly ms: number;
}

/** The happy path and a replay of it, of the peer at its best and of the ledger, in turn on one engine. */
export const againstPeer = async (rounds: number): Promise<PathCost[]> => {
  const store = await openStore();
  try {
    const names = ['peerBest', 'ledgerLookup'];
    const contenders = names.map((name) => [name, contenderOn(store, name)] as const);
    const seen = new Map<string, { requests: number[]; ms: number[] }>();
    for (let round = -10; round < rounds; round += 1)
      for (const [name, contender] of contenders)
        for (const what of ['new', 'again'] as const) {
          const requests = store.state.requests;
          const begun = performance.now();
          await contender.call({ key: `bench-${round + 10}-${name}`, payload: { qty: '1' } });
          const ms = performance.now() - begun;
          if (round < 0) continue;
          const into = seen.get(`${name} ${what}`) ?? { requests: [], ms: [] };
          into.requests.push(store.state.requests - requests);
          into.ms.push(ms);
          seen.set(`${name} ${what}`, into);
        }
    return [...seen].map(([key, { requests, ms }]) => {
      const [contender = '', what = 'new'] = key.split(' ');
      return {
        contender,
        what: what === 'again' ? 'again' : 'new',
        requests: median(requests),
        ms: median(ms),
      };
    });
  } finally {
    await store.stop();
  }
};

/** Puts closed actions into the ledger, with what its indexes need. */
const fill = async (store: Store, entries: number): Promise<void> => {
  const batches = Array.from({ length: Math.ceil(entries / 25) }, (_, batch) =>
    Array.from({ length: Math.min(25, entries - batch * 25) }, (_item, n) => batch * 25 + n),
  );
  const one = async (): Promise<void> => {
    for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
      const rows = batch.map((n) => newAction({ key: `old-${n}`, createdAt: at(-n * 1000) }));
      await store.unseen.send(
        new BatchWriteCommand({
          RequestItems: {
            actions: rows.map(({ attention: _attention, attentionAt: _attentionAt, ...row }) => ({
              PutRequest: { Item: { ...row, status: 'CANCELLED', pk: actionPk(row), timeKey: timeKey(row) } },
            })),
          },
        }),
      );
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
};

export interface Throughput {
  readonly entries: number;
  /** Whole actions, from the proposal to SUCCEEDED, each second: the median of the rounds. */
  readonly perSecond: number;
}

/** Actions each second with small and with large ledgers, round by round in turn, each on an engine of its own. */
export const flatness = async (
  sizes: readonly number[],
  { rounds, actions, atOnce }: { rounds: number; actions: number; atOnce: number },
): Promise<Throughput[]> => {
  const stores: Store[] = [];
  try {
    for (const size of sizes) {
      const store = await openStore();
      stores.push(store);
      await fill(store, size);
    }
    const rates = sizes.map((): number[] => []);
    for (let round = -2; round < rounds; round += 1)
      for (const [index, store] of stores.entries()) {
        const ledger = contenderOn(store, 'ledgerLookup');
        let next = 0;
        const begun = performance.now();
        const worker = async (): Promise<void> => {
          for (let n = next++; n < actions; n = next++) {
            const word = await ledger.call({ key: `new-${round + 2}-${n}`, payload: { qty: '1' } });
            if (word !== 'SUCCEEDED') throw new Error(`an action became ${word}`);
          }
        };
        await Promise.all(Array.from({ length: atOnce }, worker));
        if (round >= 0) rates[index]?.push((actions * 1000) / (performance.now() - begun));
      }
    return sizes.map((entries, index) => ({ entries, perSecond: median(rates[index] ?? []) }));
  } finally {
    for (const store of stores) await store.stop();
  }
};
