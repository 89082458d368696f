import type { Block, PageContent } from './content.ts';
import { holdsRule } from './lexicon.ts';

const MONTH =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)';
const DATE = new RegExp(
  [
    `\\b${MONTH}\\.?\\s+\\d{1,2}(?:st|nd|rd|th)?(?:,?\\s+\\d{4})?\\b`,
    `\\b\\d{1,2}(?:st|nd|rd|th)?\\s+(?:of\\s+)?${MONTH}\\.?,?(?:\\s+\\d{4})?\\b`,
    `\\b${MONTH}\\.?,?\\s+\\d{4}\\b`,
    '\\b\\d{4}[-/.]\\d{1,2}[-/.]\\d{1,2}(?:t\\d{2}:\\d{2}(?::\\d{2})?(?:\\.\\d+)?z?)?\\b',
    '\\b\\d{1,2}[-/.]\\d{1,2}[-/.]\\d{2,4}\\b',
    '\\b\\d{1,2}:\\d{2}(?::\\d{2})?(?:\\s*[ap]\\.?m\\.?)?\\b',
    '\\b(?:an?|\\d+|one|two|three)\\s+(?:second|minute|hour|day|week|month|year)s?\\s+ago\\b',
    '\\b(?:today|yesterday)\\b',
  ].join('|'),
  'gi',
);
/** Words that may stand in a line that says nothing but when the page was published. */
const LABEL = new Set(
  (
    'last latest updated update modified revised revision reviewed review changed edited effective published publication ' +
    'posted issued version date dated as of on from since starting at the this these our your and is was are were by ' +
    'have been has page article document policy policies terms term service services use conditions agreement guidelines ' +
    'guideline privacy notice rules legal archived previous utc gmt est edt pst pdt monday tuesday wednesday thursday ' +
    'friday saturday sunday mon tue wed thu fri sat sun released release amended amendment adopted most recently recent in effect force'
  ).split(' '),
);
const STAMP =
  /\b(?:updated|modified|revised|reviewed|effective|published|posted|issued|released|amended|adopted|version|dated?)\b/;
const LONGEST = 200;

const withoutDates = (text: string): string => text.replaceAll(DATE, ' ');

/** A line that holds a date, and beside it nothing but words such as "last updated on". */
export const isDateLine = (text: string): boolean => {
  if (text.length > LONGEST) return false;
  const rest = withoutDates(text);
  if (rest === text) return false;
  return (rest.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).every((word) => LABEL.has(word));
};

/** As `isDateLine`, or a short line that the reader took a date of publication from, without any obligation. */
const saysWhen = (block: Block, content: PageContent): boolean =>
  isDateLine(block.text) ||
  isDateLine(block.norm) ||
  (block.norm.length <= LONGEST &&
    content.dateLines.some((line) => line !== '' && block.text.includes(line)) &&
    STAMP.test(block.norm) &&
    !holdsRule(block.norm) &&
    block.norm.length <= 80);

/** Everything that is compared of a page, without its date lines. */
const undatedLines = (content: PageContent): string[] => {
  const dated = new Set(
    content.blocks.filter((block) => saysWhen(block, content)).map((block) => block.text),
  );
  return content.blocks
    .filter((block) => !dated.has(block.text))
    .map(
      (block) =>
        `${block.kind}\n${block.path
          .filter((heading) => !dated.has(heading) && !isDateLine(heading))
          .map((heading) => heading.normalize('NFKC').toLowerCase())
          .join('\u0001')}\n${block.norm}`,
    );
};

/**
 * Nothing but date lines differs. Stricter than the `undated` hash, which masks a date of publication inside a longer
 * block too: here a block counts as a date line only where it says nothing else, so that no rule goes with its date.
 */
export const onlyDateLinesDiffer = (from: PageContent, to: PageContent): boolean => {
  const before = undatedLines(from);
  const after = undatedLines(to);
  return before.length === after.length && before.every((line, index) => line === after[index]);
};
