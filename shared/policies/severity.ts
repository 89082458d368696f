import { clip } from './class-reasons.ts';
import type { Block } from './content.ts';
import { isDateLine } from './date-lines.ts';
import type { Difference } from './differences.ts';
import { MONEY, negationsOf, noteTopics, PERCENT, TERMS, termsOf } from './lexicon.ts';
import type { ClassReason } from './observation.ts';
import type { DiffLink } from './policy-diff.ts';
import { type PolicySource } from './source.ts';
import { SEVERITIES, type Severity } from './source-id.ts';

/**
 * Every reason of a severity and the least that it makes of a change. Codes never change their meaning.
 */
export const SEVERITY_REASONS = {
  RULE_INVERTED: {
    least: 'critical',
    means: 'A rule was turned round: a "not", "no", "only" or "unless" came or went.',
  },
  PROHIBITION_ADDED: { least: 'high', means: 'Something is forbidden that was not named before.' },
  PROHIBITION_REMOVED: { least: 'high', means: 'Something is no longer named as forbidden.' },
  DUTY_ADDED: { least: 'high', means: 'Something has to be done that did not have to be done.' },
  DUTY_REMOVED: { least: 'high', means: 'Something no longer has to be done.' },
  ENFORCEMENT_ADDED: {
    least: 'high',
    means: 'A consequence was added: suspension, removal, demonetization.',
  },
  ENFORCEMENT_REMOVED: { least: 'medium', means: 'A consequence is no longer named.' },
  PERMISSION_ADDED: { least: 'medium', means: 'Something is allowed that was not named before.' },
  PERMISSION_REMOVED: { least: 'high', means: 'A permission is no longer named.' },
  CONDITION_CHANGED: { least: 'medium', means: 'A condition or a limit came, went or changed its words.' },
  MONEY_CHANGED: { least: 'high', means: 'An amount of money changed.' },
  PERCENT_CHANGED: { least: 'high', means: 'A percentage changed.' },
  NUMBER_CHANGED: { least: 'medium', means: 'A number changed.' },
  LINK_TARGET: {
    least: 'medium',
    means: 'The same words lead to another document, or to one where they led to none.',
  },
  STRUCTURE: { least: 'medium', means: 'Text stands in another section or order.' },
  TOPIC: { least: 'medium', means: 'It is about a topic that operators have to hear of.' },
  WORDING: { least: 'low', means: 'Words changed, and nothing above applies.' },
  DATES_ONLY: { least: 'info', means: 'Only dates of publication moved.' },
  BASELINE: { least: 'medium', means: 'Nothing was acknowledged before: the whole text is new.' },
  SEVERITY_FLOOR: { least: 'info', means: 'The source says that no change of it counts for less.' },
} as const satisfies Record<string, { readonly least: Severity; readonly means: string }>;
export type SeverityReason = keyof typeof SEVERITY_REASONS;

const rank = (severity: Severity): number => SEVERITIES.indexOf(severity);
export const mostSevere = (severities: readonly Severity[]): Severity =>
  SEVERITIES[Math.max(0, ...severities.map(rank))] as Severity;

const WEIGHTS = new Map(TERMS.map(({ name, weight }) => [name, weight]));
const NUMBER = /\p{N}+(?:[.,:]\p{N}+)*/gu;
const matches = (pattern: RegExp, text: string): string[] => text.match(pattern) ?? [];

/** What is on one side and not on the other, each as often as it occurs more. */
const surplus = (left: readonly string[], right: readonly string[]): string[] => {
  const rest = new Map<string, number>();
  for (const one of right) rest.set(one, (rest.get(one) ?? 0) + 1);
  return left.filter((one) => {
    const count = rest.get(one) ?? 0;
    if (count > 0) rest.set(one, count - 1);
    return count === 0;
  });
};
const termReason = (name: string, added: boolean): SeverityReason => {
  switch (WEIGHTS.get(name)) {
    case 'prohibition':
      return added ? 'PROHIBITION_ADDED' : 'PROHIBITION_REMOVED';
    case 'duty':
      return added ? 'DUTY_ADDED' : 'DUTY_REMOVED';
    case 'enforcement':
      return added ? 'ENFORCEMENT_ADDED' : 'ENFORCEMENT_REMOVED';
    case 'permission':
      return added ? 'PERMISSION_ADDED' : 'PERMISSION_REMOVED';
    default:
      return 'CONDITION_CHANGED';
  }
};

type Note = (code: SeverityReason, detail: string) => void;

const quote = (block: Block): string => `"${clip(block.text, 120)}"`;

const weighTerms = (before: string, after: string, where: string, note: Note): void => {
  const old = termsOf(before);
  const now = termsOf(after);
  for (const name of surplus(now, old)) note(termReason(name, true), `"${name}" in ${where}`);
  for (const name of surplus(old, now)) note(termReason(name, false), `"${name}" no longer in ${where}`);
};

const weighNumbers = (before: string, after: string, where: string, note: Note): void => {
  const differ = (pattern: RegExp): string[] => {
    const old = matches(pattern, before);
    const now = matches(pattern, after);
    const gone = surplus(old, now);
    const came = surplus(now, old);
    return gone.length + came.length === 0
      ? []
      : [`${gone.join(', ') || 'none'} became ${came.join(', ') || 'none'}`];
  };
  for (const change of differ(MONEY)) note('MONEY_CHANGED', `${change} in ${where}`);
  for (const change of differ(PERCENT)) note('PERCENT_CHANGED', `${change} in ${where}`);
  for (const change of differ(NUMBER)) note('NUMBER_CHANGED', `${change} in ${where}`);
};

const weighChanged = (before: Block, after: Block, note: Note): void => {
  const where = quote(after);
  weighTerms(before.norm, after.norm, where, note);
  weighNumbers(before.norm, after.norm, where, note);
  const wereNegated = negationsOf(before.norm);
  const areNegated = negationsOf(after.norm);
  const negations = [...surplus(areNegated, wereNegated), ...surplus(wereNegated, areNegated)];
  if (negations.length === 0) return;
  const rules = [...termsOf(before.norm), ...termsOf(after.norm)].some(
    (name) => WEIGHTS.get(name) !== 'condition',
  );
  if (rules) note('RULE_INVERTED', `"${negations[0]}" in ${where}`);
};

const isListed = ({ kind, depth = 0 }: Block): boolean => kind === 'item' || kind === 'row' || depth > 0;

/** What stands above each item or row: the words that lead the list in, and its heading. Empty for everything else. */
const leadsOf = (blocks: readonly Block[]): readonly (readonly string[])[] => {
  let lead = '';
  let last: Block | undefined;
  return blocks.map((block) => {
    const listed = isListed(block);
    // A table after a list is not what the list was led in by.
    if (listed && last !== undefined && isListed(last) && (block.kind === 'row') !== (last.kind === 'row'))
      lead = '';
    if (!listed) lead = block.norm;
    last = block;
    return listed ? [lead, block.path.at(-1)?.toLowerCase() ?? ''] : [];
  });
};

const LED: ReadonlySet<string | undefined> = new Set(['prohibition', 'duty', 'permission']);
/** Terms of the nearest words above an item that make a rule of it: a name in a list of what is prohibited. */
const ledBy = (
  lead: readonly string[] | undefined,
): { readonly name: string; readonly words: string } | undefined => {
  for (const words of lead ?? []) {
    const name = termsOf(words).find((one) => LED.has(WEIGHTS.get(one)));
    if (name !== undefined) return { name, words };
  }
  return undefined;
};

const weighListed = (
  { kind, before, after, from, to }: Difference,
  leads: { readonly from: readonly (readonly string[])[]; readonly to: readonly (readonly string[])[] },
  note: Note,
): void => {
  if (kind === 'moved' || kind === 'restructured') return;
  const led = ledBy(to === null ? leads.from[from ?? -1] : leads.to[to]);
  if (led === undefined) return;
  const where = `${quote((after ?? before) as Block)} under "${clip(led.words, 80)}"`;
  note(kind === 'changed' ? 'CONDITION_CHANGED' : termReason(led.name, kind === 'added'), where);
};

const MOST_REASONS = 40;

/**
 * Severity of what differs, each reason once with its first instance, and the topics it is about.
 * @param blocks of both sides; null where nothing was acknowledged before
 */
export const weigh = (
  found: readonly Difference[],
  links: readonly DiffLink[],
  source: PolicySource,
  blocks: { readonly from: readonly Block[]; readonly to: readonly Block[] } | null,
): { severity: Severity; reasons: ClassReason[]; topics: string[] } => {
  const baseline = blocks === null;
  const leads = { from: leadsOf(blocks?.from ?? []), to: leadsOf(blocks?.to ?? []) };
  const notes = new Map<SeverityReason, { detail: string; count: number }>();
  const note: Note = (code, detail) => {
    const before = notes.get(code);
    if (before === undefined) notes.set(code, { detail, count: 1 });
    else before.count += 1;
  };
  const topics = new Set<string>();
  const look = (text: string): void => noteTopics(text, topics);
  if (baseline) note('BASELINE', '');
  for (const one of found) {
    const { kind, before, after } = one;
    if ([before, after].every((block) => block === undefined || isDateLine(block.text))) {
      note('DATES_ONLY', after?.text ?? before?.text ?? '');
      continue;
    }
    if (baseline) {
      look(`${after?.norm ?? ''} ${after?.path.join(' ').toLowerCase() ?? ''}`);
      continue;
    }
    weighListed(one, leads, note);
    if (kind === 'moved' || kind === 'restructured') note('STRUCTURE', quote((after ?? before) as Block));
    else if (before !== undefined && after !== undefined) weighChanged(before, after, note);
    else if (after !== undefined) {
      weighTerms('', after.norm, quote(after), note);
      weighNumbers('', after.norm, quote(after), note);
    } else if (before !== undefined) {
      weighTerms(before.norm, '', quote(before), note);
      weighNumbers(before.norm, '', quote(before), note);
    }
    if (kind !== 'moved' && kind !== 'restructured') note('WORDING', quote((after ?? before) as Block));
    for (const block of [before, after])
      if (block !== undefined) look(`${block.norm} ${block.path.join(' ').toLowerCase()}`);
  }
  for (const link of links)
    // A link in text that came with it is a part of that text.
    if (link.kind === 'retargeted' || (link.kind === 'added' && found.length === 0 && !baseline))
      note(
        'LINK_TARGET',
        `"${clip(link.text, 60)}": ${clip(link.from ?? 'no link', 90)} became ${clip(link.to ?? '', 90)}`,
      );
  const hot = [...topics].filter((tag) => source.topics.length === 0 || source.topics.includes(tag));
  if (!baseline && hot.length > 0) note('TOPIC', hot.join(', '));
  const severity = mostSevere([...notes.keys()].map((code) => SEVERITY_REASONS[code].least));
  if (rank(source.severityFloor) > rank(severity)) note('SEVERITY_FLOOR', source.severityFloor);
  return {
    severity: mostSevere([severity, source.severityFloor]),
    reasons: [...notes]
      .toSorted(([left], [right]) => rank(SEVERITY_REASONS[right].least) - rank(SEVERITY_REASONS[left].least))
      .slice(0, MOST_REASONS)
      .map(([code, { detail, count }]) => ({
        code,
        detail: clip(count === 1 ? detail : `${clip(detail, 270)} (and ${count - 1} more)`, 300),
      })),
    topics: [...topics].toSorted(),
  };
};
