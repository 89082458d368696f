/** Where the decoding of a page was decided. */
export type CharsetSource = 'bom' | 'header' | 'meta' | 'bytes';

export type Decoded =
  | { readonly kind: 'text'; readonly text: string; readonly charset: string; readonly by: CharsetSource }
  | { readonly kind: 'unknown'; readonly label: string };

/** Bytes that are searched for a `<meta>`; the standard asks for 1,024, real pages put scripts before it. */
const PRESCAN_BYTES = 16_384;

const BOMS = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
] as const;

const decoderOf = (label: string) => {
  try {
    return new TextDecoder(label);
  } catch {
    return undefined;
  }
};

const labelInHeader = (contentType: string | undefined): string | undefined =>
  /;\s*charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;]+))/i
    .exec(contentType ?? '')
    ?.slice(1)
    .find((label) => label !== undefined)
    ?.trim();

/** `charset` of the first `<meta>` that names one, comments skipped (HTML standard, prescan). */
const labelInMeta = (bytes: Uint8Array): string | undefined => {
  const head = new TextDecoder('latin1')
    .decode(bytes.subarray(0, PRESCAN_BYTES))
    .replace(/<!--.*?(?:-->|$)/gs, '');
  for (const [, attributes = ''] of head.matchAll(/<meta[\s/]([^>]*)>/gi)) {
    const direct = /(?:^|[\s"'/])charset\s*=\s*["']?\s*([^\s"'/>;]+)/i.exec(attributes)?.[1];
    if (direct !== undefined) return direct;
  }
  return undefined;
};

interface Utf8Shape {
  /** Well-formed sequences of more than one byte. */
  readonly sequences: number;
  /** Bytes that belong to none. */
  readonly broken: number;
}

/** How much a text looks like UTF-8; a sequence cut at the end is no fault of a text that has whole ones. */
const utf8Shape = (bytes: Uint8Array): Utf8Shape => {
  let sequences = 0;
  let broken = 0;
  let cut = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const lead = bytes[at] ?? 0;
    if (lead < 0x80) continue;
    const length = lead >= 0xf0 && lead <= 0xf4 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc2 ? 1 : 0;
    let followed = 0;
    while (followed < length && ((bytes[at + 1 + followed] ?? 0) & 0xc0) === 0x80) followed += 1;
    if (length > 0 && lead <= 0xf4 && followed === length) sequences += 1;
    else if (at + 1 + followed < bytes.length || length === 0) broken += 1;
    else cut = 1;
    at += followed;
  }
  return { sequences, broken: sequences === 0 ? broken + cut : broken };
};

/**
 * Text of a page as a browser would decode it: byte order mark, then the header, then `<meta>`, then what the bytes
 * look like. Two lies are seen through: a legacy charset declared over well-formed UTF-8 is read as UTF-8; and UTF-8
 * with a broken byte stays UTF-8, so that the broken byte shows as U+FFFD and not as a page of wrong letters.
 * @param contentType value of the header, where there is one
 * @param meta whether the bytes are HTML and may declare a charset in it
 */
export const decodeBytes = (bytes: Uint8Array, contentType: string | undefined, meta: boolean): Decoded => {
  for (const [charset, mark] of BOMS)
    if (mark.every((byte, at) => bytes[at] === byte))
      return { kind: 'text', text: new TextDecoder(charset).decode(bytes), charset, by: 'bom' };
  let shape: Utf8Shape | undefined;
  const looks = (): Utf8Shape => (shape ??= utf8Shape(bytes));
  const utf8 = (by: CharsetSource): Decoded => ({
    kind: 'text',
    text: new TextDecoder().decode(bytes),
    charset: 'utf-8',
    by,
  });
  let unknown: string | undefined;
  const declarations = [
    ['header', labelInHeader(contentType)],
    ['meta', meta ? labelInMeta(bytes) : undefined],
  ] as const;
  for (const [by, label] of declarations) {
    if (label === undefined || label === '') continue;
    const decoder = decoderOf(label);
    if (decoder === undefined) {
      unknown ??= label;
      continue;
    }
    // A <meta> that could be read as ASCII cannot stand in UTF-16.
    const charset = by === 'meta' && decoder.encoding.startsWith('utf-16') ? 'utf-8' : decoder.encoding;
    if (charset === 'utf-8') return utf8(by);
    if (!charset.startsWith('utf-16') && looks().sequences > 0 && looks().broken === 0) return utf8('bytes');
    return { kind: 'text', text: decoder.decode(bytes), charset, by };
  }
  if (looks().broken === 0 || looks().sequences > looks().broken) return utf8('bytes');
  if (unknown !== undefined) return { kind: 'unknown', label: unknown };
  return {
    kind: 'text',
    text: new TextDecoder('windows-1252').decode(bytes),
    charset: 'windows-1252',
    by: 'bytes',
  };
};
