import { createHash, randomBytes } from 'node:crypto';
import type { Desk } from './desk.ts';

const CALLBACK = 'http://127.0.0.1:47771/callback';

/** An ID token of a person, by the sign-in that the CLI goes through. */
export const personToken = async (desk: Desk, email: string): Promise<string> => {
  const discovery = await fetch(`${desk.host.issuer}/.well-known/openid-configuration`);
  const { authorization_endpoint: authorize, token_endpoint: tokens } = (await discovery.json()) as Record<
    string,
    string
  >;
  const verifier = randomBytes(32).toString('base64url');
  const url = new URL(authorize ?? '');
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: desk.host.clients.cliClientId,
    redirect_uri: CALLBACK,
    scope: 'openid email profile',
    state: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();
  const shown = await fetch(url);
  const html = await shown.text();
  const hidden = (name: string): string =>
    (new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '').replaceAll('&amp;', '&');
  const [, action = ''] = /<form method="post" action="([^"]+)"/.exec(html) ?? [];
  const answer = await fetch(new URL(action, url), {
    method: 'POST',
    redirect: 'manual',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      cookie: shown.headers.getSetCookie()[0]?.split(';')[0] ?? '',
    },
    body: new URLSearchParams({ request: hidden('request'), nonce: hidden('nonce'), email }).toString(),
  });
  const code = new URL(answer.headers.get('location') ?? CALLBACK).searchParams.get('code') ?? '';
  const reply = await fetch(tokens ?? '', {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: desk.host.clients.cliClientId,
      redirect_uri: CALLBACK,
      code,
      code_verifier: verifier,
    }),
  });
  return ((await reply.json()) as { id_token: string }).id_token;
};
