/** `2025-01-02`, with or without a time of day in the usual spellings of file names. */
const ISO =
  /(?<!\d)(\d{4})-(\d{2})-(\d{2})(?:[T_ -]+(\d{2})[-:_.h]?(\d{2})(?:[-:_.m]?(\d{2})(?:[.,](\d{1,9}))?)?(?!\d)(Z|[+-]\d{2}:?\d{2})?)?(?!\d)/i;
/** `20250102`, `20250102T030405Z`, `20250102030405`. */
const COMPACT = /(?<!\d)(\d{4})(\d{2})(\d{2})(?:[T_-]?(\d{2})(\d{2})(\d{2})?)?(?!\d)/i;
/** Seconds or milliseconds since 1970, from 2001 on. */
const EPOCH = /(?<!\d)(1\d{9}|1\d{12})(?!\d)/;

const dayExists = (year: number, month: number, day: number): boolean => {
  const date = new Date(Date.UTC(year, month - 1, day));
  return year >= 1990 && year <= 2200 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
};

const fromParts = (parts: readonly (string | undefined)[]): number | undefined => {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(0, 6)
    .map((part) => Number(part ?? '0'));
  if (!dayExists(year, month, day) || hour > 23 || minute > 59 || second > 59) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second);
};

const offsetMinutes = (zone: string | undefined): number => {
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d{2}):?(\d{2})$/.exec(zone ?? '') ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
};

/**
 * The moment that the name of a file speaks of, in epoch milliseconds: an ISO-like or compact date (UTC where no zone
 * is named) or an epoch stamp. Undefined where it speaks of none.
 */
export const timeInName = (name: string): number | undefined => {
  const epoch = EPOCH.exec(name)?.[1];
  if (epoch !== undefined) return epoch.length === 10 ? Number(epoch) * 1_000 : Number(epoch);
  const iso = ISO.exec(name);
  if (iso !== null) {
    const at = fromParts(iso.slice(1, 7));
    const milliseconds = Math.floor(Number(`0.${iso[7] ?? '0'}`) * 1_000);
    return at === undefined ? undefined : at + milliseconds - offsetMinutes(iso[8]) * 60_000;
  }
  const compact = COMPACT.exec(name);
  return compact === null ? undefined : fromParts(compact.slice(1, 7));
};

const pieces = (name: string): string[] => name.match(/\d+|\D+/g) ?? [];
/** Longer runs of digits are stamps or hashes: they are compared as text. */
const COUNTER_DIGITS = 7;

/** Order of names: by character, but counters by their number, so that `10` comes after `9`. */
export const byName = (a: string, b: string): number => {
  const left = pieces(a);
  const right = pieces(b);
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const [one = '', other = ''] = [left[index], right[index]];
    if (one === other) continue;
    const counters = [one, other].every((piece) => /^\d+$/.test(piece) && piece.length <= COUNTER_DIGITS);
    if (counters && Number(one) !== Number(other)) return Number(one) - Number(other);
    return one < other ? -1 : 1;
  }
  return left.length - right.length;
};
