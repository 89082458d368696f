import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, describe, expect, test } from 'vitest';
import { readSettings } from '#shared/cli/settings.http.ts';
import { readSecretFile } from '#shared/config/secret-file.http.ts';
import { readSecretReference } from '#shared/config/secret-reference.aws.ts';
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

describe('a mounted secret file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'autopack-secret-file-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const load = (path: string) =>
    readConfigSecret('KEYRING', sourcesWith([], { env: { KEYRING_FILE: path }, readFile: readSecretFile }));

  test('is read without the line end of its editor, also in production', async () => {
    const env = { KEYRING_FILE: file('good', 'line one\nline two\n') };
    const found = await readConfigSecret(
      'KEYRING',
      sourcesWith([], { env, production: true, readFile: readSecretFile }),
    );
    expect([found?.source, found?.secret.reveal(SECRET_VALUE)]).toEqual(['file', 'line one\nline two']);
  });

  test.each<[string, () => string]>([
    ['a folder', () => folder],
    ['a file that is not there', () => join(folder, 'nothing')],
    ['a file that is too large for a secret', () => file('large', 'x'.repeat(65_537))],
    ['a file that is not text', () => file('binary', new Uint8Array([0xff, 0xfe, 0xfd]))],
  ])('%s is refused without a word of its path or content', async (_what, path) => {
    const error: unknown = await load(path()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'CONFIG_SECRET_UNREADABLE' });
    expect(String(error)).not.toContain(folder);
    expect(String((error as Error).cause ?? '')).toBe('');
  });
});

describe('a reference', () => {
  test('is the text of the secret; one without text is none', async () => {
    const answers: { SecretString?: string }[] = [{ SecretString: 'text' }, {}];
    const client = { send: async () => answers.shift() } as unknown as SecretsManagerClient;
    const read = () =>
      readConfigSecret(
        'KEYRING',
        sourcesWith(['reference', 'environment'], { readReference: readSecretReference(client) }),
      );
    expect((await read())?.secret.reveal(SECRET_VALUE)).toBe('text');
    await expect(read()).rejects.toMatchObject({ code: 'CONFIG_SECRET_UNREADABLE' });
  });
});

describe('the secret of an agent on the command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'autopack-cli-secret-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'secret');
  writeFileSync(path, 'of-the-file\n');
  const agent = async (env: Readonly<Record<string, string>>) =>
    (
      await readSettings(
        { json: true },
        {
          AUTOPACK_URL: 'https://a.example.test',
          AUTOPACK_CLIENT_ID: 'bot',
          AUTOPACK_DATA_DIR: folder,
          ...env,
        },
      )
    ).agent?.clientSecret;

  test('comes from its file rather than from the environment', async () => {
    const plain = { AUTOPACK_CLIENT_SECRET: 'of-the-environment' };
    expect(await agent(plain)).toBe('of-the-environment');
    expect(await agent({ AUTOPACK_CLIENT_SECRET_FILE: path })).toBe('of-the-file');
    expect(await agent({ ...plain, AUTOPACK_CLIENT_SECRET_FILE: path })).toBe('of-the-file');
  });

  test('a file that cannot be read is said, by its variable, and the environment does not step in', async () => {
    const env = { AUTOPACK_CLIENT_SECRET: 'plain', AUTOPACK_CLIENT_SECRET_FILE: `${path}.gone` };
    await expect(agent(env)).rejects.toMatchObject({
      exit: 'usage',
      message: expect.stringContaining('AUTOPACK_CLIENT_SECRET_FILE'),
    });
  });
});
