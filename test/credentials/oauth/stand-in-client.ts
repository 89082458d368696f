import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock } from '#infra/local/clock.ts';
import type { Page } from '#infra/local/demo-browser.ts';
import { RULES, type StandInProvider } from '#infra/local/oauth-stand-in/rules.ts';
import { serveOAuthStandIn } from '#infra/local/oauth-stand-in/serve.ts';

export const START = Date.parse('2026-11-21T10:00:00.000Z');
/** A redirect URI that nothing listens on: the way back is read from the address. */
export const CALLBACK = 'http://127.0.0.1:9/callback';

export const CLIENT = { clientId: 'app-of-tests', clientSecret: 'app-secret-planted-4711' } as const;

/** The stand-in on a port of its own, with one app at each provider, and a clock that only moves when told. */
export const openStandIn = async (
  options: { readonly redirectUris?: readonly string[]; readonly inMemory?: boolean } = {},
) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'autopack-oauth-'));
  const clock = manualClock(START);
  const served = await serveOAuthStandIn({
    dataDir,
    clock,
    settings: { inMemory: options.inMemory ?? false },
  });
  for (const provider of Object.keys(RULES) as StandInProvider[])
    await served.standIn.ensureClient({
      provider,
      ...CLIENT,
      redirectUris: options.redirectUris ?? [CALLBACK],
    });
  return {
    ...served,
    control: served.standIn.control,
    clock,
    dataDir,
    close: async () => {
      await served.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};
export type StandIn = Awaited<ReturnType<typeof openStandIn>>;

/** What a person presses on a consent page: the address that the browser would be sent to. */
export const answerConsent = async (
  page: Page,
  cookie: string,
  choice: {
    readonly answer?: 'allow' | 'decline';
    readonly account?: string;
    readonly without?: readonly string[];
  } = {},
): Promise<URL> => {
  const form = page.forms[0];
  if (form === undefined) throw new Error(`no consent form: ${page.html.slice(0, 300)}`);
  const ticks = [...page.html.matchAll(/name="(scope:[^"]+)"/g)].map(([, name = '']) => name);
  const [first = ''] = [...page.html.matchAll(/name="account" value="([^"]+)"/g)].map(([, id = '']) => id);
  const fields = new URLSearchParams({
    ...form.fields,
    account: choice.account ?? first,
    answer: choice.answer ?? 'allow',
  });
  for (const tick of ticks)
    if (!(choice.without ?? []).some((scope) => tick.endsWith(scope))) fields.set(tick, '1');
  const reply = await fetch(form.action, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', cookie },
    body: fields.toString(),
  });
  const location = reply.headers.get('location');
  if (location === null) throw new Error(`no way back: HTTP ${reply.status}`);
  return new URL(location);
};

/** Opens an authorization address and answers its consent page. */
export const consentAt = async (
  url: string,
  choice: Parameters<typeof answerConsent>[2] = {},
): Promise<URL> => {
  const reply = await fetch(url, { redirect: 'manual' });
  const location = reply.headers.get('location');
  if (location !== null) return new URL(location);
  const html = await reply.text();
  const cookie = reply.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  return answerConsent(pageOf(url, reply.status, html), cookie, choice);
};

const pageOf = (url: string, status: number, html: string): Page => {
  const [, action = ''] = /<form method="post" action="([^"]+)"/.exec(html) ?? [];
  const fields = Object.fromEntries(
    [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [
      name ?? '',
      (value ?? '').replaceAll('&amp;', '&'),
    ]),
  );
  const forms =
    action === '' ? [] : [{ method: 'POST', action: new URL(action, url).href, fields, buttons: [] }];
  return { url, status, html, links: [], forms };
};

export const verifier = randomBytes(32).toString('base64url');
export const challenge = createHash('sha256').update(verifier).digest('base64url');

/** The authorization address that an app would send people to. */
export const authorizeUrl = (
  standIn: StandIn,
  provider: StandInProvider,
  over: Readonly<Record<string, string | undefined>> = {},
): string => {
  const { authorizePath, scopes, separator } = RULES[provider];
  const url = new URL(`${standIn.urls[provider]}${authorizePath}`);
  const query: Record<string, string | undefined> = {
    response_type: 'code',
    client_id: CLIENT.clientId,
    redirect_uri: CALLBACK,
    scope: Object.keys(scopes).join(separator),
    state: 'state-of-tests',
    ...(provider === 'shopify' ? {} : { code_challenge: challenge, code_challenge_method: 'S256' }),
    ...(provider === 'youtube' ? { access_type: 'offline', prompt: 'consent' } : {}),
    ...over,
  };
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
};

export interface TokenReply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** A call of a token endpoint in the provider's own form. */
export const askToken = async (
  standIn: StandIn,
  provider: StandInProvider,
  params: Readonly<Record<string, string>>,
): Promise<TokenReply> => {
  const { body, tokenPath, secretRequired } = RULES[provider];
  const all = {
    client_id: CLIENT.clientId,
    ...(secretRequired ? { client_secret: CLIENT.clientSecret } : {}),
    ...params,
  };
  const reply = await fetch(`${standIn.urls[provider]}${tokenPath}`, {
    method: 'POST',
    headers: {
      'content-type': body === 'json' ? 'application/json' : 'application/x-www-form-urlencoded',
    },
    body: body === 'json' ? JSON.stringify(all) : new URLSearchParams(all).toString(),
  });
  return {
    status: reply.status,
    headers: reply.headers,
    body: (await reply.json().catch(() => ({}))) as Record<string, unknown>,
  };
};

/** Consents and turns the code into tokens. */
export const connect = async (
  standIn: StandIn,
  provider: StandInProvider,
  choice: Parameters<typeof answerConsent>[2] = {},
): Promise<Record<string, string>> => {
  const back = await consentAt(authorizeUrl(standIn, provider), choice);
  const { body } = await askToken(standIn, provider, {
    grant_type: 'authorization_code',
    code: back.searchParams.get('code') ?? '',
    redirect_uri: CALLBACK,
    code_verifier: verifier,
    expiring: '1',
  });
  return body as Record<string, string>;
};

export const refresh = (
  standIn: StandIn,
  provider: StandInProvider,
  refreshToken: string | undefined,
): Promise<TokenReply> =>
  askToken(standIn, provider, { grant_type: 'refresh_token', refresh_token: refreshToken ?? '' });
