import * as z from 'zod';
import type { HttpRequest } from '../operators/http.ts';
import { ProblemError } from '../operators/problems.ts';
import { type ActionId, IdempotencyKey, ProjectId, RunId, Timestamp } from './identity.ts';
import type { ActionQuery } from './ledger.ts';
import { STATUSES } from './status.ts';

const part = (
  schema: z.ZodType<string>,
  value: string | undefined,
  code: 'INVALID_IDEMPOTENCY_KEY' | 'NOT_FOUND',
): string => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ProblemError(code, parsed.error.issues[0]?.message ?? 'does not fit');
};

/** The project of a path. A name that cannot be one is a project that does not exist. */
export const projectOf = (request: HttpRequest): string =>
  part(ProjectId, request.params.project, 'NOT_FOUND');

/** The action that a path names. @throws ProblemError NOT_FOUND */
export const actionOfPath = (request: HttpRequest): ActionId => ({
  project: projectOf(request),
  key: part(IdempotencyKey, request.params.key, 'NOT_FOUND'),
});

/**
 * The action that a proposal names: project of the path, key of the Idempotency-Key header (bare, or quoted as
 * the structured field of the IETF draft).
 * @throws ProblemError MISSING_IDEMPOTENCY_KEY, INVALID_IDEMPOTENCY_KEY
 */
export const actionOfProposal = (request: HttpRequest): ActionId => {
  const header = request.headers['idempotency-key'];
  if (header === undefined || header === '') {
    throw new ProblemError(
      'MISSING_IDEMPOTENCY_KEY',
      'Send an Idempotency-Key header: a name of your own for this action, the same for every try.',
      { field: 'Idempotency-Key' },
    );
  }
  const bare = /^"(.*)"$/.exec(header)?.[1] ?? header;
  return { project: projectOf(request), key: part(IdempotencyKey, bare, 'INVALID_IDEMPOTENCY_KEY') };
};

const ListParams = z.strictObject({
  from: Timestamp.optional(),
  to: Timestamp.optional(),
  operation: z.string().max(80).optional(),
  runId: RunId.optional(),
  status: z.enum(STATUSES).optional(),
  needsAttention: z.enum(['true', 'false']).optional(),
  limit: z.coerce.number().int().min(1).max(100).optional(),
  cursor: z.string().max(2000).optional(),
});

/** Query parameters of the list. @throws ProblemError INVALID_INPUT that names the parameter */
export const listQueryOf = (request: HttpRequest): ActionQuery => {
  const parsed = ListParams.safeParse(request.query);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ProblemError('INVALID_INPUT', issue?.message ?? 'A query parameter does not fit.', {
      field: issue?.path.join('.') ?? 'query',
    });
  }
  const { needsAttention, limit, ...rest } = parsed.data;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return {
    ...given,
    project: projectOf(request),
    limit: limit ?? 20,
    ...(needsAttention === 'true' ? { needsAttention: true } : {}),
  };
};
