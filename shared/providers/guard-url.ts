import { OutboundError } from './outbound-error.ts';

export interface Target {
  readonly url: URL;
  /** Without the brackets of an IPv6 literal. */
  readonly hostname: string;
  readonly port: number;
  readonly secure: boolean;
}

const DEFAULT_PORT: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 };

/** `host:port` of a URL, the port always written out. */
const hostAndPort = (url: URL): string => `${url.hostname}:${url.port || DEFAULT_PORT[url.protocol]}`;

/**
 * True where a list of hosts names exactly this URL's host and port. An entry without a port means the default port
 * of the scheme: the list of hosts is the list of ports too.
 */
export const hostIsListed = (url: URL, allowedHosts: readonly string[]): boolean =>
  allowedHosts.some((entry) => {
    if (!URL.canParse(`${url.protocol}//${entry}`)) return false;
    const listed = new URL(`${url.protocol}//${entry}`);
    return (
      `${listed.pathname}${listed.search}${listed.hash}${listed.username}` === '/' &&
      hostAndPort(listed) === hostAndPort(url)
    );
  });

/**
 * First half of the guard, before any name is looked up: a URL in its normal form (what is shown is what is parsed),
 * https or http, no user info, no fragment, a host of the list.
 * @throws OutboundError GUARD_URL, GUARD_SCHEME or GUARD_HOST, never `sent`.
 */
export const guardUrl = (text: string, allowedHosts: readonly string[]): Target => {
  const refuse = (code: 'GUARD_URL' | 'GUARD_SCHEME' | 'GUARD_HOST', message: string): never => {
    throw new OutboundError(code, message, { sent: false });
  };
  const url = URL.canParse(text) ? new URL(text) : refuse('GUARD_URL', 'the URL cannot be parsed');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') refuse('GUARD_SCHEME', 'only https is called');
  if (url.username !== '' || url.password !== '') refuse('GUARD_URL', 'the URL carries user info');
  if (url.hash !== '' || text.includes('#')) refuse('GUARD_URL', 'the URL has a fragment');
  if (url.href !== text) refuse('GUARD_URL', 'the URL is not in its normal form');
  if (!hostIsListed(url, allowedHosts))
    refuse('GUARD_HOST', `${url.host} is not on the list of allowed hosts`);
  return {
    url,
    hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || DEFAULT_PORT[url.protocol]),
    secure: url.protocol === 'https:',
  };
};
