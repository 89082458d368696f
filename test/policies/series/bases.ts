import type { PolicySourceInput } from '#shared/policies/source.ts';
import type { Item, Part, PolicyDocument } from './document.ts';
import { tinyPdf } from './tiny-pdf.ts';

/** A kind of page that policies are published as. */
export interface BasePage {
  readonly name: string;
  readonly ending: 'html' | 'md' | 'pdf';
  readonly source: PolicySourceInput;
  readonly render: (document: PolicyDocument) => string | Uint8Array;
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const inline = (text: string): string =>
  escape(text)
    .replaceAll(/\[([^\]]+)\]\(([^)]+)\)/g, '<a href="$2">$1</a>')
    .replaceAll(/[a-z]+@[a-z.]+/g, (address) => `<a href="mailto:${address}">${address}</a>`);

const listHtml = (items: readonly Item[]): string =>
  `<ul>${items
    .map(({ text, items: below }) => `<li>${inline(text)}${below === undefined ? '' : listHtml(below)}</li>`)
    .join('\n')}</ul>`;
const partHtml = (part: Part): string => {
  if ('paragraph' in part) return `<p>${inline(part.paragraph)}</p>`;
  if ('list' in part) return listHtml(part.list);
  const [head = [], ...rows] = part.table;
  const cells = (row: readonly string[], tag: string): string =>
    `<tr>${row.map((cell) => `<${tag}>${inline(cell)}</${tag}>`).join('')}</tr>`;
  return `<table><thead>${cells(head, 'th')}</thead><tbody>${rows.map((row) => cells(row, 'td')).join('\n')}</tbody></table>`;
};
const partsHtml = (parts: readonly Part[]): string => parts.map(partHtml).join('\n');

const head = (title: string): string =>
  `<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>${escape(title)}</title>\n<link rel="stylesheet" href="/assets/app.css">\n<script src="/assets/app.js"></script>\n</head>\n`;

const helpCentre = (document: PolicyDocument): string => `${head(`${document.title} - Example Help`)}<body>
<header><a href="/">Example Help</a><form role="search"><input name="q" placeholder="Describe your issue"></form></header>
<div class="page"><article class="article">
<h1>${inline(document.title)}</h1>
${document.sections.map(({ heading, parts }) => `<section><h2>${inline(heading)}</h2>\n${partsHtml(parts)}</section>`).join('\n')}
<img src="/images/banner.png" alt="">
<div class="survey"><p>Was this helpful?</p><button>Yes</button><button>No</button></div>
<p class="date">${inline(document.updated)}</p>
</article></div>
<aside class="feedback"><p>Something went wrong. Please try again.</p></aside>
<footer>&copy; Example</footer>
</body>
</html>
`;

const legalTerms = (document: PolicyDocument): string => `${head(`${document.title} | Example Legal`)}<body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/pricing">Pricing</a></li></ul></nav>
<main>
<h1>${inline(document.title)}</h1>
<p><em>${inline(document.updated)}</em></p>
<hr>
${document.sections.map(({ heading, parts }, index) => `<h2 id="section-${index + 1}">${inline(heading)}</h2>\n${partsHtml(parts)}`).join('\n')}
</main>
<footer><p>Example Inc.</p></footer>
</body>
</html>
`;

const marketplace = (document: PolicyDocument): string => `${head(`${document.title} - Example Market`)}<body>
<nav><a href="/">Market</a></nav>
<div id="content">
<h1>${inline(document.title)}</h1>
${document.sections
  .map(
    ({ heading, parts }, index) =>
      `<div class="accordion"><h3><button aria-expanded="false" aria-controls="panel-${index}">${inline(heading)}</button></h3><div id="panel-${index}" class="panel" style="display:none">${partsHtml(parts)}</div></div>`,
  )
  .join('\n')}
<p>${inline(document.updated)}</p>
</div>
<div class="overlay"><h2>Where are you shopping from?</h2><p>Choose a language and a currency.</p></div>
<footer><p>Market of example goods</p></footer>
</body>
</html>
`;

const listMarkdown = (items: readonly Item[], indent = ''): string =>
  items
    .map(
      ({ text, items: below }) =>
        `${indent}- ${text}${below === undefined ? '' : `\n${listMarkdown(below, `${indent}  `)}`}`,
    )
    .join('\n');
const partMarkdown = (part: Part): string => {
  if ('paragraph' in part) return part.paragraph;
  if ('list' in part) return listMarkdown(part.list);
  const [first = [], ...rows] = part.table;
  return [first, first.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
};
const markdown = (document: PolicyDocument): string =>
  [
    `# ${document.title}`,
    document.updated,
    ...document.sections.flatMap(({ heading, parts }) => [`## ${heading}`, ...parts.map(partMarkdown)]),
    '',
  ].join('\n\n');

const itemLines = (items: readonly Item[], indent = ''): string[] =>
  items.flatMap(({ text, items: below }) => [`${indent}• ${text}`, ...itemLines(below ?? [], `${indent}  `)]);
const pdf = (document: PolicyDocument): Uint8Array => {
  const plain = (text: string): string => text.replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1');
  return tinyPdf(
    [
      `# ${document.title}`,
      document.updated,
      ...document.sections.flatMap(({ heading, parts }) => [
        `# ${heading}`,
        ...parts.flatMap((part) => {
          if ('paragraph' in part) return [part.paragraph];
          return 'list' in part ? itemLines(part.list) : part.table.map((row) => row.join('   '));
        }),
      ]),
    ].map(plain),
  );
};

export const BASES: readonly BasePage[] = [
  {
    name: 'help centre',
    ending: 'html',
    source: {
      id: 'help-centre',
      url: 'https://support.example.test/answer/2801973?hl=en',
      select: ['article'],
      remove: ['.survey', '.feedback'],
      anchors: ['When you have to disclose'],
    },
    render: helpCentre,
  },
  {
    name: 'legal terms',
    ending: 'html',
    source: {
      id: 'legal-terms',
      url: 'https://www.example.test/legal/terms',
      select: ['main'],
      remove: ['.consent'],
    },
    render: legalTerms,
  },
  {
    name: 'marketplace',
    ending: 'html',
    source: {
      id: 'marketplace',
      url: 'https://market.example.test/legal/prohibited/',
      remove: ['nav', 'footer', '.overlay', '.consent', '.trace'],
      anchors: ['What is prohibited', 'Fees and limits'],
    },
    render: marketplace,
  },
  {
    name: 'Markdown file',
    ending: 'md',
    source: { id: 'markdown-file', url: 'https://raw.example.test/policies/content.md' },
    render: markdown,
  },
  {
    name: 'PDF',
    ending: 'pdf',
    source: { id: 'pdf-file', url: 'https://files.example.test/Terms.pdf', anchors: ['Fees and limits'] },
    render: pdf,
  },
];
