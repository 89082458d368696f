import type { PolicyChangeView } from './policy-view.ts';
import { PolicyDiff } from './policy-diff.ts';
import type { ReadContent, ReadDiff } from './ports.ts';
import type { SourceRecord } from './source.ts';
import { isBaseline, type SourceState } from './source-state.ts';

export interface ReadChangeViewDeps {
  readonly readDiff: ReadDiff;
  readonly readContent: ReadContent;
}

/** The most characters of a baseline that are shown; an answer of a function has at most 6 MB. */
export const MOST_TEXT = 400_000;

/**
 * What waits for a person, with the diff; where it is a baseline, with the extracted text, and with the diff to what
 * was acknowledged before the source was edited.
 */
export const readChangeView = async (
  { source }: SourceRecord,
  state: SourceState | undefined,
  deps: ReadChangeViewDeps,
): Promise<PolicyChangeView> => {
  const change = state?.pending ?? null;
  const nothing = {
    source: source.id,
    title: source.title ?? source.id,
    url: source.url,
    critical: source.critical,
    change,
    diff: null,
    text: null,
    textCut: false,
  };
  if (change === null || state === undefined) return nothing;
  const { configHash, extractor } = state;
  const [stored, content] = await Promise.all([
    deps.readDiff(change.changeId, 'json'),
    isBaseline(change) ? deps.readContent({ hashes: change.to, configHash, extractor }) : undefined,
  ]);
  const text = content?.canonical;
  const diff = stored === undefined ? null : PolicyDiff.parse(JSON.parse(stored));
  return {
    ...nothing,
    // Against nothing everything is new: the text says it better.
    diff: diff?.from === null ? null : diff,
    text: text?.slice(0, MOST_TEXT) ?? null,
    textCut: (text?.length ?? 0) > MOST_TEXT,
  };
};
