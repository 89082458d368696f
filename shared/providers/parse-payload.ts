import type * as z from 'zod';
import { ProblemError } from '../operators/problems.ts';

/**
 * Reads a payload by an operation's schema.
 * @throws ProblemError PAYLOAD_DOES_NOT_FIT that names the first field that does not fit.
 */
export const parsePayload = <Schema extends z.ZodType>(
  schema: Schema,
  payload: unknown,
): z.output<Schema> => {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const field = ['payload', ...(issue?.path ?? []), ...unknown].map(String).join('.').slice(0, 200);
  throw new ProblemError(
    'PAYLOAD_DOES_NOT_FIT',
    `${field}: ${(issue?.message ?? 'it does not fit').slice(0, 200)}`,
    { field },
  );
};
