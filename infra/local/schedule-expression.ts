/** When a schedule is due. `after(t)` is the first moment later than `t` in epoch milliseconds, or undefined. */
export interface Timetable {
  after(ms: number): number | undefined;
}

const UNITS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const YEARS_AHEAD = 30;

/** The latest moment that is due after `since` and not after `now`; where there is none, the first one later. */
export function dueAfter(times: Timetable, since: number, now: number): number | undefined {
  let due = times.after(since);
  // A long time off makes many ticks: look from the end, in steps that grow, before counting.
  for (let back = 60_000; due !== undefined && due <= now && now - back > since; back *= 4) {
    const later = times.after(now - back);
    if (later !== undefined && later <= now) {
      due = later;
      break;
    }
  }
  if (due === undefined) return undefined;
  for (let later = times.after(due); later !== undefined && later <= now; later = times.after(later))
    due = later;
  return due;
}

/**
 * Parses `rate(5 minutes)`, `cron(0 8 ? * MON-FRI *)` and `at(2026-11-21T08:00:00)`. A rate counts from `anchor`.
 * In cron the marks `L` (last day) and `?` are known; `W` and `#` are refused. A local time that daylight saving
 * skips does not fire, one that it repeats fires once, as on AWS.
 */
export function parseScheduleExpression(expression: string, timeZone: string, anchor: number): Timetable {
  const match = /^(rate|cron|at)\((.*)\)$/.exec(expression.trim());
  const [, kind, body] = match ?? [];
  if (kind === undefined || body === undefined) throw new Error(`Invalid Schedule Expression ${expression}.`);
  const zone = zoneOf(timeZone);
  if (kind === 'rate') return rate(body, expression, anchor);
  if (kind === 'at') {
    const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)$/.exec(body);
    if (parts === null) throw new Error(`Invalid Schedule Expression ${expression}.`);
    const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const due =
      zone.toEpoch(year, month, day, hour, minute, second) ??
      Date.UTC(year, month - 1, day, hour, minute, second);
    return { after: (ms) => (due > ms ? due : undefined) };
  }
  return cron(body, expression, zone);
}

function rate(body: string, expression: string, anchor: number): Timetable {
  const parts = /^(\d+) (minute|hour|day)s?$/.exec(body);
  const step = Number(parts?.[1]) * (UNITS[parts?.[2] ?? ''] ?? Number.NaN);
  if (!(step > 0)) throw new Error(`Invalid Schedule Expression ${expression}.`);
  return { after: (ms) => (ms < anchor ? anchor : anchor + (Math.floor((ms - anchor) / step) + 1) * step) };
}

function cron(body: string, expression: string, zone: Zone): Timetable {
  const fields = body.trim().split(/\s+/);
  if (fields.length !== 6) throw new Error(`Invalid Schedule Expression ${expression}.`);
  const [minuteText, hourText, dayText, monthText, weekdayText, yearText] = fields as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  if ((dayText === '?') === (weekdayText === '?')) {
    throw new Error(`Invalid Schedule Expression ${expression}: one of the two day fields is "?".`);
  }
  const field = (
    text: string,
    low: number,
    high: number,
    names: readonly string[] = [],
    base = 0,
  ): Set<number> => parseField(text, low, high, names, base, expression);
  const minutes = [...field(minuteText, 0, 59)].sort((a, b) => a - b);
  const hours = [...field(hourText, 0, 23)].sort((a, b) => a - b);
  const lastDay = dayText === 'L';
  const days = dayText === '?' || lastDay ? undefined : field(dayText, 1, 31);
  const months = field(monthText, 1, 12, MONTHS, 1);
  const weekdays = weekdayText === '?' ? undefined : field(weekdayText, 1, 7, WEEKDAYS, 1);
  const years = field(yearText, 1970, 2199);

  const fits = (date: Date): boolean => {
    const tomorrow = new Date(date.getTime() + 86_400_000);
    return (
      years.has(date.getUTCFullYear()) &&
      months.has(date.getUTCMonth() + 1) &&
      (weekdays === undefined || weekdays.has(date.getUTCDay() + 1)) &&
      (days === undefined || days.has(date.getUTCDate())) &&
      (!lastDay || tomorrow.getUTCDate() === 1)
    );
  };

  return {
    after(ms) {
      const first = zone.midnightOf(ms);
      const wallNow = zone.wallClock(ms);
      for (let offset = 0; offset < YEARS_AHEAD * 366; offset += 1) {
        const date = new Date(first + offset * 86_400_000);
        if (!fits(date)) continue;
        for (const hour of hours) {
          for (const minute of minutes) {
            // Converting is slow, so what lies surely behind is passed over; no zone shifts by three hours.
            if (date.getTime() + (hour * 60 + minute) * 60_000 < wallNow - 3 * 3_600_000) continue;
            const due = zone.toEpoch(
              date.getUTCFullYear(),
              date.getUTCMonth() + 1,
              date.getUTCDate(),
              hour,
              minute,
              0,
            );
            if (due !== undefined && due > ms) return due;
          }
        }
      }
      return undefined;
    },
  };
}

function parseField(
  text: string,
  low: number,
  high: number,
  names: readonly string[],
  base: number,
  expression: string,
): Set<number> {
  const fail = (): never => {
    throw new Error(`Invalid Schedule Expression ${expression}: ${text}.`);
  };
  const number = (word: string): number => {
    const name = names.indexOf(word.toUpperCase());
    const value = name >= 0 ? name + base : /^\d+$/.test(word) ? Number(word) : Number.NaN;
    return value >= low && value <= high ? value : fail();
  };
  const result = new Set<number>();
  for (const part of text.split(',')) {
    const [range, stepText] = part.split('/') as [string, string | undefined];
    const step = stepText === undefined ? 1 : Number(stepText);
    if (!Number.isInteger(step) || step < 1) fail();
    const ends = range.split('-');
    const from = range === '*' ? low : number(ends[0] ?? '');
    const to =
      range === '*' || (ends[1] === undefined && stepText !== undefined)
        ? high
        : number(ends[1] ?? ends[0] ?? '');
    if (from > to) {
      for (let value = from; value <= high; value += step) result.add(value);
      for (let value = low; value <= to; value += step) result.add(value);
    } else {
      for (let value = from; value <= to; value += step) result.add(value);
    }
  }
  return result;
}

interface Zone {
  /** Undefined where the clocks of the zone skip this time; the earlier moment where they show it twice. */
  toEpoch(
    year: number,
    month: number,
    day: number,
    hour: number,
    minute: number,
    second: number,
  ): number | undefined;
  /** The zone's calendar day at `ms`, as UTC midnight of the same date. */
  midnightOf(ms: number): number;
  /** What the zone's clocks show at `ms`, as if it were UTC. */
  wallClock(ms: number): number;
}

function zoneOf(timeZone: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'iso8601',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const wallClock = (ms: number): number => {
    const parts = Object.fromEntries(format.formatToParts(ms).map((part) => [part.type, Number(part.value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  };
  const offsetAt = (ms: number): number => wallClock(ms) - Math.floor(ms / 1000) * 1000;
  return {
    wallClock,
    toEpoch(year, month, day, hour, minute, second) {
      const wall = Date.UTC(year, month - 1, day, hour, minute, second);
      const candidates = [wall - offsetAt(wall - 86_400_000), wall - offsetAt(wall + 86_400_000)];
      return candidates.filter((ms) => wallClock(ms) === wall).sort((a, b) => a - b)[0];
    },
    midnightOf(ms) {
      const wall = wallClock(ms);
      return wall - (wall % 86_400_000);
    },
  };
}
