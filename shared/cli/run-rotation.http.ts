import { RingView } from '../credentials/rotation/drop-key.ts';
import { HouseSecret, RotationView } from '../credentials/rotation/requests.ts';
import { credentialPath } from './credential-path.ts';
import { CliError } from './exit.ts';
import { readJsonFile } from './files.http.ts';
import type { Answer, Session } from './session.ts';
import { showRing, showRotation } from './show-rotation.ts';

/** Of a credential of the project, or of a secret of the stack itself by its name. @throws CliError usage */
const pathOf = (session: Session): string => {
  const house = HouseSecret.safeParse(session.parsed.arguments[0] ?? '').data;
  return house === undefined ? credentialPath(session, HouseSecret.options) : `/house-secrets/${house}`;
};

const post = async (session: Session, what: string, body?: unknown): Promise<Answer> => {
  const { json } = await session.call({
    method: 'POST',
    path: `${pathOf(session)}/${what}`,
    ...(body === undefined ? {} : { body }),
  });
  const view = RotationView.safeParse(json);
  if (!view.success)
    throw new CliError('unreachable', 'The API sent something that this version of the CLI cannot read.');
  return { json: view.data, text: showRotation(view.data), exit: 'ok' };
};

/** The value comes from a file or standard input, never from the command line, which shells remember. */
export const credentialsStage = async (session: Session): Promise<Answer> => {
  const path = pathOf(session);
  if (path.startsWith('/house-secrets/'))
    throw new CliError('usage', 'Autopack makes the values of this secret itself. Rotate it.');
  return post(session, 'stage', { fields: await readJsonFile(session.parsed.arguments[1] ?? '-') });
};

export const credentialsRotate = (session: Session): Promise<Answer> => post(session, 'rotate');

/** Without `--pending` it only looks. */
export const credentialsUnstick = (session: Session): Promise<Answer> => {
  const { pending } = session.parsed.options;
  return post(session, 'unstick', pending === undefined ? {} : { version: pending });
};

/** Without a key it only looks; of two people who name the same key, the second one drops it. */
export const credentialsDrop = async (session: Session): Promise<Answer> => {
  const [named = '', key] = session.parsed.arguments;
  const house = HouseSecret.safeParse(named).data;
  if (house === undefined)
    throw new CliError('usage', `Which secret? Name one of ${HouseSecret.options.join(', ')}.`);
  const { json } = await session.call({
    method: 'POST',
    path: `/house-secrets/${house}/drop`,
    body: key === undefined ? {} : { key },
  });
  const view = RingView.safeParse(json);
  if (!view.success)
    throw new CliError('unreachable', 'The API sent something that this version of the CLI cannot read.');
  return { json: view.data, text: showRing(view.data), exit: 'ok' };
};
