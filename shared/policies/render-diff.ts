import { type Html, html } from '../approvals/html.ts';
import { visibleLine } from '../approvals/untrusted.ts';
import type { DiffEntry, DiffLink, DiffSpan, PolicyDiff } from './policy-diff.ts';

const KIND_WORDS: Readonly<Record<DiffEntry['kind'], string>> = {
  added: 'Added',
  removed: 'Removed',
  changed: 'Changed',
  moved: 'Moved',
  restructured: 'Under another heading or of another kind',
};
const LINK_WORDS: Readonly<Record<DiffLink['kind'], string>> = {
  added: 'Link added',
  removed: 'Link removed',
  retargeted: 'Link leads elsewhere',
};

/** Unchanged words around a change that are shown; longer stretches are cut in the middle. */
const AROUND = 160;

const countWords = (diff: PolicyDiff): string =>
  [
    [diff.counts.added, 'added'],
    [diff.counts.removed, 'removed'],
    [diff.counts.changed, 'changed'],
    [diff.counts.moved, 'moved'],
    [diff.counts.restructured, 'restructured'],
    [diff.counts.links, 'links'],
  ]
    .filter(([count]) => count !== 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(', ') || 'nothing differs';

/** Unchanged text is shortened so that the change can be seen; what changed is always shown whole. */
const shortened = (spans: readonly DiffSpan[]): DiffSpan[] =>
  spans.map((span, index) => {
    if (span.kind !== 'same' || spans.length === 1 || span.text.length <= 2 * AROUND) return span;
    const characters = [...span.text];
    if (characters.length <= 2 * AROUND) return span;
    const start = index === 0 ? '' : characters.slice(0, AROUND).join('');
    const end = index === spans.length - 1 ? '' : characters.slice(-AROUND).join('');
    return { kind: 'same', text: `${start} … ${end}` };
  });

const spanHtml = ({ kind, text }: DiffSpan): Html =>
  kind === 'added' ? html`<ins>${text}</ins>` : kind === 'removed' ? html`<del>${text}</del>` : html`${text}`;

const pathText = (path: readonly string[]): string => path.join(' › ');

const entryHtml = (entry: DiffEntry): Html =>
  html`<li>
    <p class="small dim">
      ${KIND_WORDS[entry.kind]} ·
      ${entry.block}${
        entry.fromBlock === undefined ? null : html` (was ${entry.fromBlock})`
      }${entry.path.length === 0 ? null : html` · <bdi>${pathText(entry.path)}</bdi>`}${
        entry.fromPath === undefined ? null : html` · before: <bdi>${pathText(entry.fromPath)}</bdi>`
      }
    </p>
    <blockquote><bdi class="raw">${shortened(entry.spans).map(spanHtml)}</bdi></blockquote>
  </li>`;

const linkHtml = (link: DiffLink): Html =>
  html`<li>
    <p class="small dim">
      ${LINK_WORDS[link.kind]}${link.path.length === 0 ? null : html` · <bdi>${pathText(link.path)}</bdi>`}
    </p>
    <blockquote>
      <bdi class="raw">${link.text}</bdi><br />
      ${link.from === null ? null : html`<del class="mono">${link.from}</del> `}${
        link.to === null ? null : html`<ins class="mono">${link.to}</ins>`
      }
    </blockquote>
  </li>`;

/**
 * The difference as part of a page of ours. Everything that the provider wrote is escaped, hidden characters are
 * shown, and no address of the page becomes a link.
 */
export const diffMarkup = (diff: PolicyDiff): Html =>
  html`<section class="diff" aria-label="Difference">
    <p class="note">
      Text of the provider, shown as data and not to be trusted. Severity <strong>${diff.severity}</strong>:
      ${countWords(diff)}.
    </p>
    ${diff.topics.length === 0 ? null : html`<p class="tags">${diff.topics.map((topic) => html`<span class="tag">${topic}</span>`)}</p>`}
    <ul class="plain small">
      ${diff.reasons.map((one) => html`<li><code>${one.code}</code> <bdi>${one.detail}</bdi></li>`)}
    </ul>
    <ul class="plain">
      ${diff.entries.map(entryHtml)}${diff.links.map(linkHtml)}
    </ul>
    ${diff.leftOut === 0 ? null : html`<p class="note wait">${diff.leftOut} more differences are not listed.</p>`}
  </section>`;

/** As `diffMarkup`, as text. */
export const diffHtml = (diff: PolicyDiff): string => diffMarkup(diff).text;

/** One line of untrusted text in running Markdown: nothing in it is markup, a link or an entity. */
const inline = (text: string): string =>
  visibleLine(text)
    .replaceAll(/[\\`*_{}[\]()<>#+\-.!|~&:@$^="'/]/g, (mark) => `\\${mark}`)
    .trim();

/** A line of a fenced block. The sign at its start keeps it from ever closing the fence. */
const fenced = (sign: string, text: string): string => `${sign} ${visibleLine(text)}`;

/** Longer than any run of backticks inside, so that nothing inside ends it. */
const fence = (lines: readonly string[]): string[] => {
  const longest = lines.reduce(
    (most, line) => Math.max(most, ...[...line.matchAll(/`+/g)].map(([run]) => run.length)),
    0,
  );
  const ticks = '`'.repeat(Math.max(3, longest + 1));
  return [`${ticks}diff`, ...lines, ticks];
};

const linesOf = (entry: DiffEntry): string[] => {
  const whole = (without: DiffSpan['kind']): string =>
    shortened(entry.spans)
      .filter(({ kind }) => kind !== without)
      .map(({ text }) => text)
      .join('');
  if (entry.kind === 'moved' || entry.kind === 'restructured') return [fenced(' ', whole('removed'))];
  return [
    ...(entry.kind === 'added' ? [] : [fenced('-', whole('added'))]),
    ...(entry.kind === 'removed' ? [] : [fenced('+', whole('removed'))]),
  ];
};

const entryMarkdown = (entry: DiffEntry): string[] => [
  `### ${KIND_WORDS[entry.kind]} (${entry.block})`,
  '',
  ...(entry.path.length === 0 ? [] : [`Section: ${inline(pathText(entry.path))}`, '']),
  ...(entry.fromPath === undefined ? [] : [`Before: ${inline(pathText(entry.fromPath))}`, '']),
  ...fence(linesOf(entry)),
  '',
];

const linkMarkdown = (link: DiffLink): string[] => [
  `### ${LINK_WORDS[link.kind]}`,
  '',
  ...fence([
    fenced(' ', link.text),
    ...(link.from === null ? [] : [fenced('-', link.from)]),
    ...(link.to === null ? [] : [fenced('+', link.to)]),
  ]),
  '',
];

/**
 * The difference as a Markdown document. The provider's text stands in fences that it cannot leave, or escaped on one
 * line; nothing of it is a link.
 */
export const diffMarkdown = (diff: PolicyDiff): string =>
  [
    `# Policy change: ${inline(diff.title)}`,
    '',
    `Source \`${diff.source}\`, severity **${diff.severity}**: ${countWords(diff)}.`,
    '',
    `From \`${diff.from?.semantic ?? 'nothing'}\` to \`${diff.to.semantic}\`. Everything quoted is the provider's text and not to be trusted.`,
    '',
    ...(diff.topics.length === 0 ? [] : [`Topics: ${diff.topics.join(', ')}`, '']),
    ...diff.reasons.map(({ code, detail }) => `- \`${code}\` ${inline(detail)}`),
    '',
    ...diff.entries.flatMap(entryMarkdown),
    ...diff.links.flatMap(linkMarkdown),
    ...(diff.leftOut === 0 ? [] : [`${diff.leftOut} more differences are not listed.`, '']),
  ].join('\n');
