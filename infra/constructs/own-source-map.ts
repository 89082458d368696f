const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const CONTINUES = 32;

/** The numbers of one segment, base 64 VLQ: sign in the lowest bit, five bits in a digit. */
const decode = (segment: string): number[] => {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const digit of segment) {
    const bits = DIGITS.indexOf(digit);
    value |= (bits & 31) << shift;
    shift += 5;
    if (bits >= CONTINUES) continue;
    numbers.push((value & 1) === 1 ? -(value >> 1) : value >> 1);
    value = 0;
    shift = 0;
  }
  return numbers;
};

const encode = (numbers: readonly number[]): string =>
  numbers
    .map((number) => {
      let left = number < 0 ? (-number << 1) | 1 : number << 1;
      let digits = '';
      do {
        const bits = left & 31;
        left >>= 5;
        digits += DIGITS[left > 0 ? bits | CONTINUES : bits];
      } while (left > 0);
      return digits;
    })
    .join('');

interface SourceMap {
  readonly sources: readonly string[];
  readonly names: readonly string[];
  readonly mappings: string;
}

/** Index of each kept entry of a list among the kept ones. */
const kept = <Entry>(entries: readonly Entry[], keep: (entry: Entry, index: number) => boolean) => {
  const list: Entry[] = [];
  const indexOf = new Map<number, number>();
  entries.forEach((entry, index) => {
    if (keep(entry, index)) indexOf.set(index, list.push(entry) - 1);
  });
  return { list, indexOf };
};

/**
 * The part of a bundle's source map that speaks of our own files. Node reads the whole map when a function starts, and
 * nine tenths of it are libraries; a frame in a library then shows its place in the bundle.
 * @param text version 3, as esbuild writes it: without sections and sources' contents
 */
export const ownSourceMap = (text: string): string => {
  const map = JSON.parse(text) as SourceMap;
  const sources = kept(map.sources, (source) => !source.includes('node_modules/'));
  let [source, line, column, name] = [0, 0, 0, 0];
  const lines = map.mappings.split(';').map((segments) => {
    let generated = 0;
    return segments === ''
      ? []
      : segments.split(',').map((segment) => {
          const [ahead = 0, toSource, toLine = 0, toColumn = 0, toName] = decode(segment);
          generated += ahead;
          source += toSource ?? 0;
          line += toLine;
          column += toColumn;
          name += toName ?? 0;
          const own = toSource === undefined ? undefined : sources.indexOf.get(source);
          return { generated, own, line, column, name: toName === undefined ? undefined : name };
        });
  });
  const used = new Set(lines.flat().flatMap((one) => (one.own === undefined ? [] : (one.name ?? []))));
  const names = kept(map.names, (_name, index) => used.has(index));
  let last = { own: 0, line: 0, column: 0, name: 0 };
  const mappings = lines.map((segments) => {
    let generated = 0;
    let speaks = false;
    const written: string[] = [];
    for (const segment of segments) {
      // One column alone says that what follows is of nobody: else it would count as the segment before it.
      if (segment.own === undefined && !speaks) continue;
      const numbers = [segment.generated - generated];
      generated = segment.generated;
      speaks = segment.own !== undefined;
      if (segment.own !== undefined) {
        const named = segment.name === undefined ? undefined : names.indexOf.get(segment.name);
        const next = {
          own: segment.own,
          line: segment.line,
          column: segment.column,
          name: named ?? last.name,
        };
        numbers.push(next.own - last.own, next.line - last.line, next.column - last.column);
        if (named !== undefined) numbers.push(named - last.name);
        last = next;
      }
      written.push(encode(numbers));
    }
    return written.join(',');
  });
  return JSON.stringify({ ...map, sources: sources.list, names: names.list, mappings: mappings.join(';') });
};
