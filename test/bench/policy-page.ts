import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { helpPage } from './help-page.ts';
import { median } from './statistics.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
/** Milliseconds to read a help page of 1.6 MB and to compare it, in a process that has just started. */
export const PAGE_MS_TARGET = 200;
/** Megabytes of peak memory over an empty process. */
export const PAGE_MEMORY_TARGET = 120;

/** What every contender does around its work: the clock starts when its libraries are loaded. */
const measured = (work: string): string => `
import { readFileSync } from 'node:fs';
const [before, after] = [readFileSync(process.argv[2]), readFileSync(process.argv[3])];
const url = 'https://example.test/help/answer/1';
${work}
const spent = process.threadCpuUsage();
const started = performance.now();
const answer = await run();
const wallMs = performance.now() - started;
const { user, system } = process.threadCpuUsage(spent);
process.stdout.write(
  JSON.stringify({ ms: (user + system) / 1000, wallMs, answer, peakMb: process.resourceUsage().maxRSS / 1024 }),
);
`;

const CONTENDERS = {
  empty: measured('const run = async () => before.length;'),
  /** The same libraries and nothing else: parse, select, Markdown. */
  peer: measured(`
import { load } from 'cheerio';
import TurndownService from 'turndown';
import { gfm } from '@joplin/turndown-plugin-gfm';
const turndown = new TurndownService();
turndown.use(gfm);
const run = async () => turndown.turndown(load(new TextDecoder().decode(after))('article').html()).length;`),
  reader: measured(`
import { readPage } from './shared/policies/read-page.ts';
import { diffPages } from './shared/policies/diff-pages.ts';
import { PolicySource } from './shared/policies/source.ts';
const source = PolicySource.parse({ id: 'bench-page', url, select: ['article'] });
const hints = { contentType: 'text/html; charset=utf-8', url };
// What was acknowledged comes from the store in real life; here another process would have to read it.
const acknowledged = JSON.parse(readFileSync(process.argv[4], 'utf8'));
const run = async () => {
  const read = await readPage(after, source, hints);
  if (read.kind !== 'read') throw new Error(read.code);
  if (read.content.hashes.semantic === acknowledged.hashes.semantic) throw new Error('the edit was missed');
  return JSON.stringify(diffPages(acknowledged, read.content, source)).length;
};`),
  store: measured(`
import { writeFileSync } from 'node:fs';
import { readPage } from './shared/policies/read-page.ts';
import { PolicySource } from './shared/policies/source.ts';
const source = PolicySource.parse({ id: 'bench-page', url, select: ['article'] });
const run = async () => {
  const read = await readPage(before, source, { contentType: 'text/html; charset=utf-8', url });
  if (read.kind !== 'read') throw new Error(read.code);
  writeFileSync(process.argv[4], JSON.stringify(read.content));
  return read.content.length;
};`),
} as const;
type Contender = keyof typeof CONTENDERS;

export interface PageCost {
  readonly contender: Contender;
  /** Processor time of the thread, which neighbours on the machine do not lengthen. */
  readonly ms: number;
  readonly wallMs: number;
  /** Peak of the resident set of the process. */
  readonly peakMb: number;
}

/**
 * Bundles the reader as the functions are bundled and runs every contender `rounds` times, in turn, each in a fresh
 * process. Medians.
 * @param folder an empty one
 */
export const policyPage = (folder: string, rounds: number): PageCost[] => {
  const before = join(folder, 'before.html');
  const after = join(folder, 'after.html');
  writeFileSync(before, helpPage(false));
  writeFileSync(after, helpPage(true));
  const names = Object.keys(CONTENDERS) as Contender[];
  for (const name of names)
    buildSync({
      stdin: { contents: CONTENDERS[name], resolveDir: ROOT, sourcefile: `${name}.js` },
      absWorkingDir: ROOT,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      mainFields: ['module', 'main'],
      banner: {
        js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
      },
      minify: true,
      keepNames: true,
      outfile: join(folder, `${name}.mjs`),
      logLevel: 'error',
    });
  type Run = Omit<PageCost, 'contender'>;
  const run = (name: Contender): Run =>
    JSON.parse(
      execFileSync(
        process.execPath,
        [join(folder, `${name}.mjs`), before, after, join(folder, 'acknowledged.json')],
        { encoding: 'utf8' },
      ),
    ) as Run;
  run('store');
  const contenders = names.filter((name) => name !== 'store');
  const runs = new Map(contenders.map((name) => [name, [] as Run[]]));
  // The first run of each reads its files from the disk; nothing of it is counted.
  for (let round = -1; round < rounds; round += 1)
    for (const name of contenders) {
      const cost = run(name);
      if (round >= 0) runs.get(name)?.push(cost);
    }
  return contenders.map((contender) => {
    const own = runs.get(contender) ?? [];
    return {
      contender,
      ms: median(own.map(({ ms }) => ms)),
      wallMs: median(own.map(({ wallMs }) => wallMs)),
      peakMb: median(own.map(({ peakMb }) => peakMb)),
    };
  });
};
