import { type Html, html, wireBlock } from '../approvals/html.ts';
import { page, type Viewer } from '../approvals/page.ts';
import { relativeWords, shortHash, subjectWords, utcWords } from '../approvals/words.ts';
import { changePage, POLICIES_PAGE, sourcePage } from './console-paths.ts';
import { POLICY_STYLE } from './policy-style.ts';
import type { PolicyChangeView } from './policy-view.ts';
import { CLASS_WORDS, SEVERITY_WORDS, severityTone } from './policy-words.ts';
import { diffMarkup } from './render-diff.ts';
import { isBaseline, type PendingChange } from './source-state.ts';

/** What the person who looks may do here. */
export type ChangeStanding =
  | { readonly kind: 'mayAcknowledge'; readonly nonce: string }
  | { readonly kind: 'signInAgain'; readonly href: string }
  | { readonly kind: 'mayNot'; readonly detail: string };

export interface ChangePageFacts {
  readonly viewer: Viewer;
  readonly view: PolicyChangeView;
  readonly standing: ChangeStanding;
  readonly now: number;
}

const tags = (change: PendingChange, critical: boolean): Html =>
  html`<div class="tags">
    <span class="tag ${severityTone(change.severity)}">${SEVERITY_WORDS[change.severity]}</span>
    <span class="tag">${CLASS_WORDS[change.class]}</span>
    ${critical ? html`<span class="tag">Critical source: two people</span>` : null}
    <span class="tag">since ${utcWords(change.since)}</span>
  </div>`;

const difference = (view: PolicyChangeView, change: PendingChange): Html =>
  html`<section class="card" aria-labelledby="difference">
    <h2 id="difference">
      ${
        isBaseline(change)
          ? 'What is read differently from the last acknowledged text'
          : 'What changed since the last acknowledged text'
      }
    </h2>
    ${
      view.diff === null
        ? html`<p class="note wait">
            The comparison is being made. Open this page again in a minute; do not acknowledge what you have
            not read.
          </p>`
        : diffMarkup(view.diff)
    }
    ${change.reasons
      .filter(({ code }) => view.diff?.reasons.every((one) => one.code !== code) ?? true)
      .map(
        ({ code, detail }) =>
          html`<p class="small dim"><span class="mono">${code}</span> <bdi class="raw">${detail}</bdi></p>`,
      )}
  </section>`;

const extracted = (view: PolicyChangeView): Html =>
  html`<section class="card" aria-labelledby="text">
    <h2 id="text">What was read off the page</h2>
    <p class="note">
      Compare this with the page itself: is all of the policy in it, and nothing else? From now on every
      change of it is told. It is the provider's text, shown as data and not to be trusted.
    </p>
    ${
      view.text === null
        ? html`<p class="note wait">The text cannot be shown now. Open this page again in a minute.</p>`
        : html`<div class="extract">${wireBlock('Extracted text', view.text)}</div>`
    }
    ${view.textCut ? html`<p class="note wait">It is longer; only the first part is shown.</p>` : null}
  </section>`;

const form = ({ viewer, view }: ChangePageFacts, change: PendingChange, nonce: string): Html =>
  html`<form method="post" action="${changePage(view.source)}">
    <input type="hidden" name="csrf" value="${viewer.csrf}" />
    <input type="hidden" name="nonce" value="${nonce}" />
    <input type="hidden" name="changeId" value="${change.changeId}" />
    <input type="hidden" name="fromSemantic" value="${change.from?.semantic ?? ''}" />
    <input type="hidden" name="toCanonical" value="${change.to.canonical}" />
    <label for="reason">${isBaseline(change) ? 'How you checked it' : 'What it means for us'}</label>
    <textarea id="reason" name="reason" maxlength="1000" rows="4" required></textarea>
    ${
      isBaseline(change)
        ? null
        : html`<label class="check" for="supersedes"
            ><input type="checkbox" id="supersedes" name="supersedes" value="yes" /><span
              >The old text is gone for good. If it ever comes back, tell us.</span
            ></label
          >`
    }
    <button class="btn go wide" type="submit">
      ${isBaseline(change) ? 'Approve this text' : 'I have read it, acknowledge'}
    </button>
    <p class="dim small">
      You answer for exactly what is on this page. If the page changes again, this counts for nothing.
    </p>
  </form>`;

const decision = (facts: ChangePageFacts, change: PendingChange): Html => {
  const { standing, view } = facts;
  const first = change.firstAcknowledgement;
  return html`<section class="card" aria-labelledby="decision">
    <h2 id="decision">${isBaseline(change) ? 'Your approval' : 'Your acknowledgement'}</h2>
    ${
      first === undefined
        ? null
        : html`<div class="note ok">
            <p><strong>${subjectWords(first.by)}</strong> has read it, ${utcWords(first.at)}.</p>
            <p class="small"><span class="said">${first.reason}</span></p>
            ${view.critical ? html`<p class="small">A second person has to read it too.</p>` : null}
          </div>`
    }
    ${
      standing.kind === 'mayAcknowledge'
        ? form(facts, change, standing.nonce)
        : standing.kind === 'signInAgain'
          ? html`<div class="note wait">
                <p>This needs a sign-in of the last five minutes.</p>
              </div>
              <p><a class="btn go" href="${standing.href}">Sign in again</a></p>`
          : html`<div class="note"><p>${standing.detail}</p></div>`
    }
  </section>`;
};

const about = ({ view, now }: ChangePageFacts, change: PendingChange): Html =>
  html`<section class="card" aria-label="About this change">
    <dl class="small">
      <dt>Page</dt>
      <dd><a href="${view.url}" rel="noreferrer noopener">${view.url}</a></dd>
      <dt>Confirmed</dt>
      <dd>${relativeWords(change.confirmedAt, now)}</dd>
      <dt>From</dt>
      <dd class="mono">${change.from === null ? 'nothing' : shortHash(change.from.semantic)}</dd>
      <dt>To</dt>
      <dd class="mono">${shortHash(change.to.semantic)}</dd>
      <dt>Change</dt>
      <dd class="mono">${change.changeId}</dd>
    </dl>
  </section>`;

/** What waits for a person at one source: the diff or the first text, and the form that answers for it. */
export const policyChangePage = (facts: ChangePageFacts): string => {
  const { view, viewer } = facts;
  const { change } = view;
  const crumb = html`<p class="crumb">
    <a href="${POLICIES_PAGE}">Watched policies</a> ›
    <a href="${sourcePage(view.source)}"><bdi>${view.title}</bdi></a>
  </p>`;
  if (change === null)
    return page({
      title: view.title,
      viewer,
      style: POLICY_STYLE,
      main: html`${crumb}
        <h1><bdi class="raw">${view.title}</bdi></h1>
        <div class="note ok" role="status">
          <p><strong>Nothing waits here.</strong> What the page says was acknowledged.</p>
        </div>
        <p><a href="${sourcePage(view.source)}">See how the source stands</a></p>`,
    });
  const heading = isBaseline(change) ? 'First text of' : 'Change of';
  return page({
    title: `${heading} ${view.title}`,
    viewer,
    style: POLICY_STYLE,
    main: html`${crumb} ${tags(change, view.critical)}
      <h1>${heading} <bdi class="raw">${view.title}</bdi></h1>
      <div class="cols">
        <div>
          ${change.from === null && view.diff === null ? null : difference(view, change)}
          ${isBaseline(change) ? extracted(view) : null}
        </div>
        <aside class="side">${decision(facts, change)} ${about(facts, change)}</aside>
      </div>`,
  });
};
