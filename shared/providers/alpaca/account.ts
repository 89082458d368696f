import type { CredentialRef, RenderedRequest } from '../../actions/dry-run.ts';
import { ProblemError } from '../../operators/problems.ts';
import { OutboundError } from '../outbound-error.ts';
import { PrepareRefusedError } from '../prepare-refused.ts';
import type {
  DispatchInput,
  Finding,
  OutgoingRequest,
  ProviderReply,
  RenderFacts,
  Send,
} from '../provider.ts';
import { ALPACA_HOSTS } from './hosts.ts';

export interface Account {
  readonly account: string;
  readonly environment: 'PAPER' | 'PRODUCTION';
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly credential: CredentialRef;
}

/**
 * The account that the project's confirmed settings trade with, and where.
 * @throws ProblemError PROVIDER_OFF where the provider is not switched on or has no account.
 */
export const accountOf = (facts: RenderFacts): Account => {
  const { alpaca, providers } = facts.project.settings;
  if (!providers.includes('alpaca') || alpaca === null) {
    throw new ProblemError('PROVIDER_OFF', 'This project has not switched Alpaca on, or named no account.');
  }
  const override = facts.baseUrlOverride?.replace(/\/+$/, '');
  return {
    ...alpaca,
    baseUrl: override || `https://${ALPACA_HOSTS[alpaca.environment]}`,
    credential: { provider: 'alpaca', account: alpaca.account, environment: alpaca.environment },
  };
};

export const accountWords = (account: Account): string =>
  `${account.environment === 'PAPER' ? 'paper' : 'live'} account ${account.account}`;

/** Headers of every call that do not authenticate. */
export const PLAIN_HEADERS = { accept: 'application/json', 'user-agent': 'autopack/1' } as const;

/** One call takes this long at most. */
export const TRANSPORT_TIMEOUT_MS = 15_000;

const keyHeaders = ({ secret }: DispatchInput): Record<string, string> => {
  const keyId = secret?.reveal('keyId') ?? '';
  const secretKey = secret?.reveal('secretKey') ?? '';
  if (![keyId, secretKey].every((value) => /^[\x21-\x7e]{1,512}$/.test(value))) {
    throw new PrepareRefusedError(
      'CREDENTIAL_INCOMPLETE',
      'The secret needs the fields keyId and secretKey.',
    );
  }
  return { 'apca-api-key-id': keyId, 'apca-api-secret-key': secretKey };
};

/** A paper key never meets the live host, nor a live key the paper host. */
const checkHost = ({ url, credential }: RenderedRequest): void => {
  const { hostname } = new URL(url);
  const environment = Object.entries(ALPACA_HOSTS).find(([, host]) => host === hostname)?.[0];
  if (environment !== undefined && environment !== credential?.environment) {
    throw new PrepareRefusedError('HASH_MISMATCH', 'The host and the account of the stored request differ.');
  }
};

/** The stored request with the key headers, nothing else changed. */
export const signed = (input: DispatchInput): OutgoingRequest => {
  checkHost(input.request);
  const { method, url, headers, body } = input.request;
  return {
    method,
    url,
    headers: { ...headers, ...keyHeaders(input) },
    body,
    timeoutMs: TRANSPORT_TIMEOUT_MS,
  };
};

/** Reads at the base that the approved request goes to. Whatever stands in the way is `unreadable`, never evidence. */
export const ask = async (
  input: DispatchInput,
  url: string,
  send: Send,
  read: (reply: ProviderReply) => Finding,
): Promise<Finding> => {
  try {
    checkHost(input.request);
    const headers = { ...PLAIN_HEADERS, ...keyHeaders(input) };
    return read(await send({ method: 'GET', url, headers, body: null, timeoutMs: TRANSPORT_TIMEOUT_MS }));
  } catch (error) {
    const code =
      error instanceof OutboundError || error instanceof PrepareRefusedError ? error.code : 'LOOKUP_FAILED';
    return { kind: 'unreadable', code };
  }
};
