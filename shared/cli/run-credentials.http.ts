import type * as z from 'zod';
import { CredentialHealthView, CredentialListView } from '../credentials/credential-view.ts';
import { CliError } from './exit.ts';
import type { Answer, Session } from './session.ts';
import { showCredentialHealth, showCredentials } from './show-credentials.ts';

const get = async <Schema extends z.ZodType>(
  session: Session,
  path: string,
  schema: Schema,
): Promise<z.output<Schema>> => {
  const parsed = schema.safeParse((await session.call({ method: 'GET', path })).json);
  if (parsed.success) return parsed.data;
  throw new CliError('unreachable', 'The API sent something that this version of the CLI cannot read.');
};

export const credentialsList = async (session: Session): Promise<Answer> => {
  const path = `/projects/${encodeURIComponent(session.project())}/credentials`;
  const json = await get(session, path, CredentialListView);
  return { json, text: showCredentials(json), exit: 'ok' };
};

export const credentialsHealth = async (session: Session): Promise<Answer> => {
  const json = await get(session, '/credentials/health', CredentialHealthView);
  return { json, text: showCredentialHealth(json), exit: 'ok' };
};
