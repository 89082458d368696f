import { SourceMap } from 'node:module';
import { buildSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { ownSourceMap } from '#infra/constructs/own-source-map.ts';

/** A real bundle of one of our files and the library that it uses. */
const build = () => {
  const { outputFiles } = buildSync({
    entryPoints: ['shared/actions/settle.ts', 'shared/actions/effects.ts'],
    bundle: true,
    format: 'esm',
    platform: 'node',
    minify: true,
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    outdir: 'out',
    write: false,
  });
  const textOf = (end: string): string => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? '';
  return { code: textOf('effects.js').split('\n'), map: textOf('effects.js.map') };
};

interface Place {
  readonly originalSource?: string;
  readonly originalLine?: number;
  readonly originalColumn?: number;
  readonly generatedLine?: number;
  readonly name?: string;
}
const mapOf = (text: string): SourceMap =>
  new SourceMap(JSON.parse(text) as ConstructorParameters<typeof SourceMap>[0]);

describe('the source map of a function', () => {
  const { code, map } = build();
  const whole = mapOf(map);
  const small = ownSourceMap(map);
  const own = mapOf(small);
  const places = code
    .flatMap((text, line) =>
      Array.from({ length: text.length }, (_, column) => ({
        line,
        before: whole.findEntry(line, column) as Place,
        after: own.findEntry(line, column) as Place,
      })),
    )
    .filter(({ before, line }) => before.originalSource !== undefined && before.generatedLine === line);
  const isLibrary = ({ before }: (typeof places)[number]): boolean =>
    before.originalSource?.includes('node_modules/') === true;

  it('says of every place of our own files what the whole map says', () => {
    const ours = places.filter((place) => !isLibrary(place));
    expect(ours.length).toBeGreaterThan(500);
    for (const { before, after } of ours)
      expect([after.originalSource, after.originalLine, after.originalColumn, after.name]).toEqual([
        before.originalSource,
        before.originalLine,
        before.originalColumn,
        before.name,
      ]);
  });

  it('lends no place of ours to a library', () => {
    const theirs = places.filter(isLibrary);
    expect(theirs.length).toBeGreaterThan(10_000);
    const lent = theirs.filter(
      ({ after, line }) => after.originalSource !== undefined && after.generatedLine === line,
    );
    expect(lent).toEqual([]);
  });

  it('names no library and is a tenth of the size', () => {
    expect(small).not.toContain('node_modules');
    expect(small.length).toBeLessThan(map.length / 10);
  });
});
