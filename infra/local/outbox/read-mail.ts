/** One header line, unfolded; names are lower case. */
export interface MailHeader {
  readonly name: string;
  readonly value: string;
}

/** What the outbox page shows of a message. */
export interface ReadMail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly date: string;
  readonly text: string | undefined;
  readonly html: string | undefined;
}

const MAX_DEPTH = 8;

/** Splits a part into its headers and its body; the first empty line is the border. */
export const splitMail = (raw: Buffer): { headers: MailHeader[]; body: Buffer } => {
  const windows = raw.indexOf('\r\n\r\n');
  const unix = raw.indexOf('\n\n');
  const useUnix = unix !== -1 && (windows === -1 || unix < windows);
  const end = useUnix ? unix : windows;
  const head = raw.toString('utf8', 0, end === -1 ? raw.length : end);
  const headers = head
    .replaceAll(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/)
    .flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 1
        ? []
        : [{ name: line.slice(0, colon).trim().toLowerCase(), value: line.slice(colon + 1).trim() }];
    });
  return { headers, body: end === -1 ? Buffer.alloc(0) : raw.subarray(end + (useUnix ? 2 : 4)) };
};

/** First value of a header, or the empty text. */
export const headerOf = (headers: readonly MailHeader[], name: string): string =>
  headers.find((header) => header.name === name)?.value ?? '';

const decodeText = (bytes: Buffer, charset: string): string => {
  try {
    return new TextDecoder(charset === '' ? 'utf-8' : charset).decode(bytes);
  } catch {
    return bytes.toString('utf8');
  }
};

const unescapeBytes = (text: string): Buffer =>
  Buffer.from(
    text.replaceAll(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );

/** Quoted-printable of a body: soft line breaks and padding at line ends are no content. */
const unquote = (text: string): Buffer =>
  unescapeBytes(text.replaceAll(/[ \t]+(?=\r?\n|$)/g, '').replaceAll(/=\r?\n/g, ''));

/** Decodes the encoded words of RFC 2047 in a header value. */
export const decodeHeader = (value: string): string =>
  value
    .replaceAll(/(=\?[^?]+\?[bq]\?[^?]*\?=)\s+(?==\?)/gi, '$1')
    .replaceAll(
      /=\?([^?*]+)(?:\*[^?]*)?\?([bq])\?([^?]*)\?=/gi,
      (_, charset: string, kind: string, data: string) =>
        decodeText(
          kind.toLowerCase() === 'b' ? Buffer.from(data, 'base64') : unescapeBytes(data.replaceAll('_', ' ')),
          charset,
        ),
    );

const parameter = (contentType: string, name: string): string =>
  new RegExp(`;\\s*${name}="?([^";]+)"?`, 'i').exec(contentType)?.[1]?.trim() ?? '';

const decodeBody = (headers: readonly MailHeader[], body: Buffer): string => {
  const encoding = headerOf(headers, 'content-transfer-encoding').toLowerCase();
  const bytes =
    encoding === 'base64'
      ? Buffer.from(body.toString('latin1'), 'base64')
      : encoding === 'quoted-printable'
        ? unquote(body.toString('latin1'))
        : body;
  return decodeText(bytes, parameter(headerOf(headers, 'content-type'), 'charset'));
};

const partsOf = (body: Buffer, boundary: string): Buffer[] => {
  // Latin-1 keeps every byte, so the parts can be turned back into what they were.
  const pieces = body
    .toString('latin1')
    .split(
      new RegExp(`(?:^|\\r?\\n)--${boundary.replaceAll(/[^A-Za-z0-9]/g, '\\$&')}(?:--)?[ \\t]*(?=\\r?\\n|$)`),
    );
  return pieces.slice(1, -1).map((piece) => Buffer.from(piece.replace(/^\r?\n/, ''), 'latin1'));
};

const bodies = (raw: Buffer, depth = 0): { text?: string; html?: string } => {
  const { headers, body } = splitMail(raw);
  const type = headerOf(headers, 'content-type') || 'text/plain';
  if (/^multipart\//i.test(type)) {
    const boundary = parameter(type, 'boundary');
    if (boundary === '' || depth >= MAX_DEPTH) return {};
    return partsOf(body, boundary).reduce<{ text?: string; html?: string }>(
      (found, part) => ({ ...bodies(part, depth + 1), ...found }),
      {},
    );
  }
  if (/^attachment/i.test(headerOf(headers, 'content-disposition'))) return {};
  if (/^text\/html/i.test(type)) return { html: decodeBody(headers, body) };
  return /^text\/plain/i.test(type) ? { text: decodeBody(headers, body) } : {};
};

/** Reads an .eml file: the headers a person wants to see and the first text and HTML bodies. */
export const readMail = (raw: Buffer): ReadMail => {
  const { headers } = splitMail(raw);
  const { text, html } = bodies(raw);
  return {
    from: decodeHeader(headerOf(headers, 'from')),
    to: decodeHeader(headerOf(headers, 'x-envelope-to') || headerOf(headers, 'to')),
    subject: decodeHeader(headerOf(headers, 'subject')),
    date: headerOf(headers, 'date'),
    text,
    html,
  };
};
