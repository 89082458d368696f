import { bodyIsComplete, decode, isCutOff, isPdf, looksLikeHtml } from './body-end.ts';
import type { Capture } from './capture.ts';
import type { PageContent, ReadPageResult } from './content.ts';
import { failureOfStatus } from './fetch-failure.ts';
import { finalUrlIsAllowed } from './final-url.ts';
import { otherLanguage } from './language.ts';
import { type MarkupShape, markupShape } from './markup-shape.ts';
import { missingAnchors } from './missing-anchors.ts';
import type { Judgement, UnusableReason } from './observation.ts';
import { markupSignature, SHORT_PAGE, type SignatureFound, signatureIn, TINY_PAGE } from './signatures.ts';
import { shareOf } from './shared-text.ts';
import type { PolicySource } from './source.ts';
import { telltalePlace } from './telltale-place.ts';

/** What is remembered of the last usable, confirmed state of the page. */
export interface LastGood {
  readonly length: number;
  readonly replacementCharacters: number;
  readonly blocks: number;
  /** Its bytes had their end. Unknown where absent. */
  readonly complete?: boolean;
  /** What it said, where that can be had. */
  readonly content?: PageContent;
}

export interface JudgeInput {
  readonly source: PolicySource;
  readonly capture: Capture;
  /** Absent where there were no bytes. */
  readonly read?: ReadPageResult;
  /** The bytes that were read: they show walls and cuts that the text no longer shows. */
  readonly body?: Uint8Array;
  readonly lastGood?: LastGood;
  /** Other sources that were answered with the same text. */
  readonly sharedWith?: readonly string[];
}

const MIN_RATIO = 0.5;
const MAX_RATIO = 2;
/** Share of unreadable characters in a first capture; later ones are measured against the last good one. */
const UNREADABLE_SHARE = 0.002;

const unusable = (reason: UnusableReason, detail: string): Judgement => ({
  usable: false,
  reason,
  detail: detail.replaceAll(/\s+/g, ' ').slice(0, 300),
});

const ADVICE: Readonly<Record<SignatureFound['reason'], string>> = {
  WALL: 'Look at the page in a browser; if it stays, upload a manual capture.',
  LOGIN: 'The policy may have moved behind a sign-in; find its public address or upload a manual capture.',
  SOFT_404: 'Find the new address of the policy and edit the source.',
  REDIRECT_STUB: 'Follow it in a browser and edit the address of the source.',
  ERROR_PAGE: 'The server has a fault; the next check may do. If it stays, upload a manual capture.',
};
const signed = ({ reason, name, seen }: SignatureFound): Judgement =>
  unusable(reason, `The page is not the policy (${name}: "${seen}"). ${ADVICE[reason]}`);

/** Bytes that evidently stayed compressed: gzip, zstd, and what no text begins with. */
const isCompressed = (body: Uint8Array): boolean =>
  (body[0] === 0x1f && body[1] === 0x8b) ||
  (body[0] === 0x28 && body[1] === 0xb5 && body[2] === 0x2f && body[3] === 0xfd);

const byAnswer = ({ source, capture, read, body }: JudgeInput): Judgement | undefined => {
  if (capture.failure !== undefined) return unusable(capture.failure.code, capture.failure.detail);
  if (capture.status === 304)
    return capture.notModified
      ? { usable: true }
      : unusable('VALIDATORS_STALE', 'Not modified since a capture that does not count; it is fetched anew.');
  const failed = capture.status === undefined ? undefined : failureOfStatus(capture.status);
  if (failed !== undefined) return unusable(failed.code, failed.detail);
  if (
    capture.headers['cf-mitigated'] !== undefined ||
    /challenge|captcha/i.test(capture.headers['x-amzn-waf-action'] ?? '')
  )
    return unusable('WALL', `The answer says that it is a challenge. ${ADVICE.WALL}`);
  const place = telltalePlace(source.url, capture.finalUrl);
  if (place !== undefined) return unusable(place, `It ended at ${capture.finalUrl}. ${ADVICE[place]}`);
  if (read === undefined && body === undefined) return unusable('EMPTY', 'The answer has no body.');
  const declared = Number(capture.headers['content-length'] ?? Number.NaN);
  // Stored captures may have been written in another encoding; a body with its end was not cut.
  const ended = body !== undefined && bodyIsComplete(body) === true;
  if (capture.headers['content-encoding'] === undefined && declared > capture.rawBytes && !ended)
    return unusable('CUT_OFF', `${capture.rawBytes} of ${declared} bytes arrived. The next check may do.`);
  if (body !== undefined && isCompressed(body))
    return unusable('DECODING', 'The body is compressed, and its headers do not say how.');
  return undefined;
};

const moved = ({ source, capture }: JudgeInput): Judgement | undefined => {
  if (finalUrlIsAllowed(source, capture.finalUrl)) return undefined;
  const permanent = capture.chain.some(({ status }) => status === 301 || status === 308);
  return unusable(
    'MOVED',
    `It ended at ${capture.finalUrl}${permanent ? ' by a permanent redirect' : ''}. Edit the address or the allowed final places of the source.`,
  );
};

const words = (content: PageContent): Parameters<typeof signatureIn>[0] => ({
  title: content.title,
  headings: content.blocks.filter(({ kind }) => kind === 'heading').map(({ text }) => text),
  text: content.blocks.map(({ text }) => text).join(' '),
});

/** The most that is read of a page that turned out not to be the policy. */
const SHAPE_CHARACTERS = 1_000_000;
const shapeOf = (body: Uint8Array | undefined): MarkupShape | undefined =>
  body !== undefined && !isPdf(body) && looksLikeHtml(body)
    ? markupShape(decode(body.subarray(0, SHAPE_CHARACTERS)))
    : undefined;

const byMarkup = (body: Uint8Array | undefined): SignatureFound | undefined => {
  const shape = shapeOf(body);
  if (shape === undefined || body === undefined) return undefined;
  return (
    signatureIn(shape) ??
    (shape.text.length < TINY_PAGE ? markupSignature(decode(body.subarray(0, 200_000))) : undefined)
  );
};

/** Letters of UTF-8 read as Latin 1: "Ã©", "â€™". */
const MOJIBAKE =
  /Ã[\u0080-\u00bf\u0152-\u0178\u2018-\u2122]|â€[\u0080-\u00bf\u0152-\u2122]|Â[\u00a0-\u00bf]/g;

const byCharacters = (content: PageContent, text: string, lastGood?: LastGood): Judgement | undefined => {
  const seen = content.replacementCharacters;
  if (
    lastGood === undefined
      ? seen > Math.max(2, content.length * UNREADABLE_SHARE)
      : seen > lastGood.replacementCharacters
  )
    return unusable(
      'REPLACEMENT_CHARACTERS',
      `${seen} characters could not be read${lastGood === undefined ? '' : ` (${lastGood.replacementCharacters} before)`}: damaged bytes or another character set.`,
    );
  const garbled = text.match(MOJIBAKE) ?? [];
  return garbled.length >= 5 && garbled.length > text.length * 0.001
    ? unusable(
        'CHARSET_UNKNOWN',
        `The text is read in the wrong character set ("${garbled[0]}" and ${garbled.length - 1} more).`,
      )
    : undefined;
};

/** Half of the last good text, word for word. */
const isMostlyThere = (content: PageContent, before: PageContent | undefined): boolean =>
  before !== undefined && before.length >= TINY_PAGE && shareOf(before, content) >= MIN_RATIO;

const byText = (input: JudgeInput, content: PageContent): Judgement | undefined => {
  const { source, body, lastGood, sharedWith = [] } = input;
  const page = words(content);
  const missing = missingAnchors(source, content);
  const ratio = lastGood === undefined || lastGood.length === 0 ? 1 : content.length / lastGood.length;
  const fits = ratio >= MIN_RATIO && ratio <= MAX_RATIO;
  // No wall carries the phrases of the policy in the size of the policy, or its blocks: then it only talks about walls.
  const anchored = source.anchors.length > 0 && missing.length === 0 && fits;
  if (!anchored && !isMostlyThere(content, lastGood?.content)) {
    const signature =
      signatureIn(page) ??
      (content.length < Math.max(source.minLength, TINY_PAGE) ? byMarkup(body) : undefined);
    if (signature !== undefined) return signed(signature);
  }
  const elsewhere = moved(input);
  if (elsewhere !== undefined) return elsewhere;
  if (sharedWith.length > 0)
    return unusable(
      'SHARED_BODY',
      `The same text was answered for ${sharedWith.slice(0, 5).join(', ')}: a wall or a page of the site, not this policy.`,
    );
  const characters = byCharacters(content, page.text, lastGood);
  if (characters !== undefined) return characters;
  if (body !== undefined && isCutOff(body, content, lastGood))
    return unusable('CUT_OFF', 'The body breaks off before its end. The next check may do.');
  const other = otherLanguage(page.text, source.language, content.declaredLanguage);
  if (other !== undefined)
    return unusable(
      'WRONG_LANGUAGE',
      `The text is in "${other.language}", not "${source.language}". Pin the language in the address of the source.`,
    );
  if (content.length < source.minLength)
    return unusable(
      'TOO_SHORT',
      `${content.length} characters; the source asks for ${source.minLength} at least. Look at the page; mend its selectors or minLength.`,
    );
  if (missing.length > 0)
    return unusable(
      'MISSING_ANCHORS',
      `Not on the page: ${missing
        .slice(0, 3)
        .map((one) => `"${one}"`)
        .join(', ')}. Look at the page; mend the address, selectors or anchors of the source.`,
    );
  if (fits) return undefined;
  const sizes = `${content.length} characters after ${lastGood?.length ?? 0}`;
  return ratio < MIN_RATIO
    ? unusable('SHRINK', `${sizes}: less than half is left. If the page stays so, it becomes a change.`)
    : unusable('GROWTH', `${sizes}: more than twice as long. If the page stays so, it becomes a change.`);
};

/**
 * Whether a capture shows the policy. Checks go from the specific to the general, so that the reason names what
 * happened (a wall, not "too short"); SHRINK and GROWTH stand last: they mean that all else is fine. The detail says
 * what was seen and what to do; it may quote the page and is untrusted.
 */
export const judge = (input: JudgeInput): Judgement => {
  const { read, body } = input;
  const answered = byAnswer(input);
  if (answered !== undefined) return answered;
  if (read === undefined) return unusable('EMPTY', 'Nothing was read off the answer.');
  if (read.kind === 'read') return byText(input, read.content) ?? { usable: true };
  const signature = byMarkup(body) ?? textSignature(body);
  if (signature !== undefined) return signed(signature);
  const elsewhere = moved(input);
  if (elsewhere !== undefined) return elsewhere;
  if (body !== undefined && body.length > 0 && bodyIsComplete(body) === false) {
    const shape = shapeOf(body);
    if (shape === undefined || shape.ending === 'inside-tag')
      return unusable('CUT_OFF', 'The body breaks off before its end. The next check may do.');
  }
  return unusable(read.code, read.detail);
};

/** A stub without markup: "Redirecting to …". */
const textSignature = (body: Uint8Array | undefined): SignatureFound | undefined =>
  body === undefined || isPdf(body) || body.length > SHORT_PAGE || looksLikeHtml(body)
    ? undefined
    : signatureIn({ title: '', headings: [], text: decode(body) });
