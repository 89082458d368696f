import * as z from 'zod';
import { ProblemError } from '../../operators/problems.ts';
import { isAuthHeader } from '../auth-headers.ts';

const HeaderName = z.string().regex(/^[A-Za-z0-9-]{1,60}$/, 'a header name is letters, digits and "-"');
const HeaderValue = z
  .string()
  .regex(
    /^[\x21-\x7e]([\x20-\x7e]{0,998}[\x21-\x7e])?$/,
    'a header value is 1 to 1000 printable ASCII characters',
  );

/** What a proposer says about a call. Authentication, keys and framing are never part of it. */
export const HttpPayload = z.strictObject({
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']),
  url: z.string().min(1).max(2000),
  query: z
    .record(z.string().min(1).max(100), z.string().max(500))
    .optional()
    .describe('Added to the URL, sorted by name'),
  headers: z.record(HeaderName, HeaderValue).optional(),
  json: z.json().optional().describe('The body; sent as canonical JSON (RFC 8785)'),
});
export type HttpPayload = z.output<typeof HttpPayload>;

const misfit = (field: string, message: string): ProblemError =>
  new ProblemError('PAYLOAD_DOES_NOT_FIT', `${field}: ${message}`, { field });

const FORBIDDEN = new Set([
  'cookie',
  'set-cookie',
  'host',
  'content-type',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'accept-encoding',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'user-agent',
  'via',
  'forwarded',
  'date',
  'origin',
  'referer',
  'idempotency-key',
  'x-idempotency-key',
  'x-http-method',
  'x-method-override',
  'x-http-method-override',
  'x-original-url',
  'x-original-host',
  'x-rewrite-url',
  'x-host',
]);
const FORBIDDEN_START = /^(proxy-|sec-|x-forwarded-|x-real-|cf-|x-amz-|x-autopack-)/;
/** A payload is shown and stored, so no credential may travel in it under whatever name. */
const SECRET_WORD =
  /(^|-)(auth|authorization|token|secret|password|passwd|apikey|key|credential|session)(-|$)/;

/**
 * The proposer's headers in lower case.
 * @throws ProblemError where a name is reserved, looks like a credential, or comes twice.
 */
export const payloadHeaders = (
  headers: Readonly<Record<string, string>>,
  idempotencyHeader: string | undefined,
): Record<string, string> => {
  const result: Record<string, string> = {};
  const entries = Object.entries(headers);
  if (entries.length > 20) throw misfit('payload.headers', 'at most 20 headers');
  for (const [name, value] of entries) {
    const lower = name.toLowerCase();
    const field = `payload.headers.${name}`;
    if (
      FORBIDDEN.has(lower) ||
      FORBIDDEN_START.test(lower) ||
      isAuthHeader(lower) ||
      lower === idempotencyHeader
    ) {
      throw misfit(field, 'Autopack sets or withholds this header itself');
    }
    if (SECRET_WORD.test(lower)) {
      throw misfit(field, 'credentials come from the endpoint definition, never from a payload');
    }
    if (Object.hasOwn(result, lower)) throw misfit(field, 'the same header twice');
    result[lower] = value;
  }
  return result;
};

/**
 * The final URL: written in its normal form, so that what a person reads is what is parsed, with nothing in the path
 * that a server could read as another path.
 * @throws ProblemError PAYLOAD_DOES_NOT_FIT, naming `payload.url` or `payload.query`.
 */
export const payloadUrl = ({ url: text, query }: HttpPayload): URL => {
  const field = 'payload.url';
  if (!URL.canParse(text)) throw misfit(field, 'it has to be an absolute https URL');
  const url = new URL(text);
  const loopback = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) {
    throw misfit(field, 'it has to be an absolute https URL');
  }
  if (url.username !== '' || url.password !== '')
    throw misfit(field, 'a URL carries no user name or password');
  if (text.includes('#')) throw misfit(field, 'a URL that is called has no fragment');
  if (text !== url.href && `${text}/` !== url.href) {
    throw misfit(field, `write it in its normal form: ${url.href.slice(0, 120)}`);
  }
  if (/%(?:2[ef]|5c|25|00)/i.test(url.pathname))
    throw misfit(field, 'encoded dots, slashes and percent signs are not taken');
  if (/%(?:4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a]|3[0-9]|2d|5f|7e)/i.test(url.pathname)) {
    throw misfit(field, 'letters, digits and "-", "_", "~" in a path are written as they are');
  }
  if (url.pathname.includes('//')) throw misfit(field, 'a path has no empty segments');
  if (query !== undefined && Object.keys(query).length > 0) {
    if (url.search !== '') throw misfit('payload.query', 'give the query in the URL or here, not both');
    if (Object.keys(query).length > 50) throw misfit('payload.query', 'at most 50 parameters');
    const names = Object.keys(query).toSorted();
    url.search = new URLSearchParams(
      names.map((name): [string, string] => [name, query[name] ?? '']),
    ).toString();
  }
  if (url.href.length > 4000) throw misfit(field, 'the whole URL has at most 4000 characters');
  return url;
};

/** Refuses a body where the method has none. */
export const checkBody = ({ method, json }: HttpPayload): void => {
  if ((method === 'GET' || method === 'HEAD') && json !== undefined) {
    throw misfit('payload.json', `${method} has no body`);
  }
};
