import type { OutgoingRequest } from '../../providers/provider.ts';
import type { Credential } from '../credential.ts';
import { bearerOf } from '../oauth/connection.ts';
import { oauthProviderOf } from '../oauth/endpoints.ts';
import type { SecretDocument } from '../secret.ts';
import { fitsHost, secretFits } from '../secret-fields.ts';
import { alpacaProbe } from './alpaca.ts';
import { anthropicProbe } from './anthropic.ts';
import { declaredProbe, hasKey } from './declared.ts';
import { etsyProbe } from './etsy.ts';
import { openaiProbe } from './openai.ts';
import type { Probe, ProbeFinding } from './probe.ts';
import { shopifyProbe } from './shopify.ts';
import { youtubeProbe } from './youtube.ts';

/** Every provider that can be asked without an effect (CRE-14). */
export const PROBES: Readonly<Record<string, Probe>> = {
  alpaca: alpacaProbe,
  anthropic: anthropicProbe,
  openai: openaiProbe,
  youtube: youtubeProbe,
  etsy: etsyProbe,
  shopify: shopifyProbe,
};

const TIMEOUT_MS = 10_000;

/** What is known already, or what has to be asked for it. */
export type ProbePlan =
  | { readonly kind: 'found'; readonly finding: ProbeFinding }
  | {
      readonly kind: 'ask';
      readonly request: OutgoingRequest;
      readonly classify: Probe['classify'];
    };

const found = (kind: 'missing' | 'malformed' | 'readable' | 'lapsed' | 'wrong-environment'): ProbePlan => ({
  kind: 'found',
  finding: { kind },
});

/**
 * How a credential is looked at. An access token that has ended is not sent: the refresher renews it, and a 401 to it
 * would only raise a false alarm.
 * @param value the current value; undefined where there is no secret
 * @param baseUrl replaces the host of a provider, in stages that have stand-ins
 */
export const planProbe = (
  credential: Credential,
  value: SecretDocument | undefined,
  baseUrl: (provider: string) => string | undefined,
  now: number,
): ProbePlan => {
  if (value === undefined) return found('missing');
  const oauth = oauthProviderOf(credential);
  if (oauth !== undefined) {
    const { kind } = bearerOf(value, now);
    if (kind !== 'alive') return found(kind === 'absent' ? 'missing' : 'lapsed');
  } else if (!secretFits(credential.provider, value)) return found('malformed');
  const name = oauth ?? credential.provider;
  const { renewal } = credential;
  if (renewal !== undefined && !hasKey(value)) return found('malformed');
  const known = Object.hasOwn(PROBES, name) ? PROBES[name] : undefined;
  const probe = renewal === undefined ? known : declaredProbe(renewal);
  if (probe === undefined) return found('readable');
  const base = baseUrl(name);
  const own = probe.request(credential, value);
  if (own === undefined || !fitsHost(credential.standIn, base !== undefined))
    return found('wrong-environment');
  const { pathname, search } = new URL(own.url);
  const url = base === undefined ? own.url : `${base.replace(/\/+$/, '')}${pathname}${search}`;
  const headers = { accept: 'application/json', 'user-agent': 'autopack/1', ...own.headers };
  return {
    kind: 'ask',
    request: { ...own, url, headers, timeoutMs: TIMEOUT_MS },
    classify: probe.classify,
  };
};
