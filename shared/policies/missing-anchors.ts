import type { PageContent } from './content.ts';
import { normalise } from './normalise.ts';
import type { PolicySource } from './source.ts';

/** Anchor phrases that are not on the page, compared as blocks are; a phrase may run over several blocks. */
export const missingAnchors = (source: Pick<PolicySource, 'anchors'>, content: PageContent): string[] => {
  if (source.anchors.length === 0) return [];
  // Filters may have masked a phrase in the norms, so what a reader sees counts too.
  const norms = content.blocks.map(({ norm }) => norm).join(' ');
  let shown: string | undefined;
  return source.anchors.filter((anchor) => {
    const phrase = normalise(anchor);
    if (phrase === '' || norms.includes(phrase)) return false;
    shown ??= normalise(`${content.title} ${content.blocks.map(({ text }) => text).join(' ')}`);
    return !shown.includes(phrase);
  });
};
