import { Action } from '#shared/actions/action.ts';
import { actionPk } from '#shared/actions/identity.ts';
import { decodeCursor, encodeCursor, timeKey } from '#shared/actions/listing.ts';
import type {
  ActionQuery,
  ApplyChange,
  ListActions,
  ListDue,
  ReadAction,
  ReserveAction,
} from '#shared/actions/ledger.ts';

/** The ledger in memory, with the same conditions as the table; it passes the same contract suite. */
export const memoryLedger = () => {
  const rows = new Map<string, Action>();
  const counts = { requests: 0, writes: 0, refused: 0 };
  const copy = (row: Action): Action => Action.parse(JSON.parse(JSON.stringify(row)));

  const reserve: ReserveAction = async (action) => {
    counts.requests += 1;
    const existing = rows.get(actionPk(action));
    if (existing === undefined) {
      counts.writes += 1;
      rows.set(actionPk(action), copy(action));
      return { kind: 'reserved', action };
    }
    counts.refused += 1;
    return existing.writeToken === action.writeToken
      ? { kind: 'reserved', action: copy(existing) }
      : { kind: 'exists', action: copy(existing) };
  };

  const read: ReadAction = async (id) => {
    const row = rows.get(actionPk(id));
    return row === undefined ? undefined : copy(row);
  };

  const apply: ApplyChange = async ({ from, to, ownerToken, requestHash }) => {
    counts.requests += 1;
    const now = rows.get(actionPk(from));
    if (now === undefined) throw new Error('the row is gone');
    const expired =
      to.status === 'EXECUTING' &&
      to.permit === undefined &&
      from.approvalExpiresAt !== undefined &&
      !((now.approvalExpiresAt ?? '') > to.updatedAt);
    if (
      now.status !== from.status ||
      now.version !== from.version ||
      (ownerToken !== undefined && now.ownerToken !== ownerToken) ||
      (requestHash !== undefined && now.requestHash !== requestHash) ||
      expired
    ) {
      counts.refused += 1;
      return now.version === to.version && now.writeToken === to.writeToken
        ? { kind: 'applied', action: copy(now) }
        : { kind: 'refused', current: copy(now) };
    }
    counts.writes += 1;
    rows.set(actionPk(to), copy(to));
    return { kind: 'applied', action: to };
  };

  const wanted = (query: ActionQuery) => (row: Action) =>
    row.project === query.project &&
    (query.from === undefined || row.createdAt >= query.from) &&
    (query.to === undefined || row.createdAt <= query.to) &&
    (query.operation === undefined ||
      row.operation === query.operation ||
      row.operation.startsWith(`${query.operation}/`)) &&
    (query.runId === undefined || row.runId === query.runId) &&
    (query.status === undefined || row.status === query.status) &&
    (query.needsAttention !== true || row.attention === 'person');

  const list: ListActions = async (query) => {
    const all = [...rows.values()].filter(wanted(query)).sort((a, b) => (timeKey(a) < timeKey(b) ? 1 : -1));
    const after = decodeCursor(query.cursor)?.timeKey;
    const rest = after === undefined ? all : all.filter((row) => timeKey(row) < after);
    const actions = rest.slice(0, query.limit).map(copy);
    const last = actions.at(-1);
    return actions.length === query.limit && last !== undefined
      ? { actions, nextCursor: encodeCursor({ timeKey: timeKey(last) }) }
      : { actions };
  };

  const listDue: ListDue = async (now, limit) =>
    [...rows.values()]
      .filter((row) => row.attention === 'sweep' && (row.attentionAt ?? '~') <= now)
      .sort((a, b) => ((a.attentionAt ?? '') < (b.attentionAt ?? '') ? -1 : 1))
      .slice(0, limit)
      .map(({ project, key }) => ({ project, key }));

  return { reserve, read, apply, list, listDue, rows, counts };
};

export type MemoryLedger = ReturnType<typeof memoryLedger>;
