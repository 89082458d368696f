import { sha256 } from '#shared/actions/canonical-json.ts';
import { type Timestamp, timestamp } from '#shared/actions/identity.ts';
import type { Capture } from '#shared/policies/capture.ts';
import { type Block, EXTRACTOR_VERSION, type PageContent } from '#shared/policies/content.ts';
import type { Judgement, Observation, UnusableReason } from '#shared/policies/observation.ts';
import { newSourceState, observe } from '#shared/policies/observe.ts';
import { acknowledge } from '#shared/policies/acknowledge.ts';
import type { Prior } from '#shared/policies/sighting.ts';
import { configHash, PolicySource, type PolicySourceInput } from '#shared/policies/source.ts';
import { type PageState, SourceState } from '#shared/policies/source-state.ts';

/** Monday noon. */
export const NOON = Date.parse('2026-03-02T12:00:00.000Z');
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const CONFIRM_SECONDS = 900;

export const sourceOf = (over: Partial<PolicySourceInput> = {}): PolicySource =>
  PolicySource.parse({ id: 'shop-rules', url: 'https://rules.example.test/policy', ...over });
export const SOURCE = sourceOf();

export interface PageParts {
  /** `# Heading`, `## Heading`, `- item`, `| row`, `> quote`; anything else is a paragraph. */
  readonly lines: readonly string[];
  readonly links?: readonly { readonly text: string; readonly target: string; readonly block?: number }[];
  readonly dateLines?: readonly string[];
  readonly effective?: PageContent['effective'];
  /** Sets bytes, or bytes and Markdown, apart where the text is the same. */
  readonly bytes?: string;
  readonly markup?: string;
  readonly extractor?: string;
  readonly source?: PolicySource;
}

const KINDS: readonly (readonly [RegExp, Block['kind']])[] = [
  [/^#+ /, 'heading'],
  [/^- /, 'item'],
  [/^\| /, 'row'],
  [/^> /, 'quote'],
];

const blocksOf = (lines: readonly string[]): Block[] => {
  let path: string[] = [];
  return lines.map((line) => {
    const [mark, kind] = KINDS.find(([pattern]) => pattern.test(line)) ?? [/^/, 'paragraph' as const];
    const text = line.replace(mark, '');
    const level = line.match(/^#+/)?.[0].length ?? 0;
    if (level > 0) path = path.slice(0, level - 1);
    const block = { kind, path: [...path], text, norm: text.normalize('NFKC').toLowerCase() };
    if (level > 0) path = [...path, text];
    return block;
  });
};

/** What a reader would have read. Independent of the real reader. */
export const pageOf = (parts: PageParts): PageContent => {
  const blocks = blocksOf(parts.lines);
  const links = (parts.links ?? []).map(({ text, target, block }) => ({ text, target, block: block ?? 0 }));
  const norms = blocks.map(({ norm }) => norm).join('\n');
  return {
    schemaVersion: 1,
    extractor: parts.extractor ?? EXTRACTOR_VERSION,
    configHash: configHash(parts.source ?? SOURCE),
    format: 'html',
    title: 'Shop rules',
    declaredLanguage: 'en',
    hashes: {
      raw: sha256(`${parts.bytes ?? ''}${parts.markup ?? ''}${JSON.stringify([parts.lines, links])}`),
      canonical: sha256(`${parts.markup ?? ''}${parts.lines.join('\n')}`),
      semantic: sha256(norms),
      structure: sha256(JSON.stringify(blocks.map(({ kind, path, norm }) => [kind, path, norm]))),
      undated: sha256(norms.replaceAll(/\d{4}-\d{2}-\d{2}/g, 'date')),
      links: sha256(JSON.stringify(links)),
    },
    canonical: parts.lines.join('\n'),
    blocks,
    links,
    dateLines: [...(parts.dateLines ?? [])],
    effective: [...(parts.effective ?? [])],
    replacementCharacters: 0,
    length: norms.length,
    removed: [],
  };
};

const RULES = [
  '# Shop rules',
  'These rules hold for every shop.',
  '## What you may sell',
  '- Goods that you made yourself.',
  '- Goods that you designed.',
  '## What is prohibited',
  '- Weapons are prohibited.',
  '- You must disclose whether an item was made with AI.',
];
/** The rules, with lines replaced by index and others at the end. */
export const rules = (
  changes: Readonly<Record<number, string>> = {},
  more: readonly string[] = [],
  rest: Omit<PageParts, 'lines'> = {},
): PageContent =>
  pageOf({ lines: [...RULES.map((line, index) => changes[index] ?? line), ...more], ...rest });

export const captureAt = (at: number, over: Partial<Capture> = {}): Capture => ({
  schemaVersion: 1,
  source: SOURCE.id,
  slot: timestamp(at),
  reading: 1,
  fetchedAt: timestamp(at),
  fetcher: 'http',
  url: SOURCE.url,
  finalUrl: SOURCE.url,
  chain: [],
  status: 200,
  headers: {},
  rawBytes: 1000,
  notModified: false,
  robots: 'allowed',
  ...over,
});

export interface LookOptions {
  readonly capture?: Partial<Capture>;
  readonly judgement?: Judgement;
  readonly source?: PolicySource;
}

/** One source, looked at: keeps every content that was ever read, as a store does. */
export const monitor = (start: PolicySource = SOURCE) => {
  let source = start;
  let state = newSourceState(source, timestamp(NOON));
  const contents = new Map<string, PageContent>();
  const find = (place: PageState | null): PageContent | undefined => {
    if (place === null) return undefined;
    const { canonical, semantic, structure, links } = place.hashes;
    return contents.get([canonical, semantic, structure, links].join());
  };
  const prior = (): Prior => ({
    acknowledged: find(state.acknowledged),
    current: find(state.current),
    candidate: find(state.candidate),
  });
  const look = (
    at: number,
    content: PageContent | UnusableReason | undefined,
    options: LookOptions = {},
  ): Observation => {
    const page = typeof content === 'string' ? undefined : content;
    const judgement: Judgement =
      options.judgement ??
      (typeof content === 'string'
        ? { usable: false, reason: content, detail: 'said so' }
        : { usable: true });
    const result = observe(
      state,
      {
        source,
        capture: captureAt(at, options.capture),
        judgement,
        ...(page === undefined ? {} : { content: page }),
      },
      prior(),
      { confirmSeconds: CONFIRM_SECONDS },
    );
    if (page !== undefined) {
      const { canonical, semantic, structure, links } = page.hashes;
      contents.set([canonical, semantic, structure, links].join(), page);
    }
    state = SourceState.parse(result.state);
    return result.observation;
  };
  const agree = (at: number, by = 'person:olivia@example.test', supersedes = false) => {
    const { pending } = state;
    if (pending === null) throw new Error('nothing waits');
    const result = acknowledge(
      state,
      {
        changeId: pending.changeId,
        fromSemantic: pending.from?.semantic ?? null,
        toCanonical: pending.to.canonical,
        by,
        at: timestamp(at),
        reason: 'Read it.',
        supersedes,
      },
      source,
    );
    state = SourceState.parse(result.state);
    return result;
  };
  return {
    state: (): SourceState => state,
    setState: (to: SourceState): void => {
      state = to;
    },
    edit: (to: PolicySource): void => {
      source = to;
    },
    prior,
    look,
    agree,
    /** Two looks, 15 minutes apart. */
    twice: (at: number, content: PageContent): Observation => {
      look(at, content);
      return look(at + 15 * MINUTE, content);
    },
  };
};
export type Monitor = ReturnType<typeof monitor>;

/** A source whose baseline was approved at noon. */
export const approved = (content: PageContent = rules(), source: PolicySource = SOURCE): Monitor => {
  const one = monitor(source);
  one.look(NOON, content);
  one.agree(NOON);
  if (one.state().pending !== null) one.agree(NOON, 'person:sam@example.test');
  return one;
};

export const codes = (observation: Observation): string[] => observation.reasons.map(({ code }) => code);
export const at = (time: Timestamp): number => Date.parse(time);
