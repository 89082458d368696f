import * as z from 'zod';
import type { CallApi } from './api.ts';
import { CliError } from './exit.ts';

const TIMEOUT_MS = 30_000;

const Problem = z.looseObject({
  title: z.string(),
  detail: z.string(),
  code: z.string(),
  requestId: z.string(),
});

const refusal = (status: number, json: unknown, requestId: string | null): CliError => {
  const problem = Problem.safeParse(json);
  const exit = status >= 500 || status === 429 ? 'unreachable' : 'refused';
  if (problem.success) {
    const { title, detail, code } = problem.data;
    return new CliError(exit, `${title}. ${detail} (${code}, request ${problem.data.requestId})`, {
      problem: problem.data,
    });
  }
  const what =
    status === 401 || status === 403
      ? 'The token was not accepted. It may have expired, or the registry has no active row for it'
      : 'The gateway answered';
  return new CliError(
    exit,
    `${what} (status ${status}${requestId === null ? '' : `, request ${requestId}`}).`,
    {
      problem: { status, code: status === 401 || status === 403 ? 'UNAUTHENTICATED' : 'UNKNOWN', requestId },
    },
  );
};

/** A client of the HTTP API at a base URL. Redirects are not followed: they would carry the token away. */
export const apiClient =
  (apiUrl: string): CallApi =>
  async ({ method, path, query = {}, headers = {}, body, token }) => {
    const url = new URL(`${apiUrl}${path}`);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, value);
    let reply: Response;
    let text: string;
    try {
      reply = await fetch(url, {
        method,
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      text = await reply.text();
    } catch (error) {
      const advice = method === 'POST' ? ' If it arrived, the same command will say so: repeat it.' : '';
      throw new CliError('unreachable', `${apiUrl} does not answer.${advice}`, { cause: error });
    }
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    if (reply.status >= 200 && reply.status < 300 && json !== undefined)
      return { status: reply.status, json };
    throw refusal(
      reply.status,
      json,
      reply.headers.get('x-request-id') ?? reply.headers.get('apigw-requestid'),
    );
  };
