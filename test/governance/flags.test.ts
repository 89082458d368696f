import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FLAGS, type FlagName, flagIsOpen, openFlag } from '#shared/config/flags.ts';

const names = Object.keys(FLAGS) as FlagName[];
const word = (name: FlagName): string => (FLAGS[name].word === '1' ? '1' : 'http://127.0.0.1:4566/_alpaca');

describe('switches are closed by default (GOV-12, CFG-04)', () => {
  test.each(names)('%s opens in development with its exact word', (name) => {
    expect(openFlag(name, { AUTOPACK_ENV: 'dev', [name]: word(name) })).toBe(word(name));
  });

  const closed = [
    undefined,
    '',
    ' ',
    '0',
    'true',
    'TRUE',
    'yes',
    'on',
    '1 ',
    ' 1',
    '01',
    '1.0',
    '１',
    'javascript:1',
    'ftp://x.test',
    'http://',
    'http://user:pw@x.test',
    ' http://x.test',
    '//x.test',
    'null',
  ];
  test.each(names.flatMap((name) => closed.map((value) => [name, value] as const)))(
    '%s is closed for %j',
    (name, value) => {
      expect(flagIsOpen(name, { AUTOPACK_ENV: 'dev', [name]: value })).toBe(false);
    },
  );

  test.each(
    names.flatMap((name) =>
      ['prod', 'production', 'DEV', '', undefined].map((stage) => [name, stage] as const),
    ),
  )('%s is closed in stage %j whatever it says', (name, stage) => {
    expect(flagIsOpen(name, { AUTOPACK_ENV: stage, [name]: word(name) })).toBe(false);
  });

  test('garbage never opens a switch with a word', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        fc.pre(value !== '1');
        expect(flagIsOpen('AUTOPACK_PUBLIC_READ', { AUTOPACK_ENV: 'dev', AUTOPACK_PUBLIC_READ: value })).toBe(
          false,
        );
        expect(
          flagIsOpen('AUTOPACK_ALLOW_LOOPBACK', { AUTOPACK_ENV: 'dev', AUTOPACK_ALLOW_LOOPBACK: value }),
        ).toBe(false);
      }),
    );
  });
});
