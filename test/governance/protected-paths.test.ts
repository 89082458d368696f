import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  GOVERNED_PATHS,
  normalisePath,
  OWN_PATHS,
  PROTECTED_PATHS,
  protectedAmong,
} from '#shared/governance/protected-paths.ts';
import { decideAction, decideWith } from '#shared/governance/decide.ts';
import { dryRun, facts, projectConfig, READ_RULE } from './facts.ts';

const project = projectConfig({ policy: READ_RULE });
const verdict = (file: string): string =>
  decideAction(facts({ project, dryRun: dryRun({ files: [file] }) })).verdict;

describe('protected paths (GOV-02)', () => {
  test('the list of a governed repository is the one that was agreed', () => {
    expect(GOVERNED_PATHS).toEqual(['docs', 'config', '.github', 'src/autopack', 'tests']);
  });

  test('every path of this repository on the list exists (GOV-07)', () => {
    for (const path of OWN_PATHS)
      expect(existsSync(new URL(`../../${path}`, import.meta.url)), path).toBe(true);
  });

  test('the same rule lets a free path run, so the list is what stops the others', () => {
    expect(verdict('src/free/thing.ts')).toBe('UNATTENDED');
    expect(verdict('docsy/a.md')).toBe('UNATTENDED');
    expect(verdict('src/autopacker.ts')).toBe('UNATTENDED');
  });

  test.each(PROTECTED_PATHS.map((path) => [path]))(
    '%s and what is below always need a person, also without Cedar',
    (path) => {
      const open = decideWith(() => () => ({ allowed: true, policies: ['project.x'], failed: false }));
      for (const file of [path, `${path}/deep/er.txt`]) {
        expect(verdict(file), file).toBe('NEEDS_PERSON');
        expect(open(facts({ project, dryRun: dryRun({ files: [file] }) })).verdict, file).toBe(
          'NEEDS_PERSON',
        );
        const reasons = decideAction(facts({ project, dryRun: dryRun({ files: [file] }) })).reasons;
        expect(reasons).toContainEqual({
          gate: 'governance',
          code: 'PROTECTED_PATH',
          detail: `It changes "${path}".`,
        });
      }
    },
  );

  const spellings = [
    './docs/a.md',
    'docs//a.md',
    'x/../docs/a.md',
    'DOCS/a.md',
    'Docs\\a.md',
    '.\\docs\\a.md',
    'docs%2fa.md',
    '%64ocs/a.md',
    '%2564ocs/a.md',
    'docs./a.md',
    ' docs /a.md',
    'ｄｏｃｓ/a.md',
    'a/b/../../docs',
    'x\\..\\docs\\y',
    'x/%2e%2e/docs/y',
    'docs/../docs/.',
    'docs／a.md',
  ];
  test.each(spellings)('%j is still docs', (file) => {
    expect(protectedAmong([file])).toEqual(['docs']);
    expect(verdict(file)).toBe('NEEDS_PERSON');
  });

  const unreadable = [
    '/docs/a.md',
    '/srv/x',
    'C:\\docs',
    'file:///docs',
    '~/x',
    '../docs/a.md',
    'a/../../docs',
    '',
    '.',
    './',
    'do\u200bcs/a.md',
    '\u202edocs',
    'a\u0000b',
    'x/.../y',
    '100%/x',
    '\ud800',
  ];
  test.each(unreadable)(
    '%j cannot be read as a path of the repository, so it counts as protected',
    (file) => {
      expect(normalisePath(file)).toBe('?');
      expect(verdict(file)).toBe('NEEDS_PERSON');
    },
  );

  test('no spelling of a protected path gets through', () => {
    const noise = fc.constantFrom('./', 'x/../', '//', '.\\', 'X\\..\\', './/./');
    const mangle = (text: string, flips: readonly number[]): string =>
      [...text]
        .map((char, i) =>
          flips[i % flips.length] === 1
            ? char.toUpperCase()
            : flips[i % flips.length] === 2
              ? `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`
              : char,
        )
        .join('');
    fc.assert(
      fc.property(
        fc.constantFrom(...PROTECTED_PATHS),
        noise,
        fc.array(fc.nat({ max: 2 }), { minLength: 3, maxLength: 9 }),
        (path, before, flips) => {
          const file = `${before === '//' ? '' : before}${mangle(`${path}/a.txt`, flips)}`;
          expect(protectedAmong([file]), file).not.toEqual([]);
        },
      ),
    );
  });

  test('normalising twice changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
        const once = normalisePath(text);
        expect(normalisePath(once)).toBe(once);
      }),
    );
  });
});
