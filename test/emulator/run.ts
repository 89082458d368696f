/**
 * `npm run test:emulator`: the real stack on MiniStack. Deploys it, takes an action from proposal to proof through
 * the deployed endpoints, upgrades, fails an upgrade, goes back, and looks whether anything was lost. Ends with 0
 * when all is well; see docs/emulator.md.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveAlpacaStandIn } from '#infra/local/alpaca-stand-in/serve.ts';
import { wallClock } from '#infra/local/clock.ts';
import { stackNames } from '#infra/compose.ts';
import { DynamoDbLocalMissingError, openDynamoDbLocal } from '../contract/dynamodb-local-place.ts';
import { openMinistackPlace } from '../contract/ministack-place.ts';
import { reportContract } from '../contract/report.ts';
import { CASES, DATA_CASES } from '../contract/suite.ts';
import { bootstrap, CdkFailedError, deploy } from './cdk.ts';
import { openDesk, prepare } from './desk.ts';
import { contents, lost, stackStatus, statefulIds } from './inventory.ts';
import { resolveLocalhostNames } from './localhost-names.ts';
import { EmulatorMissingError, installMinistack, type Ministack, startMinistack } from './ministack.ts';
import { rawApi } from './raw-api.ts';
import { NEWCOMER, type Release, synthesize } from './releases.ts';

const check: (holds: boolean, otherwise: string) => asserts holds = (holds, otherwise) => {
  if (!holds) throw new Error(otherwise);
};
const started = performance.now();
const say = (line: string): void =>
  console.log(`[${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s] ${line}`);

const story = async (ministack: Ministack, folder: string): Promise<void> => {
  const names = stackNames('dev');
  const stacks = [names.state, names.controlPlane];
  const raw = rawApi(ministack.url);
  const provider = await serveAlpacaStandIn({ dataDir: folder, clock: wallClock() });
  const parameters = {
    [`${names.controlPlane}:ProviderUrlAlpaca`]: provider.url,
    [`${names.controlPlane}:AllowLoopback`]: '1',
  };
  const assembly = (release: Release): string => join(folder, release);
  const ship = (release: Release) => deploy(ministack, folder, assembly(release), parameters);

  for (const [what, times] of Object.entries(synthesize('first', assembly('first')))) {
    say(`work-around ${what}: ${times} time(s)`);
    check(
      times > 0,
      `The work-around ${what} is not needed any more: remove it, and its line in docs/emulator.md`,
    );
  }
  await bootstrap(ministack, folder, assembly('first'));
  say('BOOTSTRAP done');
  const outputs = await ship('first');
  const issuer = outputs[names.controlPlane]?.['Issuer'] ?? '';
  say(`DEPLOY done: ${stacks.join(' and ')}`);

  const agent = await prepare(ministack, raw, issuer.split('/').at(-1) ?? '');
  const desk = openDesk(ministack, outputs, agent, provider);
  const approve = async (key: string): Promise<void> => {
    const page = await desk.decide(await desk.link(key), 'approve');
    check(page.status === 200, `Approving ${key} failed (HTTP ${page.status})`);
    const done = await desk.becomes(key, 'SUCCEEDED');
    check(done['historyIntact'] === true, `The history of ${key} does not hold`);
    check(
      desk.ordersOf(done) === 1,
      `The provider has ${desk.ordersOf(done)} orders of ${key} instead of one`,
    );
  };

  const before = await desk.propose('approved-1');
  check(before.status === 202, `The proposal was answered with ${before.status}`);
  await desk.link('approved-1');
  check(desk.orders() === 0, 'There is an order before anybody approved');
  await approve('approved-1');
  const replay = await desk.propose('approved-1');
  check(replay.status === 200 && desk.orders() === 1, 'A replay did more than answer');
  await desk.propose('rejected-1');
  await desk.decide(await desk.link('rejected-1'), 'reject');
  await desk.becomes('rejected-1', 'REJECTED');
  check(desk.orders() === 1, 'A rejected action was sent');
  // These wait while everything around them changes.
  for (const key of ['waits-for-upgrade', 'waits-for-rollback', 'waits-for-return']) {
    await desk.propose(key);
    await desk.link(key);
  }
  say('SCENARIO done: approved once, sent once; rejected, not sent; three more wait');

  const ids = await statefulIds(raw, stacks);
  check(Object.keys(ids).length >= 15, `Only ${Object.keys(ids).length} stateful resources were found`);
  let kept = await contents(ministack, ids);
  check(Object.keys(kept).length >= 20, `Only ${Object.keys(kept).length} things are stored`);
  const nothingLost = async (after: string, but: (name: string) => boolean = () => false): Promise<void> => {
    const replaced = lost(ids, await statefulIds(raw, stacks));
    check(replaced.length === 0, `${after} replaced:\n${replaced.join('\n')}`);
    const now = await contents(ministack, ids);
    const gone = lost(kept, now).filter((name) => !but(name));
    check(gone.length === 0, `${after} lost or changed:\n${gone.join('\n')}`);
    kept = now;
    say(
      `  ${Object.keys(ids).length} stateful resources in place, ${Object.keys(now).length} items and objects as before`,
    );
  };
  const decided = (key: string) => (name: string) => name.includes(key) || name.includes('approval#');

  synthesize('second', assembly('second'));
  await ship('second');
  say('UPGRADE done');
  await nothingLost('The upgrade');
  const newcomers = Object.keys(kept).filter((name) => name.includes(`person#${NEWCOMER}`));
  check(newcomers.length === 1, 'The second release did not add its person to the registry');
  await approve('waits-for-upgrade');
  say('  what was proposed before the upgrade was approved and ran after it');
  await nothingLost('Working after the upgrade', decided('waits-for-upgrade'));

  synthesize('broken', assembly('broken'));
  const refusal = await ship('broken').then(
    () => undefined,
    (error: unknown) => error,
  );
  check(refusal instanceof CdkFailedError, `The broken release was deployed: ${String(refusal)}`);
  const status = await stackStatus(raw, names.controlPlane);
  check(status === 'UPDATE_ROLLBACK_COMPLETE', `After the broken release the stack is ${status}`);
  say('FAILED UPGRADE rolled back by CloudFormation');
  await nothingLost('The failed upgrade');
  await approve('waits-for-rollback');
  await nothingLost('Working after the failed upgrade', decided('waits-for-rollback'));

  await ship('first');
  say('ROLLBACK done: the first release is deployed again');
  await nothingLost('The rollback');
  await approve('waits-for-return');
  check(desk.orders() === 4, `The provider has ${desk.orders()} orders instead of four`);
  say('  what was proposed before all this was approved and ran after it');
  await provider.stop();
};

/** The contract suite on MiniStack, and its DynamoDB part on DynamoDB Local where Java is. */
const contract = async ({ url }: Ministack): Promise<void> => {
  const unknown = [...(await reportContract(CASES, openMinistackPlace(url), say))];
  try {
    const dynamo = await openDynamoDbLocal();
    unknown.push(...(await reportContract(DATA_CASES, dynamo, say)));
    await dynamo.stop();
  } catch (error) {
    if (!(error instanceof DynamoDbLocalMissingError)) throw error;
    say(`CONTRACT on DynamoDB Local was NOT run: ${error.message}`);
  }
  check(unknown.length === 0, `${unknown.length} unknown difference(s)`);
};

resolveLocalhostNames();
// Ending by a signal would otherwise leave the emulator running.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const folder = mkdtempSync(join(tmpdir(), 'autopack-emulator-'));
let ministack: Ministack | undefined;
try {
  ministack = await startMinistack(installMinistack(say), folder, { LOG_LEVEL: 'INFO' });
  say(`MiniStack answers at ${ministack.url}`);
  await contract(ministack);
  await story(ministack, folder);
  say('The emulator test is complete.');
} catch (error) {
  if (error instanceof EmulatorMissingError) {
    console.error(`The emulator test was NOT run: ${error.message}`);
    process.exitCode = process.env['AUTOPACK_EMULATOR'] === 'optional' ? 0 : 2;
  } else {
    console.error(`The emulator test failed: ${error instanceof Error ? error.message : String(error)}`);
    if (ministack !== undefined) {
      const lines = readFileSync(ministack.logFile, 'utf8').split('\n');
      console.error(
        lines
          .filter((line) => /ERROR|WARN|Error:/.test(line))
          .slice(-30)
          .join('\n'),
      );
    }
    process.exitCode = 1;
  }
} finally {
  await ministack?.stop();
  if (process.env['AUTOPACK_EMULATOR_KEEP'] === '1') console.error(`kept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}
process.exit();
