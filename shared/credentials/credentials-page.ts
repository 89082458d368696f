import { type Html, html } from '../approvals/html.ts';
import { page, type Viewer } from '../approvals/page.ts';
import { relativeWords, utcWords } from '../approvals/words.ts';
import { POLICY_STYLE } from '../policies/policy-style.ts';
import { connectPath, LOOK_PAGE } from './console-paths.ts';
import type { CredentialHealthView, CredentialView } from './credential-view.ts';
import { isUnhealthy } from './health-gauges.ts';
import { DETAIL_WORDS, KIND_WORDS, nextStep, ROTATION_WORDS, STATUS_WORDS } from './health-words.ts';
import { oauthProviderOf } from './oauth/endpoints.ts';
import { noticeWords, type PageNotice } from './page-notice.ts';

export interface CredentialsPageFacts {
  readonly viewer: Viewer;
  readonly health: CredentialHealthView;
  readonly retired: readonly CredentialView[];
  readonly looks: LookForms;
  /** What the viewer has just done. */
  readonly notice?: PageNotice;
  readonly now: number;
}

/** What lets the viewer have a credential looked at now. */
export type LookForms =
  | {
      readonly kind: 'forms';
      readonly csrf: string;
      readonly nonces: ReadonlyMap<CredentialView, string>;
    }
  /** The sign-in is too old for it. */
  | { readonly kind: 'signInAgain'; readonly href: string }
  /** The forms cannot be signed at this moment. */
  | { readonly kind: 'none' };

const tone = (view: CredentialView): string =>
  isUnhealthy(view) || view.rotation === 'critical'
    ? 'stop'
    : view.status === 'PRESENT' && view.detail === null && view.rotation === 'fresh'
      ? 'ok'
      : 'wait';

const tags = (view: CredentialView): Html =>
  html`<div class="tags">
    <span class="tag ${tone(view)}">${STATUS_WORDS[view.status]}</span>
    ${view.detail === null ? null : html`<span class="tag">${DETAIL_WORDS[view.detail]}</span>`}
    ${view.rotation === 'fresh' ? null : html`<span class="tag">${ROTATION_WORDS[view.rotation]}</span>`}
    <span class="tag">${view.environment.toLowerCase()}</span>
    <span class="tag">${view.project}</span>
    ${view.standIn ? html`<span class="tag">stand-in</span>` : null}
  </div>`;

/** Share of the age that the policy allows, as a bar and in words. */
const meter = ({ ageDays, policy }: CredentialView): Html => {
  const used = Math.min(100, Math.round((ageDays / policy.maxDays) * 100));
  return html`<span class="age"
    ><meter min="0" max="100" low="75" high="99" optimum="0" value="${used}">${used} %</meter
    ><span class="dim small">${ageDays} of ${policy.maxDays} days old</span></span
  >`;
};

const at = (time: string | null, now: number): Html =>
  time === null
    ? html`never`
    : html`<time datetime="${time}" title="${utcWords(time)}">${relativeWords(time, now)}</time>`;

const connectLink = (view: CredentialView): Html | null => {
  const name = oauthProviderOf(view);
  return view.kind !== 'oauth' || name === undefined || view.retired
    ? null
    : html`<p>
        <a class="btn" href="${connectPath(view, name)}"
          >${view.providerAccount === null ? 'Connect the account' : 'Connect again'}</a
        >
      </p>`;
};

const lookForm = (view: CredentialView, looks: LookForms): Html | null => {
  if (view.retired || looks.kind === 'none') return null;
  if (looks.kind === 'signInAgain')
    return html`<p class="small"><a href="${looks.href}">Sign in again to look at it now</a></p>`;
  const nonce = looks.nonces.get(view);
  return nonce === undefined
    ? null
    : html`<form method="post" action="${LOOK_PAGE}">
        <input type="hidden" name="project" value="${view.project}" />
        <input type="hidden" name="provider" value="${view.provider}" />
        <input type="hidden" name="account" value="${view.account}" />
        <input type="hidden" name="environment" value="${view.environment}" />
        <input type="hidden" name="csrf" value="${looks.csrf}" />
        <input type="hidden" name="nonce" value="${nonce}" />
        <button class="btn link" type="submit" aria-label="Look at it now: ${view.provider} ${view.account}">
          Look at it now
        </button>
      </form>`;
};

/** Only of a credential that is on the page: what a browser brings is not believed further than that. */
const noticeOf = (notice: PageNotice | undefined, views: readonly CredentialView[]): Html | null => {
  if (notice === undefined) return null;
  const { project, credential } = notice;
  const view = views.find(
    (each) =>
      each.project === project &&
      each.provider === credential.provider &&
      each.account === credential.account &&
      each.environment === credential.environment,
  );
  if (view === undefined) return null;
  const { tone: colour, title, says } = noticeWords(notice, view);
  return html`<div class="note ${colour}" role="status">
    <h2>${title}</h2>
    <p>${says}</p>
  </div>`;
};

const facts = (view: CredentialView, now: number): Html =>
  html`<details>
    <summary>What it may do, and what is known of it</summary>
    <dl>
      <dt>Scopes</dt>
      <dd>${view.scopes.join(', ') || 'none: it may do nothing'}</dd>
      <dt>Operations</dt>
      <dd>${view.operations.join(', ') || 'none: it may do nothing'}</dd>
      <dt>Account at the provider</dt>
      <dd><bdi class="raw">${view.providerAccount ?? 'not said yet'}</bdi></dd>
      <dt>Scopes at the provider</dt>
      <dd><bdi class="raw">${view.providerScopes.join(', ') || 'not said'}</bdi></dd>
      <dt>Secret</dt>
      <dd><bdi class="raw">${view.secretId}</bdi>, ${KIND_WORDS[view.kind]}</dd>
      <dt>Used</dt>
      <dd>${at(view.lastUsedAt, now)}</dd>
      <dt>Rotated</dt>
      <dd>${at(view.rotatedAt, now)}, ${view.rotationCount} times</dd>
    </dl>
  </details>`;

const entry = (view: CredentialView, looks: LookForms, now: number): Html => {
  const step = nextStep(view);
  return html`<li>
    <div class="row">
      <strong>${view.provider} <bdi class="raw">${view.account}</bdi></strong
      >${view.retired ? null : meter(view)}
    </div>
    ${tags(view)}
    <p class="small dim">
      ${
        view.checkedAt === null && view.lastValidatedAt === null
          ? 'Nobody has looked at it yet.'
          : html`Looked at ${at(view.checkedAt, now)}; seen to work ${at(view.lastValidatedAt, now)}.`
      }
    </p>
    ${step === null || view.retired ? null : html`<p>${step}</p>`} ${connectLink(view)}
    ${lookForm(view, looks)} ${facts(view, now)}
  </li>`;
};

const section = (
  heading: string,
  views: readonly CredentialView[],
  id: string,
  { looks, now }: CredentialsPageFacts,
): Html | null =>
  views.length === 0
    ? null
    : html`<section class="card" aria-labelledby="${id}">
        <h2 id="${id}">${heading} <span class="dim">${views.length}</span></h2>
        <ul class="plain">
          ${views.map((view) => entry(view, looks, now))}
        </ul>
      </section>`;

/** Every credential of the viewer's projects: what needs somebody first. Nothing on it is a value. */
export const credentialsPage = (shown: CredentialsPageFacts): string => {
  const { viewer, health, retired, notice } = shown;
  const needsYou = (view: CredentialView): boolean =>
    isUnhealthy(view) || view.rotation === 'overdue' || view.rotation === 'critical';
  const { credentials, inService, unhealthy, overdue } = health;
  return page({
    title: 'Credentials',
    viewer,
    style: POLICY_STYLE,
    main: html`<h1>Credentials</h1>
      ${noticeOf(notice, credentials)}
      <p class="dim">
        ${inService} in service, ${unhealthy} do not work as they should, ${overdue} overdue for rotation.
        Values are never shown here.
      </p>
      ${
        inService + retired.length === 0
          ? html`<section class="card">
              <p class="dim">
                No credential is registered in your projects. Two operators register one as a change of kind
                "credential".
              </p>
            </section>`
          : null
      }
      ${section('Need you', credentials.filter(needsYou), 'need', shown)}
      ${section(
        'In service',
        credentials.filter((view) => !needsYou(view)),
        'service',
        shown,
      )}
      ${section('Retired', retired, 'retired', shown)}`,
  });
};
