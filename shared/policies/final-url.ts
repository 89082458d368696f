import { hostIsListed } from '../providers/guard-url.ts';
import type { PolicySource } from './source.ts';

type Where = Pick<PolicySource, 'url' | 'finalHosts' | 'finalPaths'>;

/** Hosts (with port, where it is not the default) that a check of this source may speak to, in order, each once. */
export const hostsOf = (source: Where): string[] => [
  ...new Set([new URL(source.url).host, ...source.finalHosts]),
];

const withoutEndSlash = (path: string): string => (path.length > 1 ? path.replace(/\/+$/, '') : path);

/** `/legal` covers `/legal` and `/legal/terms`, never `/legalese`. */
const covers = (prefix: string, path: string): boolean => {
  const own = withoutEndSlash(prefix);
  const asked = withoutEndSlash(path);
  return own === '/' || asked === own || asked.startsWith(`${own}/`);
};

/**
 * Whether a page that was answered from here is the page of this source (reference P19). The host is the URL's own or
 * one of `finalHosts`, exactly. The path is below one of `finalPaths`, on whole segments; where the source names none
 * it is the path of its URL, with or without a slash at the end. Queries are not compared. A page that was asked for
 * over https has to be answered over https.
 */
export const finalUrlIsAllowed = (source: Where, finalUrl: string): boolean => {
  if (!URL.canParse(finalUrl)) return false;
  const asked = new URL(source.url);
  const got = new URL(finalUrl);
  if (got.protocol !== asked.protocol && got.protocol !== 'https:') return false;
  if (got.username !== '' || got.password !== '' || !hostIsListed(got, hostsOf(source))) return false;
  return source.finalPaths.length === 0
    ? withoutEndSlash(got.pathname) === withoutEndSlash(asked.pathname)
    : source.finalPaths.some((prefix) => covers(prefix, got.pathname));
};
