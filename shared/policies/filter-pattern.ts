/** One character of a pattern, as far as the cost of running it goes. */
interface Atom {
  /** Its own source, for a group all of it. */
  readonly source: string;
  readonly group: boolean;
  /** It may be left out. */
  readonly optional: boolean;
  /** It may match more or less: without a bound, or a few characters. */
  readonly repeats: 'no' | 'few' | 'many';
}

/** A count that may vary by no more than this multiplies the time, and is no loop. */
const FEW = 3;
/** So many of those may follow each other. */
const MOST_FEW = 6;
const QUANTIFIER = /^(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})\??/;
const SAMPLES = ['a', 'Z', '0', '_', ' ', '-', '.', ',', 'é', '中'];
const ONE =
  /^(?:\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[a-zA-Z]|.)|\[(?:\\.|[^\]\\])*\]|[^()[\]|])/su;

/** The atoms of a pattern in order, groups opened unless they repeat; a string says why the pattern is refused. */
const atomsOf = (pattern: string): Atom[] | string => {
  const atoms: Atom[] = [];
  /** Where a group began among the atoms, and whether it holds alternatives. */
  const open: { at: number; from: number; choice: boolean }[] = [];
  let choice = false;
  for (let at = 0; at < pattern.length;) {
    const rest = pattern.slice(at);
    const start = /^\((?:\?(?:[:=!]|<[=!]|<[^>]*>))?/.exec(rest)?.[0];
    if (start !== undefined) {
      open.push({ at, from: atoms.length, choice });
      choice = false;
      at += start.length;
      continue;
    }
    if (rest.startsWith('|')) {
      choice = true;
      at += 1;
      continue;
    }
    const closing = rest.startsWith(')') ? open.pop() : undefined;
    const source = closing === undefined ? (ONE.exec(rest)?.[0] ?? rest.slice(0, 1)) : ')';
    if (/^\\(?:[1-9]|k<)/.test(source)) return 'refers back to a group';
    at += source.length;
    const quantifier = QUANTIFIER.exec(pattern.slice(at));
    const [sign = '', least, comma, most] = quantifier ?? [];
    at += sign.length;
    const upper =
      sign.startsWith('*') || sign.startsWith('+') || (comma !== undefined && most === '')
        ? Infinity
        : Number((most ?? '') === '' ? (least ?? 1) : most);
    const lower = least === undefined ? (/^[*?]/.test(sign) ? 0 : 1) : Number(least);
    const optional = lower === 0;
    const repeats =
      sign === '?' || sign === '??' || (upper > lower && upper <= FEW)
        ? 'few'
        : upper > lower
          ? 'many'
          : 'no';
    if (closing === undefined) {
      atoms.push({
        source,
        group: false,
        optional: optional || /^(?:[\^$]|\\[bB])$/.test(source),
        repeats,
      });
      continue;
    }
    const inside = atoms.slice(closing.from);
    if (upper > 1 && (choice || inside.some((atom) => atom.repeats !== 'no' || atom.optional)))
      return 'repeats a group that repeats, or that has alternatives, inside';
    if (upper > 1)
      atoms.splice(closing.from, inside.length, {
        source: pattern.slice(closing.at, at - sign.length),
        group: true,
        optional,
        repeats,
      });
    else if (choice || optional)
      atoms.splice(closing.from, inside.length, ...inside.map((atom) => ({ ...atom, optional: true })));
    choice = closing.choice;
  }
  return choice ? atoms.map((atom) => ({ ...atom, optional: true })) : atoms;
};

/** How many repeats of a sort can fight for the same characters: the degree of the time that it takes. */
const degreeOf = (atoms: readonly Atom[], sort: readonly Atom['repeats'][]): number => {
  const samples = [
    ...SAMPLES,
    ...atoms.flatMap(({ source, group }) => (group || source.length > 1 ? [] : [source])),
  ];
  const taken = atoms.map(({ source, group }) => {
    // A group may begin and end with anything that is in it.
    if (group) return new Set(samples);
    try {
      const expression = new RegExp(`^${source}$`, 'iu');
      return new Set(samples.filter((sample) => expression.test(sample)));
    } catch {
      return new Set(samples);
    }
  });
  const meet = (left: number, right: number): boolean => {
    const other = taken[right];
    return [...(taken[left] ?? [])].some((sample) => other?.has(sample) === true);
  };
  const chains: number[] = [];
  let most = 0;
  for (const [right, atom] of atoms.entries()) {
    chains.push(0);
    if (!sort.includes(atom.repeats)) continue;
    chains[right] = 1;
    for (let left = right - 1; left >= 0; left -= 1) {
      if (chains[left] !== 0 && meet(left, right)) {
        const between = Array.from({ length: right - left - 1 }, (_, index) => left + 1 + index).filter(
          (index) => atoms[index]?.optional === false,
        );
        if (between.every((index) => meet(index, left) && meet(index, right)))
          chains[right] = Math.max(chains[right] ?? 1, (chains[left] ?? 0) + 1);
      }
    }
    most = Math.max(most, chains[right] ?? 0);
  }
  return most;
};

/**
 * The expression of a filter, or why it is refused. Page text is not ours: a pattern is taken only where the time that
 * it needs is bounded by the square of the length of a block.
 * @param whole it has to match a whole block; otherwise it is searched for in it
 */
export const compilePattern = (matching: string, whole: boolean): RegExp | string => {
  let expression: RegExp;
  try {
    expression = new RegExp(whole ? `^(?:${matching})$` : matching, whole ? 'iu' : 'giu');
  } catch (error) {
    return `the filter /${matching}/ is no regular expression; escape what is meant as it stands: ${error instanceof Error ? error.message : ''}`.slice(
      0,
      300,
    );
  }
  const atoms = atomsOf(matching);
  if (typeof atoms === 'string') return `the filter /${matching}/ ${atoms}; write it without`;
  return degreeOf(atoms, ['many']) > (whole ? 2 : 1) || degreeOf(atoms, ['few', 'many']) > MOST_FEW
    ? `the filter /${matching}/ could run for ever: ${whole ? 'more than two repeats' : 'two repeats'} can match the same characters; put something between them that they cannot match`
    : expression;
};
