import { outboundSend } from '../../providers/outbound.http.ts';
import type { ProviderReply } from '../../providers/provider.ts';
import type { Connection } from './connection.ts';
import type { Credential } from '../credential.ts';
import { accountOf, accountRequest } from './account.ts';
import { endpointsOf, type OAuthOverrides } from './endpoints.ts';
import { classifyTokenAnswer, type TokenAnswer } from './token-answer.ts';
import { type TokenGrant, tokenRequest } from './token-request.ts';

export interface TokenCallOptions {
  readonly overrides: OAuthOverrides;
  readonly allowLoopback: boolean;
  readonly now: () => number;
  /** For tests with a TLS server of their own. */
  readonly ca?: string;
}

type Client = Pick<Connection, 'clientId' | 'clientSecret'>;

const sendTo = ({ allowLoopback, ca }: TokenCallOptions, url: string) =>
  outboundSend({
    allowedHosts: [new URL(url).host],
    allowLoopback,
    maxResponseBytes: 65_536,
    ...(ca === undefined ? {} : { ca }),
  });

/** A grant that no provider fits was registered wrongly; nothing is sent. */
const misfit: TokenAnswer = { kind: 'refused', code: 'no_such_provider' };
/** The credential of a stand-in meets stand-ins only, and a real one never does. Nothing is sent. */
const notForHost: TokenAnswer = { kind: 'refused', code: 'credential_not_for_host' };

/** One call of a provider's token endpoint, through the guarded way out: one attempt, no redirect. Never throws. */
export const askTokens =
  (options: TokenCallOptions) =>
  async (grant: Credential, client: Client, tokenGrant: TokenGrant): Promise<TokenAnswer> => {
    const endpoints = endpointsOf(grant, options.overrides);
    if (endpoints === undefined) return misfit;
    if (grant.standIn !== endpoints.overridden) return notForHost;
    const sentAt = options.now();
    let outcome: ProviderReply | Error;
    try {
      outcome = await sendTo(options, endpoints.tokenUrl)(tokenRequest(endpoints, client, tokenGrant));
    } catch (error) {
      outcome = error instanceof Error ? error : new Error('unknown');
    }
    return classifyTokenAnswer(outcome, endpoints.provider, sentAt);
  };

/** Asks the provider whose account an access token is of; undefined where it does not say. Never throws. */
export const askAccount =
  (options: TokenCallOptions) =>
  async (grant: Credential, client: Client, accessToken: string): Promise<string | undefined> => {
    const endpoints = endpointsOf(grant, options.overrides);
    if (endpoints === undefined || grant.standIn !== endpoints.overridden) return undefined;
    const request = accountRequest(endpoints, client, accessToken);
    try {
      return accountOf(endpoints, request === null ? null : await sendTo(options, request.url)(request));
    } catch {
      return undefined;
    }
  };
