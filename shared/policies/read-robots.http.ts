import { OutboundError } from '../providers/outbound-error.ts';
import { decodeBody, type WireReply } from '../providers/read-body.http.ts';
import { failureOfError, failureOfStatus } from './fetch-failure.ts';
import { retryAfterSeconds } from './page-request.ts';
import { MAX_ROBOTS_BYTES, type RobotsCache, type RobotsFile, ROBOTS_LIFE_MS } from './robots.ts';

const MAX_HOPS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** One GET through the guard, nothing followed. */
export type ReadUrl = (url: string, headers: Readonly<Record<string, string>>) => Promise<WireReply>;

const unreadable = (
  code: Extract<RobotsFile, { kind: 'unreadable' }>['failed']['code'],
  text: string,
): RobotsFile => ({ kind: 'unreadable', failed: { code, detail: `robots.txt: ${text}` } });

const fromReply = async (reply: WireReply, nowMs: number): Promise<RobotsFile> => {
  const { status, headers } = reply;
  if (status === 200 || status === 203) {
    const decoded = await decodeBody(reply.body, headers['content-encoding'], MAX_ROBOTS_BYTES);
    return decoded.kind === 'failed'
      ? unreadable(decoded.code, decoded.detail)
      : { kind: 'rules', text: decoded.bytes.toString('utf8') };
  }
  if (status >= 400 && status < 500 && status !== 429) return { kind: 'absent' };
  const failed = failureOfStatus(status);
  const wait = retryAfterSeconds(headers['retry-after'], nowMs);
  return {
    kind: 'unreadable',
    failed: {
      code: failed?.code ?? 'HTTP_SERVER_ERROR',
      detail: `robots.txt: ${failed?.detail ?? 'no answer'}`,
    },
    ...(wait === undefined ? {} : { retryAfterSeconds: wait }),
  };
};

const readFile = async (origin: string, read: ReadUrl, agent: string, nowMs: number): Promise<RobotsFile> => {
  let url = `${origin}/robots.txt`;
  const headers = { 'user-agent': agent, accept: 'text/plain,*/*;q=0.1', 'accept-encoding': 'gzip, br' };
  try {
    for (let hop = 0; hop <= MAX_HOPS; hop += 1) {
      const reply = await read(url, headers);
      const location = reply.headers['location'];
      if (!REDIRECTS.has(reply.status) || location === undefined || !URL.canParse(location, url))
        return await fromReply(reply, nowMs);
      const next = new URL(location, url);
      next.hash = '';
      url = next.href;
    }
    return unreadable('TOO_MANY_REDIRECTS', 'too many redirects');
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    const failed = failureOfError(error);
    return unreadable(failed.code, failed.detail);
  }
};

/**
 * The robots.txt of an origin, once per run. Its redirects are followed to hosts of the source only: what leads
 * elsewhere is unreadable, and the detail names the host, so that a person can add it to `finalHosts`.
 */
export const robotsOf = (
  cache: RobotsCache,
  origin: string,
  ask: { readonly read: ReadUrl; readonly agent: string; readonly nowMs: number },
): Promise<RobotsFile> => {
  const known = cache.get(origin);
  if (known !== undefined && known.until > ask.nowMs) return known.file;
  const file = readFile(origin, ask.read, ask.agent, ask.nowMs);
  cache.set(origin, { until: ask.nowMs + ROBOTS_LIFE_MS.rules, file });
  return file.then((found) => {
    if (found.kind === 'unreadable') cache.set(origin, { until: ask.nowMs + ROBOTS_LIFE_MS.fault, file });
    return found;
  });
};
