import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MUTATIONS, TESTS } from './list.ts';

const root = new URL('../../..', import.meta.url).pathname;

it('every mutation finds its text exactly once, and its file has tests', () => {
  const lost = MUTATIONS.filter(
    ({ edit: [file, search] }) => readFileSync(join(root, file), 'utf8').split(search).length !== 2,
  );
  expect(lost.map(({ edit: [file], breaks }) => `${file}: ${breaks}`)).toEqual([]);
  expect(MUTATIONS.filter(({ edit: [file] }) => TESTS[file] === undefined)).toEqual([]);
});
