import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cachedAssembly, sourceDigest, type Synthesize } from '#infra/local/assembly-cache.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'host-assembly-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const digest = (letter: string): string => letter.repeat(32);
const write: Synthesize = async (outdir) => writeFileSync(join(outdir, 'manifest.json'), '{}');
const get = (letter: string, synthesize: Synthesize = write) =>
  cachedAssembly({ folder, digest: digest(letter), synthesize, log: () => undefined });

describe('the cache of assemblies', () => {
  it('synthesizes once per source', async () => {
    expect(await get('a')).toEqual({ folder: join(folder, digest('a')), cached: false });
    const again = await get('a', () => Promise.reject(new Error('not again')));
    expect(again).toEqual({ folder: join(folder, digest('a')), cached: true });
  });

  it('keeps the two that were used last', async () => {
    await get('a');
    await get('b');
    utimesSync(join(folder, digest('b')), new Date(0), new Date(0));
    await get('c');
    expect(readdirSync(folder).toSorted()).toEqual([digest('a'), digest('c')]);
  });

  it('never uses one that was cut off, and clears what a dead process left', async () => {
    const failed = get('a', async (outdir) => {
      writeFileSync(join(outdir, 'half'), '');
      throw new Error('killed');
    });
    await expect(failed).rejects.toThrow('killed');
    expect(readdirSync(folder)).toEqual([]);
    mkdirSync(join(folder, '.half-999999999-1'));
    expect((await get('a')).cached).toBe(false);
    expect(readdirSync(folder)).toEqual([digest('a')]);
  });

  it('lets two starts at once synthesize the same source', async () => {
    const both = await Promise.all([get('a'), get('a')]);
    expect(both.map((one) => one.folder)).toEqual([join(folder, digest('a')), join(folder, digest('a'))]);
    expect(existsSync(join(folder, digest('a'), 'manifest.json'))).toBe(true);
  });

  it('tells sources apart by names and contents, and leaves out what only hosts them', () => {
    const root = join(folder, 'root');
    const put = (path: string, content: string): string => {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), content);
      return sourceDigest(root);
    };
    const seen = [
      put('shared/a.ts', '1'),
      put('shared/a.ts', '2'),
      put('functions/b.ts', '2'),
      put('package-lock.json', '{}'),
    ];
    expect(new Set(seen).size).toBe(4);
    expect(put('infra/local/host.ts', 'x')).toBe(seen[3]);
    expect(put('docs/page.md', 'x')).toBe(seen[3]);
  });
});
