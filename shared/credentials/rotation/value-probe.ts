import { ALPACA_HOSTS } from '../../providers/alpaca/hosts.ts';
import type { OutgoingRequest, ProviderReply } from '../../providers/provider.ts';
import type { Credential } from '../credential.ts';
import type { SecretDocument } from '../secret.ts';
import { fitsHost } from '../secret-fields.ts';
import type { ProbeAnswer } from './operator-staged.ts';

const TIMEOUT_MS = 10_000;

/** The cheapest read that says whether a key lets somebody in, and whom. */
interface ValueProbe {
  /** Where it goes when nothing is re-pointed. */
  readonly url: (environment: Credential['environment']) => string | undefined;
  readonly headers: (value: SecretDocument) => Readonly<Record<string, string>>;
  readonly account: (reply: ProviderReply) => string | null;
}

const fieldOf = ({ body }: ProviderReply, field: string): string | null => {
  try {
    const value: unknown = Reflect.get(JSON.parse(body) as object, field);
    return typeof value === 'string' && value !== '' ? value : null;
  } catch {
    return null;
  }
};

const PROBES: Readonly<Record<string, ValueProbe>> = {
  alpaca: {
    url: (environment) =>
      environment === 'PAPER' || environment === 'PRODUCTION'
        ? `https://${ALPACA_HOSTS[environment]}/v2/account`
        : undefined,
    headers: ({ keyId = '', secretKey = '' }) => ({
      'apca-api-key-id': keyId,
      'apca-api-secret-key': secretKey,
    }),
    account: (reply) => fieldOf(reply, 'account_number'),
  },
  anthropic: {
    url: () => 'https://api.anthropic.com/v1/models?limit=1',
    headers: ({ apiKey = '' }) => ({ 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' }),
    account: ({ headers }) => headers['anthropic-organization-id'] ?? null,
  },
  openai: {
    url: () => 'https://api.openai.com/v1/models',
    headers: ({ apiKey = '' }) => ({ authorization: `Bearer ${apiKey}` }),
    account: ({ headers }) => headers['openai-organization'] ?? null,
  },
};

/** `untestable`: nothing is known that could be asked without an effect. `not-here`: it may not meet this host. */
export type ProbePlan =
  | { readonly kind: 'ask'; readonly request: OutgoingRequest }
  | { readonly kind: 'untestable' }
  | { readonly kind: 'not-here' };

/** @param baseUrl replaces the provider's own, in stages that have stand-ins */
export const planProbe = (
  credential: Pick<Credential, 'provider' | 'environment' | 'standIn'>,
  value: SecretDocument,
  baseUrl: string | undefined,
): ProbePlan => {
  const probe = Object.hasOwn(PROBES, credential.provider) ? PROBES[credential.provider] : undefined;
  if (probe === undefined) return { kind: 'untestable' };
  const own = probe.url(credential.environment);
  if (own === undefined || !fitsHost(credential.standIn, baseUrl !== undefined)) return { kind: 'not-here' };
  const { pathname, search } = new URL(own);
  const url = baseUrl === undefined ? own : `${baseUrl.replace(/\/+$/, '')}${pathname}${search}`;
  const headers = { accept: 'application/json', 'user-agent': 'autopack/1', ...probe.headers(value) };
  return { kind: 'ask', request: { method: 'GET', url, headers, body: null, timeoutMs: TIMEOUT_MS } };
};

/** Only a clear yes or no counts: a provider that is busy or broken says nothing about a key. */
export const readProbe = (provider: string, reply: ProviderReply): ProbeAnswer => {
  if (reply.status >= 200 && reply.status < 300)
    return { verdict: 'works', account: PROBES[provider]?.account(reply) ?? null };
  const refused = reply.status === 401 || reply.status === 403;
  return { verdict: refused ? 'refused' : 'cannot-tell', account: null };
};
