import type { PolicySource } from './source.ts';
import type { SourceState } from './source-state.ts';

/** The word that robots.txt files may address this monitor by. */
export const ROBOT_NAME = 'Autopack-policy-monitor';

/** What may stand in a header value and in the brackets of the user agent. */
const CONTACT = /^[\x21-\x27\x2a-\x7e]{3,200}$/;

/**
 * Who asks, honestly, and where a site's operator can complain: `Autopack-policy-monitor/1 (+mailto:…)`.
 * @throws Error where the contact is no single word without brackets: a fault of the deployment, not of the world.
 */
export const userAgent = (contact: string): string => {
  if (!CONTACT.test(contact)) {
    throw new Error(
      'CONFIG_INVALID: POLICY_CONTACT has to be one URL or mail address, 3 to 200 characters, without brackets',
    );
  }
  const address = contact.includes('@') && !contact.includes(':') ? `mailto:${contact}` : contact;
  return `${ROBOT_NAME}/1 (+${address})`;
};

const ACCEPT: Readonly<Record<PolicySource['format'], string>> = {
  auto: 'text/html,application/xhtml+xml,application/pdf;q=0.9,text/markdown;q=0.8,text/plain;q=0.7,*/*;q=0.1',
  html: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.1',
  markdown: 'text/markdown,text/plain;q=0.9,*/*;q=0.1',
  pdf: 'application/pdf,*/*;q=0.1',
  text: 'text/plain,*/*;q=0.1',
};

const acceptLanguage = ({ language, region }: PolicySource): string =>
  language === 'any' ? '*' : `${language}-${region},${language};q=0.9`;

/** A validator goes back byte for byte or not at all. */
const SENDABLE = /^[\x20-\x7e]+$/;

/** Validators as request headers, verbatim; empty where there are none that can be sent. */
export const conditionalHeaders = (
  validators: SourceState['validators'] | undefined,
): Record<string, string> => {
  const { etag, lastModified } = validators ?? {};
  return {
    ...(etag !== undefined && SENDABLE.test(etag) ? { 'if-none-match': etag } : {}),
    ...(lastModified !== undefined && SENDABLE.test(lastModified)
      ? { 'if-modified-since': lastModified }
      : {}),
  };
};

/**
 * Headers of a page request: the same for every check of a source, since a page that follows the reader's language
 * would otherwise change without changing (reference P15). No cookies, ever.
 */
export const pageHeaders = (
  source: PolicySource,
  agent: string,
  validators: SourceState['validators'] | undefined,
): Record<string, string> => ({
  'user-agent': agent,
  accept: ACCEPT[source.format],
  'accept-language': acceptLanguage(source),
  'accept-encoding': 'gzip, br',
  ...conditionalHeaders(validators),
});

/** What is worth keeping of a reply: evidence, what the judge looks at, and validators. Never cookies. */
const KEPT = new Set([
  'age',
  'cache-control',
  'cf-mitigated',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-type',
  'date',
  'etag',
  'expires',
  'last-modified',
  'link',
  'retry-after',
  'server',
  'vary',
  'via',
  'x-amzn-waf-action',
  'x-cache',
  'x-robots-tag',
]);
const MAX_VALUE = 400;
/** A validator that would have to be cut is dropped: half an ETag is another one. As long as a state keeps them. */
const MAX_VALIDATOR: Readonly<Record<string, number>> = { etag: 400, 'last-modified': 100 };

export const keptHeaders = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(
        ([name, value]) =>
          KEPT.has(name) && value.length <= (MAX_VALIDATOR[name] ?? Number.POSITIVE_INFINITY),
      )
      .map(([name, value]) => [name, value.slice(0, MAX_VALUE)]),
  );

const MAX_WAIT_SECONDS = 30 * 86_400;

/** `Retry-After` as seconds from now, rounded up: a number or a date; undefined where it is neither. */
export const retryAfterSeconds = (header: string | undefined, nowMs: number): number | undefined => {
  const text = header?.trim() ?? '';
  if (/^\d{1,12}$/.test(text)) return Math.min(Number(text), MAX_WAIT_SECONDS);
  // Only the dates of HTTP, which name the weekday first: Date.parse would take "1.5" for a day in January.
  const at = /^[A-Z][a-z]{2,8}[, ]/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) return undefined;
  return Math.min(Math.max(Math.ceil((at - nowMs) / 1000), 0), MAX_WAIT_SECONDS);
};
