import { table } from '../docs/markdown.ts';
import type { Figures } from './figures.ts';

/** `winnersPerKey` and `winners-per-key` as words. */
export const words = (name: string): string => {
  const spaced = name
    .replaceAll(
      /([a-z0-9])([A-Z])/g,
      (_all, before: string, after: string) => `${before} ${after.toLowerCase()}`,
    )
    .replaceAll('-', ' ');
  return /^[A-Z_]+$/.test(name) ? name : spaced.charAt(0).toUpperCase() + spaced.slice(1);
};

const isPlain = (value: unknown): value is string | number | boolean | null =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A number with its thousands apart; yes and no; a dash for nothing. */
export const cell = (value: unknown): string => {
  if (typeof value === 'number') return value.toLocaleString('en-GB', { maximumFractionDigits: 6 });
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (value === null || value === undefined) return '–';
  if (Array.isArray(value) && value.every(isPlain)) return value.map(cell).join(', ');
  if (isObject(value))
    return Object.entries(value)
      .map(([name, each]) => (isPlain(each) ? `${name} ${cell(each)}` : `${name}: ${cell(each)}`))
      .join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
};

/** More columns than this are put into one cell. */
const MOST_COLUMNS = 6;

export const fenced = (text: string): string => `\`\`\`text\n${text.trimEnd()}\n\`\`\``;

const rowsTable = (rows: readonly Readonly<Record<string, unknown>>[]): string => {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return table(
    columns.map(words),
    rows.map((row) => columns.map((column) => cell(row[column]))),
  );
};

const isStory = (value: unknown): value is string => typeof value === 'string' && value.includes('\n');

/** One named group of figures, in the form that its shape asks for. */
const group = (name: string, value: unknown): string => {
  const heading = `**${words(name)}**`;
  if (isStory(value)) return `${heading}\n\n${fenced(value)}`;
  if (Array.isArray(value) && value.length > 0 && value.every(isObject)) {
    const stories = Object.keys(value[0] ?? {}).filter((column) => value.some((row) => isStory(row[column])));
    if (stories.length === 0) return `${heading}\n\n${rowsTable(value)}`;
    const told = value.map((row) => {
      const flat = Object.entries(row).filter(([column]) => !stories.includes(column));
      const line = `- ${flat.map(([column, each]) => (column === 'name' ? cell(each) : `${words(column).toLowerCase()}: ${cell(each)}`)).join('; ')}`;
      return [line, ...stories.flatMap((column) => (isStory(row[column]) ? [fenced(row[column])] : []))].join(
        '\n\n',
      );
    });
    return [heading, ...told].join('\n\n');
  }
  if (Array.isArray(value)) return `${heading}\n\n${value.map((each) => `- ${cell(each)}`).join('\n')}`;
  if (isObject(value)) {
    const members = Object.entries(value);
    if (members.every(([, member]) => isPlain(member) && !isStory(member)))
      return `${heading}\n\n${table(
        ['', 'Count'],
        members.map(([member, each]) => [words(member), cell(each)]),
      )}`;
    if (
      members.every(([, member]) => isObject(member) && Object.values(member).every((each) => !isStory(each)))
    ) {
      const columns = new Set(members.flatMap(([, member]) => Object.keys(member as object)));
      if (columns.size > MOST_COLUMNS)
        return `${heading}\n\n${table(
          ['What', 'Counts'],
          members.map(([member, each]) => [words(member), cell(each)]),
        )}`;
      return `${heading}\n\n${rowsTable(members.map(([member, each]) => ({ what: words(member), ...(each as object) })))}`;
    }
    return [heading, ...members.map(([member, each]) => group(member, each))].join('\n\n');
  }
  return `${heading}: ${cell(value)}`;
};

/** All the figures of a suite: plain ones in one table, the others each in a form of its own. */
export const renderFigures = (figures: Figures): string => {
  const entries = Object.entries(figures);
  const plain = entries.filter(([, value]) => isPlain(value) && !isStory(value));
  const others = entries.filter(([, value]) => !isPlain(value) || isStory(value));
  return [
    ...(plain.length === 0
      ? []
      : [
          table(
            ['What', 'Figure'],
            plain.map(([name, value]) => [words(name), cell(value)]),
          ),
        ]),
    ...others
      .filter(([, value]) => !(Array.isArray(value) && value.length === 0))
      .map(([name, value]) => group(name, value)),
  ].join('\n\n');
};
