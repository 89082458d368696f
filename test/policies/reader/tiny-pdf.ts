/** A line of text at a place of a page, in points from the lower left corner. */
export interface Printed {
  readonly text: string;
  readonly x?: number;
  readonly y: number;
  readonly size?: number;
}

const literal = (text: string): string =>
  [...text]
    .map((sign) => {
      const code = sign.charCodeAt(0);
      return code < 32 || code > 126 || '()\\'.includes(sign)
        ? `\\${(code & 0xff).toString(8).padStart(3, '0')}`
        : sign;
    })
    .join('');

/** The smallest PDF that prints these lines in Helvetica, one array of lines for each page. */
export const tinyPdf = (pages: readonly (readonly Printed[])[], title?: string): Uint8Array => {
  const objects: string[] = [];
  const add = (body: string): number => objects.push(body);
  add('<< /Type /Catalog /Pages 2 0 R >>');
  add(
    `<< /Type /Pages /Count ${pages.length} /Kids [${pages.map((_, index) => `${4 + index * 2} 0 R`).join(' ')}] >>`,
  );
  add('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>');
  for (const lines of pages) {
    const stream = lines
      .map(({ text, x = 72, y, size = 11 }) => `BT /F1 ${size} Tf ${x} ${y} Td (${literal(text)}) Tj ET`)
      .join('\n');
    add(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents ${objects.length + 2} 0 R >>`,
    );
    add(`<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`);
  }
  const info = title === undefined ? '' : ` /Info ${add(`<< /Title (${literal(title)}) >>`)} 0 R`;
  let file = '%PDF-1.4\n';
  const offsets = objects.map((body, index) => {
    const at = file.length;
    file += `${index + 1} 0 obj\n${body}\nendobj\n`;
    return at;
  });
  const start = file.length;
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('')}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R${info} >>\nstartxref\n${start}\n%%EOF\n`;
  return Uint8Array.from(file, (sign) => sign.charCodeAt(0));
};

/** Lines under each other from the top of a page. */
export const column = (texts: readonly string[], { top = 700, leading = 14 } = {}): Printed[] =>
  texts.map((text, index) => ({ text, y: top - index * leading }));
