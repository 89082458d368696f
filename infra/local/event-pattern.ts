/** An event pattern: objects of lists of matchers. Supported: exact values, prefix, suffix, anything-but, exists. */
export interface EventPattern {
  readonly [field: string]: EventPattern | readonly Matcher[];
}

type Matcher = string | number | boolean | null | { readonly [word: string]: unknown };

const WORDS = new Set(['prefix', 'suffix', 'anything-but', 'exists', 'equals-ignore-case']);

/** Checks a pattern once, so that a word that this bus does not know is refused and not silently unmatched. */
export function parsePattern(pattern: unknown, at = 'EventPattern'): EventPattern {
  if (typeof pattern !== 'object' || pattern === null || Array.isArray(pattern)) {
    throw new Error(`${at} is not an object`);
  }
  for (const [field, value] of Object.entries(pattern)) {
    if (field === '$or') throw new Error(`NotImplemented: ${at} uses $or`);
    if (!Array.isArray(value)) {
      parsePattern(value, `${at}.${field}`);
      continue;
    }
    if (value.length === 0) throw new Error(`${at}.${field} is empty`);
    for (const matcher of value) checkMatcher(matcher, `${at}.${field}`);
  }
  return pattern as EventPattern;
}

function checkMatcher(matcher: unknown, at: string): void {
  if (typeof matcher !== 'object' || matcher === null) return;
  const words = Object.entries(matcher);
  const [word, argument] = words[0] ?? [];
  if (words.length !== 1 || word === undefined || !WORDS.has(word)) {
    throw new Error(`NotImplemented: ${at} uses ${words.map(([name]) => name).join(', ')}`);
  }
  if (word !== 'anything-but') return;
  for (const one of Array.isArray(argument) ? argument : [argument]) checkMatcher(one, at);
}

/** A field of the event may hold a list: then one matching element is enough. */
export function matchesPattern(pattern: EventPattern, event: unknown): boolean {
  const fields = typeof event === 'object' && event !== null ? (event as Record<string, unknown>) : {};
  return Object.entries(pattern).every(([field, rule]) => {
    const value = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (!isList(rule)) {
      return Array.isArray(value)
        ? value.some((one) => matchesPattern(rule, one))
        : matchesPattern(rule, value);
    }
    return rule.some((matcher) => matches(matcher, value));
  });
}

const isList = (rule: EventPattern | readonly Matcher[]): rule is readonly Matcher[] => Array.isArray(rule);

function matches(matcher: Matcher, value: unknown): boolean {
  if (typeof matcher === 'object' && matcher !== null && 'exists' in matcher) {
    return (value !== undefined) === matcher['exists'];
  }
  if (value === undefined) return false;
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.some((one) => matchesOne(matcher, one));
}

function matchesOne(matcher: Matcher, value: unknown): boolean {
  if (typeof matcher !== 'object' || matcher === null) return matcher === value;
  const [word, argument] = Object.entries(matcher)[0] ?? ['', undefined];
  const text = typeof value === 'string' ? value : undefined;
  switch (word) {
    case 'prefix':
      return text !== undefined && text.startsWith(String(argument));
    case 'suffix':
      return text !== undefined && text.endsWith(String(argument));
    case 'equals-ignore-case':
      return text !== undefined && text.toLowerCase() === String(argument).toLowerCase();
    case 'anything-but':
      return !(Array.isArray(argument) ? argument : [argument]).some((one) =>
        matchesOne(one as Matcher, value),
      );
    default:
      return false;
  }
}
