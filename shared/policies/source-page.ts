import { type Html, html, wireBlock } from '../approvals/html.ts';
import { page, type Viewer } from '../approvals/page.ts';
import { relativeWords, shortHash, subjectWords, timesWords, utcWords } from '../approvals/words.ts';
import type { Acknowledgement } from './acknowledge.ts';
import { changePage, POLICIES_PAGE, sourcePage } from './console-paths.ts';
import { GATE_REASONS } from './gate-reasons.ts';
import type { Observation } from './observation.ts';
import { POLICY_STYLE } from './policy-style.ts';
import type { PolicyView } from './policy-view.ts';
import { CLASS_WORDS } from './policy-words.ts';
import { isBaseline } from './source-state.ts';
import { ageMeter, breakGlassNotes, type OpenBreakGlass, policyTags } from './sources-page.ts';

export interface SourcePageFacts {
  readonly viewer: Viewer;
  readonly policy: PolicyView;
  readonly observations: readonly Observation[];
  readonly acknowledgements: readonly Acknowledgement[];
  /** Cursor of the next page of the log. */
  readonly older?: string;
  readonly open: readonly OpenBreakGlass[];
  readonly now: number;
}

/** Our own words, with what stands between backticks as code. */
const withCode = (text: string): readonly Html[] =>
  text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));

const toRead = ({ pending, source }: PolicyView): Html | null =>
  pending === null
    ? null
    : html`<div class="note wait">
        <p>
          <strong
            >${isBaseline(pending) ? 'A first text waits for approval.' : 'A change waits to be read.'}</strong
          >
          Seen ${utcWords(pending.since)}, confirmed ${utcWords(pending.confirmedAt)}.
        </p>
        <p>
          <a class="btn go" href="${changePage(source.id)}"
            >${isBaseline(pending) ? 'Look at the text' : 'Read the change'}</a
          >
        </p>
      </div>`;

const standing = (policy: PolicyView): Html =>
  html`<section class="card" aria-labelledby="standing">
    <h2 id="standing">How it stands</h2>
    ${
      policy.reasons.length === 0
        ? html`<p>Actions that require this page may go on. ${ageMeter(policy)}</p>`
        : html`<p>Actions that require this page are refused. ${ageMeter(policy)}</p>
            <ul class="plain reasons">
              ${policy.reasons.map(
                ({ code, detail }) =>
                  html`<li>
                    <strong>${GATE_REASONS[code].means}</strong>
                    <span class="small"><bdi>${detail}</bdi> ${withCode(GATE_REASONS[code].action)}</span>
                    <div class="dim small mono">${code}</div>
                  </li>`,
              )}
            </ul>`
    }
    ${
      policy.incident === null
        ? null
        : html`<div class="note wait">
            <p>
              <strong>Nothing usable since ${utcWords(policy.incident.since)}</strong>,
              ${policy.incident.count === 1 ? 'one look' : `${policy.incident.count} looks in a row`}.
            </p>
            <p class="small">
              <span class="mono">${policy.incident.reason}</span>
              <bdi class="raw">${policy.incident.detail}</bdi>
            </p>
          </div>`
    }
    ${
      policy.scheduled.length === 0
        ? null
        : html`<h3>Announced</h3>
            <ul class="plain small">
              ${policy.scheduled.map(({ on, phrase }) => html`<li>${utcWords(on)}: <bdi class="raw">${phrase}</bdi></li>`)}
            </ul>`
    }
  </section>`;

const foundWords = (seen: Observation): string =>
  seen.unusable === undefined
    ? seen.candidate
      ? 'Something new, to be confirmed'
      : seen.class === undefined
        ? 'Recorded'
        : CLASS_WORDS[seen.class]
    : 'Not usable';

const look = (seen: Observation): Html =>
  html`<li>
    <div class="row">
      <span
        ><strong>${foundWords(seen)}</strong
        >${seen.alert ? html` <span class="tag stop">told people</span>` : null}</span
      ><span class="dim small">${utcWords(seen.at)}</span>
    </div>
    ${
      seen.unusable === undefined
        ? null
        : html`<div class="small">
            <span class="mono">${seen.unusable.reason}</span> <bdi class="raw">${seen.unusable.detail}</bdi>
          </div>`
    }
    ${seen.reasons.map(
      ({ code, detail }) =>
        html`<div class="small dim"><span class="mono">${code}</span> <bdi class="raw">${detail}</bdi></div>`,
    )}
    ${
      seen.removed.length === 0
        ? null
        : html`<details>
            <summary>What was left out as noise (${seen.removed.length} rules)</summary>
            <ul class="plain small">
              ${seen.removed.map(
                ({ rule, count, sample }) =>
                  html`<li>
                    <bdi>${rule}</bdi>, ${timesWords(count)}: <bdi class="raw dim">${sample}</bdi>
                  </li>`,
              )}
            </ul>
          </details>`
    }
  </li>`;

const log = ({ policy, observations, older }: SourcePageFacts): Html =>
  html`<section class="card" aria-labelledby="log">
    <h2 id="log">Every look at it</h2>
    ${
      observations.length === 0
        ? html`<p class="dim">Nobody has looked yet.</p>`
        : html`<ul class="plain log">
            ${observations.map(look)}
          </ul>`
    }
    ${older === undefined ? null : html`<p><a href="${sourcePage(policy.source.id)}?older=${encodeURIComponent(older)}">Older looks</a></p>`}
  </section>`;

const words = ({ people, class: kind, complete, supersedes, to }: Acknowledgement): Html =>
  html`<li>
    <div class="row">
      <strong>${CLASS_WORDS[kind]}</strong><span class="dim small mono">${shortHash(to.semantic)}</span>
    </div>
    ${people.map(
      ({ by, at, reason }) =>
        html`<div class="small">
          ${subjectWords(by)}, ${utcWords(at)}: <span class="said">${reason}</span>
        </div>`,
    )}
    ${complete ? null : html`<div class="small dim">The second person is missing.</div>`}
    ${supersedes ? html`<div class="small dim">The old text is gone for good.</div>` : null}
  </li>`;

const facts = ({ policy, now }: SourcePageFacts): Html => {
  const { source } = policy;
  return html`<dl class="small">
    <dt>Page</dt>
    <dd><a href="${source.url}" rel="noreferrer noopener">${source.url}</a></dd>
    <dt>Verified</dt>
    <dd>${policy.verifiedAt === null ? 'never' : utcWords(policy.verifiedAt)}</dd>
    <dt>Next look</dt>
    <dd>${policy.nextCheckAt === null ? 'none' : relativeWords(policy.nextCheckAt, now)}</dd>
    <dt>Every</dt>
    <dd>${source.cadenceHours} h, stale after ${source.maxAgeDays} d</dd>
    <dt>Back and forth</dt>
    <dd>${timesWords(policy.flapsPerDay)} in 24 h</dd>
    <dt>Topics</dt>
    <dd>${source.topics.length === 0 ? 'none' : source.topics.join(', ')}</dd>
    <dt>Id</dt>
    <dd class="mono">${source.id}</dd>
  </dl>`;
};

/** One watched page: how it stands, who agreed to what, and every look at it. */
export const watchedSourcePage = (given: SourcePageFacts): string => {
  const { policy, viewer, acknowledgements, open, now } = given;
  const mine = open.filter(({ glass }) => glass.sources.includes(policy.source.id));
  const title = policy.source.title ?? policy.source.id;
  return page({
    title,
    viewer,
    style: POLICY_STYLE,
    main: html`<p class="crumb"><a href="${POLICIES_PAGE}">Watched policies</a></p>
      ${policyTags(policy)}
      <h1><bdi class="raw">${title}</bdi></h1>
      ${breakGlassNotes(mine, now)} ${toRead(policy)}
      ${
        policy.proposedBy === null
          ? null
          : html`<div class="note">
              <p>
                ${subjectWords(policy.proposedBy)} wants to edit this source. It is critical: another operator
                has to ask for the same.
              </p>
            </div>`
      }
      <div class="cols">
        <div>${standing(policy)} ${log(given)}</div>
        <aside class="side">
          <section class="card" aria-label="About this source">${facts(given)}</section>
          <section class="card" aria-labelledby="agreed">
            <h2 id="agreed">Who agreed to what</h2>
            ${
              acknowledgements.length === 0
                ? html`<p class="dim small">Nobody has approved a text of it yet.</p>`
                : html`<ul class="plain">
                    ${acknowledgements.map(words)}
                  </ul>`
            }
          </section>
          <details>
            <summary>How it is read</summary>
            ${wireBlock('Settings of the source', JSON.stringify(policy.source, null, 2))}
          </details>
        </aside>
      </div>`,
  });
};
