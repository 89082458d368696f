/**
 * `npm run bench`: ratios, with medians over runs in turn. Answers with 1 where a target is missed, and says by how
 * much. `--quick` takes fewer rounds; `--only=cold-start,peer,flat,path,page` some of the parts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { approvedPath, costLines } from './approved-path.ts';
import { COLD_START_TARGET, coldStarts } from './cold-start.ts';
import { againstPeer, flatness } from './ledger-path.ts';
import { PAGE_MEMORY_TARGET, PAGE_MS_TARGET, policyPage } from './policy-page.ts';
import { PRICES } from './prices.ts';
import { verdict } from './statistics.ts';

const quick = process.argv.includes('--quick');
const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice('--only='.length);
const wanted = (part: string): boolean => only === undefined || only.split(',').includes(part);
const say = (line = ''): void => console.log(line);
let missed = 0;
const judged = (value: number, target: number, unit = ''): string => {
  if (value > target) missed += 1;
  return verdict(value, target, unit);
};

const coldStartPart = (): void => {
  say(
    `Cold start against an empty handler with the same clients, fresh process each (at most ${COLD_START_TARGET}×)`,
  );
  const folder = mkdtempSync(join(tmpdir(), 'autopack-bench-'));
  try {
    for (const { entry, ms, emptyMs, ratio, loadRatio } of coldStarts(folder, quick ? 3 : 9))
      say(
        `  ${entry.padEnd(32)} ${ms.toFixed(0).padStart(4)} ms / ${emptyMs.toFixed(0).padStart(4)} ms = ${ratio.toFixed(2)}× (loading alone ${loadRatio.toFixed(2)}×)  ${judged(ratio, COLD_START_TARGET, '×')}`,
      );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const peerPart = async (): Promise<void> => {
  say('The ledger path against Powertools at its best, on one engine');
  const costs = await againstPeer(quick ? 50 : 300);
  for (const what of ['new', 'again'] as const) {
    const peer = costs.find((cost) => cost.contender === 'peerBest' && cost.what === what);
    const ledger = costs.find((cost) => cost.contender === 'ledgerLookup' && cost.what === what);
    if (peer === undefined || ledger === undefined) throw new Error(`nothing was measured for ${what}`);
    say(
      `  ${what === 'new' ? 'a new action' : 'a replay    '}  requests ${ledger.requests} / ${peer.requests}, time ${ledger.ms.toFixed(1)} ms / ${peer.ms.toFixed(1)} ms = ${(ledger.ms / peer.ms).toFixed(2)}×`,
    );
  }
};

const flatPart = async (): Promise<void> => {
  say('Actions each second, ledger path, with small and large ledgers (flat within 10 %)');
  const sizes = [1_000, 100_000];
  const [small, large] = await flatness(sizes, { rounds: quick ? 5 : 15, actions: 200, atOnce: 8 });
  if (small === undefined || large === undefined) throw new Error('nothing was measured');
  for (const { entries, perSecond } of [small, large])
    say(`  ${entries.toLocaleString('en-GB').padStart(8)} entries  ${perSecond.toFixed(1)} actions/s`);
  say(
    `  small / large = ${(small.perSecond / large.perSecond).toFixed(3)}  ${judged(small.perSecond / large.perSecond, 1.1)}`,
  );
};

const pathPart = async (): Promise<void> => {
  const path = await approvedPath(quick ? 3 : 10);
  const { dynamo, transitions } = path.dispatch;
  say('From the vote to the request to the provider, on the whole local host');
  say(
    `  states entered: ${transitions.join(', ')} (${transitions.length})  ${judged(transitions.length, 3)}`,
  );
  say(`  DynamoDB requests: ${dynamo.join(', ')} (${dynamo.length})  ${judged(dynamo.length, 4)}`);
  say();
  say(`1,000 approved actions at list prices (${PRICES.source})`);
  const lines = costLines(path);
  for (const { what, count, dollars } of lines)
    say(`  ${what.padEnd(24)} ${count.toFixed(4).padStart(10)} each  $ ${dollars.toFixed(4)}`);
  const total = lines.reduce((sum, { dollars }) => sum + dollars, 0);
  say(
    `  ${'together'.padEnd(24)} ${''.padStart(10)}       $ ${total.toFixed(4)}  ${judged(total, 0.5, ' USD')}`,
  );
};

const pagePart = (): void => {
  say(
    'Reading and comparing a help page of 1.6 MB, in a fresh process (processor time; peak over an empty one)',
  );
  const folder = mkdtempSync(join(tmpdir(), 'autopack-bench-'));
  try {
    const costs = policyPage(folder, quick ? 3 : 9);
    const of = (contender: string) => {
      const cost = costs.find((one) => one.contender === contender);
      if (cost === undefined) throw new Error(`nothing was measured for ${contender}`);
      return cost;
    };
    const [empty, peer, reader] = [of('empty'), of('peer'), of('reader')];
    say(
      `  time    ${reader.ms.toFixed(0)} ms / cheerio + turndown alone ${peer.ms.toFixed(0)} ms = ${(reader.ms / peer.ms).toFixed(2)}×  ${judged(reader.ms, PAGE_MS_TARGET, ' ms')}`,
    );
    say(`  by the clock ${reader.wallMs.toFixed(0)} ms / ${peer.wallMs.toFixed(0)} ms`);
    const memory = reader.peakMb - empty.peakMb;
    say(
      `  memory  ${memory.toFixed(0)} MB / cheerio + turndown alone ${(peer.peakMb - empty.peakMb).toFixed(0)} MB  ${judged(memory, PAGE_MEMORY_TARGET, ' MB')}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

if (wanted('cold-start')) coldStartPart();
say();
if (wanted('peer')) await peerPart();
say();
if (wanted('flat')) await flatPart();
say();
if (wanted('path')) await pathPart();
say();
if (wanted('page')) pagePart();
say();
say(missed === 0 ? 'Every target is met.' : `${missed} figures miss their target.`);
process.exitCode = missed === 0 ? 0 : 1;
