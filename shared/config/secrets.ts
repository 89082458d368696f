import { Secret } from '../credentials/secret.ts';
import type { ConfigSecretName } from './config-secrets.ts';

/** Field that a configuration secret is revealed under. */
export const SECRET_VALUE = 'value';

/** Where a secret setting may come from. Every reader answers undefined or throws where there is nothing to read. */
export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly production: boolean;
  /** UTF-8 text of a file. */
  readonly readFile: (path: string) => Promise<string>;
  /** Value behind a secret reference, an ARN or name in Secrets Manager. */
  readonly readReference: (reference: string) => Promise<string>;
  readonly fallback?: string;
}

export interface ConfigSecret {
  readonly secret: Secret;
  /** Where it came from; the only part that may be logged. */
  readonly source: 'reference' | 'file' | 'environment' | 'default';
}

/** A setting that cannot be had. The message names variables, never what they hold. */
export class ConfigSecretError extends Error {
  override readonly name = 'ConfigSecretError';
  readonly code: 'CONFIG_SECRET_UNREADABLE' | 'CONFIG_SECRET_EMPTY' | 'CONFIG_SECRET_PLAIN_IN_PRODUCTION';

  constructor(code: ConfigSecretError['code'], message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

const found = (source: ConfigSecret['source'], variable: string, text: string): ConfigSecret => {
  // Editors and shells leave a line end at the end of a file; inside a value it stays.
  const value = source === 'file' ? text.replace(/\r?\n$/, '') : text;
  if (value === '') throw new ConfigSecretError('CONFIG_SECRET_EMPTY', `${variable} leads to an empty value`);
  return { source, secret: new Secret({ [SECRET_VALUE]: value }) };
};

/**
 * Reads a secret setting: `<NAME>_SECRET_ARN` over `<NAME>_FILE` over `<NAME>` over the default (SEC-01, SEC-02). The
 * strongest source that is named decides: where it cannot be read, a weaker one never steps in. In production a plain
 * `<NAME>` and a default are refused.
 * @returns undefined where no source is named
 * @throws ConfigSecretError
 */
export const readConfigSecret = async (
  name: ConfigSecretName,
  sources: SecretSources,
): Promise<ConfigSecret | undefined> => {
  const { env } = sources;
  const read = async (variable: string, from: () => Promise<string>): Promise<string> => {
    try {
      return await from();
    } catch {
      // The cause may quote the value or the path of somebody's home: neither belongs in a log.
      throw new ConfigSecretError('CONFIG_SECRET_UNREADABLE', `what ${variable} names cannot be read`);
    }
  };
  const reference = env[`${name}_SECRET_ARN`];
  if (reference !== undefined && reference !== '') {
    const variable = `${name}_SECRET_ARN`;
    return found('reference', variable, await read(variable, () => sources.readReference(reference)));
  }
  const file = env[`${name}_FILE`];
  if (file !== undefined && file !== '') {
    return found('file', `${name}_FILE`, await read(`${name}_FILE`, () => sources.readFile(file)));
  }
  const plain = env[name];
  const weak = plain !== undefined && plain !== '' ? plain : sources.fallback;
  if (weak === undefined) return undefined;
  if (sources.production) {
    throw new ConfigSecretError(
      'CONFIG_SECRET_PLAIN_IN_PRODUCTION',
      `in production ${name} comes from ${name}_SECRET_ARN or ${name}_FILE`,
    );
  }
  return found(weak === plain ? 'environment' : 'default', name, weak);
};
