import { createHash } from 'node:crypto';
import type { ProblemDocument } from './problems.ts';

const REPLACEMENTS: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand in HTML, between tags and in quoted attributes. */
export const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => REPLACEMENTS[character] as string);

const STYLE = `body{margin:0;font:16px/1.5 system-ui,sans-serif;background:#f4f5f7;color:#1b1f24}
main{max-width:34rem;margin:12vh auto;padding:2rem;background:#fff;border:1px solid #d8dce2;border-radius:8px}
h1{margin:0 0 .75rem;font-size:1.35rem}p{margin:.5rem 0}small{color:#57606a}a{color:#0b57d0}
@media(prefers-color-scheme:dark){body{background:#14171a;color:#e6e8ea}main{background:#1d2125;border-color:#343a41}
small{color:#a0a8b0}a{color:#8ab4f8}}`;

/** One thing that the reader can do next. `href` is a path of our own. */
export interface PageLink {
  readonly href: string;
  readonly text: string;
}

/** A plain page with a title and paragraphs; everything is escaped. Works without scripts and images. */
export const plainPage = (
  title: string,
  paragraphs: readonly string[],
  links: readonly PageLink[] = [],
): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Autopack</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`).join('\n')}
${links.map((link) => `<p><a href="${escapeHtml(link.href)}">${escapeHtml(link.text)}</a></p>`).join('\n')}
</main>
</body>
</html>
`;

const SIGN_IN_HELPS: ReadonlySet<string> = new Set([
  'SIGN_IN_FAILED',
  'SIGN_IN_NOT_FRESH',
  'UNAUTHENTICATED',
]);

/** What a person sees where a program would get the problem document. */
export const problemPage = (problem: ProblemDocument): string =>
  plainPage(
    problem.title,
    [problem.detail, `Code ${problem.code}. If you ask for help, give this id: ${problem.requestId}`],
    [
      SIGN_IN_HELPS.has(problem.code)
        ? { href: '/sign-in', text: 'Sign in' }
        : { href: '/inbox', text: 'Go to the inbox' },
    ],
  );

/**
 * Content-Security-Policy of a page: nothing but its own style sheet and forms to ourselves. Only the first
 * style element of the head is trusted, so that text which slipped through escaping cannot bring another.
 */
export const pagePolicy = (html: string): string => {
  const head = html.slice(0, Math.max(html.indexOf('</head>'), 0));
  const style = /<style>([\s\S]*?)<\/style>/.exec(head)?.[1];
  const styles =
    style === undefined ? "'none'" : `'sha256-${createHash('sha256').update(style).digest('base64')}'`;
  return `default-src 'none'; style-src ${styles}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`;
};
