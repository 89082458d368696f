import { escapeHtml, pageReply } from '../page.ts';
import type { AwsReply } from '../service.ts';
import type { AuthorizationRequest } from './authorization-request.ts';
import type { Pool } from './state.ts';

/** Chromium holds the redirect after a form to `form-action` too, so the way back has to be named. */
const formAction = (redirectUri: string): string => {
  const { hostname, origin } = new URL(redirectUri);
  // A CSP source cannot spell an IPv6 address.
  return hostname.startsWith('[') ? "'self' http:" : `'self' ${origin}`;
};

/** The form where a local person types who they are. Nothing is filled in, and showing it changes nothing. */
export const signInPage = (
  pool: Pool,
  request: AuthorizationRequest,
  form: {
    readonly action: string;
    readonly nonce: string;
    readonly cookies: readonly string[];
    readonly problem?: string;
  },
): AwsReply => {
  const people = Object.values(pool.users).map(
    (user) => `<li><strong>${escapeHtml(user.name)}</strong><br><code>${escapeHtml(user.email)}</code></li>`,
  );
  const problem =
    form.problem === undefined
      ? ''
      : `<p class="note" role="alert" id="problem">${escapeHtml(form.problem)}</p>`;
  return pageReply({
    title: 'Sign in',
    narrow: true,
    status: form.problem === undefined ? 200 : 400,
    formAction: formAction(request.redirectUri),
    cookies: form.cookies,
    body: `<div class="card"><h1>Sign in</h1><p class="soft">to go on to Autopack (<code>${escapeHtml(request.client.name)}</code>)</p>
<p class="note">This is the local stand-in for the identity provider. It knows no passwords: whoever can open this page can sign in as anyone listed below. On AWS, Cognito takes its place.</p>${problem}
<form method="post" action="${escapeHtml(form.action)}" autocomplete="off"><input type="hidden" name="request" value="${escapeHtml(request.query)}"><input type="hidden" name="nonce" value="${escapeHtml(form.nonce)}">
<label for="email">E-mail</label><input id="email" name="email" type="email" required autofocus autocapitalize="none" spellcheck="false" autocomplete="off"${problem === '' ? '' : ' aria-describedby="problem"'}><button type="submit">Sign in</button></form></div>
<div class="card"><h2>People on this machine</h2>${people.length === 0 ? '<p class="soft">Nobody yet.</p>' : `<ul>${people.join('')}</ul>`}</div>`,
  });
};

/** A page that only says something. */
export const messagePage = (
  status: number,
  title: string,
  text: string,
  cookies: readonly string[] = [],
): AwsReply =>
  pageReply({
    status,
    title,
    narrow: true,
    cookies,
    body: `<div class="card"><h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p></div>`,
  });
