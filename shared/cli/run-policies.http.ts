import * as z from 'zod';
import { PolicyHealth } from '../policies/health.ts';
import {
  CheckView,
  ObservationListView,
  PolicyChangeView,
  PolicyListView,
  PolicyView,
} from '../policies/policy-view.ts';
import { CliError } from './exit.ts';
import { readJsonFile } from './files.http.ts';
import type { Answer, Session } from './session.ts';
import { showChange, showHealth, showObservations, showPolicies, showPolicy } from './show-policies.ts';
import { table } from './terminal-text.ts';

const read = <Schema extends z.ZodType>(schema: Schema, json: unknown): z.output<Schema> => {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new CliError('unreachable', 'The API sent something that this version of the CLI cannot read.');
};

const get = async <Schema extends z.ZodType>(
  session: Session,
  path: string,
  schema: Schema,
  query?: Readonly<Record<string, string | undefined>>,
): Promise<z.output<Schema>> =>
  read(schema, (await session.call({ method: 'GET', path, ...(query === undefined ? {} : { query }) })).json);

/** The API checks the rest, and names the field that does not fit. */
const SourceFile = z.looseObject({ id: z.string() });

const idOf = (session: Session): string => session.parsed.arguments[0] ?? '';
const pathOf = (id: string, rest = ''): string => `/policies/${encodeURIComponent(id)}${rest}`;

export const policiesList = async (session: Session): Promise<Answer> => {
  const json = await get(session, '/policies', PolicyListView);
  return { json, text: showPolicies(json), exit: 'ok' };
};

export const policiesHealth = async (session: Session): Promise<Answer> => {
  const json = await get(session, '/policies/health', PolicyHealth);
  return { json, text: showHealth(json), exit: 'ok' };
};

export const policiesDiff = async (session: Session): Promise<Answer> => {
  const json = await get(session, pathOf(idOf(session), '/change'), PolicyChangeView);
  return { json, text: showChange(json), exit: 'ok' };
};

export const policiesExplain = async (session: Session): Promise<Answer> => {
  const { limit, cursor } = session.parsed.options;
  const json = await get(session, pathOf(idOf(session), '/observations'), ObservationListView, {
    limit,
    cursor,
  });
  return { json, text: showObservations(json), exit: 'ok' };
};

/** Reads what waits, shows it, and sends back exactly the change and the hashes that were shown. */
export const policiesAck = async (session: Session): Promise<Answer> => {
  const id = idOf(session);
  const { reason, change: expected, supersedes } = session.parsed.options;
  if (reason === undefined || reason.trim() === '')
    throw new CliError('usage', 'Say why it is fine: --reason "…". It is kept with the acknowledgement.');
  const shown = await get(session, pathOf(id, '/change'), PolicyChangeView);
  const { change } = shown;
  if (change === null)
    throw new CliError('refused', 'Nothing waits: what the page says was acknowledged. Nothing was written.');
  if (expected !== undefined && expected !== change.changeId)
    throw new CliError(
      'refused',
      `What waits is change ${change.changeId}, not the one that you named. Read it with "autopack policies diff ${id}". Nothing was acknowledged.`,
    );
  session.progress(showChange(shown).trimEnd());
  const body = {
    changeId: change.changeId,
    fromSemantic: change.from?.semantic ?? null,
    toCanonical: change.to.canonical,
    reason,
    supersedes: supersedes ?? false,
  };
  const { json } = await session.call({ method: 'POST', path: pathOf(id, '/acknowledge'), body });
  const policy = read(PolicyView, json);
  return { json: policy, text: showPolicy(policy), exit: 'ok' };
};

/** One source, or all that are not retired. */
export const policiesCheck = async (session: Session): Promise<Answer> => {
  const [id] = session.parsed.arguments;
  const ids =
    id === undefined
      ? (await get(session, '/policies', PolicyListView)).policies
          .filter(({ retired }) => !retired)
          .map(({ source }) => source.id)
      : [id];
  const checks: z.output<typeof CheckView>[] = [];
  for (const each of ids)
    checks.push(read(CheckView, (await session.call({ method: 'POST', path: pathOf(each, '/check') })).json));
  const text = table(
    ['SOURCE', 'CHECK', 'SLOT'],
    checks.map(({ source, check, slot }) => [source, check, slot]),
  );
  return { json: id === undefined ? { checks } : checks[0], text, exit: 'ok' };
};

/** Adds or edits the source of a JSON file; `--retire` stops watching it. */
export const policiesAdd = async (session: Session): Promise<Answer> => {
  const file = SourceFile.safeParse(await readJsonFile(session.parsed.arguments[0] ?? '-'));
  if (!file.success)
    throw new CliError('usage', 'The file needs an "id": 2 to 63 lower-case letters, digits and hyphens.');
  const body = session.parsed.options.retire === true ? { ...file.data, retired: true } : file.data;
  const { status, json } = await session.call({ method: 'PUT', path: pathOf(file.data.id), body });
  const policy = read(PolicyView, json);
  const next =
    status === 202
      ? 'It is a critical source: another operator has to run the same command.\n'
      : 'An edit of what is read needs a first look and an approval: autopack policies check --now, then policies diff and ack.\n';
  return { json: policy, text: `${showPolicy(policy)}\n${next}`, exit: 'ok' };
};
