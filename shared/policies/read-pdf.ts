import { assemble } from './assemble.ts';
import type { ReadPageResult } from './content.ts';
import { draftsAsMarkdown } from './draft.ts';
import { linkResolver } from './links.ts';
import { noiseLog } from './noise-log.ts';
import { foldSpace } from './normalise.ts';
import { type PdfLine, pdfBlocks, withoutRunningLines } from './pdf-lines.ts';
import { withinRanges } from './ranges.ts';
import type { PolicySource } from './source.ts';

const MOST_PAGES = 400;

interface TextItem {
  readonly str: string;
  readonly transform: readonly number[];
  readonly width: number;
  readonly hasEOL: boolean;
}

const isTextItem = (item: object): item is TextItem => 'str' in item && 'transform' in item;

/** Joins the runs of a page to lines: a run that starts on another height begins another line. */
const linesOf = (page: number, items: readonly object[]): PdfLine[] => {
  const lines: PdfLine[] = [];
  let text = '';
  let y = 0;
  let size = 0;
  let end = 0;
  const flush = (): void => {
    const shown = foldSpace(text);
    if (shown !== '') lines.push({ page, text: shown, y, size: Math.round(size * 2) / 2 });
    text = '';
    size = 0;
  };
  for (const item of items) {
    if (!isTextItem(item)) continue;
    const [a = 0, b = 0, , , x = 0, own = 0] = item.transform;
    const letters = Math.hypot(a, b);
    if (text !== '' && Math.abs(own - y) > Math.max(letters, size) * 0.5) flush();
    if (item.str !== '') {
      // Producers leave spaces out where a run ends and the next starts further right.
      if (text !== '' && x - end > letters * 0.2 && !/\s$/.test(text)) text += ' ';
      if (text === '') y = own;
      text += item.str;
      size = Math.max(size, letters);
      end = x + item.width;
    }
    if (item.hasEOL) flush();
  }
  flush();
  return lines;
};

/** Reads the text layer of a PDF; one without is a picture, and nothing can be compared of it. */
export const readPdf = async (
  bytes: Uint8Array,
  source: PolicySource,
  url: string,
): Promise<ReadPageResult> => {
  const log = noiseLog();
  const lines: PdfLine[] = [];
  let title = '';
  try {
    const { getDocumentProxy } = await import('unpdf');
    // The parser takes the bytes for itself and refuses a Buffer, whose slice would not be a copy either.
    const document = await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0 });
    try {
      if (document.numPages > MOST_PAGES)
        return {
          kind: 'unreadable',
          code: 'UNSUPPORTED_FORMAT',
          detail: `the PDF has more than ${MOST_PAGES} pages`,
        };
      for (let number = 1; number <= document.numPages; number += 1) {
        const page = await document.getPage(number);
        lines.push(...linesOf(number, (await page.getTextContent()).items));
        page.cleanup();
      }
      const { info } = await document.getMetadata();
      if ('Title' in info && typeof info.Title === 'string') title = foldSpace(info.Title);
    } finally {
      await document.loadingTask.destroy();
    }
  } catch (error) {
    return {
      kind: 'unreadable',
      code: 'PDF_BROKEN',
      detail: `the PDF cannot be read: ${error instanceof Error ? error.message : 'unknown'}`.slice(0, 300),
    };
  }
  if (lines.length === 0)
    return {
      kind: 'unreadable',
      code: 'NO_TEXT_LAYER',
      detail: 'the PDF holds pictures of text and no text',
    };
  const drafts = pdfBlocks(withoutRunningLines(lines, log));
  const within = withinRanges(source, drafts, () => null);
  if (within.kind === 'missed') return { kind: 'unreadable', code: 'RANGE_MISSED', detail: within.detail };
  return assemble(
    bytes,
    source,
    {
      format: 'pdf',
      title,
      drafts,
      canonical: (kept) => draftsAsMarkdown(kept.flatMap((index) => drafts[index] ?? [])),
      ...(within.kind === 'some' ? { within: within.blocks } : {}),
    },
    linkResolver(url, source, log),
    log,
  );
};
