import type { PageContent } from './content.ts';
import type { Observation } from './observation.ts';
import type { ReplayLine } from './replay-line.ts';

/** A capture whose line is not printed yet, with every look at it. */
export interface HeldLine {
  readonly capture: string;
  readonly at: string;
  readonly looks: Observation[];
  /** The observation that confirmed what this capture showed first. */
  confirmedBy?: Observation;
  /** It only confirmed what an earlier capture had shown. */
  confirms?: string;
}

/** Lines wait for a second look; a page that is broken for months does not make them wait for ever. */
const MOST_HELD = 200;

const codes = (observation: Observation): string[] => observation.reasons.map(({ code }) => code);
const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

const lineOf = ({ capture, at, looks, confirmedBy, confirms }: HeldLine): ReplayLine => {
  const own = looks[0];
  if (own === undefined) throw new Error('a line without a look');
  const alerting = confirmedBy ?? (confirms === undefined ? looks.find(({ alert }) => alert) : undefined);
  const told = alerting !== undefined && alerting.class !== 'baseline';
  // A body that was quarantined for its size and stayed is a change in the end; a candidate keeps its own class.
  const shown = told && (!own.usable || own.hashes?.semantic === alerting.hashes?.semantic) ? alerting : own;
  const sources = confirms === undefined ? unique([own, ...(told ? [alerting] : [])]) : [own];
  const unusable = shown.usable ? undefined : shown.unusable;
  const hashes = shown.hashes ?? own.hashes;
  return {
    capture,
    at,
    class:
      unusable === undefined
        ? confirms === undefined
          ? (shown.class ?? 'unusable')
          : 'unchanged'
        : 'unusable',
    reasons: unique([...(unusable === undefined ? [] : [unusable.reason]), ...sources.flatMap(codes)]),
    alert: told,
    ...(told && alerting.severity !== undefined ? { severity: alerting.severity } : {}),
    ...(told && alerting.changeId !== undefined ? { changeId: alerting.changeId } : {}),
    verified: looks.some(({ verified }) => verified),
    ...(hashes === undefined ? {} : { hashes }),
    details: unique([
      ...(unusable === undefined ? [] : [unusable.detail]),
      ...(confirms === undefined ? [] : [`Confirms what ${confirms} showed first.`]),
      ...sources.flatMap(({ reasons }) => reasons.map(({ detail }) => detail)),
    ]).filter((detail) => detail !== ''),
    removed: own.removed,
  };
};

/** A line that showed something new, and what it showed. */
interface Showing {
  readonly line: HeldLine;
  readonly content: PageContent | undefined;
}

/**
 * Holds lines back while what they showed is a candidate, and puts the alert on the line that first showed it. Where a
 * page changed twice in a row, both lines belong to the one cumulative alert.
 * @param isSame nothing that people have to see lies between two readings
 */
export const replayLines = (
  isSame: (first: PageContent, second: PageContent) => boolean,
): {
  readonly begin: (line: HeldLine) => void;
  /** One look at the capture of a begun line; `candidate`: something waits for its second look after it. */
  readonly look: (
    line: HeldLine,
    observation: Observation,
    candidate: boolean,
    content: PageContent | undefined,
  ) => void;
  /** Lines that can be printed. */
  readonly ready: () => ReplayLine[];
  readonly rest: () => ReplayLine[];
} => {
  let held: HeldLine[] = [];
  let run: Showing[] = [];
  let open = false;

  const shows = ({ content }: Showing, other: PageContent | undefined): boolean =>
    content !== undefined && other !== undefined && isSame(content, other);
  const confirm = (line: HeldLine, observation: Observation, content: PageContent | undefined): void => {
    run.forEach((one, index) => {
      const before = run.slice(0, index).some((first) => shows(first, one.content));
      if (one.line !== line && !before) one.line.confirmedBy = observation;
    });
    const first = run.find((one) => one.line !== line && shows(one, content));
    if (first !== undefined) line.confirms = first.line.capture;
  };

  return {
    begin: (line) => {
      held.push(line);
    },
    look: (line, observation, candidate, content) => {
      line.looks.push(observation);
      open = candidate;
      if (observation.alert && observation.class !== 'baseline') confirm(line, observation, content);
      if (!candidate) run = [];
      else if (observation.candidate && run.every((one) => one.line !== line)) run.push({ line, content });
      if (run.length > MOST_HELD) run = run.slice(-MOST_HELD);
    },
    ready: () => {
      if (open && held.length < MOST_HELD) return [];
      const done = held;
      held = [];
      run = open ? run : [];
      return done.map(lineOf);
    },
    rest: () => {
      const done = held;
      held = [];
      return done.map(lineOf);
    },
  };
};
