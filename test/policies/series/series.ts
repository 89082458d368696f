import type { ReplayCapture } from '#shared/policies/replay.ts';
import type { ChangeClass, UnusableReason } from '#shared/policies/observation.ts';
import type { BasePage } from './bases.ts';
import { ENGLISH, type PolicyDocument } from './document.ts';

/** One thing that is different about a capture. Parts that do not fit a base leave it as it is. */
export interface Mutation {
  readonly document?: (document: PolicyDocument) => PolicyDocument;
  /** Of the finished HTML. */
  readonly html?: (html: string) => string;
  /** Of the finished bytes of any kind. */
  readonly bytes?: (bytes: Uint8Array) => Uint8Array;
  readonly meta?: Pick<ReplayCapture, 'url' | 'status' | 'headers'>;
}

/**
 * A series of captures of one page, two a day. `page` says what is different about capture `i` (0 is the baseline, the
 * same for all). A new case is one line of a table.
 */
export interface SeriesCase {
  readonly name: string;
  readonly kind: 'noise' | 'broken' | 'change';
  readonly page: (i: number) => readonly Mutation[];
  /** Captures; 14 where it says nothing. */
  readonly count?: number;
  /** Only on pages of these kinds; all that it changes where it says nothing. */
  readonly on?: readonly string[];
  /** Captures that have to be unusable, and why. */
  readonly broken?: readonly number[];
  readonly reason?: UnusableReason | readonly UnusableReason[];
  /** Captures that have to alert; of a change the first that differs, where it says nothing. */
  readonly alerts?: readonly number[];
  /** Of the alerting lines. */
  readonly class?: ChangeClass;
  /** Hours after the first capture; 12 per capture where it says nothing. */
  readonly hours?: (i: number) => number;
}

export const START = Date.parse('2025-03-01T00:00:00Z');
const encoder = new TextEncoder();

/** The bytes of a base page under some mutations. */
export const render = (base: BasePage, mutations: readonly Mutation[]): Uint8Array => {
  const document = mutations.reduce((one, { document: change }) => change?.(one) ?? one, ENGLISH);
  const page = base.render(document);
  const text =
    typeof page === 'string' && base.ending === 'html'
      ? mutations.reduce((one, { html: change }) => change?.(one) ?? one, page)
      : page;
  const bytes = typeof text === 'string' ? encoder.encode(text) : text;
  return mutations.reduce((one, { bytes: change }) => change?.(one) ?? one, bytes);
};

const CONTENT_TYPES = {
  html: 'text/html; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  pdf: 'application/pdf',
} as const;

export const countOf = ({ count = 14 }: SeriesCase): number => count;

/** The captures of a case on one base. */
export const capturesOf = (series: SeriesCase, base: BasePage): ReplayCapture[] =>
  Array.from({ length: countOf(series) }, (_, i) => {
    const mutations = series.page(i);
    const meta = Object.assign({}, ...mutations.map(({ meta: one }) => one ?? {})) as Mutation['meta'];
    return {
      name: `${String(i).padStart(4, '0')}.${base.ending}`,
      at: START + (series.hours?.(i) ?? i * 12) * 3_600_000,
      bytes: render(base, mutations),
      ...meta,
      headers: { 'content-type': CONTENT_TYPES[base.ending], ...meta?.headers },
    };
  });

/** Whether a case says anything about a base: some capture of it has other bytes or another answer. */
export const applies = (series: SeriesCase, base: BasePage): boolean => {
  if (series.on !== undefined) return series.on.includes(base.name);
  const plain = Buffer.from(render(base, [])).toString('latin1');
  return capturesOf(series, base).some(
    ({ bytes, url, status }) =>
      url !== undefined || status !== undefined || Buffer.from(bytes).toString('latin1') !== plain,
  );
};
