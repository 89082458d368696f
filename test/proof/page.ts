/** Writes `docs/proof.md` from the checked-in figures; `--write` first takes over what the suites
 * recorded here, all of them or those that are named after it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { format } from 'oxfmt';
import formatting from '../../.oxfmtrc.json' with { type: 'json' };
import { CHECKED_IN, type CheckedIn, checkedInFigures, figuresText, readFigures } from './figures.ts';
import { SECTIONS } from './sections.ts';

/** The generated page. */
export const PAGE = new URL('../../docs/proof.md', import.meta.url).pathname;

const intro = (date: string): string => `# Proof

What the ledger promises is "at most once, and honest about not knowing". This page says what was done to break that
promise, and what came of it. It is made by \`npm exec -- node test/proof/page.ts --write\` from
\`docs/proof.figures.json\`; every suite that runs in \`npm test\` fails where its figures are not those of this page.
The figures last changed on ${date}.

The numbers are counts, not times: they are the same on every machine. Nothing here ran on AWS, see
[known limits](#known-limits).`;

const { printWidth, singleQuote } = formatting;
const formatted = async (file: string, text: string): Promise<string> => {
  const { code, errors } = await format(file, text, { printWidth, singleQuote });
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  return code;
};

/** The whole page; sections of suites without figures are left out. */
export const pageOf = async ({ date, suites }: CheckedIn): Promise<string> => {
  const parts = SECTIONS.flatMap(({ suite, render }) => {
    if (suite === undefined) return [render({})];
    const figures = suites[suite];
    return figures === undefined ? [] : [render(figures)];
  });
  const text = [intro(date), ...parts].map((part) => part.trim()).join('\n\n');
  return formatted('proof.md', text);
};

/** The checked-in file of figures, as the formatter lays it out. */
export const figuresFileOf = (checkedIn: CheckedIn): Promise<string> =>
  formatted('proof.figures.json', figuresText(checkedIn));

const write = async (named: readonly string[]): Promise<void> => {
  const before = checkedInFigures();
  const known = new Set(SECTIONS.flatMap(({ suite }) => (suite === undefined ? [] : [suite])));
  const recorded = Object.entries(readFigures()).filter(
    ([suite]) => known.has(suite) && (named.length === 0 || named.includes(suite)),
  );
  const suites = { ...before.suites, ...Object.fromEntries(recorded) };
  const changed = figuresText(suites) !== figuresText(before.suites);
  const after = { date: changed ? new Date().toISOString().slice(0, 10) : before.date, suites };
  writeFileSync(CHECKED_IN, await figuresFileOf(after));
  writeFileSync(PAGE, await pageOf(after));
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (process.argv.includes('--write')) await write(process.argv.slice(process.argv.indexOf('--write') + 1));
  else if (readFileSync(PAGE, 'utf8') !== (await pageOf(checkedInFigures()))) {
    console.error('docs/proof.md is not what its figures say: npm exec -- node test/proof/page.ts --write');
    process.exitCode = 1;
  }
}
