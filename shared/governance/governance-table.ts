import { EFFECT_TYPES, NEVER_UNATTENDED } from '../actions/effects.ts';
import { PROPOSAL_ATTRIBUTES } from './cedar-schema.ts';
import { PRODUCT_POLICIES } from './product-policies.ts';
import { GOVERNED_PATHS, OWN_PATHS } from './protected-paths.ts';
import { REASONS } from './reasons.ts';
import {
  COST_STEPS,
  CRITICAL_FROM,
  EFFECT_POINTS,
  PRODUCTION_POINTS,
  PROTECTED_PATH_POINTS,
  RECOVERY_POINTS,
  REVERSIBILITY_POINTS,
  STANDARD_FROM,
  tierOf,
  UNKNOWN_COST_POINTS,
} from './safety-profile.ts';

/** A Markdown table with padded columns, as the formatter leaves it. */
const table = (header: readonly string[], rows: readonly (readonly (string | number)[])[]): string => {
  const cells = [header, ...rows].map((row) => row.map((cell) => String(cell).replaceAll('|', '\\|')));
  const width = header.map((_, column) => Math.max(3, ...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(width[column] ?? 3)).join(' | ')} |`;
  const [first = [], ...rest] = cells.map((row) => line(row));
  return [first, `| ${width.map((size) => '-'.repeat(size)).join(' | ')} |`, ...rest].join('\n');
};

const code = (text: string): string => `\`${text}\``;

const effects = (): string =>
  table(
    ['effect', 'points', 'tier by itself', 'without a rule', 'with a rule of the project'],
    EFFECT_TYPES.map((type) => [
      code(type),
      EFFECT_POINTS[type],
      tierOf(EFFECT_POINTS[type]),
      'a person',
      NEVER_UNATTENDED.includes(type)
        ? 'a person, always'
        : 'may run unattended; over HTTP only a defined GET or HEAD',
    ]),
  );

const tiers = (): string =>
  table(
    ['tier', 'score', 'what is asked of the approver'],
    [
      ['low', `0 to ${STANDARD_FROM - 1}`, 'signed in, an open session is enough'],
      ['standard', `${STANDARD_FROM} to ${CRITICAL_FROM - 1}`, 'a fresh sign-in'],
      ['critical', `${CRITICAL_FROM} to 100`, 'a fresh sign-in; never unattended, whatever a rule says'],
    ],
  );

const points = (): string =>
  table(
    ['what', 'points'],
    [
      ...Object.entries(REVERSIBILITY_POINTS).map(([name, worth]) => [
        `the hardest effect to take back is ${code(name)}`,
        worth,
      ]),
      ...Object.entries(RECOVERY_POINTS).map(([name, worth]) => [
        `recovery class ${code(name)}, unless it only reads`,
        worth,
      ]),
      ...COST_STEPS.map((step) => [
        `costs at least ${step.fromMinorUnits} minor units of one currency`,
        step.points,
      ]),
      ['an effect that is more than a read does not know its cost', UNKNOWN_COST_POINTS],
      ['the credential belongs to production', PRODUCTION_POINTS],
      ['a protected path is touched', PROTECTED_PATH_POINTS],
    ],
  );

const paths = (): string =>
  table(
    ['protected path', 'of'],
    [
      ...GOVERNED_PATHS.map((path) => [code(path), 'a repository that Autopack governs']),
      ...OWN_PATHS.map((path) => [code(path), 'this repository']),
    ],
  );

const policies = (): string =>
  Object.entries(PRODUCT_POLICIES)
    .map(([id, text]) => `\`\`\`cedar\n// ${id}${text}\n\`\`\``)
    .join('\n\n');

/** The generated parts of `docs/governance.md`, by the name of their markers. */
export const governanceTables = (): Readonly<Record<string, string>> => ({
  effects: effects(),
  tiers: tiers(),
  points: points(),
  paths: paths(),
  policies: policies(),
  attributes: table(
    ['attribute of `resource`', 'meaning'],
    Object.entries(PROPOSAL_ATTRIBUTES).map(([name, meaning]) => [code(name), meaning]),
  ),
  reasons: table(
    ['code', 'meaning'],
    Object.entries(REASONS).map(([name, meaning]) => [code(name), meaning]),
  ),
});

const marker = (name: string): RegExp =>
  new RegExp(`(<!-- generated: ${name} -->\n)[\\s\\S]*?(\n<!-- end -->)`, 'g');

/**
 * The page with every generated part as the code says it today.
 * @throws Error where a part has no place in the page.
 */
export const withGeneratedTables = (page: string): string =>
  Object.entries(governanceTables()).reduce((text, [name, content]) => {
    if (!marker(name).test(text)) throw new Error(`docs/governance.md has no place for "${name}"`);
    return text.replace(marker(name), (_, open: string, end: string) => `${open}\n${content}\n${end}`);
  }, page);
