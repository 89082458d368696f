import { wallClock } from '#infra/local/clock.ts';
import { createAlpacaStandIn } from '#infra/local/alpaca-stand-in/stand-in.ts';
import { STAND_IN_KEYS } from '#infra/local/alpaca-stand-in/serve.ts';
import { listenOnLoopback } from '#infra/local/loopback.ts';
import { createS3 } from '#infra/local/s3/s3.ts';
import type { Host } from '#infra/local/service.ts';

/** A process of its own that a test kills while it writes. Prints its address, then serves until it dies. */
const host: Host = {
  dataDir: process.argv[2] ?? '',
  accountId: '000000000000',
  region: 'us-east-1',
  clock: wallClock(),
  awsUrl: () => '',
  invoke: () => Promise.reject(new Error('nothing to invoke')),
  log: () => undefined,
};
const s3 = createS3(host);
await s3.ensureBucket('killed');
const alpaca = createAlpacaStandIn(host, { keys: [STAND_IN_KEYS], fillDelayMs: 3_600_000 });
const { url } = await listenOnLoopback((request) =>
  request.path.startsWith(alpaca.prefix) ? alpaca.handle(request) : s3.handle(request),
);
console.log(url);
