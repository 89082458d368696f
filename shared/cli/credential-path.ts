import { CliError } from './exit.ts';
import type { Session } from './session.ts';

/**
 * Where a credential of the project is in the API, by the name `provider/account/environment` that people give it. Only
 * the account may hold a "/".
 * @param others names of other secrets that the command takes as well, for the message
 * @throws CliError usage
 */
export const credentialPath = (session: Session, others: readonly string[] = []): string => {
  const named = session.parsed.arguments[0] ?? '';
  const [, provider, account, environment] = /^([^/]+)\/(.+)\/([^/]+)$/.exec(named) ?? [];
  if (provider === undefined || account === undefined || environment === undefined)
    throw new CliError(
      'usage',
      `Which credential? Name it as provider/account/environment (alpaca/paper-demo/PAPER)${others.length === 0 ? '' : `, or one of ${others.join(', ')}`}.`,
    );
  const parts = [session.project(), provider, account, environment.toUpperCase()].map(encodeURIComponent);
  return `/projects/${parts[0]}/credentials/${parts.slice(1).join('/')}`;
};
