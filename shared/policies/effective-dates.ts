import { timestamp, type Timestamp } from '../actions/identity.ts';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?';
const DAY = '\\d{1,2}(?:st|nd|rd|th)?';
const WEEKDAY = '(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\\s+)?';
const DATE = `${WEEKDAY}(?:${MONTH}\\s+${DAY}\\s*,?\\s+\\d{4}|(?:the\\s+)?${DAY}\\s+(?:of\\s+|day\\s+of\\s+)?${MONTH}\\s*,?\\s+\\d{4}|\\d{4}[-/.]\\d{1,2}[-/.]\\d{1,2}(?:t[\\d:.]+z?)?|\\d{1,2}[-/.]\\d{1,2}[-/.]\\d{4})(?!\\d)`;
const LOOSE_DATE = `(?:${DATE}|${MONTH}\\s+${DAY}(?!\\d)|${MONTH}\\s+\\d{4}|an?\\s+(?:few\\s+)?(?:second|minute|hour|day|week|month|year)s?\\s+ago|\\d+\\+?\\s+(?:second|minute|hour|day|week|month|year)s?\\s+ago|today|yesterday|just\\s+now)`;

/** The day that a date names, as midnight UTC; undefined for what no calendar has. `dayFirst` decides 03/04/2026. */
export const parseDay = (text: string, dayFirst: boolean): Timestamp | undefined => {
  const plain = text.toLowerCase();
  const year = Number(/\d{4}/.exec(plain)?.[0]);
  const word = /[a-z]{3,}/g;
  const month = [...plain.matchAll(word)]
    .map(([name]) => MONTHS.indexOf(name.slice(0, 3)))
    .find((at) => at >= 0);
  const numbers = [...plain.replace(/t\d\d:.*$/, '').matchAll(/\d+/g)].map(([digits]) => Number(digits));
  const [first = 0, second = 0, third = 0] = numbers;
  const day =
    month !== undefined
      ? { month, day: first === year ? second : first }
      : first === year
        ? { month: second - 1, day: third }
        : first > 12 || (dayFirst && second <= 12)
          ? { month: second - 1, day: first }
          : { month: first - 1, day: second };
  const at = new Date(Date.UTC(year, day.month, day.day));
  return Number.isNaN(at.getTime()) ||
    at.getUTCMonth() !== day.month ||
    at.getUTCDate() !== day.day ||
    year < 1970
    ? undefined
    : timestamp(at.getTime());
};

const UPDATED =
  '(?:(?:was|were|been|page|article|policy|terms|document)\\s+)?(?:last|latest|most\\s+recently)?\\s*(?:updated?|modified|modification|revised|revision|changed|edited|reviewed|published|posted|released|amended)(?:\\s+(?:date|on|at|as\\s+of))*\\s*(?:date)?\\s*[:\\-\u2013\u2014]?\\s*(?:on\\s+)?';
const DATE_LINE = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:(?:last|latest|most\\s+recently)\\s+${UPDATED.replace('(?:last|latest|most\\s+recently)?', '')}|(?:date\\s+of\\s+)?${UPDATED}|version\\s*(?:date|of|dated|from)?\\s*[:\\-]?\\s*|dated?\\s*[:\\-]?\\s*)\\(?${LOOSE_DATE}\\)?(?:\\s*(?:at\\s+)?\\d{1,2}:\\d{2}(?::\\d{2})?\\s*(?:[ap]\\.?m\\.?)?\\s*(?:utc|gmt|[pecm][sd]t)?)?`,
  'giu',
);
const ONLY_DATE = new RegExp(`^[\\s\\p{P}]*${LOOSE_DATE}[\\s\\p{P}]*$`, 'iu');
const EFFECTIVE_LINE = new RegExp(
  `^[\\s\\p{P}]*(?:(?:this|these|the|our)\\s+)?(?:[\\p{L}]+\\s+){0,3}?(?:(?:is|are)\\s+)?(?:effective|in\\s+effect|in\\s+force)(?:\\s+date)?\\s*[:\\-\u2013\u2014]?\\s*(?:as\\s+of|from|on|since|starting)?\\s*${LOOSE_DATE}[\\s\\p{P}]*$`,
  'iu',
);
/** Beyond this a block is prose; dates inside prose are rules. */
const LINE_CHARACTERS = 240;

/** What takes the place of a date of publication in the undated text. */
const DATE_MARK = '\ue002';

/**
 * Dates of publication in a text: "Last updated June 1, 2026", "Effective date: …", or nothing but a date.
 * @returns what was found, and the text without it: null where nothing else was in it
 */
export const datesOfPublication = (
  text: string,
): { readonly found: string[]; readonly rest: string | null } => {
  if (!/\d|today|yesterday|ago|just/i.test(text)) return { found: [], rest: text };
  if (text.length <= LINE_CHARACTERS && (ONLY_DATE.test(text) || EFFECTIVE_LINE.test(text)))
    return { found: [text], rest: null };
  const found: string[] = [];
  const rest = text.replace(DATE_LINE, (line) => {
    found.push(line.trim());
    return DATE_MARK;
  });
  return { found, rest: found.length > 0 && !/[\p{L}\p{N}]/u.test(rest) ? null : rest };
};

const FROM =
  '(?:(?:comes?|coming|goes|going|came|enters?|entering)\\s+into\\s+(?:effect|force)|(?:takes?|taking|took)\\s+effect|becomes?\\s+effective|effective(?:\\s+date)?|in\\s+effect|in\\s+force|starting|beginning|commencing|appl(?:y|ies)|as\\s+of|from)';
const UNTIL =
  '(?:(?:effective|in\\s+effect|in\\s+force|valid|applicable|appl(?:y|ies))\\s+(?:until|till|through|up\\s+to)|until|till|up\\s+to\\s+and\\s+including)';
const JOINT =
  '\\s*[:\\-\u2013\u2014]?\\s*(?:(?:as\\s+of|from|on|starting|beginning|until|and\\s+including)\\s*)?';
const NOTICE = new RegExp(`(?<![\\p{L}\\p{N}])(?:(${UNTIL})|(${FROM}))${JOINT}(${DATE})`, 'giu');
const MOST_NOTICES = 20;

/** A notice that a text holds from or until a day. */
export interface EffectiveNotice {
  readonly phrase: string;
  readonly on: Timestamp;
  readonly kind: 'from' | 'until';
}

/** "Effective June 1, 2026", "until 1 July 2026" with the day they name; whether that day is past is not asked here. */
export const effectiveNotices = (texts: readonly string[], dayFirst: boolean): EffectiveNotice[] => {
  const notices = new Map<string, EffectiveNotice>();
  for (const text of texts) {
    if (!/\d{4}/.test(text)) continue;
    for (const [phrase, until, , date = ''] of text.matchAll(NOTICE)) {
      const on = parseDay(date, dayFirst);
      if (on === undefined) continue;
      const kind = until === undefined ? 'from' : 'until';
      const short = phrase.slice(0, 300);
      notices.set(`${kind} ${on} ${short.toLowerCase()}`, { phrase: short, on, kind });
      if (notices.size >= MOST_NOTICES) return [...notices.values()];
    }
  }
  return [...notices.values()];
};
