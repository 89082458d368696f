import { ApprovalListView, ApprovalView } from '../approvals/approval-view.ts';
import { CliError } from './exit.ts';
import { readJsonFile } from './files.http.ts';
import type { Answer, Session } from './session.ts';
import { showApproval, showApprovals } from './show-approval.ts';
import { jsonText } from './terminal-text.ts';

const unreadable = (): never => {
  throw new CliError('unreachable', 'The API sent something that this version of the CLI cannot read.');
};

export const approvals = async (session: Session): Promise<Answer> => {
  const query = { project: session.parsed.common.project };
  const page = ApprovalListView.safeParse(
    (await session.call({ method: 'GET', path: '/approvals', query })).json,
  );
  return page.success ? { json: page.data, text: showApprovals(page.data), exit: 'ok' } : unreadable();
};

/** Reads the approval, shows it, and sends back the hash and version that were shown. */
export const decide = async (session: Session): Promise<Answer> => {
  const [id = '', decision] = session.parsed.arguments;
  const { reason = '', 'request-hash': expected } = session.parsed.options;
  const path = `/approvals/${encodeURIComponent(id)}`;
  const shown = ApprovalView.safeParse((await session.call({ method: 'GET', path })).json);
  if (!shown.success) return unreadable();
  const { requestHash, version } = shown.data;
  if (expected !== undefined && expected !== requestHash)
    throw new CliError(
      'refused',
      `The approval is for ${requestHash}, not for the hash that you named. Nothing was decided.`,
    );
  session.progress(showApproval(shown.data).trimEnd());
  const body = { decision, requestHash, version, reason };
  const decided = ApprovalView.safeParse(
    (await session.call({ method: 'POST', path: `${path}/decision`, body })).json,
  );
  return decided.success
    ? { json: decided.data, text: showApproval(decided.data), exit: 'ok' }
    : unreadable();
};

/** The project commands print what the API answers: settings are JSON in, JSON out. */
const projectCall = async (session: Session, rest: string, body?: unknown): Promise<Answer> => {
  const path = `/projects/${encodeURIComponent(session.project())}/${rest}`;
  const { json } = await session.call(
    body === undefined ? { method: 'GET', path } : { method: 'POST', path, body },
  );
  return { json, text: jsonText(json), exit: 'ok' };
};

export const projectShow = (session: Session): Promise<Answer> => projectCall(session, 'config');
export const projectChanges = (session: Session): Promise<Answer> => projectCall(session, 'changes');
export const projectChange = async (session: Session): Promise<Answer> =>
  projectCall(session, 'changes', await readJsonFile(session.parsed.arguments[0] ?? '-'));
export const projectConfirm = (session: Session): Promise<Answer> =>
  projectCall(session, `changes/${encodeURIComponent(session.parsed.arguments[0] ?? '')}/confirm`, {});
