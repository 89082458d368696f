import robotsParser from 'robots-parser';
import type { Failed } from './fetch-failure.ts';
import { ROBOT_NAME } from './page-request.ts';

/** What was found where a host keeps its robots.txt. */
export type RobotsFile =
  | { readonly kind: 'rules'; readonly text: string }
  /** 4xx but 429: the host has no rules, so everything is allowed (RFC 9309, 2.3.1.3). */
  | { readonly kind: 'absent' }
  /** Not reachable, a fault of the server, too large, or leading elsewhere: nothing is allowed (2.3.1.4). */
  | { readonly kind: 'unreadable'; readonly failed: Failed; readonly retryAfterSeconds?: number };

/** Files by origin. Hand the same one to all fetches of a run; it never outlives `until`. */
export type RobotsCache = Map<string, { readonly until: number; readonly file: Promise<RobotsFile> }>;

/** RFC 9309 asks for 500 KiB at least. */
export const MAX_ROBOTS_BYTES = 524_288;
/** How long rules may be used, and how long a fault is remembered, so that one run asks a broken host once. */
export const ROBOTS_LIFE_MS = { rules: 3_600_000, fault: 60_000 } as const;

type Parser = (url: string, text: string) => { isAllowed(url: string, agent: string): boolean | undefined };
// The package exports the function itself; its types speak of a default export.
const parse = robotsParser as unknown as Parser;

/** Whether the rules let this monitor read a URL. What the rules do not speak of is allowed. */
export const robotsAllow = (rules: string, url: string): boolean => {
  const robotsUrl = new URL('/robots.txt', url).href;
  // A run of stars means what one does, and costs the parser a walk along the path each.
  const text = rules.replace(/^\uFEFF/, '').replaceAll(/\*{2,}/g, '*');
  return parse(robotsUrl, text).isAllowed(url, ROBOT_NAME) !== false;
};
