import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import * as z from 'zod';
import { discover, requestTokens, type TokenReply } from '../operators/oidc.http.ts';
import { IssuerRefusedError, IssuerUnreachableError } from '../operators/oidc.ts';
import type { CallApi } from './api.ts';
import { CliError } from './exit.ts';
import type { AgentCredentials, Settings } from './settings.http.ts';

const TIMEOUT_MS = 10_000;
/** A token that ends sooner is renewed first. */
const RENEW_BEFORE_MS = 60_000;

/** The signed-in person, in a file that only the user can read. */
const SavedPerson = z.strictObject({
  apiUrl: z.string(),
  issuer: z.string(),
  clientId: z.string(),
  idToken: z.string(),
  refreshToken: z.string().nullable(),
});
export type SavedPerson = z.infer<typeof SavedPerson>;

const fileOf = (dataDir: string): string => join(dataDir, 'cli-token.json');

export const savePerson = async (dataDir: string, person: SavedPerson): Promise<void> => {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const file = fileOf(dataDir);
  const fresh = `${file}.${process.pid}`;
  await writeFile(fresh, `${JSON.stringify(person)}\n`, { mode: 0o600 });
  await chmod(fresh, 0o600);
  await rename(fresh, file);
};

export const forgetPerson = async (dataDir: string): Promise<void> => rm(fileOf(dataDir), { force: true });

/** The person who signed in at this API; undefined where nobody did. */
export const savedPerson = async (settings: Settings): Promise<SavedPerson | undefined> => {
  let text: string;
  try {
    text = await readFile(fileOf(settings.dataDir), 'utf8');
  } catch {
    return undefined;
  }
  const person = SavedPerson.safeParse(JSON.parse(text || 'null')).data;
  return person?.apiUrl === settings.apiUrl ? person : undefined;
};

/** What a token says, unverified: only for showing it to its owner and for knowing when it ends. */
export const claimsOf = (token: string): { readonly name: string; readonly endsAtMs: number } => {
  const claims = decodeJwt(token);
  const name = claims['email'] ?? claims['client_id'] ?? claims.sub;
  return { name: String(name), endsAtMs: (claims.exp ?? 0) * 1000 };
};

const Health = z.looseObject({ signIn: z.object({ issuer: z.url(), cliClientId: z.string() }) });

/** Issuer and OAuth client of the CLI: from the local host's file, else as the API publishes them. */
export const signInPlace = async (
  settings: Settings,
  call: CallApi,
): Promise<{ readonly issuer: string; readonly clientId: string }> => {
  const { issuer, cliClientId } = settings;
  if (issuer !== undefined && cliClientId !== undefined) return { issuer, clientId: cliClientId };
  const health = Health.safeParse((await call({ method: 'GET', path: '/health' })).json);
  if (!health.success) throw new CliError('unreachable', 'The API does not say where to sign in.');
  return { issuer: health.data.signIn.issuer, clientId: health.data.signIn.cliClientId };
};

/** Ends a conversation with the issuer in a way that the CLI can explain. */
export const fromIssuer = async (request: Promise<TokenReply>): Promise<TokenReply> => {
  try {
    return await request;
  } catch (error) {
    if (error instanceof IssuerRefusedError)
      throw new CliError(
        'refused',
        `The identity provider refused (${error.code}). Sign in with "autopack sign-in".`,
      );
    if (error instanceof IssuerUnreachableError)
      throw new CliError('unreachable', 'The identity provider does not answer.', { cause: error });
    throw error;
  }
};

/** The person's ID token, renewed where it is about to end. */
export const personToken = async (settings: Settings, now: () => number): Promise<string | undefined> => {
  const person = await savedPerson(settings);
  if (person === undefined) return undefined;
  if (claimsOf(person.idToken).endsAtMs - now() > RENEW_BEFORE_MS) return person.idToken;
  if (person.refreshToken === null) return undefined;
  const renewed = await fromIssuer(
    requestTokens(discover(person.issuer, now), {
      grant_type: 'refresh_token',
      client_id: person.clientId,
      refresh_token: person.refreshToken,
    }),
  );
  const refreshToken = renewed.refresh_token ?? person.refreshToken;
  await savePerson(settings.dataDir, { ...person, idToken: renewed.id_token, refreshToken });
  return renewed.id_token;
};

const AgentTokens = z.object({ access_token: z.string().min(1) });

/** An agent's access token by client credentials. The secret goes to the issuer's token endpoint and nowhere else. */
export const agentToken = async (
  agent: AgentCredentials,
  issuer: string,
  now: () => number,
): Promise<string> => {
  let reply: Response;
  let json: unknown;
  try {
    const { token_endpoint: endpoint } = await discover(issuer, now)();
    const basic = Buffer.from(
      `${encodeURIComponent(agent.clientId)}:${encodeURIComponent(agent.clientSecret)}`,
    );
    reply = await fetch(endpoint, {
      method: 'POST',
      headers: { authorization: `Basic ${basic.toString('base64')}`, accept: 'application/json' },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    json = await reply.json();
  } catch (error) {
    throw new CliError('unreachable', 'The identity provider does not answer.', { cause: error });
  }
  const tokens = AgentTokens.safeParse(json);
  if (tokens.success && reply.status === 200) return tokens.data.access_token;
  if (reply.status >= 500)
    throw new CliError('unreachable', `The identity provider answered ${reply.status}.`);
  throw new CliError('refused', 'The identity provider refused the client id and secret of the agent.');
};
