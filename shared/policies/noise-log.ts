import type { RemovedNoise } from './content.ts';

/** Collects what rules took away while a page is read. */
export interface NoiseLog {
  readonly note: (rule: string, sample: string, count?: number) => void;
  readonly entries: () => RemovedNoise[];
}

const MOST_RULES = 100;
const RULE_CHARACTERS = 120;
const SAMPLE_CHARACTERS = 160;

const cut = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;

/** Rules in the order in which they first took something, each with the first thing it took. */
export const noiseLog = (): NoiseLog => {
  const found = new Map<string, { count: number; sample: string }>();
  return {
    note: (rule, sample, count = 1) => {
      const name = cut(rule, RULE_CHARACTERS);
      const entry = found.get(name);
      if (entry !== undefined) entry.count += count;
      else if (found.size < MOST_RULES) found.set(name, { count, sample: cut(sample, SAMPLE_CHARACTERS) });
    },
    entries: () => [...found].map(([rule, { count, sample }]) => ({ rule, count, sample })),
  };
};
