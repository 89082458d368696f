/** `npm start`: the whole system on this machine, until Ctrl-C. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { proposeExample } from './example.ts';
import { startLocalHost, type LocalHost } from './host.ts';

const started = Date.now();

const portOf = (variable: string, otherwise: number): number => {
  const text = process.env[variable];
  if (text === undefined || text === '') return otherwise;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    fail(`${variable} has to be a port number from 0 to 65535, not "${text}".`);
  return port;
};

const fail = (message: string): never => {
  console.error(`Autopack did not start: ${message}`);
  process.exit(1);
};

const port = portOf('AUTOPACK_PORT', 4500);
const awsPort = portOf('AUTOPACK_AWS_PORT', 4566);
const dataDir = resolve(process.env['AUTOPACK_DATA_DIR'] || '.autopack');

/** What the CLI needs to find and use this host. The secret is worth something at the local stand-in issuer only. */
const writeLocalFile = (host: LocalHost): void => {
  const file = join(dataDir, 'local.json');
  rmSync(file, { force: true });
  const content = {
    note: 'Written by the local host at each start. The secret is of the stand-in issuer on this machine and opens nothing else.',
    apiUrl: host.apiUrl,
    awsUrl: host.awsUrl,
    issuer: host.issuer,
    outboxDir: host.outboxDir,
    cliClientId: host.clients.cliClientId,
    project: 'demo',
    agent: host.clients.agent,
  };
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
};

/** On the first start something waits in the inbox, so that there is something to approve. */
const leaveExample = async (host: LocalHost): Promise<void> => {
  const marker = join(dataDir, 'example-proposed');
  if (existsSync(marker)) return;
  try {
    await proposeExample(host, 'example-order-1');
    writeFileSync(marker, 'The example action was proposed once.\n');
    console.log(
      `  an example order waits for approval: sign in as olivia@example.test at ${host.apiUrl}/inbox`,
    );
  } catch (error) {
    console.log(
      `  the example action could not be proposed: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
};

const abort = new AbortController();
let host: LocalHost | undefined;
let stoppingSince: number | undefined;
const stop = (): void => {
  // npm passes on the Ctrl-C that the terminal sent already; a later one does not wait for an orderly end.
  if (stoppingSince !== undefined && Date.now() - stoppingSince > 1_500) process.exit(130);
  if (stoppingSince !== undefined) return;
  stoppingSince = Date.now();
  abort.abort();
  if (host === undefined) return;
  console.log('Stopping …');
  clearInterval(alive);
  void host.stop().then(() => process.exit(0));
};
// What listens and waits is not meant to keep the process alive; this does.
const alive = setInterval(() => undefined, 60_000);
process.on('SIGINT', stop);
process.on('SIGTERM', stop);

mkdirSync(dataDir, { recursive: true, mode: 0o700 });
try {
  console.log(`Autopack is starting on ${relative('', dataDir) || dataDir} …`);
  const assemblyDir = process.env['AUTOPACK_ASSEMBLY_DIR'];
  host = await startLocalHost({
    ...(assemblyDir ? { assemblyDir } : {}),
    dataDir,
    port,
    awsPort,
    log: (line) => console.log(line),
    signal: abort.signal,
  });
} catch (error) {
  if (abort.signal.aborted) process.exit(0);
  fail(error instanceof Error ? error.message : String(error));
}
if (host !== undefined) {
  writeLocalFile(host);
  console.log(`Autopack is ready at ${host.apiUrl}`);
  console.log(`  AWS endpoint   ${host.awsUrl}   (AWS_ENDPOINT_URL for SDK and AWS CLI)`);
  console.log(`  Outbox         ${host.outboxDir}   (mails as .eml, and at ${host.awsUrl}/_outbox)`);
  console.log(
    `  Accounts       connected at ${host.apiUrl}/credentials, taken away at ${host.awsUrl}/_stand-in/oauth`,
  );
  console.log('  Propose        npx autopack propose FILE --wait');
  console.log(`  ready after ${((Date.now() - started) / 1000).toFixed(1)} s; Ctrl-C stops`);
  await leaveExample(host);
  if (abort.signal.aborted) await host.stop().then(() => process.exit(0));
}
