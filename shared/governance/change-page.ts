import * as z from 'zod';
import { type ChangePage, type ChangeRow, currentOf } from './change.ts';
import type { ProjectConfig } from './project-config.ts';

/** Query of `GET /projects/{project}/changes`. */
export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().max(400).optional(),
});

/** A change as people see it. */
export type ChangeView = ChangeRow & {
  /** Proposed for an older version: it can never be confirmed any more. */
  readonly overtaken: boolean;
  /** What is in force where an open change would land. */
  readonly current?: unknown;
};

const viewOf = (row: ChangeRow, config: ProjectConfig): ChangeView => {
  if (row.status === 'CONFIRMED') return { ...row, overtaken: false };
  const current = currentOf(config, row.change);
  return {
    ...row,
    overtaken: row.baseVersion !== config.version,
    ...(current === undefined ? {} : { current }),
  };
};

/** The answer of `GET /projects/{project}/changes`. */
export const pageOf = (page: ChangePage, config: ProjectConfig) => ({
  project: config.project,
  version: config.version,
  changes: page.changes.map((row) => viewOf(row, config)),
  ...(page.nextCursor === undefined ? {} : { nextCursor: page.nextCursor }),
});
