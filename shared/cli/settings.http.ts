import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { readSecretFile } from '../config/secret-file.http.ts';
import { ConfigSecretError, readConfigSecret, SECRET_VALUE } from '../config/secrets.ts';
import { CliError } from './exit.ts';
import type { CommonValues } from './arguments.ts';

/** What the local host writes into its data folder for the CLI; members that it does not know are ignored. */
const LocalFile = z.object({
  apiUrl: z.url(),
  issuer: z.url().optional(),
  cliClientId: z.string().optional(),
  project: z.string().optional(),
  agent: z.object({ clientId: z.string(), clientSecret: z.string() }).optional(),
});

export interface AgentCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface Settings {
  readonly apiUrl: string;
  readonly project: string | undefined;
  /** Known without asking the API; else `GET /health` says them. */
  readonly issuer: string | undefined;
  readonly cliClientId: string | undefined;
  readonly agent: AgentCredentials | undefined;
  readonly dataDir: string;
}

const readText = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new CliError('usage', `${file} cannot be read.`, { cause: error });
  }
};

const readLocalFile = async (dataDir: string): Promise<z.infer<typeof LocalFile> | undefined> => {
  const file = join(dataDir, 'local.json');
  const text = await readText(file);
  if (text === undefined) return undefined;
  try {
    return LocalFile.parse(JSON.parse(text));
  } catch (error) {
    throw new CliError(
      'usage',
      `${file} is not one that the local host wrote. Start it again with "npm start".`,
      {
        cause: error,
      },
    );
  }
};

const agentOf = async (
  env: Readonly<Record<string, string | undefined>>,
  local: AgentCredentials | undefined,
): Promise<AgentCredentials | undefined> => {
  const clientId = env['AUTOPACK_CLIENT_ID'];
  if (clientId === undefined || clientId === '') return local;
  const { AUTOPACK_CLIENT_SECRET, AUTOPACK_CLIENT_SECRET_FILE } = env;
  const found = await readConfigSecret('AUTOPACK_CLIENT_SECRET', {
    env: { AUTOPACK_CLIENT_SECRET, AUTOPACK_CLIENT_SECRET_FILE },
    production: false,
    readFile: readSecretFile,
    readReference: () => Promise.reject(new Error('the CLI reads no references')),
  }).catch((error: unknown) => {
    if (error instanceof ConfigSecretError) throw new CliError('usage', error.message, { cause: error });
    throw error;
  });
  if (found === undefined)
    throw new CliError(
      'usage',
      'AUTOPACK_CLIENT_ID is set without AUTOPACK_CLIENT_SECRET or AUTOPACK_CLIENT_SECRET_FILE.',
    );
  return { clientId, clientSecret: found.secret.reveal(SECRET_VALUE)?.trim() ?? '' };
};

/** Options win over the environment, which wins over the local host's file. */
export const readSettings = async (
  common: CommonValues,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Settings> => {
  const dataDir = env['AUTOPACK_DATA_DIR'] || '.autopack';
  const local = await readLocalFile(dataDir);
  const apiUrl = common.url ?? (env['AUTOPACK_URL'] || local?.apiUrl);
  if (apiUrl === undefined)
    throw new CliError(
      'usage',
      'Where is Autopack? Start it with "npm start", or set AUTOPACK_URL or --url.',
    );
  if (!/^https?:\/\/[^/?#]+/.test(apiUrl) || !URL.canParse(apiUrl))
    throw new CliError('usage', `"${apiUrl}" is not the base URL of an HTTP API.`);
  const isLocal = apiUrl.replace(/\/$/, '') === local?.apiUrl.replace(/\/$/, '');
  return {
    apiUrl: apiUrl.replace(/\/$/, ''),
    project:
      common.project ?? (env['AUTOPACK_PROJECT'] || (isLocal ? (local?.project ?? 'demo') : undefined)),
    // The secrets of the local host are never sent to another one.
    issuer: isLocal ? local?.issuer : undefined,
    cliClientId: isLocal ? local?.cliClientId : undefined,
    agent: await agentOf(env, isLocal ? local?.agent : undefined),
    dataDir,
  };
};
