import { decodeBytes } from './charset.ts';
import type { PageContent, ReadPageResult } from './content.ts';
import { readMarkdown } from './read-markdown.ts';
import { readPdf } from './read-pdf.ts';
import { readText } from './read-text.ts';
import type { PolicySource } from './source.ts';

/** What is known of bytes beside themselves. */
export interface PageHints {
  /** Header, as answered. */
  readonly contentType?: string;
  /** Where the bytes came from, after redirects; relative links stand on it. */
  readonly url: string;
}

type Format = PageContent['format'];

const startsWith = (bytes: Uint8Array, text: string, within = 0): boolean => {
  for (let from = 0; from <= within; from += 1)
    if ([...text].every((character, at) => bytes[from + at] === character.charCodeAt(0))) return true;
  return false;
};

/** By what the source says, then the content type, then the first bytes, then the name in the address. */
const formatOf = (
  bytes: Uint8Array,
  source: PolicySource,
  { contentType, url }: PageHints,
): Format | undefined => {
  // A PDF behind an HTML content type is a PDF; nothing else begins like one.
  if (
    startsWith(bytes, '%PDF-', source.format === 'auto' ? 8 : 1_024) &&
    (source.format === 'auto' || source.format === 'pdf')
  )
    return 'pdf';
  if (source.format !== 'auto') return source.format;
  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'text/html' || type === 'application/xhtml+xml') return 'html';
  if (type === 'text/markdown' || type === 'text/x-markdown') return 'markdown';
  if (type === 'application/pdf' || type === 'application/x-pdf') return 'pdf';
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 2_048));
  if (
    /^[\s\ufeffï»¿]*(?:<!--[\s\S]*?-->\s*)*<(?:!doctype\s+html|html|head|body|title|meta|main|article|div|p|h[1-6])[\s>]/i.test(
      head,
    )
  )
    return 'html';
  const path = URL.parse(url)?.pathname.toLowerCase() ?? url.toLowerCase();
  if (/\.(?:md|markdown)$/.test(path)) return 'markdown';
  if (type.startsWith('text/')) return 'text';
  if (
    /^(?:image|audio|video|font)\//.test(type) ||
    /^application\/(?:zip|gzip|json|javascript|msword|vnd\.)/.test(type)
  )
    return undefined;
  if (path.endsWith('.txt')) return 'text';
  if (/\.html?$/.test(path)) return 'html';
  if (head.includes('\0') && !/^(?:\xff\xfe|\xfe\xff)/.test(head)) return undefined;
  if (/<\/(?:p|div|body|html|li|span|a)>/i.test(head)) return 'html';
  return type === '' || type === 'application/octet-stream' ? 'text' : undefined;
};

/**
 * Reads everything that is compared off the bytes of one capture. The same bytes, source and hints give the same
 * content, always. Never throws for what bytes or selectors hold: what cannot be read is named.
 */
export const readPage = async (
  bytes: Uint8Array,
  source: PolicySource,
  hints: PageHints,
): Promise<ReadPageResult> => {
  const format = formatOf(bytes, source, hints);
  if (format === undefined)
    return {
      kind: 'unreadable',
      code: 'UNSUPPORTED_FORMAT',
      detail: `this is no HTML, Markdown, PDF or text${hints.contentType === undefined ? '' : ` (${hints.contentType.slice(0, 80)})`}`,
    };
  if (format === 'pdf') return readPdf(bytes, source, hints.url);
  const decoded = decodeBytes(bytes, hints.contentType, format === 'html');
  if (decoded.kind === 'unknown')
    return {
      kind: 'unreadable',
      code: 'CHARSET_UNKNOWN',
      detail: `the page declares the charset "${decoded.label.slice(0, 80)}", which is none, and is not UTF-8`,
    };
  if (format === 'html') {
    // 0.5 MB of parsers that a page without changes, a failed fetch and other formats do without.
    const { readHtml } = await import('./read-html.ts');
    return readHtml(bytes, decoded.text, source, hints.url);
  }
  if (format === 'markdown') return readMarkdown(bytes, decoded.text, source, hints.url);
  return readText(bytes, decoded.text, source, hints.url);
};
