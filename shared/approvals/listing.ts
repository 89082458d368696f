import * as z from 'zod';
import { ProjectId, Timestamp } from '../actions/identity.ts';
import { ProblemError } from '../operators/problems.ts';
import type { Approval, ApprovalPage, ApprovalQuery } from './approval.ts';

/** What the index by project gives: enough to go on from. */
export interface IndexEntry {
  readonly approvalId: string;
  readonly createdAt: Timestamp;
}

export interface ListingSource {
  /** Entries of one project, newest first, after `before`. */
  readonly readIndex: (
    project: string,
    before: IndexEntry | undefined,
    limit: number,
  ) => Promise<{ readonly entries: readonly IndexEntry[]; readonly isLast: boolean }>;
  readonly readRows: (ids: readonly string[]) => Promise<ReadonlyMap<string, Approval>>;
}

const Position = z.strictObject({
  approvalId: z.string().regex(/^[0-9a-f]{32}$/),
  createdAt: Timestamp,
});
/** Where each project was left; null: it has nothing more. */
const Cursor = z.record(ProjectId, Position.nullable());

const readCursor = (cursor: string | undefined): z.infer<typeof Cursor> => {
  if (cursor === undefined) return {};
  try {
    return Cursor.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch (cause) {
    throw new ProblemError('INVALID_CURSOR', 'Start again without a cursor.', { field: 'cursor', cause });
  }
};

const PAGE = 50;

/** One project's rows in order, a page of the index at a time. Knows the last row that was taken. */
class Lane {
  readonly project: string;
  #taken: IndexEntry | undefined;
  #read: IndexEntry | undefined;
  #rows: { readonly entry: IndexEntry; readonly row: Approval }[] = [];
  #isLast = false;
  readonly #source: ListingSource;
  readonly #fits: (row: Approval) => boolean;

  constructor(
    project: string,
    start: IndexEntry | null | undefined,
    source: ListingSource,
    fits: (row: Approval) => boolean,
  ) {
    this.project = project;
    this.#isLast = start === null;
    this.#taken = start ?? undefined;
    this.#read = this.#taken;
    this.#source = source;
    this.#fits = fits;
  }

  async head(): Promise<Approval | undefined> {
    while (this.#rows.length === 0 && !this.#isLast) {
      const { entries, isLast } = await this.#source.readIndex(this.project, this.#read, PAGE);
      const rows = await this.#source.readRows(entries.map((entry) => entry.approvalId));
      for (const entry of entries) {
        const row = rows.get(entry.approvalId);
        if (row !== undefined && this.#fits(row)) this.#rows.push({ entry, row });
      }
      this.#read = entries.at(-1) ?? this.#read;
      this.#isLast = isLast;
    }
    return this.#rows[0]?.row;
  }

  take(): void {
    this.#taken = this.#rows.shift()?.entry;
  }

  /** Where the next page of this project starts; null where it is exhausted. */
  get position(): IndexEntry | null | undefined {
    return this.#rows.length === 0 && this.#isLast ? null : this.#taken;
  }
}

/**
 * Merges the projects' approvals into one page, newest first. The cursor remembers each project's own position,
 * so that nothing is skipped or shown twice.
 */
export const collectPage = async (query: ApprovalQuery, source: ListingSource): Promise<ApprovalPage> => {
  const cursor = readCursor(query.cursor);
  const fits = (row: Approval): boolean =>
    query.state === 'all' || (row.status === 'WAITING') === (query.state === 'waiting');
  const lanes = query.projects.map((project) => new Lane(project, cursor[project], source, fits));
  const approvals: Approval[] = [];
  const newest = async (): Promise<Lane | undefined> => {
    let best: { readonly lane: Lane; readonly at: Timestamp } | undefined;
    for (const lane of lanes) {
      const row = await lane.head();
      if (row !== undefined && (best === undefined || row.createdAt > best.at))
        best = { lane, at: row.createdAt };
    }
    return best?.lane;
  };
  for (;;) {
    const lane = await newest();
    if (lane === undefined) return { approvals };
    if (approvals.length === query.limit) break;
    approvals.push((await lane.head()) as Approval);
    lane.take();
  }
  const positions = lanes.flatMap((lane) =>
    lane.position === undefined ? [] : [[lane.project, lane.position] as const],
  );
  return {
    approvals,
    nextCursor: Buffer.from(JSON.stringify(Object.fromEntries(positions)), 'utf8').toString('base64url'),
  };
};
