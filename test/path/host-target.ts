import { startLocalHost } from '#infra/local/host.ts';
import { ASSEMBLIES } from './desk.ts';

/**
 * The local host as a process of its own that a test kills. Prints where it is as one line of JSON; each line that it
 * reads runs the sweeper once, beside its schedule. Its leases are short, because the sender dies with the process.
 */
const host = await startLocalHost({
  dataDir: process.argv[2] ?? '',
  port: 0,
  awsPort: 0,
  assemblyDir: ASSEMBLIES,
  environment: { LEASE_SECONDS: '3', PROVIDER_LAG_SECONDS: '1' },
});
const [, sweeper] =
  [...host.deployed.resources].find(([id]) => /\/\w*SweepActions\w*$/.test(id) && !/Log|Role/.test(id)) ?? [];
process.stdin.on('data', () => {
  void host.invoke(String(sweeper?.ref), { scheduledTime: new Date().toISOString() }).catch(() => undefined);
});
const { apiUrl, awsUrl, issuer, outboxDir, clients } = host;
console.log(JSON.stringify({ apiUrl, awsUrl, issuer, outboxDir, agent: clients.agent }));
