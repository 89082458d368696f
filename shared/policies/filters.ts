import { normalise } from './normalise.ts';
import { compilePattern } from './filter-pattern.ts';
import type { NoiseLog } from './noise-log.ts';
import type { PolicySource } from './source.ts';

/** The source's own rules, ready to run. */
export type Filters =
  | {
      readonly kind: 'ready';
      /** The rule that drops a block of this text, if one does. */
      readonly drops: (text: string) => string | undefined;
      /** What is compared of a text, masks applied. */
      readonly norm: (text: string, log?: NoiseLog) => string;
    }
  | { readonly kind: 'invalid'; readonly detail: string };

/** A rule looks at this much of a block. */
const MOST_CHARACTERS = 20_000;

/** Reads the filters of a source. A pattern that is none, or that could run for ever, is named. */
export const compileFilters = (source: PolicySource): Filters => {
  const drops: { matching: string; expression: RegExp }[] = [];
  const masks: { matching: string; expression: RegExp; mark: string; place: string }[] = [];
  for (const filter of source.filters) {
    if (filter.kind === 'dropQueryParameters') continue;
    const expression = compilePattern(filter.matching, filter.kind === 'dropBlocks');
    if (typeof expression === 'string') return { kind: 'invalid', detail: expression };
    if (filter.kind === 'dropBlocks') drops.push({ matching: filter.matching, expression });
    else
      masks.push({
        matching: filter.matching,
        expression,
        mark: filter.mark,
        place: String.fromCharCode(0xe100 + masks.length),
      });
  }
  return {
    kind: 'ready',
    drops: (text) =>
      text.length > MOST_CHARACTERS
        ? undefined
        : drops.find(({ expression }) => expression.test(text))?.matching,
    norm: (text, log) => {
      let masked = text;
      if (text.length <= MOST_CHARACTERS)
        for (const { matching, expression, place } of masks)
          masked = masked.replace(expression, (found) => {
            if (found === '') return '';
            log?.note(`maskText: ${matching}`, found);
            return ` ${place} `;
          });
      const norm = normalise(masked);
      // The mark goes in last: folding would take it for punctuation.
      return masks.reduce((line, { place, mark }) => line.replaceAll(place, mark), norm);
    },
  };
};
