import { isIP } from 'node:net';
import { sha256 } from '../actions/canonical-json.ts';
import { timestamp, type Timestamp } from '../actions/identity.ts';
import type { Resolve } from '../providers/connect.http.ts';
import { hostIsListed } from '../providers/guard-url.ts';
import { outboundRead } from '../providers/outbound.http.ts';
import { OutboundError } from '../providers/outbound-error.ts';
import { addressKind } from '../providers/public-address.ts';
import { decodeBody, type WireReply } from '../providers/read-body.http.ts';
import type { Capture } from './capture.ts';
import { detail, type Failed, failureOfError, failureOfStatus } from './fetch-failure.ts';
import { finalUrlIsAllowed, hostsOf } from './final-url.ts';
import {
  conditionalHeaders,
  keptHeaders,
  pageHeaders,
  retryAfterSeconds,
  userAgent,
} from './page-request.ts';
import { type ReadUrl, robotsOf } from './read-robots.http.ts';
import { MAX_ROBOTS_BYTES, robotsAllow, type RobotsCache } from './robots.ts';
import type { PolicySource } from './source.ts';
import type { SourceState } from './source-state.ts';

export interface FetchPageOptions {
  /** URL or mail address that a site's operator can complain to (POLICY_CONTACT). */
  readonly contact: string;
  /** Loopback may be called, over http too. Never in production. */
  readonly allowLoopback: boolean;
  /** One for all checks of a run, so that a host's robots.txt is read once. A fresh one per check otherwise. */
  readonly robots?: RobotsCache;
  /** Of the body, on the wire and unpacked. 8 MiB unless said otherwise. */
  readonly maxBytes?: number;
  /** For the whole check: robots.txt, every hop, every byte. 30 s unless said otherwise. */
  readonly totalTimeMs?: number;
  readonly connectTimeoutMs?: number;
  readonly resolve?: Resolve;
  readonly ca?: string;
}

export interface AskForPage {
  readonly slot: Timestamp;
  readonly reading: number;
  /** Of the last usable capture under the same reader and configuration; see `validatorsToSend`. */
  readonly validators?: SourceState['validators'];
  readonly now: () => number;
}

export interface FetchedPage {
  readonly capture: Capture;
  /** The unpacked bytes, as served. Absent where `capture.failure` says why, and after a 304. */
  readonly body?: Uint8Array;
}

export type FetchPage = (source: PolicySource, ask: AskForPage) => Promise<FetchedPage>;

const MAX_REDIRECTS = 5;
/** Of a redirect. Longer ones are no address of a policy, and cost the reading of robots.txt. */
const MAX_URL = 1_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** What is known so far; becomes the capture whatever happens. */
interface Progress {
  url: string;
  robots: Capture['robots'];
  chain: Capture['chain'];
  headers: Readonly<Record<string, string>>;
  status: number | undefined;
  rawBytes: number;
  retryAfter: number | undefined;
}

type End =
  | { readonly kind: 'page'; readonly body: Buffer }
  | { readonly kind: 'notModified' }
  | { readonly kind: 'failed'; readonly failed: Failed };

const failed = (code: Failed['code'], text: string): End => ({
  kind: 'failed',
  failed: { code, detail: detail(text) },
});

/** Where a redirect leads, without a fragment; undefined where that is no address of the web. */
const targetOf = (from: string, location: string): URL | undefined => {
  if (location.length > MAX_URL || !URL.canParse(location, from)) return undefined;
  const next = new URL(location, from);
  next.hash = '';
  const isPlain = ['http:', 'https:'].includes(next.protocol) && next.username === '' && next.password === '';
  return isPlain && next.href.length <= MAX_URL ? next : undefined;
};

/** Why a redirect is not followed, or undefined where it is. A hop stays on the hosts of the source. */
const refusedHop = (source: PolicySource, from: string, next: URL): End | undefined => {
  const literal = next.hostname.replace(/^\[(.*)\]$/, '$1');
  const listed = hostIsListed(next, hostsOf(source));
  if (isIP(literal) > 0 && !listed && addressKind(literal) !== 'public')
    return failed('BLOCKED_ADDRESS', `the redirect leads to ${next.host}, which may not be called`);
  if (new URL(from).protocol === 'https:' && next.protocol !== 'https:')
    return failed('REDIRECTED_AWAY', 'the redirect leads from https to http');
  if (!listed)
    return failed('REDIRECTED_AWAY', `the redirect leads to ${next.host}, which is not in finalHosts`);
  return undefined;
};

const endOf = async (
  source: PolicySource,
  reply: WireReply,
  seen: Progress,
  limits: { readonly conditional: boolean; readonly maxBytes: number },
): Promise<End> => {
  // A 404 where the page was is GONE; a 404 elsewhere is first of all elsewhere.
  if (!finalUrlIsAllowed(source, seen.url)) {
    const { host, pathname } = new URL(seen.url);
    return failed(
      'REDIRECTED_AWAY',
      `the page was answered from ${host}${pathname}, which finalHosts and finalPaths do not allow`,
    );
  }
  if (reply.status === 304 && limits.conditional) return { kind: 'notModified' };
  const failure = failureOfStatus(reply.status);
  if (failure !== undefined) return { kind: 'failed', failed: failure };
  const decoded = await decodeBody(reply.body, reply.headers['content-encoding'], limits.maxBytes);
  return decoded.kind === 'failed'
    ? failed(decoded.code, decoded.detail)
    : { kind: 'page', body: decoded.bytes };
};

/**
 * Looks at a page once, as an honest robot: says who it is, asks robots.txt of every origin on the way, verifies TLS,
 * speaks to the hosts of the source and public addresses only, follows at most five redirects, and stops at 8 MiB
 * (packed and unpacked) or 30 seconds. No cookies, no second try, no disguise.
 *
 * Whatever the world does becomes a capture with a `failure`; only a fault of our own is thrown. A robots.txt that
 * cannot be read forbids everything, as RFC 9309 says (`robots: 'unreadable'`, with the failure of the robots.txt
 * itself, so that the back-off fits); one that is not there (4xx) allows everything. A 304 is `notModified` only as an
 * answer to validators; unasked it is a failure. `fetchedAt` is when the check began: what a page said before that
 * moment is not vouched for.
 */
export const fetchPage = (options: FetchPageOptions): FetchPage => {
  const agent = userAgent(options.contact);
  const maxBytes = options.maxBytes ?? 8 * 1024 * 1024;

  const walk = async (
    source: PolicySource,
    ask: AskForPage,
    signal: AbortSignal,
    seen: Progress,
  ): Promise<End> => {
    const robots = options.robots ?? new Map();
    const read =
      (maxResponseBytes: number): ReadUrl =>
      (url, headers) =>
        outboundRead({
          allowedHosts: hostsOf(source),
          allowLoopback: options.allowLoopback,
          maxResponseBytes,
          maxHeaderBytes: 32_768,
          ...(options.resolve === undefined ? {} : { resolve: options.resolve }),
          ...(options.ca === undefined ? {} : { ca: options.ca }),
          ...(options.connectTimeoutMs === undefined ? {} : { connectTimeoutMs: options.connectTimeoutMs }),
        })({ url, headers, signal });
    const headers = pageHeaders(source, agent, ask.validators);
    const conditional = Object.keys(conditionalHeaders(ask.validators)).length > 0;
    for (let redirects = 0; ; redirects += 1) {
      const file = await robotsOf(robots, new URL(seen.url).origin, {
        read: read(MAX_ROBOTS_BYTES),
        agent,
        nowMs: ask.now(),
      });
      if (file.kind === 'unreadable') {
        seen.robots = 'unreadable';
        seen.retryAfter = file.retryAfterSeconds;
        return { kind: 'failed', failed: file.failed };
      }
      const allowed = file.kind === 'absent' || robotsAllow(file.text, seen.url);
      seen.robots = !allowed ? 'disallowed' : file.kind === 'absent' ? 'absent' : 'allowed';
      if (!allowed)
        return failed('ROBOTS_DISALLOWED', `robots.txt of ${new URL(seen.url).host} forbids the page`);

      const reply = await read(maxBytes)(seen.url, headers);
      seen.status = reply.status;
      seen.headers = keptHeaders(reply.headers);
      seen.rawBytes = reply.body.length;
      seen.retryAfter = retryAfterSeconds(reply.headers['retry-after'], ask.now());
      seen.chain.push({ url: seen.url, status: reply.status });
      const location = reply.headers['location'];
      if (!REDIRECTS.has(reply.status) || location === undefined || location === '')
        return endOf(source, reply, seen, { conditional, maxBytes });
      if (redirects === MAX_REDIRECTS)
        return failed('TOO_MANY_REDIRECTS', `more than ${MAX_REDIRECTS} redirects`);
      const next = targetOf(seen.url, location);
      if (next === undefined)
        return failed('REDIRECTED_AWAY', 'the redirect leads to what is no plain URL of the web');
      const refused = refusedHop(source, seen.url, next);
      // Where the page says that it is now, followed or not: a person has to see it.
      seen.url = next.href;
      seen.rawBytes = 0;
      if (refused !== undefined) return refused;
    }
  };

  return async (source, ask) => {
    const started = ask.now();
    const first = new URL(source.url);
    first.hash = '';
    const seen: Progress = {
      url: first.href,
      robots: 'not-asked',
      chain: [],
      headers: {},
      status: undefined,
      rawBytes: 0,
      retryAfter: undefined,
    };
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), options.totalTimeMs ?? 30_000);
    const end = await walk(source, ask, deadline.signal, seen)
      .catch((error: unknown): End => {
        if (!(error instanceof OutboundError)) throw error;
        if (error.status !== undefined) {
          seen.status = error.status;
          seen.chain.push({ url: seen.url, status: error.status });
        }
        return { kind: 'failed', failed: failureOfError(error) };
      })
      .finally(() => clearTimeout(timer));
    const capture: Capture = {
      schemaVersion: 1,
      source: source.id,
      slot: ask.slot,
      reading: ask.reading,
      fetchedAt: timestamp(started),
      fetcher: 'http',
      url: source.url,
      finalUrl: seen.url,
      chain: seen.chain,
      ...(seen.status === undefined ? {} : { status: seen.status }),
      headers: seen.headers,
      ...(end.kind === 'page' ? { rawSha256: sha256(end.body) } : {}),
      rawBytes: end.kind === 'page' ? end.body.length : seen.rawBytes,
      notModified: end.kind === 'notModified',
      robots: seen.robots,
      ...(end.kind === 'failed' ? { failure: end.failed } : {}),
      ...(seen.retryAfter === undefined ? {} : { retryAfterSeconds: seen.retryAfter }),
    };
    return end.kind === 'page' ? { capture, body: end.body } : { capture };
  };
};
