import { type Html, html } from '../approvals/html.ts';
import { relativeWords } from '../approvals/words.ts';
import { changePage } from './console-paths.ts';
import type { PolicyView } from './policy-view.ts';
import { SEVERITY_WORDS, severityTone } from './policy-words.ts';
import { isBaseline } from './source-state.ts';
import { SEVERITIES } from './source-id.ts';

/** The section of the inbox: changes first, the gravest on top, then first texts. Nothing where nothing waits. */
export const policiesToRead = (policies: readonly PolicyView[], now: number): Html | null => {
  const waiting = policies.flatMap(({ source, pending }) => (pending === null ? [] : [{ source, pending }]));
  if (waiting.length === 0) return null;
  const weight = ({ pending }: (typeof waiting)[number]): number =>
    isBaseline(pending) ? -1 : SEVERITIES.indexOf(pending.severity);
  return html`<section class="card" aria-labelledby="policies-to-read">
    <h2 id="policies-to-read">Policy changes to read <span class="dim">${waiting.length}</span></h2>
    <ul class="plain">
      ${waiting
        .toSorted((one, other) => weight(other) - weight(one))
        .map(
          ({ source, pending }) =>
            html`<li>
              <div class="row">
                <a href="${changePage(source.id)}"><bdi class="raw">${source.title ?? source.id}</bdi></a
                ><span class="dim small">${relativeWords(pending.since, now)}</span>
              </div>
              <div class="tags">
                ${
                  isBaseline(pending)
                    ? html`<span class="tag wait">First text to approve</span>`
                    : html`<span class="tag ${severityTone(pending.severity)}"
                        >${SEVERITY_WORDS[pending.severity]}</span
                      >`
                }
                ${source.critical ? html`<span class="tag">Critical source</span>` : null}
                <span class="tag">${source.provider}</span>
              </div>
            </li>`,
        )}
    </ul>
  </section>`;
};
