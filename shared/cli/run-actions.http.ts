import { ActionListView, type ActionView } from '../actions/action-view.ts';
import { exportText } from '../actions/export.ts';
import type { ApiRequest } from './api.ts';
import { CliError, type Exit } from './exit.ts';
import { readProposalFile, writeTextFile } from './files.http.ts';
import { actionOf, follow } from './follow.ts';
import type { Answer, Session } from './session.ts';
import { showAction, showActions } from './show-action.ts';

const pathOf = (project: string, key: string): string =>
  `/projects/${encodeURIComponent(project)}/actions/${encodeURIComponent(key)}`;

const exitOf = (action: ActionView): Exit =>
  action.terminal && action.status !== 'SUCCEEDED' ? 'failed' : 'ok';

const actionAnswer = (action: ActionView, session: Session, exit: Exit = exitOf(action)): Answer => ({
  json: action,
  text: showAction(action, session.paint),
  exit,
});

const secondsOf = (text: string | undefined): number => {
  if (text === undefined) return 600;
  if (!/^\d{1,6}$/.test(text)) throw new CliError('usage', '--timeout is a whole number of seconds.');
  return Number(text);
};

/** Sends what opens an action, and follows it where --wait was given; else answers it as it is. */
const sendAndSettle = async (session: Session, request: ApiRequest): Promise<Answer> => {
  const { options } = session.parsed;
  const seconds = secondsOf(options.timeout);
  const action = actionOf(await session.call(request));
  if (options.wait !== true) return actionAnswer(action, session);
  return actionAnswer(await follow(pathOf(action.project, action.key), seconds, session), session);
};

export const propose = async (session: Session): Promise<Answer> => {
  const [file = '-'] = session.parsed.arguments;
  const { options, common } = session.parsed;
  const { project: fileProject, key: fileKey, ...said } = await readProposalFile(file);
  const key = options.key ?? fileKey;
  if (key === undefined)
    throw new CliError(
      'usage',
      'The action needs a key of yours: "key" in the file, or --key. The same key never acts twice.',
    );
  const project = common.project ?? fileProject ?? session.project();
  const runId = options.run ?? said.runId;
  return sendAndSettle(session, {
    method: 'POST',
    path: `/projects/${encodeURIComponent(project)}/actions`,
    headers: { 'idempotency-key': key },
    body: {
      ...said,
      ...(runId === undefined ? {} : { runId }),
      ...(options['dry-run'] === true ? { dryRun: true } : {}),
    },
  });
};

export const submit = async (session: Session): Promise<Answer> => {
  const [key = ''] = session.parsed.arguments;
  const path = `${pathOf(session.project(), key)}/submit`;
  return sendAndSettle(session, { method: 'POST', path, body: {} });
};

export const cancel = async (session: Session): Promise<Answer> => {
  const [key = ''] = session.parsed.arguments;
  const path = `${pathOf(session.project(), key)}/cancel`;
  return actionAnswer(actionOf(await session.call({ method: 'POST', path, body: {} })), session, 'ok');
};

export const resolve = async (session: Session): Promise<Answer> => {
  const [key = '', outcome = ''] = session.parsed.arguments;
  const { reason } = session.parsed.options;
  if (reason === undefined || reason === '')
    throw new CliError('usage', 'Say how you know, with --reason; it goes into the record.');
  const reply = await session.call({
    method: 'POST',
    path: `${pathOf(session.project(), key)}/resolve`,
    body: { outcome: outcome.toUpperCase().replace('-', '_'), reason },
  });
  return actionAnswer(actionOf(reply), session, 'ok');
};

export const show = async (session: Session): Promise<Answer> => {
  const [key = ''] = session.parsed.arguments;
  const reply = await session.call({ method: 'GET', path: pathOf(session.project(), key) });
  return actionAnswer(actionOf(reply), session, 'ok');
};

const instant = (name: string, text: string | undefined): string | undefined => {
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at))
    throw new CliError('usage', `--${name} is a time like 2026-11-20 or 2026-11-20T08:00:00Z.`);
  return new Date(at).toISOString();
};

const pageOf = async (
  session: Session,
  query: Readonly<Record<string, string | undefined>>,
): Promise<ActionListView> => {
  const path = `/projects/${encodeURIComponent(session.project())}/actions`;
  const page = ActionListView.safeParse((await session.call({ method: 'GET', path, query })).json);
  if (!page.success)
    throw new CliError('unreachable', 'The API sent something that this version of the CLI cannot read.');
  return page.data;
};

export const list = async (session: Session): Promise<Answer> => {
  const { options } = session.parsed;
  const page = await pageOf(session, {
    operation: options.operation,
    runId: options.run,
    from: instant('from', options.from),
    to: instant('to', options.to),
    status: options.status?.toUpperCase(),
    needsAttention: options.attention === true ? 'true' : undefined,
    limit: options.limit,
    cursor: options.cursor,
  });
  return { json: page, text: showActions(page), exit: 'ok' };
};

/** Every action of a run with its dry run and decision, oldest first, one a line: same state, same bytes. */
export const exportRun = async (session: Session): Promise<Answer> => {
  const { run, out } = session.parsed.options;
  if (run === undefined) throw new CliError('usage', 'Which run? Give --run.');
  const keys: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await pageOf(session, { runId: run, limit: '100', cursor });
    keys.push(...page.actions.map((action) => action.key));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  const actions: ActionView[] = [];
  for (const key of new Set(keys))
    actions.push(actionOf(await session.call({ method: 'GET', path: pathOf(session.project(), key) })));
  const text = exportText(session.project(), run, actions);
  if (out === undefined) return { raw: text, exit: 'ok' };
  await writeTextFile(out, text);
  return {
    json: { file: out, actions: actions.length },
    text: `${actions.length} actions written to ${out}\n`,
    exit: 'ok',
  };
};
