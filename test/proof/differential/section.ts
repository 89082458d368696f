import * as z from 'zod';
import { table } from '../../docs/markdown.ts';
import type { Figures } from '../figures.ts';

const Result = z.object({
  effects: z.number(),
  sent: z.number(),
  requests: z.number(),
  word: z.string(),
  record: z.string(),
});
const DifferentialFigures = z.object({
  peer: z.string(),
  sdk: z.string(),
  engine: z.string(),
  rows: z.array(z.object({ name: z.string(), results: z.record(z.string(), Result) })),
});

const COLUMNS: readonly (readonly [name: string, heading: string])[] = [
  ['peerDefault', 'Peer, default'],
  ['peerBest', 'Peer, best'],
  ['peerNeverUnlocks', 'Peer, never unlocks'],
  ['ledgerLookup', 'Ledger, may ask'],
  ['ledgerNone', 'Ledger, may not ask'],
];

const effect = (count: number): string => (count > 1 ? `**${count}**` : String(count));

/** The comparison as two tables: what happened outside, and what it cost and said. */
export const differentialSection = (figures: Figures): string => {
  const { peer, sdk, engine, rows } = DifferentialFigures.parse(figures);
  const result = (row: (typeof rows)[number], column: string) => Result.parse(row.results[column]);
  const twice = (column: string): number => rows.filter((row) => result(row, column).effects > 1).length;
  const [peerDefault, peerBest, peerNever] = ['peerDefault', 'peerBest', 'peerNeverUnlocks'].map(twice);
  return `## Against Powertools

The same scripts of faults through ${peer} and through this ledger, in one
run, on one engine (${engine}) with the AWS SDK ${sdk}. The provider
of this comparison does not deduplicate, so that every request that acts is counted. An invocation may run for 30 s; "at once" and "inside the deadline" are 1 s later, "after the deadline" 20 minutes.

- **Peer, default**: only the key is chosen; the Lambda context is registered, records live for one hour.
- **Peer, best**: also payload validation, SHA-256, a key is required, records live for ten years, no local cache.
- **Peer, never unlocks**: as best, but without the Lambda context, so that a claim has no deadline.
- **Ledger, may ask**: the provider can be asked by our key. **May not ask**: it cannot; then a person decides.

How often the provider acted. More than one is bold. The peer acts more than once in ${peerDefault} of ${rows.length} rows by
default, in ${peerBest} at its best and in ${peerNever} where it never unlocks; the ledger in ${twice('ledgerLookup') + twice('ledgerNone')}.

${table(
  ['Script', ...COLUMNS.map(([, heading]) => heading)],
  rows.map((row) => [row.name, ...COLUMNS.map(([column]) => effect(result(row, column).effects))]),
)}

Requests to DynamoDB, the word that the last caller got, and what the record says in the end:

${table(
  ['Script', 'Peer, default', 'Peer, best', 'Peer, never unlocks', 'Ledger, may ask'],
  rows.map((row) => [
    row.name,
    ...['peerDefault', 'peerBest', 'peerNeverUnlocks', 'ledgerLookup'].map((column) => {
      const { requests, word, record } = result(row, column);
      return `${requests}; ${word}; ${record}`;
    }),
  ]),
)}

Where the peer does as well or better:

- It is cheaper: 2 requests where all goes well, against 6. Two of the 6 read the project's configuration, one reads
  the row, one reserves it; the claim and the result are the two that both need. Reading the gates once more before a
  claim is what an approval is worth; an endpoint that may safely run twice does not need it.
- It answers a replay with the whole result of the first call. The ledger keeps a summary of at most 240 characters.
- Where nothing had happened before a time-out or a crash, it simply runs again, and that is right. The ledger asks
  first; where it may not ask, it leaves the decision to a person and nothing happens until then.
- In the set-up that never unlocks, a crash is as safe as here. But a crashed call stays "in progress" for ten years
  with no way to find or end it, and an error after the effect still erases the record.`;
};
