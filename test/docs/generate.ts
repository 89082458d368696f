import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { PARTS, withPart } from './parts.ts';

/**
 * `npm exec -- node test/docs/generate.ts --write` brings the generated parts of the documents up to date;
 * without `--write` it only says which are not, and fails.
 */
const write = process.argv.includes('--write');
for (const file of new Set(PARTS.map((part) => part.file))) {
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const after = PARTS.filter((part) => part.file === file).reduce(withPart, before);
  if (after === before) continue;
  console.log(`${file}: ${write ? 'written' : 'out of date'}`);
  if (write) writeFileSync(file, after);
  else process.exitCode = 1;
}
