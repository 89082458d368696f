import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { readConfigSecret, SECRET_VALUE, type SecretSources } from '#shared/config/secrets.ts';

const VALUES = {
  reference: 'from-reference',
  file: 'from-file',
  environment: 'from-environment',
  default: 'from-default',
};
const ORDER = ['reference', 'file', 'environment', 'default'] as const;
type Source = (typeof ORDER)[number];

const sourcesWith = (present: readonly Source[], more: Partial<SecretSources> = {}): SecretSources => ({
  env: {
    ...(present.includes('reference') ? { KEYRING_SECRET_ARN: 'secret/ref' } : {}),
    ...(present.includes('file') ? { KEYRING_FILE: '/run/secrets/api-key' } : {}),
    ...(present.includes('environment') ? { KEYRING: VALUES.environment } : {}),
  },
  production: false,
  readFile: async () => `${VALUES.file}\n`,
  readReference: async () => VALUES.reference,
  ...(present.includes('default') ? { fallback: VALUES.default } : {}),
  ...more,
});

const subsets = Array.from({ length: 2 ** ORDER.length }, (_, bits) =>
  ORDER.filter((_source, index) => bits & (1 << index)),
);

describe('precedence of secret settings (SEC-01, SEC-02)', () => {
  test.each(subsets.filter((present) => present.length > 0))(
    'of %s %s %s %s the strongest wins',
    async (...present) => {
      const strongest = ORDER.find((source) => present.includes(source)) as Source;
      const read = await readConfigSecret('KEYRING', sourcesWith(present));
      expect(read?.source).toBe(strongest);
      expect(read?.secret.reveal(SECRET_VALUE)).toBe(VALUES[strongest]);
    },
  );

  test('no source at all is no secret', async () => {
    expect(await readConfigSecret('KEYRING', sourcesWith([]))).toBeUndefined();
  });

  test.each(subsets.filter((present) => present.length > 0))(
    'in production, of %s %s %s %s',
    async (...present) => {
      const attempt = readConfigSecret('KEYRING', sourcesWith(present, { production: true }));
      if (present.includes('reference') || present.includes('file'))
        expect((await attempt)?.source).toMatch(/reference|file/);
      else await expect(attempt).rejects.toMatchObject({ code: 'CONFIG_SECRET_PLAIN_IN_PRODUCTION' });
    },
  );

  test.each(['reference', 'file'] as const)(
    'a %s that cannot be read never falls back to a weaker source',
    async (source) => {
      const fail = async (): Promise<string> => {
        throw new Error('ENOENT: /run/secrets/api-key holds from-file');
      };
      const attempt = readConfigSecret(
        'KEYRING',
        sourcesWith([source, 'environment'], { readFile: fail, readReference: fail }),
      );
      await expect(attempt).rejects.toMatchObject({ code: 'CONFIG_SECRET_UNREADABLE' });
      await expect(attempt).rejects.not.toThrow(/from-|run\/secrets/);
    },
  );

  test('an empty file is an error, not an empty secret', async () => {
    const attempt = readConfigSecret(
      'KEYRING',
      sourcesWith(['file', 'default'], { readFile: async () => '\n' }),
    );
    await expect(attempt).rejects.toMatchObject({ code: 'CONFIG_SECRET_EMPTY' });
  });

  test('nothing that prints a result shows the value (SEC-03)', async () => {
    const read = await readConfigSecret('KEYRING', sourcesWith(['file']));
    const printed = [
      JSON.stringify(read),
      inspect(read, { depth: 9, showHidden: true }),
      String(read?.secret),
      `${read?.secret}`,
    ];
    for (const text of printed) expect(text).not.toContain(VALUES.file);
  });
});
