import type { CallApi } from './api.ts';
import { CliError } from './exit.ts';
import type { Answer } from './session.ts';
import type { Settings } from './settings.http.ts';
import { signInOverLoopback } from './sign-in.http.ts';
import { agentToken, claimsOf, forgetPerson, personToken, savePerson, signInPlace } from './tokens.http.ts';

export interface IdentityDeps {
  readonly settings: Settings;
  readonly call: CallApi;
  readonly now: () => number;
  readonly say: (line: string) => void;
}

export type Who = 'person' | 'agent';

/** The token that a command goes with, and whose it is. Agents first: whoever proposes may not approve. */
export const tokenFor = async (
  as: 'person' | 'any',
  wanted: Who | undefined,
  { settings, call, now }: IdentityDeps,
): Promise<{ readonly who: Who; readonly token: string }> => {
  const who = wanted ?? (as === 'person' || settings.agent === undefined ? 'person' : 'agent');
  if (who === 'agent') {
    if (settings.agent === undefined)
      throw new CliError(
        'usage',
        'There is no agent here: set AUTOPACK_CLIENT_ID and AUTOPACK_CLIENT_SECRET.',
      );
    const { issuer } =
      settings.issuer === undefined ? await signInPlace(settings, call) : { issuer: settings.issuer };
    return { who, token: await agentToken(settings.agent, issuer, now) };
  }
  const token = await personToken(settings, now);
  if (token === undefined)
    throw new CliError('refused', 'Nobody is signed in here. Sign in with "autopack sign-in".');
  return { who, token };
};

export const signIn = async (deps: IdentityDeps): Promise<Answer> => {
  const { settings, now } = deps;
  const place = await signInPlace(settings, deps.call);
  const person = await signInOverLoopback({
    apiUrl: settings.apiUrl,
    ...place,
    now,
    show: (url) => deps.say(`Open this address in your browser and sign in:\n\n  ${url}\n`),
  });
  await savePerson(settings.dataDir, person);
  const { name } = claimsOf(person.idToken);
  return { json: { signedIn: name, apiUrl: settings.apiUrl }, text: `Signed in as ${name}.\n`, exit: 'ok' };
};

export const signOut = async ({ settings }: IdentityDeps): Promise<Answer> => {
  await forgetPerson(settings.dataDir);
  return { json: { signedIn: null }, text: 'Signed out: the tokens of this folder are gone.\n', exit: 'ok' };
};

export const whoami = async (as: Who | undefined, deps: IdentityDeps): Promise<Answer> => {
  const { who, token } = await tokenFor('any', as, deps);
  const { name, endsAtMs } = claimsOf(token);
  const { apiUrl, project = null } = deps.settings;
  return {
    json: { as: who, name, apiUrl, project, tokenEndsAt: new Date(endsAtMs).toISOString() },
    text: `${name} (${who}) at ${apiUrl}${project === null ? '' : `, project ${project}`}\n`,
    exit: 'ok',
  };
};
