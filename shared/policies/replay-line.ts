import type { PageHashes, RemovedNoise } from './content.ts';
import type { ChangeClass, UnusableReason } from './observation.ts';
import type { Severity } from './source-id.ts';

/** What replaying one capture gave. */
export interface ReplayLine {
  readonly capture: string;
  /** ISO 8601, UTC. As given, or a cadence after the capture before. */
  readonly at: string;
  readonly class: ChangeClass | 'unusable';
  /** Codes; of an unusable capture first of all why. */
  readonly reasons: readonly string[];
  /** On the capture that first showed a change which was confirmed. */
  readonly alert: boolean;
  readonly severity?: Severity;
  readonly changeId?: string;
  /** It proved what the page says. */
  readonly verified: boolean;
  readonly hashes?: PageHashes;
  /** One sentence per reason that has one; may quote the page. */
  readonly details: readonly string[];
  readonly removed?: readonly RemovedNoise[];
}

export interface ReplaySummary {
  readonly captures: number;
  readonly classes: Readonly<Partial<Record<ChangeClass | 'unusable', number>>>;
  /** By reason. */
  readonly unusable: Readonly<Partial<Record<UnusableReason, number>>>;
  /** Changes that people were told of; the baseline is none. One alert may cover several captures. */
  readonly alerts: number;
  readonly verified: number;
  readonly first: string | null;
  readonly last: string | null;
  readonly spanDays: number;
  /** Null where the span is shorter than a day. */
  readonly alertsPerYear: number | null;
}

const DAY = 86_400_000;
const rounded = (value: number): number => Math.round(value * 100) / 100;

/** Counts lines as they go by. */
export const replayTally = (): {
  readonly add: (line: ReplayLine) => void;
  readonly summary: () => ReplaySummary;
} => {
  const classes: Partial<Record<ChangeClass | 'unusable', number>> = {};
  const unusable: Partial<Record<UnusableReason, number>> = {};
  let [captures, alerts, verified] = [0, 0, 0];
  let first: string | null = null;
  let last: string | null = null;
  let lastChange: string | undefined;
  return {
    add: (line) => {
      captures += 1;
      classes[line.class] = (classes[line.class] ?? 0) + 1;
      if (line.class === 'unusable') {
        const reason = line.reasons[0] as UnusableReason;
        unusable[reason] = (unusable[reason] ?? 0) + 1;
      }
      if (line.alert && line.changeId !== lastChange) {
        alerts += 1;
        lastChange = line.changeId;
      }
      if (line.verified) verified += 1;
      first ??= line.at;
      last = line.at;
    },
    summary: () => {
      const spanDays = first === null || last === null ? 0 : (Date.parse(last) - Date.parse(first)) / DAY;
      return {
        captures,
        classes,
        unusable,
        alerts,
        verified,
        first,
        last,
        spanDays: rounded(spanDays),
        alertsPerYear: spanDays < 1 ? null : rounded((alerts * 365.25) / spanDays),
      };
    },
  };
};
