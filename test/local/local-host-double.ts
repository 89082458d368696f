import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ManualClock, manualClock } from '#infra/local/clock.ts';
import type { Host } from '#infra/local/service.ts';

export interface HostDouble extends Host {
  readonly clock: ManualClock;
  readonly lines: string[];
  url: string;
  removeData(): void;
}

/** What services need of their host, with data in a folder of its own. */
export const hostDouble = (
  invoke: Host['invoke'] = () => Promise.reject(new Error('nothing to invoke')),
): HostDouble => {
  const dataDir = mkdtempSync(join(tmpdir(), 'autopack-local-'));
  const lines: string[] = [];
  const host: HostDouble = {
    dataDir,
    accountId: '000000000000',
    region: 'us-east-1',
    clock: manualClock(Date.UTC(2026, 10, 21, 9)),
    lines,
    url: 'http://127.0.0.1:1',
    awsUrl: () => host.url,
    invoke,
    log: (line) => lines.push(line),
    removeData: () => rmSync(dataDir, { recursive: true, force: true }),
  };
  return host;
};

/** Settings of an SDK client that talks to a service under test. */
export const clientConfig = (endpoint: string) => ({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
});
