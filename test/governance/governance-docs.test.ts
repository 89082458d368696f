import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { withGeneratedTables } from '#shared/governance/governance-table.ts';
import { checkProjectPolicy } from '#shared/governance/policy-check.ts';
import { PROTECTED_PATHS } from '#shared/governance/protected-paths.ts';

const docs = new URL('../../docs/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, docs), 'utf8');
const pages = readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));

const OPENS = /auto[- ]?approv|allowed paths|without approval|no approval (is )?needed|runs? unattended/i;
const CLOSES = /never|always|no rule|cannot|not|need/i;

/** Lines that could be read as "changes to this path need nobody". */
const opensProtected = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => OPENS.test(line) && !CLOSES.test(line))
    .filter((line) =>
      PROTECTED_PATHS.some((path) =>
        new RegExp(`(^|[\\s\`"'(/])${path.replaceAll('.', String.raw`\.`)}(/|[\\s\`"'),.]|$)`).test(line),
      ),
    );

describe('docs/governance.md states the policy that is enforced (GOV-11)', () => {
  test('its tables are what the code says; to update: node test/governance/write-governance-docs.ts', () => {
    expect(read('governance.md')).toBe(withGeneratedTables(read('governance.md')));
  });

  test('its example of a project policy gets past the write', () => {
    const example =
      /## A policy of a project[\s\S]*?```cedar\n([\s\S]*?)```/.exec(read('governance.md'))?.[1] ?? '';
    expect(example).toContain('permit');
    expect(checkProjectPolicy(example)).toEqual([]);
  });

  test.each(pages)('%s opens no protected path', (name) => {
    expect(opensProtected(read(name))).toEqual([]);
  });

  test('an example that does would be found', () => {
    expect(opensProtected('Allowed Paths: `docs/`, `tests/`')).toHaveLength(1);
    expect(opensProtected('Changes to `config/` are auto-approved.')).toHaveLength(1);
    expect(opensProtected('Changes to `docs/` are never auto-approved.')).toEqual([]);
  });
});
