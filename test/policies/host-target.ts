import { startLocalHost } from '#infra/local/host.ts';
import { ASSEMBLIES } from '../path/desk.ts';

/**
 * The local host as a process of its own that a test kills. Prints where it is, and what the stack named the things
 * that the test talks to, as one line of JSON. A second look confirms at once.
 */
const host = await startLocalHost({
  dataDir: process.argv[2] ?? '',
  port: 0,
  awsPort: 0,
  assemblyDir: ASSEMBLIES,
  environment: { POLICY_CONFIRM_SECONDS: '0' },
});
const ref = (what: RegExp): string =>
  String([...host.deployed.resources].find(([id]) => what.test(id))?.[1].ref ?? '');
console.log(
  JSON.stringify({
    awsUrl: host.awsUrl,
    outboxDir: host.outboxDir,
    table: ref(/\/PoliciesTable$/),
    machine: ref(/\/PolicyCheckMachine\w*$/),
  }),
);
