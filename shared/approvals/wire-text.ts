import type { RenderedRequest } from '../actions/dry-run.ts';

/**
 * Indents JSON text without reading it into values: every token stays as it is, so that large numbers, duplicate
 * keys and escapes are shown as they will be sent. Null where the text is not JSON.
 */
export const indentJson = (text: string): string | null => {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  let out = '';
  let depth = 0;
  const newLine = (): string => `\n${'  '.repeat(depth)}`;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/gs)) {
    if (token === '{' || token === '[') {
      depth += 1;
      out += token + newLine();
    } else if (token === '}' || token === ']') {
      depth -= 1;
      out = /[{[]\s*$/.test(out) ? out.trimEnd() + token : out + newLine() + token;
    } else if (token === ',') out += token + newLine();
    else out += token === ':' ? ': ' : token;
  }
  return out;
};

/** The request line and headers as they go out; authentication is added after this and is not part of the hash. */
export const requestHead = (request: RenderedRequest): string => {
  const headers = Object.entries(request.headers).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [`${request.method} ${request.url}`, ...headers.map(([name, value]) => `${name}: ${value}`)].join(
    '\n',
  );
};
