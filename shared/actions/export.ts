import { createHash, type Hash } from 'node:crypto';
import * as z from 'zod';
import { ActionView } from './action-view.ts';
import { canonicalJson } from './canonical-json.ts';
import { providerKey, requestHash } from './hashes.ts';
import { historyFault } from './history.ts';
import { isTerminal } from './status.ts';

/**
 * The form of `autopack export`: one JSON document whose actions stand one a line, oldest first, so that it can be
 * written and checked line by line. Same actions, same bytes.
 */
const HEAD = '{"actions":[';

/** The last line: how many actions there are, a digest over their lines, and whose they are. */
const Foot = z.strictObject({
  count: z.int().nonnegative(),
  digest: z.string(),
  project: z.string(),
  runId: z.string(),
  schemaVersion: z.literal(1),
});

const order = (action: Pick<ActionView, 'createdAt' | 'key'>): string => `${action.createdAt} ${action.key}`;
const lineDigest = (): Hash => createHash('sha256').update('autopack.export.v1\n');

/** Canonical text of the actions of a run, whatever order they come in. Ends with a line feed. */
export const exportText = (project: string, runId: string, actions: readonly ActionView[]): string => {
  const lines = actions
    .toSorted((one, other) => (order(one) < order(other) ? -1 : 1))
    .map((action) => canonicalJson(action));
  const hash = lineDigest();
  for (const line of lines) hash.update(`${line}\n`);
  const foot = { count: lines.length, digest: hash.digest('hex'), project, runId, schemaVersion: 1 };
  return `${HEAD}\n${lines.map((line, index) => `${line}${index + 1 < lines.length ? ',' : ''}\n`).join('')}],${canonicalJson(foot).slice(1)}\n`;
};

/** Why what an exported action says does not go together, or undefined where it does. */
export const actionFault = (view: ActionView): string | undefined => {
  const { history, rendered, approval, requestHash: hash, permit, outcome } = view;
  const fault = historyFault({
    project: view.project,
    key: view.key,
    payloadHash: view.payloadHash,
    providerKey: view.providerKey,
    version: history.length,
    status: view.status,
    history,
    ...(hash === null ? {} : { requestHash: hash }),
    ...(approval === null ? {} : { approvalId: approval.id }),
    ...(permit === null ? {} : { permit }),
    ...(view.policies === undefined ? {} : { policies: view.policies }),
    ...(outcome === null ? {} : { outcome }),
  });
  if (fault !== undefined) return fault;
  if (view.providerKey !== providerKey(view)) return 'the provider key is not the one of this action';
  if (!view.historyIntact) return 'Autopack itself found the history broken';
  if (view.terminal !== isTerminal(view.status)) return `${view.status} and "terminal" do not go together`;
  if (history[0]?.at !== view.createdAt || history[0].by !== view.proposer)
    return 'who proposed it, or when, is not what the history sealed';
  if (history.at(-1)?.at !== view.updatedAt) return 'the last change is not the one of the history';
  if (rendered === null || rendered === undefined) return undefined;
  if (
    rendered.project !== view.project ||
    rendered.key !== view.key ||
    rendered.payloadHash !== view.payloadHash
  )
    return 'the dry run belongs to another action or payload';
  if (
    requestHash(rendered.request) !== rendered.requestHash ||
    (hash !== null && hash !== rendered.requestHash)
  )
    return 'the rendered request does not have the hash that was approved';
  return undefined;
};

/** What a check of an export found. */
export interface ExportReport {
  readonly actions: number;
  /** Digest over the lines of the actions: two exports of the same state have the same one. */
  readonly digest: string;
  readonly project: string | null;
  readonly runId: string | null;
  /** At most `limit` of the faults, by line; `faultCount` has all. */
  readonly faults: readonly { readonly line: number; readonly key: string | null; readonly fault: string }[];
  readonly faultCount: number;
}

const parsed = <Schema extends z.ZodType>(schema: Schema, text: string): z.infer<Schema> | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
    if (canonicalJson(value) !== text) return undefined;
  } catch {
    return undefined;
  }
  return schema.safeParse(value).data;
};

/** Checks an export line by line; holds one line, the order of the one before, a running digest and the first faults. */
export const checkExport = async (lines: AsyncIterable<string>, limit = 20): Promise<ExportReport> => {
  const faults: { line: number; key: string | null; fault: string }[] = [];
  const hash = lineDigest();
  let [line, actions, faultCount] = [0, 0, 0];
  let before: { readonly order: string; readonly comma: boolean; readonly project: string } | undefined;
  let foot: z.infer<typeof Foot> | undefined;
  const found = (fault: string, key: string | null = null): void => {
    faultCount += 1;
    if (faults.length < limit) faults.push({ line, key, fault });
  };

  for await (const text of lines) {
    line += 1;
    if (line === 1) {
      if (text !== HEAD) found('this is not an export of Autopack');
    } else if (foot !== undefined) {
      found('there is something after the end');
    } else if (text.startsWith('],')) {
      foot = parsed(Foot, `{${text.slice(2)}`);
      if (foot === undefined) found('the last line cannot be read');
      if (before?.comma === true) found('an action is missing at the end');
      foot ??= { count: actions, digest: '', project: '', runId: '', schemaVersion: 1 };
    } else {
      const comma = text.endsWith(',');
      const body = comma ? text.slice(0, -1) : text;
      actions += 1;
      hash.update(`${body}\n`);
      const view = parsed(ActionView, body);
      if (view === undefined) {
        found('this is not an action in canonical form');
        before = before === undefined ? undefined : { ...before, comma };
        continue;
      }
      const fault = actionFault(view);
      if (fault !== undefined) found(fault, view.key);
      if (before !== undefined && !before.comma) found('a comma is missing before this action', view.key);
      if (before !== undefined && before.order >= order(view))
        found('it stands twice, or not in the order of time', view.key);
      if (before !== undefined && before.project !== view.project)
        found('it is of another project', view.key);
      before = { order: order(view), comma, project: view.project };
    }
  }
  const digest = hash.digest('hex');
  if (foot === undefined) found('the file ends too early');
  else if (foot.count !== actions) found(`${foot.count} actions were exported, ${actions} are here`);
  else if (foot.digest !== digest) found('the actions are not the ones that were exported');
  if (foot !== undefined && before !== undefined && foot.project !== before.project)
    found('the actions are of another project than the export');
  return {
    actions,
    digest,
    project: foot?.project ?? null,
    runId: foot?.runId ?? null,
    faults,
    faultCount,
  };
};
