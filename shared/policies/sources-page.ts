import { type Html, html } from '../approvals/html.ts';
import { page, type Viewer } from '../approvals/page.ts';
import { relativeWords, subjectWords, timesWords, utcWords } from '../approvals/words.ts';
import type { BreakGlass } from './break-glass.ts';
import { sourcePage } from './console-paths.ts';
import { POLICY_STYLE } from './policy-style.ts';
import type { PolicyView } from './policy-view.ts';
import { SEVERITY_WORDS, severityTone, spanWords, STANDING_TONE } from './policy-words.ts';
import { isBaseline } from './source-state.ts';
import { STANDINGS } from './standing.ts';

/** What two operators set aside in a project at this moment. */
export interface OpenBreakGlass {
  readonly project: string;
  readonly glass: BreakGlass;
}

export interface SourcesPageFacts {
  readonly viewer: Viewer;
  readonly policies: readonly PolicyView[];
  readonly open: readonly OpenBreakGlass[];
  readonly now: number;
}

/** Standing, severity of what waits, and whether it is critical, in one line. */
export const policyTags = (policy: PolicyView): Html =>
  html`<div class="tags">
    <span class="tag ${STANDING_TONE[policy.standing]}">${STANDINGS[policy.standing]}</span>
    ${
      policy.pending === null || isBaseline(policy.pending)
        ? null
        : html`<span class="tag ${severityTone(policy.pending.severity)}"
            >${SEVERITY_WORDS[policy.pending.severity]}</span
          >`
    }
    ${policy.source.critical ? html`<span class="tag">Critical source</span>` : null}
    <span class="tag">${policy.source.provider}</span>
  </div>`;

/** Says loudly what does not count at the moment, why, and who said so. */
export const breakGlassNotes = (open: readonly OpenBreakGlass[], now: number): Html =>
  html`${open.map(
    ({ project, glass }) =>
      html`<div class="note stop" role="status">
        <p>
          <strong>Break-glass in ${project}, over ${relativeWords(glass.until, now)}:</strong>
          ${glass.codes.join(', ')} of ${glass.sources.join(', ')} stop no action.
        </p>
        <p class="small">
          <span class="said">${glass.reason}</span>
          <span class="dim"
            >· ${glass.by.map(subjectWords).join(' and ')}, until ${utcWords(glass.until)}</span
          >
        </p>
      </div>`,
  )}`;

/** How much of the allowed age is used up, as a bar and in words. */
export const ageMeter = (policy: PolicyView): Html => {
  if (policy.ageSeconds === null) return html`<span class="dim small">never verified</span>`;
  const limit = policy.source.maxAgeDays * 86_400;
  const used = Math.min(100, Math.max(0, Math.round((policy.ageSeconds / limit) * 100)));
  return html`<span class="age"
    ><meter min="0" max="100" low="50" high="90" optimum="0" value="${used}">${used} %</meter
    ><span class="dim small"
      >verified ${spanWords(policy.ageSeconds)}
      ago${policy.slackSeconds > 0 ? html`, stale in ${spanWords(policy.slackSeconds)}` : html`, stale`}</span
    ></span
  >`;
};

const entry = (policy: PolicyView): Html =>
  html`<li>
    <div class="row">
      <a href="${sourcePage(policy.source.id)}"
        ><bdi class="raw">${policy.source.title ?? policy.source.id}</bdi></a
      >${policy.retired ? null : ageMeter(policy)}
    </div>
    <div class="row">
      ${policyTags(policy)}${
        policy.incident === null
          ? null
          : html`<span class="dim small"
              >${policy.incident.reason}, ${timesWords(policy.incident.count)}</span
            >`
      }
    </div>
  </li>`;

const section = (heading: string, policies: readonly PolicyView[], id: string): Html | null =>
  policies.length === 0
    ? null
    : html`<section class="card" aria-labelledby="${id}">
        <h2 id="${id}">${heading} <span class="dim">${policies.length}</span></h2>
        <ul class="plain">
          ${policies.map(entry)}
        </ul>
      </section>`;

const URGENT = new Set<PolicyView['standing']>(['MOVED', 'STALE', 'BLOCKED', 'FAILING']);

const summary = (policies: readonly PolicyView[]): Html => {
  const watched = policies.filter(({ retired }) => !retired);
  const good = watched.filter(({ reasons }) => reasons.length === 0);
  const next = good.toSorted((one, other) => one.slackSeconds - other.slackSeconds)[0];
  return html`<p class="dim">
    ${good.length} of ${watched.length} watched pages let actions pass.
    ${
      next === undefined
        ? null
        : html`The next to grow stale is ${next.source.title ?? next.source.id}, in
          ${spanWords(next.slackSeconds)}.`
    }
  </p>`;
};

/** Every watched policy: what is to be read, what is in trouble, the rest by provider. */
export const sourcesPage = ({ viewer, policies, open, now }: SourcesPageFacts): string => {
  const live = policies.filter(({ retired }) => !retired);
  const toRead = live.filter(({ pending }) => pending !== null);
  const trouble = live.filter(({ pending, standing }) => pending === null && URGENT.has(standing));
  const rest = live.filter(({ pending, standing }) => pending === null && !URGENT.has(standing));
  const providers = [...new Set(rest.map(({ source }) => source.provider))].toSorted();
  return page({
    title: 'Watched policies',
    viewer,
    style: POLICY_STYLE,
    main: html`<h1>Watched policies</h1>
      ${breakGlassNotes(open, now)} ${summary(policies)}
      ${
        policies.length === 0
          ? html`<section class="card">
              <p class="dim">
                Nothing is watched yet. The curated sources appear with the first check of the schedule, or at
                once with <code>npx autopack policies check --now</code>.
              </p>
            </section>`
          : null
      }
      ${section('To be read', toRead, 'read')} ${section('In trouble', trouble, 'trouble')}
      ${providers.map((provider, index) =>
        section(
          provider,
          rest.filter(({ source }) => source.provider === provider),
          `provider-${index}`,
        ),
      )}
      ${section(
        'Retired',
        policies.filter(({ retired }) => retired),
        'retired',
      )}`,
  });
};
