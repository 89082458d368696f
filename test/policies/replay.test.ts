import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseCommandLine } from '#shared/cli/arguments.ts';
import { CliError } from '#shared/cli/exit.ts';
import { replayPolicies } from '#shared/cli/run-policies-replay.http.ts';
import { byName, timeInName } from '#shared/policies/capture-name.ts';
import { replay, type ReplayCapture, virtualLooks } from '#shared/policies/replay.ts';
import type { ReplayLine, ReplaySummary } from '#shared/policies/replay-line.ts';
import { PolicySource } from '#shared/policies/source.ts';
import { BASES } from './series/bases.ts';
import { words } from './series/mutations.ts';
import { render, START } from './series/series.ts';

const [HELP, , , MARKDOWN] = BASES;
if (HELP === undefined || MARKDOWN === undefined) throw new Error('no bases');
const PLAIN = render(MARKDOWN, []);
const CHANGED = render(MARKDOWN, [words('24 months', '36 months')]);
const NOW = Date.parse('2026-01-01T00:00:00Z');
const HOUR = 3_600_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autopack-replay-'));
  await put('source.json', JSON.stringify({ url: MARKDOWN.source.url }));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const put = async (name: string, content: string | Uint8Array): Promise<void> =>
  writeFile(join(folder, name), content);

const run = async (...args: string[]): Promise<string> => {
  const parsed = parseCommandLine(['policies', 'replay', ...args]);
  if (parsed.kind !== 'command') throw new Error('no command');
  let text = '';
  const out = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  await replayPolicies(parsed.options, { out, asJson: parsed.common.json, now: () => NOW });
  return text;
};
const replayed = async (
  ...args: string[]
): Promise<{ readonly lines: ReplayLine[]; readonly summary: ReplaySummary }> => {
  const all = (await run('--json', ...args))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  const { summary } = all.pop() as { summary: ReplaySummary };
  return { lines: all as ReplayLine[], summary };
};
const source = (): string => join(folder, 'source.json');
const problem = async (...args: string[]): Promise<{ code: unknown; text: string }> => {
  try {
    await run(...args);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { code: (error.problem as { code?: unknown } | undefined)?.code, text: error.message };
  }
  throw new Error('it did not fail');
};

describe('policies replay over a folder (F13)', () => {
  it('prints one line per capture in the order of names and a summary', async () => {
    await put('2025-03-01T00-00-00Z.md', PLAIN);
    await put('2025-03-01T12-00-00Z.md', PLAIN);
    await put('2025-03-02T00-00-00Z.md', CHANGED);
    await put('2025-03-02T12-00-00Z.md', CHANGED);
    await put('2025-03-03T00-00-00Z.html', '<title>Just a moment...</title>');
    await put('notes.json', '{}');
    const { lines, summary } = await replayed('--source', source(), '--captures', folder);
    expect(lines.map((line) => [line.capture, line.at, line.class, line.alert, line.verified])).toEqual([
      ['2025-03-01T00-00-00Z.md', '2025-03-01T00:00:00.000Z', 'baseline', false, true],
      ['2025-03-01T12-00-00Z.md', '2025-03-01T12:00:00.000Z', 'unchanged', false, true],
      ['2025-03-02T00-00-00Z.md', '2025-03-02T00:00:00.000Z', 'text_changed', true, false],
      ['2025-03-02T12-00-00Z.md', '2025-03-02T12:00:00.000Z', 'unchanged', false, true],
      ['2025-03-03T00-00-00Z.html', '2025-03-03T00:00:00.000Z', 'unusable', false, false],
    ]);
    expect(lines[4]?.reasons).toEqual(['WALL']);
    expect(lines[2]?.hashes?.raw).toMatch(/^[0-9a-f]{64}$/);
    expect(summary).toMatchObject({
      captures: 5,
      classes: { baseline: 1, unchanged: 2, text_changed: 1, unusable: 1 },
      unusable: { WALL: 1 },
      alerts: 1,
      verified: 3,
      spanDays: 2,
    });
  });

  it('alerts on both of two changes in a row, where the second one only leads a link elsewhere', async () => {
    const text = (page: Uint8Array): string => new TextDecoder().decode(page);
    const both = text(CHANGED).replace('(/legal/fees)', '(/legal/acceptable-use)');
    const pages = [
      PLAIN,
      PLAIN,
      CHANGED,
      both,
      both.replace('acceptable-use)', 'acceptable-use?utm_source=x)'),
    ];
    for (const [index, page] of pages.entries()) await put(`${index}.md`, page);
    const { lines, summary } = await replayed('--source', source(), '--captures', folder);
    expect(lines.map((line) => [line.class, line.alert])).toEqual([
      ['baseline', false],
      ['unchanged', false],
      ['text_changed', true],
      ['text_changed', true],
      ['cosmetic', false],
    ]);
    expect(summary.alerts).toBe(1);
  });

  it('alerts once for a change on a page whose date line moves at every capture', async () => {
    const text = (page: Uint8Array, day: number): string =>
      new TextDecoder().decode(page).replace('February 3, 2025', `March ${day}, 2025`);
    for (let day = 1; day < 8; day += 1) await put(`${day}.md`, text(day < 4 ? PLAIN : CHANGED, day));
    const { lines } = await replayed('--source', source(), '--captures', folder);
    expect(lines.map((line) => [line.class, line.alert])).toEqual([
      ['baseline', false],
      ['republished', false],
      ['republished', false],
      ['text_changed', true],
      ['unchanged', false],
      ['republished', false],
      ['republished', false],
    ]);
  });

  it('takes the status, address, headers and moment from meta files, also where there is no body', async () => {
    await put('1.md', PLAIN);
    await put('2.md', PLAIN);
    await put(
      '2.meta.json',
      JSON.stringify({ status: 503, capturedAt: '2025-06-01T00:00:00+02:00', crawler: 'x' }),
    );
    await put('3.md', PLAIN);
    await put(
      '3.md.meta.json',
      JSON.stringify({
        url: 'https://elsewhere.example.test/',
        headers: { 'Content-Type': 'text/markdown' },
      }),
    );
    await put('4.meta.json', JSON.stringify({ status: 404 }));
    await put('10.md', PLAIN);
    const { lines } = await replayed('--source', source(), '--captures', folder);
    expect(lines.map((line) => [line.capture, line.reasons[0] ?? line.class])).toEqual([
      ['1.md', 'baseline'],
      ['2.md', 'HTTP_SERVER_ERROR'],
      ['3.md', 'MOVED'],
      ['4.meta.json', 'HTTP_GONE'],
      ['10.md', 'unchanged'],
    ]);
  });

  it('names file and field of a bad meta file', async () => {
    await put('1.md', PLAIN);
    await put('1.meta.json', JSON.stringify({ status: 'fine' }));
    const { code, text } = await problem('--source', source(), '--captures', folder);
    expect(code).toBe('REPLAY_META_INVALID');
    expect(text).toContain('1.meta.json');
    expect(text).toContain('"status"');
    await put('1.meta.json', JSON.stringify({ capturedAt: 'last week' }));
    expect((await problem('--source', source(), '--captures', folder)).text).toMatch(
      /"capturedAt" does not fit: use ISO 8601/,
    );
    await put('1.meta.json', '{');
    expect((await problem('--source', source(), '--captures', folder)).code).toBe('REPLAY_META_INVALID');
  });

  it.each([
    ['2025-06-01T00:00:00+02:00', '2025-05-31T22:00:00.000Z'],
    ['2025-06-01 10:00:00', '2025-06-01T10:00:00.000Z'],
    ['2025-06-01T10:00:00.123456', '2025-06-01T10:00:00.123Z'],
    ['2025-06-01', '2025-06-01T00:00:00.000Z'],
    [1_748_772_000, '2025-06-01T10:00:00.000Z'],
    [1_748_772_000_000, '2025-06-01T10:00:00.000Z'],
  ])('reads capturedAt %s', async (capturedAt, at) => {
    await put('1.md', PLAIN);
    await put('1.meta.json', JSON.stringify({ capturedAt, url: null }));
    expect((await replayed('--source', source(), '--captures', folder)).lines[0]?.at).toBe(at);
  });

  it('says what is wrong with a source, a folder or the options', async () => {
    await put('typo.json', JSON.stringify({ url: 'https://a.example.test/', selct: ['main'] }));
    await put('list.json', JSON.stringify([{ id: 'aa', url: 'https://a.example.test/' }]));
    await put('1.md', PLAIN);
    const at = (name: string): string => join(folder, name);
    expect(await problem('--source', at('typo.json'), '--captures', folder)).toMatchObject({
      code: 'REPLAY_SOURCE_INVALID',
      text: expect.stringContaining('selct'),
    });
    expect(await problem('--source', at('list.json'), '--captures', folder)).toMatchObject({
      text: expect.stringContaining('--id'),
    });
    expect(await problem('--source', at('list.json'), '--id', 'bb', '--captures', folder)).toMatchObject({
      text: expect.stringContaining('"bb"'),
    });
    expect(
      (await replayed('--source', at('list.json'), '--id', 'aa', '--captures', folder)).lines,
    ).toHaveLength(1);
    expect(await problem('--source', source(), '--captures', at('none'))).toMatchObject({
      code: 'REPLAY_FOLDER_UNREADABLE',
    });
    expect((await problem('--captures', folder)).text).toContain('--source');
    expect((await problem('--source', source())).text).toContain('--captures');
    expect((await problem('--source', source(), '--git', folder)).text).toContain('--path');
    expect(
      (await problem('--source', source(), '--captures', folder, '--since', '2025-01-01')).text,
    ).toContain('--git');
  });

  it('tells people on a terminal the same, and explains', async () => {
    await put('1.md', PLAIN);
    await put('2.md', CHANGED);
    await put('3.md', CHANGED);
    const text = await run('--source', source(), '--captures', folder, '--explain');
    expect(text).toMatch(/ALERT \w+ text_changed .*2\.md/);
    expect(text).toMatch(/alerts +1/);
    const { lines } = await replayed('--source', source(), '--captures', folder, '--explain');
    expect(lines.every((line) => Array.isArray(line.removed))).toBe(true);
  });
});

describe('policies replay over a git history (F13)', () => {
  const imported = '2026-01-01T00:00:00Z';
  const git = (at: string, ...args: string[]): void => gitAs(at, at, ...args);
  const gitAs = (author: string, committer: string, ...args: string[]): void => {
    execFileSync(
      'git',
      [
        '-C',
        folder,
        '-c',
        'user.name=a',
        '-c',
        'user.email=a@example.test',
        '-c',
        'commit.gpgsign=false',
        ...args,
      ],
      {
        env: { ...process.env, GIT_AUTHOR_DATE: author, GIT_COMMITTER_DATE: committer },
        stdio: 'ignore',
      },
    );
  };
  const commit = async (at: string, content: Uint8Array | null): Promise<void> => {
    if (content === null) git(at, 'rm', '-q', 'policy [1].md');
    else await put('policy [1].md', content);
    git(at, 'add', '-A');
    git(at, 'commit', '-q', '-m', 'x');
  };

  it('reads every state of a file once, passes deletions over, and lets each stand until the next', async () => {
    git('2025-01-01T00:00:00Z', 'init', '-q');
    await commit('2025-01-01T00:00:00Z', PLAIN);
    await commit('2025-02-01T00:00:00Z', CHANGED);
    await commit('2025-02-20T00:00:00Z', null);
    await commit('2025-03-20T00:00:00Z', new TextEncoder().encode('Redirecting to /legal/terms/new'));
    await commit('2025-03-21T00:00:00Z', CHANGED);
    await commit('2025-06-01T00:00:00Z', PLAIN);
    const args = ['--source', source(), '--git', folder, '--path', 'policy [1].md'];
    const { lines, summary } = await replayed(...args);
    expect(lines.map((line) => [line.at.slice(0, 10), line.class, line.alert])).toEqual([
      ['2025-01-01', 'baseline', false],
      ['2025-02-01', 'text_changed', true],
      ['2025-03-20', 'unusable', false],
      ['2025-03-21', 'unchanged', false],
      ['2025-06-01', 'text_changed', true],
    ]);
    expect(lines[4]?.reasons).toContain('LATE_RETURN');
    expect(lines[0]?.capture).toMatch(/^[0-9a-f]{40}$/);
    expect(summary.alerts).toBe(2);
    const { lines: few } = await replayed(
      ...args,
      '--since',
      '2025-03-01T00:00:00Z',
      '--until',
      '2025-03-31',
    );
    expect(few).toHaveLength(2);
    expect(await problem('--source', source(), '--git', folder, '--path', 'other.md')).toMatchObject({
      code: 'REPLAY_GIT_NO_HISTORY',
    });
  });

  it('takes the days of the authors where the whole history was committed at once', async () => {
    git(imported, 'init', '-q');
    for (const [at, content] of [
      ['2025-01-01T00:00:00Z', PLAIN],
      ['2025-02-01T00:00:00Z', CHANGED],
      ['2025-06-01T00:00:00Z', PLAIN],
    ] as const) {
      await put('policy.md', content);
      git(imported, 'add', '-A');
      gitAs(at, imported, 'commit', '-q', '-m', 'x');
    }
    const { lines } = await replayed('--source', source(), '--git', folder, '--path', 'policy.md');
    expect(lines.map((line) => [line.at.slice(0, 10), line.class, line.alert])).toEqual([
      ['2025-01-01', 'baseline', false],
      ['2025-02-01', 'text_changed', true],
      ['2025-06-01', 'text_changed', true],
    ]);
  });

  it('says that a folder is no repository, and that git is missing', async () => {
    const args = ['--source', source(), '--git', folder, '--path', 'a.md'];
    expect(await problem(...args)).toMatchObject({ code: 'REPLAY_GIT_FAILED' });
    const path = process.env['PATH'];
    try {
      process.env['PATH'] = folder;
      expect(await problem(...args)).toMatchObject({ code: 'REPLAY_GIT_MISSING' });
    } finally {
      process.env['PATH'] = path;
    }
  });
});

describe('the replay', () => {
  it.each([
    ['2025-01-02.html', '2025-01-02T00:00:00.000Z'],
    ['youtube-spam 2025-01-02T03-04-05Z.html', '2025-01-02T03:04:05.000Z'],
    ['2025-01-02T03:04:05.250+02:00.md', '2025-01-02T01:04:05.250Z'],
    ['2025-01-02_0304.md', '2025-01-02T03:04:00.000Z'],
    ['20250102T030405Z.pdf', '2025-01-02T03:04:05.000Z'],
    ['20250102030405.pdf', '2025-01-02T03:04:05.000Z'],
    ['1735787045.txt', '2025-01-02T03:04:05.000Z'],
    ['1735787045000.txt', '2025-01-02T03:04:05.000Z'],
    ['0001.html', undefined],
    ['2025-13-02.html', undefined],
    ['page-99999999.html', undefined],
  ])('reads the moment in %s', (name, at) => {
    const found = timeInName(name);
    expect(found === undefined ? undefined : new Date(found).toISOString()).toBe(at);
  });

  it('orders counters as numbers and stamps as text', () => {
    expect(['c10', 'c9', 'c09a', 'a', '20250101235959', '20250102'].toSorted(byName)).toEqual([
      '20250101235959',
      '20250102',
      'a',
      'c09a',
      'c9',
      'c10',
    ]);
  });

  it('looks again where the next capture is far away, and only then', () => {
    const hours = (nextAt: number | undefined, flaps = false): number[] =>
      virtualLooks(0, nextAt === undefined ? undefined : nextAt * HOUR, 12 * HOUR, flaps).map(
        (at) => at / HOUR,
      );
    expect(hours(12)).toEqual([]);
    expect(hours(24)).toEqual([]);
    expect(hours(25)).toEqual([0.25, 24, 24.75]);
    expect(hours(200)).toEqual([0.25, 24, 48, 72, 199.75]);
    expect(hours(undefined)).toEqual([0.25]);
    expect(hours(undefined, true)).toEqual([]);
  });

  it('holds as much memory after 1,000 captures as after 300', { timeout: 300_000 }, async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const count = Number(process.env['REPLAY_CAPTURES'] ?? '1000');
    const captures = function* (): Generator<ReplayCapture> {
      for (let i = 0; i < count; i += 1) {
        const months = 25 + Math.floor(i / 40);
        const nonce = `<meta name="csrf" content="${i}">`;
        const bytes = render(HELP, [
          words('24 months', `${months} months`),
          { html: (html) => html.replace('</head>', `${nonce}</head>`) },
        ]);
        yield { name: `${i}.html`, at: START + i * 12 * HOUR, bytes, contentType: 'text/html' };
      }
    };
    const heap: number[] = [];
    let [seen, alerts] = [0, 0];
    for await (const line of replay(captures(), {
      source: PolicySource.parse(HELP.source),
      startAt: START,
    })) {
      seen += 1;
      if (line.alert) alerts += 1;
      if (seen === Math.floor(count * 0.3) || seen === count) {
        collect();
        heap.push(process.memoryUsage().heapUsed);
      }
    }
    expect(seen).toBe(count);
    expect(alerts).toBeGreaterThan(count / 40 - 5);
    const [early = 0, late = 0] = heap;
    expect(late - early).toBeLessThan(4_000_000);
  });
});
