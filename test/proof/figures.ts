import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A JSON value; figures are plain data with a stable meaning. */
export type Figure =
  | string
  | number
  | boolean
  | null
  | readonly Figure[]
  | { readonly [name: string]: Figure };
/** What one suite counted. No times and no facts of the machine: the page is the same on every run. */
export type Figures = Readonly<Record<string, unknown>>;

const root = new URL('../..', import.meta.url).pathname;
/** Where every run of a suite leaves its figures. */
const recorded = join(root, 'node_modules/.cache/autopack/proof');
/** The checked-in figures that `docs/proof.md` is made of. */
export const CHECKED_IN = join(root, 'docs/proof.figures.json');

const sorted = (value: unknown): Figure => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, member]) => [name, sorted(member)]),
    );
  }
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new TypeError(`a figure is a JSON value, not ${String(value)}`);
};

/** Figures as JSON text with sorted names, so that equal figures are equal bytes. */
export const figuresText = (figures: unknown): string => `${JSON.stringify(sorted(figures), null, 2)}\n`;

/** The figures of a suite are not those that are checked in, so the page would be stale. */
export class StaleFiguresError extends Error {
  override readonly name = 'StaleFiguresError';
  constructor(suite: string) {
    super(
      `The figures of "${suite}" are not those of docs/proof.figures.json. If that is right: npm exec -- node test/proof/page.ts --write`,
    );
  }
}

/**
 * Leaves what a suite counted where `docs/proof.md` is made from: one file per suite, replaced whole.
 * @param suite a name in kebab-case, also the name of the section's figures.
 * @throws TypeError where a figure is not a JSON value.
 * @throws StaleFiguresError where the suite is part of the page with other figures; they are left all the same.
 */
export const recordFigures = (suite: string, figures: Figures): void => {
  if (!/^[a-z][a-z0-9-]*$/.test(suite)) throw new TypeError(`"${suite}" is not a name of a suite`);
  mkdirSync(recorded, { recursive: true });
  const file = join(recorded, `${suite}.json`);
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, figuresText(figures));
  renameSync(unfinished, file);
  const known = checkedInFigures().suites[suite];
  if (known !== undefined && figuresText(known) !== figuresText(figures)) throw new StaleFiguresError(suite);
};

/** What the suites recorded on this machine, by suite. */
export const readFigures = (): Record<string, Figures> => {
  mkdirSync(recorded, { recursive: true });
  return Object.fromEntries(
    readdirSync(recorded)
      .filter((name) => name.endsWith('.json'))
      .toSorted()
      .map((name) => [
        name.slice(0, -'.json'.length),
        JSON.parse(readFileSync(join(recorded, name), 'utf8')) as Figures,
      ]),
  );
};

/** What is checked in: the figures by suite, and the day on which they last changed. */
export interface CheckedIn {
  /** `2026-11-21`, in UTC. */
  readonly date: string;
  readonly suites: Readonly<Record<string, Figures>>;
}

export const checkedInFigures = (): CheckedIn => JSON.parse(readFileSync(CHECKED_IN, 'utf8')) as CheckedIn;
