import type { Block } from './content.ts';

/** A link as written, with its words. */
export interface DraftLink {
  readonly text: string;
  readonly href: string;
}

/** A block as a format's reader finds it, before filters, ranges and folding. */
export interface Draft {
  readonly kind: Block['kind'];
  readonly path: readonly string[];
  /** Depth of the list that it stands in, from 1; 0 outside of lists. */
  readonly depth: number;
  /** As a reader sees it, white space folded; never empty. */
  readonly text: string;
  readonly links: readonly DraftLink[];
}

interface Heading {
  readonly level: number;
  readonly text: string;
}

/** Which headings stand above a place. Scopes (an opened `<details>`) end and take their headings with them. */
export interface Sections {
  readonly path: () => string[];
  /** Ends every heading of this level or below in the scope, then stands under this one. */
  readonly enter: (level: number, text: string) => void;
  /** Headings above a heading of this level. */
  readonly above: (level: number) => string[];
  readonly open: () => void;
  readonly close: () => void;
}

export const sections = (): Sections => {
  const scopes: Heading[][] = [[]];
  const innermost = (): Heading[] => scopes.at(-1) ?? [];
  let cached: string[] | undefined;
  const path = (): string[] => (cached ??= scopes.flatMap((scope) => scope.map(({ text }) => text)));
  return {
    path,
    above: (level) => [
      ...scopes.slice(0, -1).flatMap((scope) => scope.map(({ text }) => text)),
      ...innermost()
        .filter((heading) => heading.level < level)
        .map(({ text }) => text),
    ],
    enter: (level, text) => {
      const scope = innermost();
      while ((scope.at(-1)?.level ?? -1) >= level) scope.pop();
      scope.push({ level, text });
      cached = undefined;
    },
    open: () => {
      scopes.push([]);
      cached = undefined;
    },
    close: () => {
      if (scopes.length > 1) scopes.pop();
      cached = undefined;
    },
  };
};

/** Canonical Markdown of blocks of a format that is none: one paragraph apart, headings and rows marked. */
export const draftsAsMarkdown = (drafts: readonly Draft[]): string =>
  drafts
    .map(({ kind, path, depth, text }) => {
      if (kind === 'heading') return `${'#'.repeat(Math.min(path.length + 1, 6))} ${text}`;
      if (kind === 'item') return `${'    '.repeat(Math.max(depth - 1, 0))}*   ${text}`;
      if (kind === 'quote') return `> ${text}`;
      if (kind === 'row') return `| ${text} |`;
      return text;
    })
    .join('\n\n');
