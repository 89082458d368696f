import { type Html, html, wireBlock } from '../approvals/html.ts';
import { relativeWords } from '../approvals/words.ts';
import { CREDENTIALS_PAGE } from './console-paths.ts';
import { REASON_WORDS, type ReauthView, type Remedy } from './reauth-view.ts';

const way = (remedy: Remedy, mayConnect: boolean): Html => {
  if (remedy.kind === 'words') return html`<p class="small">${remedy.says}</p>`;
  if (remedy.kind === 'commands')
    return html`<p class="small">${remedy.says}</p>
      ${wireBlock('Commands', remedy.commands.join('\n'))}`;
  return mayConnect
    ? html`<p><a class="btn go" href="${remedy.href}">${remedy.text}</a></p>`
    : html`<p class="small dim">An operator connects it again.</p>`;
};

/** The section of the inbox: what has to be connected again, oldest first. Nothing where nothing is. */
export const toConnectAgain = (views: readonly ReauthView[], mayConnect: boolean, now: number): Html | null =>
  views.length === 0
    ? null
    : html`<section class="card" aria-labelledby="to-connect">
        <h2 id="to-connect">Accounts that need you <span class="dim">${views.length}</span></h2>
        <p class="small dim">
          Approved actions that need them wait, and go on once they work again.
          <a href="${CREDENTIALS_PAGE}">See all credentials</a>
        </p>
        <ul class="plain">
          ${views.map(
            ({ task, remedy }) =>
              html`<li>
                <div class="row">
                  <strong>${task.provider} <bdi class="raw">${task.account}</bdi></strong
                  ><span class="dim small"
                    ><time datetime="${task.openedAt}">${relativeWords(task.openedAt, now)}</time></span
                  >
                </div>
                <div class="tags">
                  <span class="tag">${task.environment.toLowerCase()}</span>
                  <span class="tag">${task.project}</span>
                </div>
                <p>${REASON_WORDS[task.reason]}</p>
                ${way(remedy, mayConnect)}
              </li>`,
          )}
        </ul>
      </section>`;
