import { createHash } from 'node:crypto';
import type { AwsReply } from './service.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for HTML content and quoted attributes. */
export const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (found) => ENTITIES[found] ?? found);

const STYLE = `:root{color-scheme:light dark;--ink:#1b2330;--soft:#5a6577;--line:#dde2ea;--ground:#f4f6f9;--card:#fff;--accent:#2450c8;--accent-ink:#fff;--warn:#8a5a00;--warn-ground:#fff6e0}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf2;--soft:#9aa6b8;--line:#2d3543;--ground:#12161d;--card:#1a202a;--accent:#7ea2ff;--accent-ink:#0d1420;--warn:#f0c36a;--warn-ground:#2e2614}}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:60rem;margin:0 auto;padding:2rem 1rem 4rem}main.narrow{max-width:27rem;padding-top:8vh}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .25rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}.card>:first-child{margin-top:0}.card>:last-child{margin-bottom:0}p{margin:.5rem 0}.soft{color:var(--soft)}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.25rem 1.5rem;margin:1rem 0}
.note{background:var(--warn-ground);color:var(--warn);border-radius:8px;padding:.6rem .9rem;font-size:.92rem}
a{color:var(--accent)}a:focus-visible,button:focus-visible,input:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
ul.list{list-style:none;margin:0;padding:0}ul.list>li{border-top:1px solid var(--line)}ul.list>li:first-child{border-top:0}
ul.list a{display:block;padding:.8rem 0;text-decoration:none;color:inherit}ul.list a:hover .subject{text-decoration:underline}.subject{font-weight:600;overflow-wrap:anywhere}
label{display:block;font-weight:600;margin-top:1rem}input{width:100%;font:inherit;padding:.6rem .75rem;margin-top:.3rem;border:1px solid var(--soft);border-radius:8px;background:var(--card);color:inherit}
button{font:inherit;font-weight:600;margin-top:1.1rem;width:100%;padding:.65rem 1rem;border:0;border-radius:8px;background:var(--accent);color:var(--accent-ink);cursor:pointer}
button.quiet{background:transparent;color:var(--accent);border:1px solid var(--line);margin-top:.6rem}button.small{width:auto;margin:0;padding:.3rem .7rem;font-size:.9rem}
fieldset{border:0;padding:0;margin:1.25rem 0 0;min-width:0}legend{padding:0;font-weight:600}.choice{font-weight:400;margin-top:.45rem;display:grid;grid-template-columns:1.25rem 1fr;align-items:start;gap:0 .5rem;overflow-wrap:anywhere}.choice input{width:auto;margin:.3rem 0 0;grid-row:span 2}.choice .soft{grid-column:2;font-size:.88rem}
.scroll{overflow-x:auto}table{width:100%;border-collapse:collapse;font-size:.92rem}th,td{text-align:left;padding:.45rem .75rem .45rem 0;border-top:1px solid var(--line);white-space:nowrap}thead th{border-top:0;color:var(--soft);font-weight:500}td.n,th.n{text-align:right}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.25rem;margin:.75rem 0 0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;font:14px/1.5 ui-monospace,Menlo,Consolas,monospace}
iframe{width:100%;height:34rem;border:1px solid var(--line);border-radius:8px;background:#fff}code{font:.9em ui-monospace,Menlo,Consolas,monospace}`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

export interface LocalPage {
  readonly title: string;
  /** HTML that is already escaped. */
  readonly body: string;
  readonly status?: number;
  /** One narrow column, as for a form. */
  readonly narrow?: boolean;
  /** Sources of `form-action`; nothing may be sent by default. */
  readonly formAction?: string;
  /** Whether the page frames another page of this host. */
  readonly frames?: boolean;
  readonly cookies?: readonly string[];
}

/** A page of the local host: no scripts, no third parties, never cached, never framed. */
export const pageReply = (page: LocalPage): AwsReply => ({
  status: page.status ?? 200,
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': [
      "default-src 'none'",
      `style-src 'sha256-${STYLE_HASH}'`,
      `form-action ${page.formAction ?? "'none'"}`,
      ...(page.frames === true ? ["frame-src 'self'"] : []),
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  },
  ...(page.cookies === undefined ? {} : { cookies: page.cookies }),
  body: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(page.title)}</title><style>${STYLE}</style></head>
<body><main${page.narrow === true ? ' class="narrow"' : ''}>${page.body}</main></body></html>`,
});
