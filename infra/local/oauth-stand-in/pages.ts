import { escapeHtml, pageReply } from '../page.ts';
import type { AwsReply } from '../service.ts';
import type { ConsentRequest } from './authorize.ts';
import type { GrantView } from './ports.ts';
import { RULES } from './rules.ts';

const NOTE = 'Nothing on this page reaches the real provider.';

/** A name of a form field for each scope, since a form may not have a name twice. */
export const tickName = (scope: string): string => `scope:${scope}`;

/** Chromium holds the redirect after a form to `form-action` too, so the way back has to be named. */
const formAction = (redirectUri: string): string => {
  const { hostname, origin } = new URL(redirectUri);
  // A CSP source cannot spell an IPv6 address.
  return hostname.startsWith('[') ? "'self' http:" : `'self' ${origin}`;
};

/** Where a person says yes or no. Showing it changes nothing. */
export const consentPage = (
  request: ConsentRequest,
  form: { readonly action: string; readonly nonce: string; readonly cookies: readonly string[] },
): AwsReply => {
  const { title, accounts, scopes, canUntick } = RULES[request.provider];
  const choices = Object.entries(accounts).map(
    ([id, name], index) =>
      `<label class="choice"><input type="radio" name="account" value="${escapeHtml(id)}"${index === 0 ? ' checked' : ''}> ${escapeHtml(name)} <span class="soft">${escapeHtml(id)}</span></label>`,
  );
  const wishes = request.scopes.map((scope) => {
    const text = `${escapeHtml(scopes[scope] ?? scope)} <span class="soft">${escapeHtml(scope.split('/').at(-1) ?? scope)}</span>`;
    return canUntick
      ? `<label class="choice"><input type="checkbox" name="${escapeHtml(tickName(scope))}" value="1" checked> ${text}</label>`
      : `<li>${text}</li>`;
  });
  return pageReply({
    title: `${title} stand-in: connect an app`,
    narrow: true,
    formAction: formAction(request.redirectUri),
    cookies: form.cookies,
    body: `<div class="card"><h1>Let Autopack use your account?</h1><p class="soft">${escapeHtml(title)} stand-in, app <code>${escapeHtml(request.clientId)}</code></p>
<p class="note">This is not ${escapeHtml(title)}: it plays its part on this machine. ${NOTE}</p>
<form method="post" action="${escapeHtml(form.action)}" autocomplete="off"><input type="hidden" name="request" value="${escapeHtml(request.query)}"><input type="hidden" name="nonce" value="${escapeHtml(form.nonce)}">
<fieldset><legend>Account</legend>${choices.join('')}</fieldset>
<fieldset><legend>The app asks to</legend>${canUntick ? wishes.join('') : `<ul>${wishes.join('')}</ul>`}</fieldset>
<button type="submit" name="answer" value="allow">Allow</button><button type="submit" name="answer" value="decline" class="quiet">Decline</button></form></div>`,
  });
};

/** A page that only says something. */
export const messagePage = (status: number, title: string, text: string): AwsReply =>
  pageReply({
    status,
    title,
    narrow: true,
    body: `<div class="card"><h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p></div>`,
  });

const when = (ms: number | null): string =>
  ms === null ? 'no fixed end' : new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

/** Connected apps, each with a button that takes its access away, as on a provider's settings page. */
export const appsPage = (
  grants: readonly GrantView[],
  form: { readonly action: string; readonly nonce: string; readonly cookies: readonly string[] },
): AwsReply => {
  const rows = grants.toReversed().map((grant) => {
    const { title, accounts } = RULES[grant.provider];
    const remove = grant.alive
      ? `<form method="post" action="${escapeHtml(form.action)}"><input type="hidden" name="nonce" value="${escapeHtml(form.nonce)}"><input type="hidden" name="grant" value="${escapeHtml(grant.id)}"><button type="submit" class="small">Remove access</button></form>`
      : '<span class="soft">removed or expired</span>';
    return `<tr><td>${escapeHtml(title)}</td><td>${escapeHtml(accounts[grant.account] ?? grant.account)}</td><td>${when(grant.createdAt)}</td><td>${grant.alive ? when(grant.refreshExpiresAt) : ''}</td><td class="n">${grant.refreshes}</td><td>${remove}</td></tr>`;
  });
  return pageReply({
    title: 'Connected apps',
    formAction: "'self'",
    cookies: form.cookies,
    body: `<h1>Connected apps</h1><p class="note">Stand-ins of YouTube, Etsy and Shopify on this machine. ${NOTE} Removing access here is what an account's owner does in the provider's settings.</p>
<div class="card">${
      rows.length === 0
        ? '<p class="soft">No account is connected yet: register one as a credential ("Connecting an account here" in docs/local.md), then press Connect on the page of credentials.</p>'
        : `<div class="scroll"><table><thead><tr><th>Provider</th><th>Account</th><th>Connected (UTC)</th><th>Ends (UTC)</th><th class="n">Renewed</th><th></th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`
    }</div>`,
  });
};
