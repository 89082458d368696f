import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CHECKED_IN, checkedInFigures } from './figures.ts';
import { figuresFileOf, PAGE, pageOf } from './page.ts';
import { SECTIONS } from './sections.ts';

describe('docs/proof.md', () => {
  it('is what the checked-in figures say; else: npm exec -- node test/proof/page.ts --write', async () => {
    expect(readFileSync(PAGE, 'utf8')).toBe(await pageOf(checkedInFigures()));
  });

  it('shows every suite that has figures', () => {
    const shown = SECTIONS.map(({ suite }) => suite);
    for (const suite of Object.keys(checkedInFigures().suites)) expect(shown).toContain(suite);
  });

  it('has figures in the one form that equal figures have', async () => {
    expect(readFileSync(CHECKED_IN, 'utf8')).toBe(await figuresFileOf(checkedInFigures()));
  });

  it('leaves out the section of a suite without figures', async () => {
    const { date, suites } = checkedInFigures();
    const { differential: _differential, ...others } = suites;
    expect(await pageOf({ date, suites })).toContain('## Against Powertools');
    expect(await pageOf({ date, suites: others })).not.toContain('## Against Powertools');
  });
});
