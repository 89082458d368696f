const MASK = '[masked]';

/** From the specific to the general: a later rule never sees what an earlier one has masked. */
const RULES: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/-----BEGIN [^-]{1,60}-----[\s\S]*?(?:-----END [^-]{1,60}-----|$)/g, MASK],
  [/\b(bearer|basic|token)\s+[A-Za-z0-9+/=._~-]{6,}/gi, `$1 ${MASK}`],
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, `$1${MASK}@`],
  [/\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,4}/g, MASK],
  [
    /((?:[a-z0-9_-]*(?:secret|token|passw(?:or)?d|passphrase|api[-_ ]?key|private[-_ ]?key|credential|signature|session|cookie|authorization)[a-z0-9_-]*)["']?\s*[=:]\s*["']?)[^\s"',;&}]+/gi,
    `$1${MASK}`,
  ],
  [/\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+\b/g, MASK],
];

/** Ids that people look up at a provider, and our own keys: they are long and say nothing secret. */
const HARMLESS = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|ap-[0-9a-f]{40})$/i;

const isOpaque = (word: string): boolean =>
  !HARMLESS.test(word) && (/\d/.test(word) || /[a-z][A-Z]/.test(word) || word.length >= 40);

/**
 * Makes a provider's text safe to keep (EXT-07): masks credentials, tokens, mail addresses and long opaque strings,
 * drops control characters and cuts to `max` characters. It errs towards masking.
 */
export const redact = (text: string, max = 200): string => {
  // What is cut off first can never hide half a token from a rule: the cut after masking is the shorter one.
  let safe = text.slice(0, 20_000).replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
  for (const [pattern, replacement] of RULES) safe = safe.replace(pattern, replacement);
  safe = safe.replace(/[A-Za-z0-9+/=_~.-]{20,}/g, (word) => (isOpaque(word) ? MASK : word));
  safe = safe.replace(/\s+/g, ' ').trim();
  return safe.length > max ? `${safe.slice(0, max - 1)}…` : safe;
};
