import type { PolicySource } from './source.ts';
import type { NoiseLog } from './noise-log.ts';

/** Parameters that say where a reader came from or in which language he reads, never which document it is. */
const NOISE_PARAMETER =
  /^(utm_.*|ga_.*|mc_.*|pk_.*|mtm_.*|hsa_.*|_hs.*|__hs.*|gclid|dclid|gbraid|wbraid|gclsrc|fbclid|msclkid|yclid|ttclid|twclid|igshid|li_fat_id|_ga|_gl|mkt_tok|s?_?kwcid|cid|cmpid|campaign|ref|ref_|ref_src|ref_topic|ref_url|referrer|source|src|si|sid|sessionid|session_id|session-id|phpsessid|jsessionid|visit_id|rd|sjid|trk|trackingid|tracking|spm|scm|pf_rd_.*|pd_rd_.*|qid|sr|sprefix|ascsubtag|tag|hl|gl|lang|language|locale|loc|lc|lr|cc_lang|country|region|nonce|csrf|token|ts|timestamp|cachebuster|cb|_|visitor_id|amp)$/i;

const LANGUAGES = new Set(
  (
    'aa ab af ak am ar as az ba be bg bh bn bo br bs ca co cs cy da de dz el en eo es et eu fa fi fj fo fr fy ga gd gl ' +
    'gn gu ha he hi hr hu hy ia id ie ig in is it iw ja ji jv jw ka kk kl km kn ko ku ky la lb ln lo lt lv mg mi mk ml ' +
    'mn mo mr ms mt my na nb ne nl nn no oc om or pa pl ps pt qu rm rn ro ru rw sa sd sg si sk sl sm sn so sq sr ss st ' +
    'su sv sw ta te tg th ti tk tl tn to tr ts tt tw uk ur uz vi vo wo xh yi yo zh zu'
  ).split(' '),
);
const REGIONS = new Set('us uk gb au nz ie za br mx cn jp kr hk sg ae at ch be'.split(' '));

const isLanguage = (segment: string): boolean => {
  const [language = '', ...rest] = segment.toLowerCase().split(/[-_]/);
  return (
    LANGUAGES.has(language) &&
    rest.length <= 2 &&
    rest.every((part) => /^([a-z]{2}|[a-z]{4}|\d{3}|all)$/.test(part))
  );
};

/** `/en-us/legal`, `/intl/de/legal`, `/us/en/legal` → `/legal`. The last segment is never a locale on its own page. */
const withoutLocale = (path: string): string => {
  const segments = path.split('/').filter((segment) => segment !== '');
  if (segments[0]?.toLowerCase() === 'intl' && segments.length > 2) segments.splice(0, 2);
  else if (
    segments.length > 2 &&
    REGIONS.has(segments[0]?.toLowerCase() ?? '') &&
    isLanguage(segments[1] ?? '')
  )
    segments.splice(0, 2);
  else if (
    segments.length > 1 &&
    (isLanguage(segments[0] ?? '') || REGIONS.has(segments[0]?.toLowerCase() ?? ''))
  )
    segments.splice(0, 1);
  return `/${segments.join('/')}`.replace(/\/index\.(?:html?|php)$/i, '') || '/';
};

/** Addresses that only lead on: host, path, and the parameter that holds where. */
const REDIRECTORS: readonly (readonly [RegExp, RegExp, readonly string[]])[] = [
  [/^l[ms]?\.(?:facebook|instagram|messenger|threads)\.(?:com|net)$/, /^\/l?(?:\.php)?$/, ['u']],
  [/^(?:www\.)?facebook\.com$/, /^\/(?:l|flx\/warn)(?:\.php)?\/?$/, ['u']],
  [/^(?:[a-z]+\.)*google\.[a-z.]{2,6}$/, /^\/(?:url|interstitial)$/, ['q', 'url', 'adurl']],
  [/^(?:www\.|m\.)?youtube\.com$/, /^\/redirect$/, ['q']],
  [/^(?:www\.)?linkedin\.com$/, /^\/(?:redir\/redirect|safety\/go|authwall)$/, ['url']],
  [/^(?:[a-z0-9-]+\.)*safelinks\.protection\.outlook\.com$/, /^\//, ['url']],
  [/^(?:out|click)\.reddit\.com$/, /^\//, ['url']],
  [/^(?:www\.)?tiktok\.com$/, /^\/link\/v2$/, ['target']],
  [/^(?:www\.)?etsy\.com$/, /^\/(?:out|redirect)$/, ['url', 'to']],
  [/^(?:www\.)?pinterest\.[a-z.]{2,6}$/, /^\/offsite\/?$/, ['url']],
  [/^(?:duckduckgo\.com|html\.duckduckgo\.com)$/, /^\/l\/$/, ['uddg']],
  [/^steamcommunity\.com$/, /^\/linkfilter\/?$/, ['url', 'u']],
];

const ARCHIVE = /^https?:\/\/web\.archive\.org\/web\/[0-9]{4,14}(?:[a-z]{2}_)?\/(https?:\/\/.*)$/is;

const parse = (href: string, base?: string): URL | undefined => URL.parse(href, base) ?? undefined;

const unwrapped = (first: URL): { url: URL; by?: string } => {
  let url = first;
  let by: string | undefined;
  for (let hop = 0; hop < 4; hop += 1) {
    const archived = ARCHIVE.exec(url.href)?.[1];
    const rule = REDIRECTORS.find(([host, path]) => host.test(url.hostname) && path.test(url.pathname));
    const wrapped =
      archived ??
      rule?.[2].map((name) => url.searchParams.get(name)).find((value) => value !== null && value !== '');
    const inner = wrapped === undefined || wrapped === null ? undefined : parse(wrapped, url.href);
    if (inner === undefined || !/^https?:$/.test(inner.protocol)) break;
    by = url.hostname;
    url = inner;
  }
  return by === undefined ? { url } : { url, by };
};

const IMAGE = /\.(?:png|jpe?g|gif|webp|svg|avif|ico|bmp)$/i;
const SHARE =
  /^https:\/\/(?:[a-z-]+\.)?(?:facebook\.com\/(?:sharer|share\.php|dialog\/)|twitter\.com\/(?:intent|share)|x\.com\/(?:intent|share)|linkedin\.com\/(?:sharearticle|sharing|cws)|reddit\.com\/submit|pinterest\.com\/pin\/create|api\.whatsapp\.com\/send|wa\.me\/|t\.me\/share|telegram\.me\/share)/i;
const PROTECTED_MAIL = /\/cdn-cgi\/l\/email-protection/i;

/** What a link is worth. */
export type Resolved =
  /** A document; `absolute` is where it leads, `target` what it is compared by. */
  | { readonly kind: 'document'; readonly absolute: string; readonly target: string }
  | { readonly kind: 'dropped'; readonly rule: string };

/**
 * Resolves the links of one page. Two links that lead to the same document have the same `target`: scheme, `www.`,
 * letter case of the host, locale segments, fragment, trailing slash, tracking and language parameters are folded
 * away, redirectors and archive prefixes are unwrapped. Mail, script, image, share and fragment-only links are dropped.
 * @param base absolute address that relative ones stand on
 */
export const linkResolver = (
  base: string,
  source: PolicySource,
  log: NoiseLog,
): ((href: string) => Resolved) => {
  const own = new Set(
    source.filters.flatMap((filter) =>
      filter.kind === 'dropQueryParameters' ? filter.names.map((name) => name.toLowerCase()) : [],
    ),
  );
  const known = new Map<string, Resolved>();
  const page = parse(base);

  const resolve = (href: string): Resolved => {
    const trimmed = href.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return { kind: 'dropped', rule: 'link: fragment only' };
    if (/^(?:javascript|data|vbscript|blob|about):/i.test(trimmed))
      return { kind: 'dropped', rule: 'link: script or data' };
    if (/^(?:mailto|tel|sms|callto|whatsapp):/i.test(trimmed) || PROTECTED_MAIL.test(trimmed))
      return { kind: 'dropped', rule: 'link: mail or telephone' };
    const first = parse(trimmed, base);
    if (first === undefined) return { kind: 'dropped', rule: 'link: not an address' };
    if (!/^https?:$/.test(first.protocol)) return { kind: 'dropped', rule: 'link: other scheme' };
    if (IMAGE.test(first.pathname)) return { kind: 'dropped', rule: 'link: image' };
    const { url, by } = unwrapped(first);
    if (by !== undefined) log.note(`link: redirector ${by}`, first.href);
    if (
      page !== undefined &&
      url.hash !== '' &&
      url.host === page.host &&
      url.pathname === page.pathname &&
      url.search === page.search
    )
      return { kind: 'dropped', rule: 'link: fragment only' };
    const parameters = [...url.searchParams].filter(([name]) => {
      const noise = NOISE_PARAMETER.test(name) || own.has(name.toLowerCase());
      if (noise) log.note('link: query noise', url.href);
      return !noise;
    });
    parameters.sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0));
    const query = new URLSearchParams(parameters).toString();
    const host = url.host
      .toLowerCase()
      .replace(/^(?:www|m)\.(?=[^.]+\.)/, '')
      .replace(/\.$/, '');
    const path = url.pathname.replace(/\/{2,}/g, '/');
    const suffix = query === '' ? '' : `?${query}`;
    const target = `https://${host}${withoutLocale(path)}${suffix}`;
    if (SHARE.test(`https://${host}${path}`)) return { kind: 'dropped', rule: 'link: share button' };
    return { kind: 'document', absolute: `${url.protocol}//${url.host}${path}${suffix}`, target };
  };

  return (href) => {
    const before = known.get(href);
    if (before !== undefined) return before;
    const resolved = resolve(href);
    if (resolved.kind === 'dropped') log.note(resolved.rule, href);
    known.set(href, resolved);
    return resolved;
  };
};
