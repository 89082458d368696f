import { spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '#shared/actions/canonical-json.ts';
import { checkExport, exportText } from '#shared/actions/export.ts';
import { at } from '../../actions/rows.ts';
import { recordFigures } from '../figures.ts';
import { exported, longRow } from './run-of-actions.ts';

const folder = mkdtempSync(join(tmpdir(), 'autopack-export-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const actions = Array.from({ length: 4 }, (_, n) => exported(longRow(`order-${n}`, at(n * 1000))));
const text = exportText('demo', 'run-1', actions);
const check = (content: string) =>
  checkExport(
    (async function* () {
      const lines = content.split('\n');
      if (lines.at(-1) === '') lines.pop();
      yield* lines;
    })(),
  );

const verify = (
  args: readonly string[],
  stdin = '',
): Promise<{ code: number | null; out: string; err: string }> =>
  new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      ['--max-old-space-size=48', 'shared/cli/autopack.js', 'verify', ...args],
      {
        env: { PATH: process.env['PATH'] ?? '', AUTOPACK_DATA_DIR: folder },
      },
    );
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('close', (code) => resolve({ code, out, err }));
    child.stdin.end(stdin);
  });

describe('an export can be checked by whoever has it (EXS-13)', () => {
  it('is valid JSON, the same whatever the order it is made in, and holds', async () => {
    expect(JSON.parse(text)).toMatchObject({ schemaVersion: 1, project: 'demo', runId: 'run-1', count: 4 });
    expect(exportText('demo', 'run-1', actions.toReversed())).toBe(text);
    expect(await check(text)).toMatchObject({ actions: 4, faultCount: 0, project: 'demo', runId: 'run-1' });
    expect(await check(exportText('demo', 'none', []))).toMatchObject({ actions: 0, faultCount: 0 });
  });

  it('shows every change of one character of one action', async () => {
    const [line = ''] = text.split('\n').slice(1);
    let [changes, found] = [0, 0];
    for (let place = 0; place < line.length; place += 3) {
      const other = line[place] === '7' ? '8' : '7';
      const report = await check(text.replace(line, line.slice(0, place) + other + line.slice(place + 1)));
      changes += 1;
      if (report.faultCount > 0) found += 1;
    }
    expect(changes).toBeGreaterThan(1000);
    expect(found).toBe(changes);
    recordFigures('export', { changesOfOneCharacter: changes, found });
  });

  it('shows lines that are missing, twice, in another order or from another run', async () => {
    const lines = text.trimEnd().split('\n');
    const foreign =
      exportText('other', 'run-1', [exported({ ...longRow('order-9'), project: 'other' })]).split('\n')[1] ??
      '';
    const changed: Record<string, string[]> = {
      'the first action is missing': lines.toSpliced(1, 1),
      'one in the middle is missing': lines.toSpliced(2, 1),
      'the last action is missing': lines.toSpliced(4, 1),
      'the end is missing': lines.slice(0, -1),
      'the head is missing': lines.slice(1),
      'one stands twice': lines.toSpliced(2, 0, lines[2] ?? ''),
      'two are swapped': lines.with(1, lines[2] ?? '').with(2, lines[1] ?? ''),
      'one of another project is put in': lines.toSpliced(2, 0, `${foreign},`),
      'something follows': [...lines, '{}'],
      'an empty line': lines.toSpliced(2, 0, ''),
      'nothing at all': [],
    };
    for (const [what, content] of Object.entries(changed))
      expect((await check(`${content.join('\n')}\n`)).faultCount, what).toBeGreaterThan(0);
  });

  it('shows a changed action although its digest was made again', async () => {
    const outcome = { code: 'ACCEPTED', summary: 'accepted', resourceId: 'another' };
    for (const [what, change] of Object.entries({
      outcome: { outcome },
      status: { status: 'FAILED' as const },
      hash: { requestHash: 'f'.repeat(64) },
      time: { createdAt: at(1) },
      proposer: { proposer: 'client:other' },
      'provider key': { providerKey: 'ap-other' },
      rendered: {
        rendered: { ...actions[0]!.rendered!, request: { ...actions[0]!.rendered!.request, body: '{}' } },
      },
    })) {
      const forged = exportText('demo', 'run-1', [{ ...actions[0]!, ...change }, ...actions.slice(1)]);
      expect((await check(forged)).faults[0]?.key, what).toBe('order-0');
    }
  });

  it('is checked by the CLI without asking anybody: 0 where it holds, 1 with the line where it does not, 2 for no file', async () => {
    const file = join(folder, 'run.json');
    writeFileSync(file, text);
    const good = await verify([file]);
    expect(good).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(good.out)).toMatchObject({ actions: 4, faults: [] });
    expect((await verify(['-'], text)).code).toBe(0);
    const bad = await verify(
      ['-'],
      readFileSync(file, 'utf8').replace('resource-of-order-2', 'resource-of-order-3'),
    );
    expect(bad.code).toBe(1);
    expect((JSON.parse(bad.out) as { faults: object[] }).faults[0]).toMatchObject({
      line: 4,
      key: 'order-2',
    });
    expect((await verify([join(folder, 'missing.json')])).code).toBe(2);
  });

  it('is checked in constant memory: 120 MB with a heap of 48 MB', { timeout: 300_000 }, async () => {
    const file = join(folder, 'big.json');
    const out = createWriteStream(file);
    const hash = createHash('sha256').update('autopack.export.v1\n');
    const body = 'x'.repeat(60_000);
    const count = 2000;
    out.write('{"actions":[\n');
    for (let n = 0; n < count; n += 1) {
      const line = canonicalJson(exported(longRow(`order-${n}`, at(n * 1000)), body));
      hash.update(`${line}\n`);
      if (!out.write(`${line}${n + 1 < count ? ',' : ''}\n`)) await once(out, 'drain');
    }
    const foot = { count, digest: hash.digest('hex'), project: 'demo', runId: 'run-1', schemaVersion: 1 };
    out.end(`],${canonicalJson(foot).slice(1)}\n`);
    await once(out, 'finish');
    expect(statSync(file).size).toBeGreaterThan(120_000_000);
    const ran = await verify([file]);
    expect(ran.err).toBe('');
    expect(JSON.parse(ran.out)).toMatchObject({ actions: count, faultCount: 0 });
  });
});
