/** Characters of WinAnsi beyond Latin 1 that policy text uses. */
const WIN_ANSI: Readonly<Record<string, number>> = {
  '‘': 0x91,
  '’': 0x92,
  '“': 0x93,
  '”': 0x94,
  '•': 0x95,
  '–': 0x96,
  '—': 0x97,
};
const shown = (text: string): string =>
  [...text]
    .map((character) => {
      const code = WIN_ANSI[character] ?? character.charCodeAt(0);
      if (code > 0xff) return '?';
      return code > 0x7e || '()\\'.includes(character) ? `\\${code.toString(8).padStart(3, '0')}` : character;
    })
    .join('');

const LINES = 44;
const WIDTH = 88;
const HEADING = '# ';

const draw = (line: string): string => {
  const large = line.startsWith(HEADING);
  return `/F1 ${large ? 14 : 10} Tf (${shown(large ? line.slice(HEADING.length) : line)}) Tj T*`;
};

const wrap = (text: string): string[] => {
  if (text.startsWith(HEADING)) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length >= WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
};

const build = (contents: readonly string[], producer: string): Uint8Array => {
  const objects: string[] = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Count ${contents.length} /Kids [${contents.map((_, page) => `${5 + page * 2} 0 R`).join(' ')}] >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
    `<< /Producer (${producer}) >>`,
  ];
  contents.forEach((content, index) => {
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents ${6 + index * 2} 0 R >>`,
      `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    );
  });
  let file = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = file.length;
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const start = file.length;
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')}`;
  file += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R /Info 4 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return new Uint8Array(Buffer.from(file, 'latin1'));
};

/** A PDF with a text layer: Helvetica, one column, a page number at the foot of each page; `# ` begins a heading. */
export const tinyPdf = (paragraphs: readonly string[], producer = 'Writer 1'): Uint8Array => {
  const lines = paragraphs.flatMap((text) => [...wrap(text), '']);
  const count = Math.max(1, Math.ceil(lines.length / LINES));
  return build(
    Array.from({ length: count }, (_, page) =>
      [
        'BT /F1 10 Tf 14 TL 60 760 Td',
        ...lines.slice(page * LINES, (page + 1) * LINES).map(draw),
        'ET',
        `BT /F1 8 Tf 300 40 Td (Page ${page + 1} of ${count}) Tj ET`,
      ].join('\n'),
    ),
    producer,
  );
};

/** A PDF without a text layer, as a scanner makes it. */
export const scannedPdf = (): Uint8Array => build(['q 200 0 0 200 100 400 cm 0 0 1 1 re f Q'], 'Scanner');
