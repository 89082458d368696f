import { createHmac } from 'node:crypto';
import { CODE_SECONDS, RULES, type StandInProvider } from './rules.ts';
import { clientKey, digestOf, forgetExpired, member, newSecret, type OAuthState } from './state.ts';

/** A checked request for consent. */
export interface ConsentRequest {
  readonly provider: StandInProvider;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state: string;
  readonly challenge: string | null;
  readonly offline: boolean;
  /** Google: consent is asked for again, which alone brings a second refresh token. */
  readonly asksAgain: boolean;
  /** The query as it came: the consent page sends it back and it is checked once more. */
  readonly query: string;
}

export type ReadConsent =
  | { readonly kind: 'valid'; readonly request: ConsentRequest }
  /** Nobody is sent to an address that is not registered. */
  | { readonly kind: 'page'; readonly reason: string }
  | { readonly kind: 'redirect'; readonly to: string };

/** The redirect URI with an answer added to whatever query it has. */
const withAnswer = (redirectUri: string, answer: Readonly<Record<string, string>>): string => {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
  return url.href;
};

/** Checks an authorization request by the rules of its provider. */
export const readConsentRequest = (
  state: OAuthState,
  provider: StandInProvider,
  query: URLSearchParams,
): ReadConsent => {
  const rules = RULES[provider];
  const value = (name: string): string => query.get(name) ?? '';
  const page = (reason: string): ReadConsent => ({ kind: 'page', reason });
  if (new Set(query.keys()).size !== query.size) return page('A parameter is there twice.');
  const client = member(state.clients, clientKey(provider, value('client_id')));
  if (client === undefined) return page(`${rules.title} knows no app with this client_id.`);
  const redirectUri = value('redirect_uri');
  if (!client.redirectUris.includes(redirectUri))
    return page('The redirect URI is not one that the app has registered, character by character.');
  const refuse = (error: string): ReadConsent => ({
    kind: 'redirect',
    to: withAnswer(redirectUri, { error, state: value('state') }),
  });
  // Shopify's request names no response type; there is one kind only.
  if (value('response_type') !== 'code' && !(provider === 'shopify' && !query.has('response_type')))
    return refuse('unsupported_response_type');
  if (value('state').length < 8) return refuse('invalid_request');
  const scopes = value('scope')
    .split(rules.separator)
    .filter((scope) => scope !== '');
  if (scopes.length === 0 || scopes.some((scope) => !Object.hasOwn(rules.scopes, scope)))
    return refuse('invalid_scope');
  const challenge = query.get('code_challenge');
  const fits = challenge !== null && /^[A-Za-z0-9_-]{43}$/.test(challenge);
  if (challenge === null ? rules.pkceRequired : !fits || value('code_challenge_method') !== 'S256')
    return refuse('invalid_request');
  return {
    kind: 'valid',
    request: {
      provider,
      clientId: client.clientId,
      redirectUri,
      scopes,
      state: value('state'),
      challenge,
      offline: provider !== 'youtube' || value('access_type') === 'offline',
      asksAgain: value('prompt').split(' ').includes('consent'),
      query: query.toString(),
    },
  };
};

/** Back to the app with a refusal. */
export const declined = ({ redirectUri, state }: ConsentRequest): string =>
  withAnswer(redirectUri, { error: 'access_denied', state });

/** Back to the app with a code, made for exactly this request. */
export const consented = (
  draft: OAuthState,
  request: ConsentRequest,
  choice: { readonly account: string; readonly scopes: readonly string[] },
  now: number,
): string => {
  forgetExpired(draft, now);
  const { provider, clientId, redirectUri } = request;
  const known = Object.values(draft.grants).some(
    (grant) =>
      grant.provider === provider &&
      grant.clientId === clientId &&
      grant.account === choice.account &&
      grant.endedAt === null,
  );
  const code = newSecret();
  draft.codes[digestOf(code)] = {
    provider,
    clientId,
    redirectUri,
    account: choice.account,
    scopes: [...choice.scopes],
    challenge: request.challenge,
    // Google answers a refresh token with the first consent, and with each one that was asked for again.
    offline: request.offline && (provider !== 'youtube' || request.asksAgain || !known),
    expiresAt: now + CODE_SECONDS * 1000,
  };
  const answer: Record<string, string> = { code, state: request.state };
  if (provider === 'youtube') answer['scope'] = choice.scopes.join(' ');
  if (provider === 'shopify') {
    answer['shop'] = choice.account;
    answer['timestamp'] = String(Math.floor(now / 1000));
    const sorted = Object.entries(answer).toSorted(([left], [right]) => (left < right ? -1 : 1));
    const client = member(draft.clients, clientKey(provider, clientId));
    answer['hmac'] = createHmac('sha256', client?.signingSecret ?? '')
      .update(new URLSearchParams(sorted).toString())
      .digest('hex');
  }
  return withAnswer(redirectUri, answer);
};
