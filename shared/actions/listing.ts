import * as z from 'zod';
import { ProblemError } from '../operators/problems.ts';
import type { Action } from './action.ts';

/** Sort key of the time indexes: `createdAt#operation#key`. Operations and times never contain "#". */
export const timeKey = (row: Pick<Action, 'createdAt' | 'operation' | 'key'>): string =>
  `${row.createdAt}#${row.operation}#${row.key}`;

const Cursor = z.record(z.string().max(20), z.string().max(400));

/** An index position as an opaque, URL-safe text. */
export const encodeCursor = (position: Readonly<Record<string, unknown>>): string =>
  Buffer.from(JSON.stringify(position), 'utf8').toString('base64url');

/**
 * The index position of a cursor that we gave out.
 * @throws ProblemError INVALID_CURSOR
 */
export const decodeCursor = (cursor: string | undefined): Record<string, string> | undefined => {
  if (cursor === undefined) return undefined;
  try {
    return Cursor.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch (cause) {
    throw new ProblemError('INVALID_CURSOR', 'Leave `cursor` out to start from the newest.', {
      field: 'cursor',
      cause,
    });
  }
};
