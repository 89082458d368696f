import type TurndownService from 'turndown';

/** What is used of the DOM that turndown brings. */
interface Queryable {
  readonly querySelector: (selector: string) => Queryable | null | undefined;
}

const UNESCAPED_PIPE = /(?<!\\)\|/g;

/**
 * GFM tables for turndown, in time linear in the rows: the plugin's own rules look through the whole table for every
 * cell. The Markdown of a plain table is that of the plugin; a table is never printed as HTML, since what is compared
 * has flat cells.
 */
export const addTableRules = (turndown: TurndownService): void => {
  turndown.addRule('tableCell', {
    filter: ['th', 'td'],
    replacement: (content) => {
      const flat = content.trim().replaceAll(/\n+/g, '<br>').replaceAll(/\|+/g, '\\|');
      return ` ${flat.padEnd(3)} |`;
    },
  });
  turndown.addRule('tableRow', { filter: 'tr', replacement: (content) => `\n|${content}` });
  turndown.addRule('tableSection', {
    filter: ['thead', 'tbody', 'tfoot'],
    replacement: (content) => content,
  });
  turndown.addRule('tableCaption', {
    filter: 'caption',
    replacement: (content) => `\n${content.replaceAll(/\n+/g, ' ')}\n`,
  });
  turndown.addRule('table', {
    filter: 'table',
    replacement: (content, node) => {
      const lines = content.split('\n').filter((line) => line.trim() !== '');
      const rows = lines.filter((line) => line.startsWith('|'));
      const others = lines.filter((line) => !line.startsWith('|'));
      const columns = rows.reduce(
        (most, row) => Math.max(most, (row.match(UNESCAPED_PIPE)?.length ?? 1) - 1),
        0,
      );
      const first = (node as unknown as Queryable).querySelector('tr');
      // What finds nothing answers null or undefined, by its path through the library.
      const headed = Boolean(first) && !first?.querySelector('td');
      const divider = `|${' --- |'.repeat(columns)}`;
      const table = headed
        ? [...rows.slice(0, 1), divider, ...rows.slice(1)]
        : [`|${'     |'.repeat(columns)}`, divider, ...rows];
      return `\n\n${[...others, ''].join('\n\n')}${rows.length === 0 ? '' : table.join('\n')}\n\n`;
    },
  });
};
