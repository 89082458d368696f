import type { UnusableReason } from './observation.ts';

/** What a person has to know of a reason: what it means, and what to do where it stays. */
export interface UnusableMeaning {
  readonly means: string;
  readonly action: string;
}

const WAIT = 'Nothing, unless it stays: the next checks come by themselves.';
const BRING = 'Bring a manual capture; where the site offers another address of the page, edit the source.';
const COMPARE =
  'Open the page beside the capture. If the page is right, edit the source and approve it anew.';

/**
 * Every reason why a check brought nothing usable. Complete by type; codes never change their meaning, and
 * `docs/policies.md` prints this table.
 */
export const UNUSABLE_REASONS: Readonly<Record<UnusableReason, UnusableMeaning>> = {
  DNS: { means: 'The name of the host has no address.', action: `${WAIT} Else look for the new host.` },
  TLS: {
    means: 'The certificate is expired, for another name, or vouched for by nobody. It is never ignored.',
    action: 'Wait until the site has a good one; tell them if it stays.',
  },
  TIMEOUT: { means: 'The page did not arrive whole within 30 seconds.', action: WAIT },
  CONNECTION: { means: 'There was no connection, or it ended without an answer.', action: WAIT },
  TRUNCATED: { means: 'The body was shorter or longer than announced, or broke off.', action: WAIT },
  TOO_LARGE: {
    means: 'The body is larger than 8 MiB, packed or unpacked, or the headers are larger than 32 KiB.',
    action: 'Find the page of the policy itself, and edit the address.',
  },
  DECODING: { means: 'What came is not HTTP, or not packed as it says.', action: WAIT },
  REDIRECTED_AWAY: {
    means: 'The page leads to a host or path that the source does not name.',
    action:
      'If that is where the policy is now, edit the address, or name it in `finalHosts` and `finalPaths`.',
  },
  TOO_MANY_REDIRECTS: { means: 'More than five redirects, or a ring of them.', action: 'Edit the address.' },
  BLOCKED_ADDRESS: {
    means: 'The page leads to an address that may not be called: private, local, or not https.',
    action: 'Edit the address. If it was right, somebody may be trying something.',
  },
  ROBOTS_DISALLOWED: { means: 'robots.txt forbids the page to robots.', action: BRING },
  HTTP_CLIENT_ERROR: { means: 'The server refuses the request (another 4xx).', action: 'Edit the address.' },
  HTTP_GONE: {
    means: 'The page is not there (404, 410).',
    action: 'Find where the policy is now, edit the address and approve it anew.',
  },
  HTTP_FORBIDDEN: { means: 'The server lets this client not in (401, 403, 451).', action: BRING },
  HTTP_RATE_LIMITED: {
    means: 'The server asks for fewer requests (429).',
    action: `${WAIT} Its Retry-After is kept to.`,
  },
  HTTP_SERVER_ERROR: {
    means: 'The server has a fault (5xx), says 304 to what nobody asked, or gives an answer that is no page.',
    action: WAIT,
  },
  EMPTY: { means: 'There is no text.', action: COMPARE },
  SELECTOR_MISSED: { means: 'A selector of `select` finds nothing.', action: COMPARE },
  SELECTOR_INVALID: { means: 'A selector of the source is none.', action: 'Mend the source.' },
  FILTER_INVALID: { means: 'A filter of the source cannot be used.', action: 'Mend the source.' },
  RANGE_MISSED: { means: 'An end of a range is not on the page.', action: COMPARE },
  NO_TEXT_LAYER: { means: 'The PDF holds pictures of text, not text.', action: BRING },
  PDF_BROKEN: { means: 'The PDF cannot be opened.', action: WAIT },
  UNSUPPORTED_FORMAT: {
    means: 'The bytes are neither HTML, Markdown, PDF nor text, or not what `format` says.',
    action: COMPARE,
  },
  CHARSET_UNKNOWN: { means: 'The page names a character set that nobody knows.', action: BRING },
  WALL: { means: 'A challenge or consent wall for robots came instead of the page.', action: BRING },
  SOFT_404: { means: 'A page that says that there is no such page.', action: 'Edit the address.' },
  LOGIN: { means: 'A page that asks to sign in.', action: BRING },
  REDIRECT_STUB: { means: 'A page that only leads on to another.', action: 'Edit the address.' },
  ERROR_PAGE: { means: 'A page that says that something went wrong.', action: WAIT },
  TOO_SHORT: { means: 'Less text than `minLength`.', action: COMPARE },
  SHRINK: {
    means: 'Less than half of the last good text. If it stays so for two days it becomes a change.',
    action: COMPARE,
  },
  GROWTH: {
    means: 'More than twice the last good text. If it stays so for two days it becomes a change.',
    action: COMPARE,
  },
  WRONG_LANGUAGE: { means: 'The text is not in `language`.', action: COMPARE },
  REPLACEMENT_CHARACTERS: { means: 'Characters were lost that the last good text had.', action: WAIT },
  SHARED_BODY: {
    means: 'The same text came for another source: a wall is the same whatever is asked for.',
    action: COMPARE,
  },
  MISSING_ANCHORS: { means: 'A phrase of `anchors` is not on the page.', action: COMPARE },
  MOVED: {
    means: 'The page was found at another place than the source allows.',
    action: 'Edit the address.',
  },
  CUT_OFF: { means: 'Fewer bytes arrived than the headers name.', action: WAIT },
  VALIDATORS_STALE: {
    means: 'A 304 to validators that vouch for nothing known. The page is fetched whole next time.',
    action: WAIT,
  },
};
