import { costWords } from '../actions/cost-words.ts';
import type { DryRun } from '../actions/dry-run.ts';
import { policyBasis, policyWarning } from '../policies/basis-section.ts';
import type { PolicyBasis } from '../policies/gate-basis.ts';
import type { Approval, ApprovalStatus } from './approval.ts';
import { type Html, html, lines, wireBlock } from './html.ts';
import { page, type Viewer } from './page.ts';
import {
  behindIt,
  EFFECT_WORDS,
  relativeWords,
  REVERSIBILITY_WORDS,
  STATUS_WORDS,
  proposerWords,
  TIER_WORDS,
  utcWords,
} from './words.ts';
import { indentJson, requestHead } from './wire-text.ts';

/** What the person who looks may do here. */
export type Standing =
  | { readonly kind: 'mayDecide'; readonly nonce: string }
  /** They may, once they prove again who they are. */
  | { readonly kind: 'signInAgain'; readonly href: string }
  /** They may not, or nobody may any more. */
  | { readonly kind: 'mayNot'; readonly code: string; readonly detail: string };

export interface ApprovalPageFacts {
  readonly approval: Approval;
  readonly dryRun: DryRun;
  readonly viewer: Viewer;
  readonly standing: Standing;
  /** The policies that it requires as they stand now; absent where it requires none or is decided. */
  readonly policies?: { readonly basis: PolicyBasis };
  /** Path of this page; the form posts to it. */
  readonly path: string;
  readonly now: number;
}

const TONE: Readonly<Record<ApprovalStatus, string>> = {
  WAITING: 'wait',
  APPROVED: 'ok',
  REJECTED: 'stop',
  EXPIRED: '',
  CANCELLED: '',
};

/** Status, tier, project and operation in one line. */
export const tags = (approval: Approval): Html =>
  html`<div class="tags">
    <span class="tag ${TONE[approval.status]}">${STATUS_WORDS[approval.status]}</span>
    <span class="tag">${TIER_WORDS[approval.tier]}</span>
    <span class="tag">${approval.project}</span>
    <span class="tag">${approval.operation}</span>
  </div>`;

const effects = (dryRun: DryRun): Html =>
  html`<section class="card" aria-labelledby="effects">
    <h2 id="effects">What it will do</h2>
    <ul class="plain">
      ${dryRun.effects.map(
        (effect) =>
          html`<li><div><strong>${EFFECT_WORDS[effect.type]}</strong> <bdi class="raw">${effect.target}</bdi></div>
<div class="small"><span${effect.reversibility === 'irreversible' ? html` class="final"` : html` class="dim"`}>${REVERSIBILITY_WORDS[effect.reversibility]}</span> <span class="dim">· ${costWords(effect.cost)}</span></div></li>`,
      )}
    </ul>
    ${
      dryRun.summary.length === 0
        ? null
        : html`<h3>In detail</h3>
            <dl>
              ${dryRun.summary.map(
                ({ label, value }) =>
                  html`<dt>${label}</dt>
                    <dd><bdi class="raw">${value}</bdi></dd>`,
              )}
            </dl>`
    }
    ${
      dryRun.files.length === 0
        ? null
        : html`<h3>Files concerned</h3>
            <ul class="plain small">
              ${dryRun.files.map((file) => html`<li class="mono">${file}</li>`)}
            </ul>`
    }
  </section>`;

const request = ({ approval, dryRun }: ApprovalPageFacts): Html => {
  const { body, credential, media } = dryRun.request;
  const readable = body === null ? null : indentJson(body);
  return html`<section class="card" aria-labelledby="request">
    <h2 id="request">The request, exactly as it will be sent</h2>
    ${wireBlock('Method, address and headers', requestHead(dryRun.request))}
    ${
      body === null
        ? html`<p class="dim small">It has no body.</p>`
        : readable === null
          ? html`<h3>Body</h3>
              ${wireBlock('Body', body)}`
          : html`<h3>Body, indented</h3>
              ${wireBlock('Body, indented', readable)}
              <details>
                <summary>The body byte by byte as it will be sent (${Buffer.byteLength(body)} bytes)</summary>
                ${wireBlock('Exact body', body)}
              </details>`
    }
    ${
      media.length === 0
        ? null
        : html`<h3>Media</h3>
            <ul class="plain small">
              ${media.map((item) => html`<li>${item.name}, ${item.bytes} bytes<br /><span class="mono">${item.sha256}</span></li>`)}
            </ul>`
    }
    <h3>SHA-256 of the request</h3>
    <p class="mono" id="hash">${approval.requestHash}</p>
    <p class="dim small">
      ${
        credential === null
          ? 'It is sent without a credential.'
          : html`Authentication is added when it is sent: ${credential.provider}, account
              <bdi class="raw">${credential.account}</bdi>, ${credential.environment.toLowerCase()}.`
      }
      If one byte of it changes, it is not sent.
    </p>
  </section>`;
};

const reasons = ({ approval, dryRun }: ApprovalPageFacts): Html =>
  html`<section class="card" aria-labelledby="why">
    <h2 id="why">Why a person decides</h2>
    <ul class="plain">
      ${approval.reasons.map(
        (reason) =>
          html`<li>
            ${reason.detail}
            <div class="dim small mono">${reason.gate} · ${reason.code}</div>
          </li>`,
      )}
    </ul>
    ${
      dryRun.rationale === null
        ? null
        : html`<h3>What the agent says about it (not checked)</h3>
            <blockquote><span class="said">${lines(dryRun.rationale)}</span></blockquote>`
    }
  </section>`;

const facts = ({ approval, now }: ApprovalPageFacts): Html =>
  html`<dl class="small">
    <dt>Proposed by</dt>
    <dd>${proposerWords(approval)}</dd>
    <dt>Behind it</dt>
    <dd>${behindIt(approval).join(', ')}</dd>
    <dt>Risk score</dt>
    <dd>${approval.riskScore}</dd>
    <dt>Asked</dt>
    <dd>${utcWords(approval.createdAt)}</dd>
    <dt>${approval.status === 'WAITING' ? 'Expires' : 'Good until'}</dt>
    <dd>
      <time datetime="${approval.expiresAt}">${utcWords(approval.expiresAt)}</time><br /><span class="dim"
        >${relativeWords(approval.expiresAt, now)}</span
      >
    </dd>
    <dt>Key</dt>
    <dd class="mono">${approval.key}</dd>
  </dl>`;

const recorded = (approval: Approval): Html => {
  const { decision } = approval;
  return html`<div class="note ${TONE[approval.status]}" role="status">
    <p><strong>${STATUS_WORDS[approval.status]}</strong></p>
    ${
      decision === undefined
        ? null
        : html`<p class="small">
              ${approval.status === 'EXPIRED' ? null : html`by ${decision.byName}, `}${utcWords(decision.at)}
            </p>
            ${decision.reason === '' ? null : html`<p class="small"><span class="said">${lines(decision.reason)}</span></p>`}`
    }
  </div>`;
};

const form = ({ approval, viewer, path }: ApprovalPageFacts, nonce: string): Html =>
  html`<form method="post" action="${path}">
    <input type="hidden" name="csrf" value="${viewer.csrf}" />
    <input type="hidden" name="nonce" value="${nonce}" />
    <input type="hidden" name="requestHash" value="${approval.requestHash}" />
    <input type="hidden" name="version" value="${approval.version}" />
    <label for="reason">Reason <span class="dim">(optional, kept with the decision)</span></label>
    <textarea id="reason" name="reason" maxlength="500" rows="3"></textarea>
    <div class="choice">
      <button class="btn go" type="submit" name="decision" value="approve">Approve</button>
      <button class="btn stop" type="submit" name="decision" value="reject">Reject</button>
    </div>
    <p class="dim small">You decide about exactly the request on this page.</p>
  </form>`;

const aside = (page: ApprovalPageFacts): Html => {
  const { approval, standing } = page;
  return html`<aside class="side">
    <section class="card" aria-labelledby="decision">
      <h2 id="decision">${approval.status === 'WAITING' ? 'Your decision' : 'The decision'}</h2>
      ${
        approval.status !== 'WAITING'
          ? recorded(approval)
          : standing.kind === 'mayDecide'
            ? form(page, standing.nonce)
            : standing.kind === 'signInAgain'
              ? html`<div class="note wait">
                    <p>This risk level needs a sign-in of the last five minutes.</p>
                  </div>
                  <p><a class="btn go" href="${standing.href}">Sign in again to decide</a></p>`
              : html`<div class="note"><p>${standing.detail}</p></div>`
      }
      ${standing.kind === 'mayNot' ? html`<p class="dim small">Code ${standing.code}</p>` : null}
    </section>
    <section class="card" aria-label="About this request">${facts(page)}</section>
  </aside>`;
};

/** The policies as they stand now; of a decided one as they stood when it was asked for. */
const policies = ({ approval, policies: now, now: at }: ApprovalPageFacts): Html | null => {
  const basis = now?.basis ?? approval.policies;
  return basis === undefined ? null : policyBasis(basis, at);
};

/** The page of one approval for somebody who may see it. Everything on it comes from the store. */
export const approvalPage = (facts: ApprovalPageFacts): string =>
  page({
    title: facts.approval.title,
    viewer: facts.viewer,
    main: html`${tags(facts.approval)}
      <h1><bdi class="raw">${facts.approval.title}</bdi></h1>
      <div class="cols">
        <div>
          ${facts.policies === undefined ? null : policyWarning(facts.policies.basis)}
          ${effects(facts.dryRun)} ${request(facts)} ${reasons(facts)} ${policies(facts)}
        </div>
        ${aside(facts)}
      </div>`,
  });
