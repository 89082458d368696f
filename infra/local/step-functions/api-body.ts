import { ApiError } from './api-error.ts';

export type Body = Readonly<Record<string, unknown>>;
export type Operation = (body: Body) => Promise<object>;

/** @throws ApiError `ValidationException` */
export function text(body: Body, name: string): string {
  const value = body[name];
  if (typeof value !== 'string')
    throw new ApiError('ValidationException', `${name} is required and is a string.`);
  return value;
}

export const optionalText = (body: Body, name: string): string | undefined =>
  body[name] === undefined || body[name] === null ? undefined : text(body, name);

/** AWS JSON carries dates as seconds. */
export const seconds = (ms: number): number => ms / 1000;

/** `maxResults`: 0 and absent mean 100, at most 1000. */
export function pageSize(body: Body): number {
  const size = body['maxResults'];
  if (size === undefined || size === null || size === 0) return 100;
  if (typeof size === 'number' && Number.isInteger(size) && size > 0 && size <= 1000) return size;
  throw new ApiError('ValidationException', 'maxResults is between 0 and 1000.');
}

/** @throws ApiError `InvalidToken` for a page token that this service did not make. */
export function cursorOf<Cursor>(body: Body, check: (value: unknown) => value is Cursor): Cursor | undefined {
  const token = optionalText(body, 'nextToken');
  if (token === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (check(value)) return value;
  } catch {
    // Falls through to the refusal.
  }
  throw new ApiError('InvalidToken', 'Invalid Token: the page token is unknown.');
}

export const cursorText = (cursor: unknown): string =>
  Buffer.from(JSON.stringify(cursor)).toString('base64url');
