import * as z from 'zod';

/** ISO 8601 in UTC with milliseconds, always: strings of this form sort as times do. */
export const Timestamp = z.iso.datetime({ precision: 3 });
export type Timestamp = z.infer<typeof Timestamp>;

/** Milliseconds since the epoch as a sortable timestamp. */
export const timestamp = (epochMs: number): Timestamp => new Date(epochMs).toISOString();
/** Milliseconds since the epoch of a stored timestamp. */
export const epochMs = (at: Timestamp): number => Date.parse(at);

export const ProjectId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'a project is 1 to 40 of a-z, 0-9 and "-", starting with a letter');

/** Chosen by the proposer, unique in its project for good. */
export const IdempotencyKey = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, 'a key is 1 to 128 of A-Z, a-z, 0-9 and ". _ : -"');

export const RunId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/, 'a run is 1 to 64 of A-Z, a-z, 0-9 and ". _ : -"');

/** Who did something, as it is recorded: `person:<id>`, `client:<id>` or `system:<what>`. */
export const Subject = z.string().regex(/^(person|client|system):.{1,200}$/);
export type Subject = z.infer<typeof Subject>;

/** An action is identified by its project and idempotency key. */
export const ActionId = z.strictObject({ project: ProjectId, key: IdempotencyKey });
export type ActionId = z.infer<typeof ActionId>;

/** The primary key of an action's row; neither part can contain "#". */
export const actionPk = (id: ActionId): string => `${id.project}#${id.key}`;
