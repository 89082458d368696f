import * as z from 'zod';
import { table } from '../../docs/markdown.ts';
import type { Figures } from '../figures.ts';
import { cell } from '../render.ts';

const SdkFigures = z.object({
  faults: z.array(z.string()),
  pairs: z.number(),
  ends: z.record(z.string(), z.number()),
  paths: z.array(
    z.object({ path: z.string(), calls: z.number(), swept: z.number(), pairs: z.number(), end: z.string() }),
  ),
  calls: z.array(z.object({ call: z.string(), pairs: z.number(), ends: z.record(z.string(), z.string()) })),
});

/** Every call on the wire with what came of each fault. */
export const sdkKillPointsSection = (figures: Figures): string => {
  const { faults, pairs, ends, paths, calls } = SdkFigures.parse(figures);
  return `## Every request disturbed

The same on the wire: the use cases with the adapters of their handlers, over the clients of the AWS SDK and their
retries. Behind them are the DynamoDB engine, the local S3, KMS, SES and Secrets Manager, and a provider on a socket
that acts as often as it is asked to, but for the API that takes a key. The machine carries out
\`statemachines/action.asl.json\` in simulated time. Every request that left a client met each of these, ${cell(pairs)} pairs in all:

- **Crash before, crash after** the request was carried out. *Reported*: whoever called hears of it. *Silent*: the
  invocation never returns; a wait for a token hears of it when the time limit of the function ends it. People and the
  schedule hear nothing either way, so there is one crash for what they call.
- **Reply lost**: the request is carried out, the client sees a broken connection, and the SDK sends it again. **Every
  reply lost**: that happens to each repetition too, and a provider stays silent from then on.
- **Sent twice**: the service gets the request twice. Nothing of ours repeats a request to the provider; there the whole
  invocation comes a second time.
- **Lands past the lease**: the caller is gone, and the request is carried out when claim and settle window are over. A
  request to a provider lands at the last moment that the settle window allows for; to one that acts once for each key,
  long after it.

Then everybody goes on as they would: retries of the machine, the sweeper each minute, the agent and the person once
more. The ledger, the approvals, the mails and the effects then had to be those of the undisturbed run, or an honest
OUTCOME_UNKNOWN that waits for a person. In no run did an effect happen twice or an action stay open, every link that
was mailed led to its approval, and every history verified.

${table(
  ['End', 'Pairs'],
  Object.entries(ends).map(([end, count]) => [end, cell(count)]),
)}

Requests that a path shares with one above it, up to the one that can tell them apart, are swept there; those of the
APIs from the execution on.

${table(
  ['Path', 'Requests', 'Swept here', 'Pairs', 'Undisturbed end'],
  paths.map((path) => [path.path, cell(path.calls), cell(path.swept), cell(path.pairs), path.end]),
)}

Each request over all the paths: **ok** is the end of the undisturbed run, **mail** the same with a mail sent again,
**unknown** a person who has to look. Where the provider can be asked, only its lasting silence comes to that.

${table(
  ['Function and request', 'Pairs', ...faults],
  calls.map(({ call, pairs: count, ends: byFault }) => [
    call,
    cell(count),
    ...faults.map((fault) => byFault[fault] ?? '–'),
  ]),
)}

To run it: \`AUTOPACK_PROOF=long npx vitest run --config test/vitest.config.ts test/proof/sdk-kill-points\``;
};
