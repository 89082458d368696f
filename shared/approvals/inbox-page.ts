import { toConnectAgain } from '../credentials/reauth-section.ts';
import type { ReauthView } from '../credentials/reauth-view.ts';
import type { PolicyView } from '../policies/policy-view.ts';
import { policiesToRead } from '../policies/to-read.ts';
import type { Approval } from './approval.ts';
import { tags } from './approval-page.ts';
import { type Html, html } from './html.ts';
import { page, type Viewer } from './page.ts';
import { relativeWords, proposerWords, utcWords } from './words.ts';

/** One section of the inbox. */
export interface InboxSection {
  readonly heading: string;
  readonly approvals: readonly Approval[];
  /** What stands there when nothing does. Absent: the section is left out. */
  readonly empty?: string;
}

export interface InboxFacts {
  readonly viewer: Viewer;
  readonly sections: readonly InboxSection[];
  /** Policy changes that wait to be read; they stand after what waits for the viewer. */
  readonly policies: readonly PolicyView[];
  /** Accounts of the viewer's projects that have to be connected again. */
  readonly reauth: readonly ReauthView[];
  readonly mayConnect: boolean;
  readonly now: number;
  readonly olderHref?: string;
}

const when = (approval: Approval, now: number): Html =>
  approval.status === 'WAITING'
    ? html`expires <time datetime="${approval.expiresAt}">${relativeWords(approval.expiresAt, now)}</time>`
    : html`${approval.decision === undefined || approval.status === 'EXPIRED' ? null : html`${approval.decision.byName}, `}${utcWords(approval.decision?.at ?? approval.createdAt)}`;

const entry = (approval: Approval, now: number): Html =>
  html`<li>
    <div class="row">
      <a href="/a/${approval.approvalId}"><bdi class="raw">${approval.title}</bdi></a
      ><span class="dim small">${when(approval, now)}</span>
    </div>
    <div class="row">${tags(approval)}<span class="dim small">from ${proposerWords(approval)}</span></div>
  </li>`;

const section = ({ heading, approvals, empty }: InboxSection, index: number, now: number): Html | null => {
  if (approvals.length === 0 && empty === undefined) return null;
  return html`<section class="card" aria-labelledby="section-${index}">
    <h2 id="section-${index}">
      ${heading}${approvals.length === 0 ? null : html` <span class="dim">${approvals.length}</span>`}
    </h2>
    ${
      approvals.length === 0
        ? html`<p class="dim">${empty}</p>`
        : html`<ul class="plain">
            ${approvals.map((approval) => entry(approval, now))}
          </ul>`
    }
  </section>`;
};

/** What waits for the signed-in person, then what waits for others, then what was decided. */
export const inboxPage = ({
  viewer,
  sections,
  policies,
  reauth,
  mayConnect,
  now,
  olderHref,
}: InboxFacts): string =>
  page({
    title: 'Inbox',
    viewer,
    main: html`<h1>Inbox</h1>
      ${toConnectAgain(reauth, mayConnect, now)}
      ${sections.slice(0, 1).map((content, index) => section(content, index, now))}
      ${policiesToRead(policies, now)}
      ${sections.slice(1).map((content, index) => section(content, index + 1, now))}
      ${olderHref === undefined ? null : html`<p><a href="${olderHref}">Older decisions</a></p>`}`,
  });
