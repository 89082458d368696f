import type { HttpReply, HttpRequest } from '../operators/http.ts';
import { PROBLEMS, ProblemError } from '../operators/problems.ts';
import { type Html, html, type Part } from './html.ts';
import { PAGE_STYLE } from './page-style.ts';

/** Who looks at a page, where somebody is signed in. */
export interface Viewer {
  readonly name: string;
  readonly csrf: string;
}

export interface PageContent {
  readonly title: string;
  readonly viewer: Viewer | null;
  readonly main: Html;
  /** One column, for messages. */
  readonly narrow?: boolean;
  /** What this page needs beyond the common style sheet; goes into the same element. */
  readonly style?: Html;
}

/**
 * A whole page: no script, one style element (its hash is in the Content-Security-Policy), nothing from elsewhere.
 */
export const page = ({ title, viewer, main, narrow = false, style }: PageContent): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${title} · Autopack</title>
        <style>
          ${PAGE_STYLE}${style}
        </style>
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header class="top">
          <div>
            <a class="mark" href="/inbox">Autopack</a>
            ${
              viewer === null
                ? null
                : html`<nav aria-label="Main">
                      <a href="/inbox">Inbox</a> <a href="/sources">Policies</a>
                      <a href="/credentials">Credentials</a>
                    </nav>
                    <span class="who">${viewer.name}</span>
                    <form method="post" action="/sign-out">
                      <input type="hidden" name="csrf" value="${viewer.csrf}" /><button
                        class="btn link"
                        type="submit"
                      >
                        Sign out
                      </button>
                    </form>`
            }
          </div>
        </header>
        <main id="main" ${narrow ? html` class="narrow"` : null}>${main}</main>
      </body>
    </html> `.text;

export interface Message {
  readonly title: string;
  readonly paragraphs: readonly Part[];
  readonly links?: readonly { readonly href: string; readonly text: string; readonly main?: boolean }[];
  /** Stable code and request id, for who asks for help. */
  readonly code?: string;
  readonly requestId?: string;
  readonly viewer?: Viewer | null;
}

/** A short page that says one thing and what to do next. */
export const messagePage = (message: Message): string =>
  page({
    title: message.title,
    viewer: message.viewer ?? null,
    narrow: true,
    main: html`<div class="card">
      <h1>${message.title}</h1>
      ${message.paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}
      ${(message.links ?? []).map(
        (link) =>
          html`<p><a${link.main === true ? html` class="btn go"` : null} href="${link.href}">${link.text}</a></p>`,
      )}
      ${
        message.code === undefined
          ? null
          : html`<p class="code">
              Code
              ${message.code}${message.requestId === undefined ? null : html` · request ${message.requestId}`}
            </p>`
      }
    </div>`,
  });

/** Where a signed-out visitor of a page goes. `path` is a path of our own. */
export const signInPath = (path: string, fresh = false): string =>
  `/sign-in?${fresh ? 'fresh=1&' : ''}return=${encodeURIComponent(path)}`;

/** What anybody sees who is not signed in: nothing about any action. */
export const signInPage = (path: string): string =>
  messagePage({
    title: 'Sign in to continue',
    paragraphs: [
      'What you asked for is shown to signed-in people only. Signing in decides nothing; you choose on the next page.',
    ],
    links: [{ href: signInPath(path), text: 'Sign in', main: true }],
  });

/** A kind page for a ProblemError: what happened, what to do, the stable code. Anything else goes on. */
export const pageOfProblem = (
  error: unknown,
  request: HttpRequest,
  next: { readonly href: string; readonly text: string } = { href: '/inbox', text: 'Go to the inbox' },
): HttpReply => {
  if (!(error instanceof ProblemError)) throw error;
  return {
    status: PROBLEMS[error.code].status,
    html: messagePage({
      title: PROBLEMS[error.code].title,
      paragraphs: [error.message],
      links: [next],
      code: error.code,
      requestId: request.requestId,
    }),
  };
};
