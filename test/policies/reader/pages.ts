import type { PageContent, ReadFailure } from '#shared/policies/content.ts';
import { readPage } from '#shared/policies/read-page.ts';
import { PolicySource, type PolicySourceInput } from '#shared/policies/source.ts';

const URL_OF_PAGE = 'https://example.test/legal/spam';

export const sourceOf = (more: Partial<PolicySourceInput> = {}): PolicySource =>
  PolicySource.parse({ id: 'test-page', url: URL_OF_PAGE, ...more });

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

interface How extends Partial<PolicySourceInput> {
  readonly contentType?: string;
  readonly at?: string;
}

const reading = (page: string | Uint8Array, { contentType, at, ...source }: How) =>
  readPage(typeof page === 'string' ? bytesOf(page) : page, sourceOf(source), {
    url: at ?? URL_OF_PAGE,
    ...(contentType === undefined ? {} : { contentType }),
  });

/** Reads what has to be readable. HTML, unless `format` or `contentType` say otherwise. */
export const read = async (page: string | Uint8Array, how: How = {}): Promise<PageContent> => {
  const result = await reading(
    page,
    how.format === undefined && how.contentType === undefined ? { format: 'html', ...how } : how,
  );
  if (result.kind !== 'read') throw new Error(`${result.code}: ${result.detail}`);
  return result.content;
};

export const failure = async (
  page: string | Uint8Array,
  how: How = {},
): Promise<{ code: ReadFailure; detail: string }> => {
  const result = await reading(
    page,
    how.format === undefined && how.contentType === undefined ? { format: 'html', ...how } : how,
  );
  if (result.kind !== 'unreadable') throw new Error(`it was read: ${result.content.canonical.slice(0, 200)}`);
  return result;
};

/** Kind (with depth) and text of every block, as one line each. */
export const outline = (content: PageContent): string[] =>
  content.blocks.map(
    ({ kind, depth, path, text }) => `${[...path, ''].join(' > ')}${kind}${depth ?? ''}: ${text}`,
  );

/** What decides about a change. */
export const decisive = ({ hashes }: PageContent) => ({
  semantic: hashes.semantic,
  structure: hashes.structure,
  links: hashes.links,
});
