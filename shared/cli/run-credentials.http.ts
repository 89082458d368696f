import type * as z from 'zod';
import {
  CredentialHealthView,
  CredentialListView,
  CredentialLookView,
} from '../credentials/credential-view.ts';
import { credentialPath } from './credential-path.ts';
import { CliError } from './exit.ts';
import type { Answer, Session } from './session.ts';
import { showCredentialHealth, showCredentialLook, showCredentials } from './show-credentials.ts';

const ask = async <Schema extends z.ZodType>(
  session: Session,
  method: 'GET' | 'POST',
  path: string,
  schema: Schema,
): Promise<z.output<Schema>> => {
  const parsed = schema.safeParse((await session.call({ method, path })).json);
  if (parsed.success) return parsed.data;
  throw new CliError('unreachable', 'The API sent something that this version of the CLI cannot read.');
};

export const credentialsList = async (session: Session): Promise<Answer> => {
  const path = `/projects/${encodeURIComponent(session.project())}/credentials`;
  const json = await ask(session, 'GET', path, CredentialListView);
  return { json, text: showCredentials(json), exit: 'ok' };
};

export const credentialsHealth = async (session: Session): Promise<Answer> => {
  const json = await ask(session, 'GET', '/credentials/health', CredentialHealthView);
  return { json, text: showCredentialHealth(json), exit: 'ok' };
};

/** Answers how it stands also where nobody was asked again; `look` says which. */
export const credentialsLook = async (session: Session): Promise<Answer> => {
  const json = await ask(session, 'POST', `${credentialPath(session)}/look`, CredentialLookView);
  return { json, text: showCredentialLook(json), exit: 'ok' };
};
