import type { ChangeClass } from './observation.ts';
import type { Severity } from './source-id.ts';
import type { StandingWord } from './standing.ts';

/** Colour of a standing: `ok`, `wait`, `stop` or none. */
export const STANDING_TONE: Readonly<Record<StandingWord, string>> = {
  RETIRED: '',
  BASELINE: 'wait',
  CHANGED: 'stop',
  MOVED: 'stop',
  STALE: 'stop',
  BLOCKED: 'stop',
  FAILING: 'wait',
  CANDIDATE: 'wait',
  WAITING: '',
  FRESH: 'ok',
};

export const SEVERITY_WORDS: Readonly<Record<Severity, string>> = {
  info: 'For information',
  low: 'Low severity',
  medium: 'Medium severity',
  high: 'High severity',
  critical: 'Critical severity',
};

export const severityTone = (severity: Severity): string =>
  severity === 'high' || severity === 'critical' ? 'stop' : severity === 'medium' ? 'wait' : '';

/** What a look at the page found, in words. */
export const CLASS_WORDS: Readonly<Record<ChangeClass, string>> = {
  baseline: 'First text',
  unchanged: 'No change',
  known_variant: 'A version that is known',
  cosmetic: 'Only its form changed',
  republished: 'Only its date changed',
  links_changed: 'A link leads elsewhere',
  text_changed: 'Its text changed',
  structure_changed: 'Text moved to another section',
  moved: 'It moved',
  scheduled_change: 'A change was announced',
  extractor_upgrade: 'Read anew by a newer reader',
};

/** `3 h`, `2 d`; null: `never`. */
export const spanWords = (seconds: number | null): string => {
  if (seconds === null) return 'never';
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3_600) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
};
