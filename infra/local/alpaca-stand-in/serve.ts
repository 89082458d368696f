import { listenOnLoopback } from '../loopback.ts';
import type { AlpacaControl, AlpacaKeys, AlpacaOptions } from '../ports.ts';
import type { Clock } from '../service.ts';
import { createAlpacaStandIn } from './stand-in.ts';

/** Keys that the stand-in knows unless it is told others. Made up; Alpaca never issued them. */
export const STAND_IN_KEYS: AlpacaKeys = {
  keyId: 'PKSTANDIN0000000000',
  secretKey: 'stand-in-secret-key-of-nobody',
};

/** The stand-in on a loopback port of its own. `url` is the provider's base URL, to which `/v2/orders` is added. */
export const serveAlpacaStandIn = async (options: {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly settings?: Partial<AlpacaOptions>;
}): Promise<{ readonly url: string; readonly control: AlpacaControl; stop(): Promise<void> }> => {
  const standIn = createAlpacaStandIn(
    { dataDir: options.dataDir, clock: options.clock, log: () => undefined },
    { keys: [STAND_IN_KEYS], ...options.settings },
  );
  const loopback = await listenOnLoopback((request) => standIn.handle(request));
  return {
    url: `${loopback.url}${standIn.prefix}`,
    control: standIn.control,
    async stop() {
      await standIn.close();
      await loopback.stop();
    },
  };
};
