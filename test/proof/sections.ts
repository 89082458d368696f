import { differentialSection } from './differential/section.ts';
import type { Figures } from './figures.ts';
import { renderFigures } from './render.ts';
import { sdkKillPointsSection } from './sdk-kill-points/section.ts';

export interface Section {
  /** Whose figures it shows; absent where it shows none. */
  readonly suite?: string;
  readonly render: (figures: Figures) => string;
}

/** A section in the common form: what was done, the figures, and how to do it again. */
const section = (suite: string, title: string, text: string, run: string): Section => ({
  suite,
  render: (figures) =>
    `## ${title}\n\n${text.trim()}\n\n${renderFigures(figures)}\n\nTo run it: ${run.includes('`') ? run : `\`${run}\``}`,
});
const vitest = (folder: string): string =>
  `npx vitest run --config test/vitest.config.ts test/proof/${folder}`;

/** The page in its order. A suite that left no figures has no section. */
export const SECTIONS: readonly Section[] = [
  section(
    'explorer',
    'Every state',
    `
Workers, a sweeper and a provider are run in every order that there is, over the production table of states, with
crashes, lost replies and requests that land late, for each recovery class. Looked for: an effect that happens twice,
a closed state that changes, a FAILED that is false, and a state from which no end can be reached.`,
    vitest('explorer'),
  ),
  section(
    'explorer-mutants',
    'Rules taken away, and the shortest way to harm',
    `
Each of the ten safety rules and each classic mistake, broken on its own in a copy of the production code, which is then
explored like the original. Each has to be caught; the shortest story of each, one sentence a step, stands in
\`test/proof/explorer/stories.txt\`.`,
    vitest('explorer/mutants'),
  ),
  section(
    'mutants',
    'Conditions taken away',
    `
Each fence, condition and settle rule of the listed files is taken away or turned round on its own, in a copy, and the
tests that look after the file are run. A condition whose loss no test notices is not proven; so every one has to die.`,
    'npm exec -- node test/proof/mutants/run.ts',
  ),
  section(
    'model',
    'Random runs',
    `
The production use cases over in-memory stores, with a scheduler that chooses the order and a provider that counts
effects. The seed is fixed, so that a run can be repeated.`,
    vitest('model'),
  ),
  section(
    'kill-points',
    'Every call disturbed',
    `
Every call of a port (what the use cases ask of AWS and of the provider, here over stores in memory) on the whole path,
from proposal to proof, was ended before and after it was made, answered with a lost reply, delivered twice, and delayed
past the lease; then the path went on. The ledger, the mails and the effects had to be those of an undisturbed run, or
an honest OUTCOME_UNKNOWN.`,
    vitest('kill-points'),
  ),
  { suite: 'sdk-kill-points', render: sdkKillPointsSection },
  section(
    'rotation-kill-points',
    'Every call of a rotation disturbed',
    `
Every call of every step of a rotation, for every kind of secret that is rotated here, was ended before and after it
was made, answered with a lost reply, and made twice; with reads that lag by none, one and three; then Secrets Manager
went on from that step or from the first one. At every moment exactly one version was current and did its work, and in
the end it was the new one, counted once. A declared key is renewed at an API that knows a repeated request again, and
at one that does not: there keys can be left over that nobody uses, and they are counted.`,
    vitest('rotation/rotation.test.ts'),
  ),
  section(
    'rotation-local-host',
    'Rotations by the local Secrets Manager',
    `
The same steps, driven by the local Secrets Manager over its wire protocol: every request was throttled, failed or lost
its reply once, and the service tried the rotation again by itself.`,
    vitest('rotation/local-host.test.ts'),
  ),
  section(
    'keyring-schedules',
    'Keys that rotate under what they signed',
    `
A fleet signs and verifies with a ring of keys under random schedules: rotations, moments of signing, rings that are up
to one cache life old, clocks that are off either way. What is live by the verifier's clock has to verify everywhere,
what is past its life nowhere, and a signature of one purpose never fits another.`,
    '`npx vitest run --config test/vitest.config.ts test/credentials/keyring.test.ts`',
  ),
  section(
    'oauth-exchange',
    'Refreshing under kills',
    `
A refresh token that is used may be used up, so its exchange is written down before it is made. Every call of an exchange,
in the first and the second generation, crashed before it, crashed after it, or lost its reply; for refresh tokens that
stay, that are good once, that live until their successor is used, and for clients without one. Afterwards there is one
current version, it works at the provider, and no refresh token was lost, except where the provider's own answer was
lost and it has no grace: then there is exactly one task to connect the account again.`,
    '`npx vitest run --config test/vitest.config.ts test/credentials/oauth/exchange-kill-points.test.ts`',
  ),
  section(
    'oauth-connect',
    'Connecting under kills',
    `
Every call of connecting an account, disturbed the same way, from a connection that was never made, is revoked, works, is
in the middle of an exchange, or has a task that is not settled. The old or the new connection is whole afterwards; the
schedule or one more attempt ends it, with no task left open.`,
    '`npx vitest run --config test/vitest.config.ts test/credentials/oauth/connect-kill-points.test.ts`',
  ),
  section(
    'credentials-month',
    'A month of credentials',
    `
Thirty days in steps of five minutes over every kind of credential, against stand-ins of the providers on one clock, with
revocations, lost answers, limits, outages, a consent that dies after seven days and a key that is replaced. Health is
compared with what the stand-ins know, every hour. \`expired\` counts actions that met the provider with a token that had
run out; \`waited\` those that found it out themselves and sent nothing.`,
    vitest('month/month.test.ts'),
  ),
  section(
    'races',
    'Races',
    `
Claimants in several processes go for the same keys on the real engine at the same time. Every history is checked for
linearizability.`,
    vitest('races'),
  ),
  section(
    'races-long',
    'Races, the long run',
    'The same with 64 claimants for each of 1,000 keys; run outside of `npm test`.',
    `AUTOPACK_PROOF=long ${vitest('races/races.test.ts')}`,
  ),
  section(
    'linearizability-checker',
    'The checker of the races',
    'The checker is compared with trying every order, and has to refuse histories that are wrong.',
    vitest('races/linearizable.test.ts'),
  ),
  section(
    'own-token',
    'Lost replies',
    `
The reply to every kind of write was lost, and the SDK repeated it. The writer has to recognise its own row, and never
take somebody else's for its own.`,
    vitest('races/own-token.test.ts'),
  ),
  section(
    'provider-classes',
    'Recovery classes',
    `
Every recovery class against every fault of a programmable provider. Two faults break what the provider promises: a
lookup that sees an effect an hour late, and a request that lands an hour late. There a provider that does not
deduplicate acts twice, and the page shows it.`,
    vitest('providers'),
  ),
  section(
    'chain',
    'Tampering',
    'Entries of histories were changed, added, left out and put in another order. Each has to be found.',
    vitest('chain'),
  ),
  section(
    'export',
    'Tampering with an export',
    'One character after the other of an export was changed. The verifier reads it in constant memory.',
    vitest('chain/export.test.ts'),
  ),
  section(
    'hashes',
    'Hashes',
    'Golden digests, the vectors of RFC 8785, and properties: order of members, case, Unicode and numbers.',
    '`npx vitest run --config test/vitest.config.ts test/actions/hashes.test.ts`',
  ),
  section(
    'planted-secrets',
    'Planted secrets',
    'Secrets were planted where the path handles them, and looked for wherever something is kept.',
    vitest('secrets'),
  ),
  section(
    'contract',
    'What AWS has to do',
    `
The behaviour of AWS that the product relies on, as a suite that runs against the local host and, where they are
installed, against other emulators. A difference that is not in the list of known ones fails.`,
    vitest('contract'),
  ),
  { suite: 'differential', render: differentialSection },
  section(
    'ledger-costs',
    'What a write of the ledger costs',
    `
Requests to DynamoDB for each path, and the write units that the engine reports for each move, of the table and of its
indexes. The numbers are exact: one more or one less fails.`,
    vitest('costs'),
  ),
  section(
    'handler-costs',
    'What each function asks of AWS',
    'Every request of every function on the path of an approved action, exactly.',
    vitest('costs'),
  ),
  {
    render: () => `## Known limits

- Nothing here ran on AWS. The engine is an emulator; it says nothing about atomicity, capacity or billing of the real
  service. The conditions that the ledger relies on are those that DynamoDB documents.
- "At most once" is the promise towards the provider. If a provider acts twice on one request, or forgets what it did
  when it is asked, the ledger cannot know.
- The settle window trusts three numbers: the longest life of a function, the time limit of the transport, and the lag
  of the provider. A request that lands after all three can happen twice where the provider does not deduplicate, see
  [recovery classes](#recovery-classes).
- A provider that cannot be asked leaves a person to decide after a crash.
- The explorer looks at one key with a few workers; larger worlds are only sampled, by the random runs.
- Clocks: approvals end by the clock of the writer. A clock that is wrong by more than a minute moves that moment.`,
  },
];
