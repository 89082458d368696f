/** Deepest nesting of arrays and objects that is accepted. */
export const MAX_JSON_DEPTH = 64;

const POLLUTING_NAMES = new Set(['__proto__', 'constructor', 'prototype']);
const WHITESPACE = /[\t\n\r ]*/y;
const NUMBER = /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
// oxlint-disable-next-line no-control-regex -- control characters are exactly what a JSON string may not hold
const PLAIN_CHARACTERS = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Text that is not JSON, or JSON that two readers could understand differently. `path` says where. */
export class StrictJsonError extends Error {
  override readonly name = 'StrictJsonError';
  /** As `payload.items[2].qty`; empty for the document itself. */
  readonly path: string;
  constructor(what: string, path: string) {
    super(path === '' ? what : `${what}, at ${path}`);
    this.path = path;
  }
}

type Step = string | number;

const showPath = (steps: readonly Step[]): string => {
  let text = '';
  for (const step of steps) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += `${text === '' ? '' : '.'}${step.length > 60 ? `${step.slice(0, 60)}…` : step}`;
  }
  return (text.length > 200 ? `${text.slice(0, 200)}…` : text).toWellFormed();
};

/** Of an unsigned literal: digits without leading and trailing zeros, and the power of ten of the last one: equal for equal values. */
const decimal = (literal: string): string => {
  const [mantissa = '', exponent = '0'] = literal
    .toLowerCase()
    .replace('-', '')
    .split(/e(?!\w*e)/);
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${significant}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length)}`;
};

/** A double prints as the shortest text that reads back as itself, so a longer literal has lost something. */
const decimalOf = (value: number): string => {
  const [mantissa = '', exponent = '0'] = Math.abs(value).toString().split('e');
  return decimal(`${mantissa}e${exponent.replace('+', '')}`);
};

class Reader {
  readonly #text: string;
  #at = 0;
  readonly #steps: Step[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    this.#skip();
    const value = this.#value();
    this.#skip();
    if (this.#at < this.#text.length) this.#fail('text after the end of the document');
    return value;
  }

  #fail(what: string): never {
    throw new StrictJsonError(what, showPath(this.#steps));
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #skip(): void {
    this.#match(WHITESPACE);
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #value(): unknown {
    const first = this.#text[this.#at];
    if ((first === '{' || first === '[') && this.#steps.length >= MAX_JSON_DEPTH)
      this.#fail(`nested deeper than ${MAX_JSON_DEPTH}`);
    switch (first) {
      case '{':
        return this.#object();
      case '[':
        return this.#array();
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      case undefined:
        return this.#fail('the text ends too early');
      default:
        return this.#number();
    }
  }

  #word<Value>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#at)) this.#fail('not a JSON value');
    this.#at += word.length;
    return value;
  }

  #number(): number {
    const literal = this.#match(NUMBER);
    if (literal === '') this.#fail('not a JSON value');
    const value = Number(literal);
    if (!Number.isFinite(value))
      this.#fail(`the number ${literal.slice(0, 40)} is too large; send it as a string`);
    const isInteger = /^-?[0-9]+$/.test(literal);
    if (
      isInteger
        ? !Number.isSafeInteger(value)
        : literal.length > 400 || decimal(literal.replace(/^-/, '')) !== decimalOf(value)
    )
      this.#fail(`the number ${literal.slice(0, 40)} would lose precision; send it as a string`);
    return value;
  }

  #string(): string {
    this.#at += 1;
    let value = '';
    for (;;) {
      value += this.#match(PLAIN_CHARACTERS);
      if (this.#take('"')) break;
      if (!this.#take('\\')) {
        this.#fail(
          this.#at < this.#text.length ? 'a control character in a string' : 'the text ends in a string',
        );
      }
      value += this.#escape();
    }
    if (!value.isWellFormed()) this.#fail('a string with half of a surrogate pair');
    return value;
  }

  #escape(): string {
    const letter = this.#text[this.#at] ?? '';
    this.#at += 1;
    if (letter === 'u') {
      const hex = this.#text.slice(this.#at, this.#at + 4);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.#fail('a broken \\u escape');
      this.#at += 4;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    return Object.hasOwn(ESCAPES, letter)
      ? (ESCAPES[letter] as string)
      : this.#fail('an escape that JSON does not have');
  }

  #array(): unknown[] {
    this.#at += 1;
    const items: unknown[] = [];
    this.#skip();
    if (this.#take(']')) return items;
    for (;;) {
      this.#steps.push(items.length);
      this.#skip();
      items.push(this.#value());
      this.#skip();
      this.#steps.pop();
      if (this.#take(']')) return items;
      if (!this.#take(',')) this.#fail('"," or "]" is missing in an array');
    }
  }

  #object(): Record<string, unknown> {
    this.#at += 1;
    const members: Record<string, unknown> = {};
    this.#skip();
    if (this.#take('}')) return members;
    for (;;) {
      this.#skip();
      if (this.#text[this.#at] !== '"') this.#fail('a name in double quotes is missing in an object');
      const name = this.#string();
      this.#steps.push(name);
      if (POLLUTING_NAMES.has(name)) this.#fail('a name that is not allowed');
      if (Object.hasOwn(members, name)) this.#fail('the same name twice');
      this.#skip();
      if (!this.#take(':')) this.#fail('":" is missing after a name');
      this.#skip();
      members[name] = this.#value();
      this.#skip();
      this.#steps.pop();
      if (this.#take('}')) return members;
      if (!this.#take(',')) this.#fail('"," or "}" is missing in an object');
    }
  }
}

/**
 * Reads JSON text as RFC 8259 has it, and refuses what readers disagree about: a name twice in one object,
 * half a surrogate pair, a number that a double cannot hold, the names that reach an object's prototype, and
 * nesting deeper than 64. What it accepts is equal to what `JSON.parse` gives.
 * @throws StrictJsonError that names the path.
 */
export const parseStrictJson = (text: string): unknown => new Reader(text).document();
