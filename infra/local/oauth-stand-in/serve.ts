import { listenOnLoopback } from '../loopback.ts';
import type { Clock } from '../service.ts';
import type { OAuthStandIn, OAuthStandInOptions } from './ports.ts';
import { STAND_IN_PROVIDERS, type StandInProvider } from './rules.ts';
import { createOAuthStandIn } from './stand-in.ts';

/** The stand-in on a loopback port of its own. `urls` are what `AUTOPACK_OAUTH_URL_<PROVIDER>` is set to. */
export const serveOAuthStandIn = async (options: {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly settings?: OAuthStandInOptions;
}): Promise<{
  readonly standIn: OAuthStandIn;
  readonly url: string;
  readonly urls: Readonly<Record<StandInProvider, string>>;
  stop(): Promise<void>;
}> => {
  const standIn = createOAuthStandIn({ dataDir: options.dataDir, clock: options.clock }, options.settings);
  const loopback = await listenOnLoopback((request) => standIn.handle(request));
  const urls = Object.fromEntries(
    STAND_IN_PROVIDERS.map((provider) => [provider, `${loopback.url}${standIn.pathOf(provider)}`]),
  ) as Record<StandInProvider, string>;
  return {
    standIn,
    url: `${loopback.url}${standIn.prefix}`,
    urls,
    async stop() {
      await standIn.close();
      await loopback.stop();
    },
  };
};
