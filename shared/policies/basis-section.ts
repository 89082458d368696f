import { epochMs } from '../actions/identity.ts';
import { type Html, html } from '../approvals/html.ts';
import { shortHash, utcWords } from '../approvals/words.ts';
import { sourcePage } from './console-paths.ts';
import type { PolicyBasis } from './gate-basis.ts';
import { GATE_REASONS } from './gate-reasons.ts';
import { spanWords } from './policy-words.ts';

/** What stands in the way at this moment, or null: shown where somebody is about to decide. */
export const policyWarning = (basis: PolicyBasis): Html | null =>
  basis.reasons.length === 0
    ? null
    : html`<div class="note stop" role="status">
        <p>
          <strong>It would be refused now.</strong> An approval does not help until these policies are in
          order:
        </p>
        <ul class="plain small">
          ${basis.reasons.map(
            ({ code, source, detail }) =>
              html`<li>
                <a href="${sourcePage(source)}">${source}</a>: ${GATE_REASONS[code].means}
                <bdi>${detail}</bdi>
                <span class="mono dim">${code}</span>
              </li>`,
          )}
        </ul>
      </div>`;

/** The policies that an action requires: which text, when it was verified, who set what aside. */
export const policyBasis = (basis: PolicyBasis, now: number): Html =>
  html`<section class="card" aria-labelledby="policies">
    <h2 id="policies">Policies it has to keep</h2>
    <p class="dim small">
      As of ${utcWords(basis.decidedAt)}.
      ${basis.slackSeconds === null || basis.slackSeconds === 0 ? null : html`The first of them is stale in ${spanWords(basis.slackSeconds)}.`}
      It is asked again right before it runs.
    </p>
    ${basis.overridden.map(
      ({ code, source, version }) =>
        html`<div class="note stop">
          <p>
            <strong>Break-glass:</strong> <span class="mono">${code}</span> of ${source} was set aside by two
            people (project version ${version}).
          </p>
        </div>`,
    )}
    <ul class="plain small">
      ${basis.evidence.map(
        ({ source, semantic, verifiedAt, acknowledgement }) =>
          html`<li>
            <a href="${sourcePage(source)}">${source}</a>
            <span class="dim"
              >verified ${spanWords(Math.max(0, Math.floor((now - epochMs(verifiedAt)) / 1000)))} ago · text
              <span class="mono">${shortHash(semantic)}</span>${
                acknowledgement === null
                  ? null
                  : html` · agreed in <span class="mono">${acknowledgement.slice(0, 12)}</span>`
              }</span
            >
          </li>`,
      )}
      ${
        basis.evidence.length === 0
          ? html`<li class="dim">
              No text was approved yet: ${[...new Set(basis.reasons.map(({ source }) => source))].join(', ')}.
            </li>`
          : null
      }
    </ul>
  </section>`;
