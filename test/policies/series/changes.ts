import type { ChangeClass } from '#shared/policies/observation.ts';
import {
  bullet,
  deeper,
  heading,
  page,
  paragraph,
  row,
  swapBullets,
  swapSections,
  texts,
  token,
  updated,
  withoutBullet,
  withoutParagraph,
  withoutRow,
  withoutSection,
  words,
} from './mutations.ts';
import { html } from './mutations.ts';
import type { Mutation, SeriesCase } from './series.ts';

const AT = 6;
const change = (
  name: string,
  mutations: readonly Mutation[],
  more: Partial<SeriesCase> & { readonly class?: ChangeClass } = {},
): SeriesCase => ({
  name,
  kind: 'change',
  page: (i) => (i >= AT ? mutations : []),
  alerts: [AT],
  ...more,
});
const REPEATED = 'Content that breaks this policy may be removed without notice.';
const B = [words('24 months', '36 months')];
const C = [words('24 months', '48 months')];
const wall = page('Just a moment...', '<p>Enable JavaScript and cookies to continue</p>');
const noisy = (i: number): readonly Mutation[] => [
  html((text) => text.replace('</head>', `<meta name="csrf" content="${token(i, 'x')}"></head>`)),
];
/** Quarantined at first, for it may be half a page; after two days it is what the page says. */
const STAYS = { count: 20, broken: [6, 7, 8, 9], reason: ['SHRINK', 'GROWTH'], alerts: [10] } as const;
const TEXT = ['help centre', 'legal terms', 'marketplace', 'Markdown file'];

/** Every kind of change that people have to see. A miss here is a lost account. */
export const CHANGES: readonly SeriesCase[] = [
  change('one word', [words('must disclose', 'should disclose')], { class: 'text_changed' }),
  change('one letter that makes another word', [words('may suspend', 'will suspend')]),
  change('"not" inserted', [words('Sellers may use tools', 'Sellers may not use tools')], {
    class: 'text_changed',
  }),
  change('"not" taken away', [words('You do not have to disclose', 'You do have to disclose')]),
  change('a new bullet that repeats a sentence of the page', [bullet(1, REPEATED, 2)], {
    class: 'text_changed',
  }),
  change('a new paragraph that repeats a sentence of the page', [
    paragraph(2, 'You can appeal within 14 days.'),
  ]),
  change('a repeated sentence taken away', [withoutParagraph(4, 'Content that breaks')]),
  change('a bullet added', [bullet(1, 'Content in which an automated person gives financial advice.', 3)]),
  change('a bullet removed', [withoutBullet(1, 2)]),
  change('a nested bullet removed', [
    words('footage of a real event or place that was altered.', 'x'),
    texts((text) => (text === 'x' ? 'footage of a real event that was altered.' : text)),
  ]),
  change('a table row added', [row(3, ['Studio', '4 %', '5,000 listings'])]),
  change('a table row removed', [withoutRow(3, 2)]),
  change('one table cell', [words('500 listings', '400 listings')]),
  change('a fee', [words('6.5 %', '7.5 %')]),
  change('a decimal point', [words('6.5 %', '65 %')]),
  change('a price', [words('$ 0.20', '$ 0.25')]),
  change('a currency', [words('$ 0.20', '€ 0.20')]),
  change('days of notice', [words('30 days of notice', '3 days of notice')]),
  change('a percent sign', [words('5 %', '5 $')]),
  change('strikes', [words('three strikes', 'two strikes')]),
  change('"or" for "and"', [words('by automated means and by people', 'by automated means or by people')]),
  change('a question mark', [words('You can appeal within 14 days.', 'You can appeal within 14 days?')]),
  change('a minus before a number', [words('5 %', '-5 %')]),
  change('a link target that becomes another policy', [words('(/legal/fees)', '(/legal/acceptable-use)')], {
    class: 'links_changed',
    on: TEXT,
  }),
  change(
    'a link target on another host',
    [words('(/legal/terms-of-service)', '(https://other.example.test/legal/terms-of-service)')],
    { class: 'links_changed', on: TEXT },
  ),
  change('a link target with another answer number', [words('/answer/14328491', '/answer/14328492')], {
    class: 'links_changed',
    on: TEXT,
  }),
  change('a sentence moved to another section', [
    withoutParagraph(4, 'Content that breaks'),
    paragraph(0, `${REPEATED} Payments that are due to you are paid out after a review.`),
  ]),
  change('a paragraph moved to another section', [
    words('Creators must disclose realistic content', 'MOVED'),
    texts((text) =>
      text.startsWith('MOVED') ? text.replace('MOVED', 'Creators must disclose realistic content') : text,
    ),
    withoutParagraph(3, 'Fees are due'),
    paragraph(
      2,
      'Fees are due on the last day of the month. We may change a fee by giving 30 days of notice, see the [fee policy](/legal/fees).',
    ),
  ]),
  change('bullets in another order', [swapBullets(1, 2)]),
  change('sections in another order', [swapSections(1)]),
  change('a heading renamed', [heading(1, 'What is restricted')], {
    on: ['help centre', 'legal terms', 'Markdown file', 'PDF'],
  }),
  change('a section removed', [withoutSection(4)]),
  change('a list item nested one deeper', [deeper(1, 2)], { on: TEXT }),
  change('the title of the page', [texts((text) => text.replace('Synthetic and prohibited', 'Restricted'))]),
  change('a change without its date line', [words('7 days', '14 days')], { class: 'text_changed' }),
  change(
    'a change with its date line',
    [words('7 days', '14 days'), updated('Last updated: March 4, 2025')],
    { class: 'text_changed' },
  ),
  change(
    'a future-effective notice',
    [paragraph(0, 'The following terms are effective from December 31, 2031.')],
    { class: 'scheduled_change' },
  ),
  change('a text that is retitled "effective until"', [
    texts((text) =>
      text.startsWith('Synthetic and') ? `${text} (effective until December 31, 2031)` : text,
    ),
  ]),
  change('a look-alike letter in a word that is forbidden', [words('Counterfeit', 'Сounterfeit')], {
    on: TEXT,
  }),
  change('a superscript that becomes a number', [words('24 months', '2 months')]),
  change('hidden text that is unfolded and changed', [words('beauty filters', 'any filters')], {
    on: ['marketplace'],
  }),
  change('a change under changing bytes', [...B], {
    page: (i) => [...noisy(i), ...(i >= AT ? B : [])],
    on: TEXT.slice(0, 3),
  }),
  change('a revert after more than 30 days', [...B], {
    count: 90,
    page: (i) => (i >= 6 && i < 76 ? B : []),
    alerts: [6, 76],
  }),
  change(
    'a rewrite to less than half that stays',
    [withoutSection(0), withoutSection(0), withoutSection(2)],
    { ...STAYS, on: ['legal terms', 'Markdown file'] },
  ),
  change(
    'a rewrite to more than double that stays',
    Array.from({ length: 24 }, (_, n) =>
      paragraph(
        4,
        `${n}. Another rule, about things that this policy did not speak of before, such as the way in which sellers send parcels and answer letters.`,
      ),
    ),
    STAYS,
  ),
  change('a change while the page flaps', [...B], {
    count: 24,
    page: (i) => [...(i % 2 === 1 ? [words('7 days', '8 days')] : []), ...(i >= 11 ? B : [])],
    alerts: [11, 12],
  }),
  change('a change right after a wall', [...B], {
    page: (i) => (i === 5 ? [wall] : i > 5 ? B : []),
    alerts: [6],
    broken: [5],
    reason: 'WALL',
  }),
  change('a change right before a wall', [...B], {
    page: (i) => (i === 7 ? [wall] : i >= 6 ? B : []),
    alerts: [6],
    broken: [7],
    reason: 'WALL',
  }),
  change('two changes in a row, each seen once', [], {
    page: (i) => (i < 6 ? [] : i === 6 ? B : C),
    alerts: [6, 7],
  }),
  change('three changes, one a day', [], {
    page: (i) => (i < 4 ? [] : i < 6 ? B : i < 8 ? C : [words('24 months', '60 months')]),
    alerts: [4, 6, 8],
  }),
  change('a change in the last capture', [...B], { page: (i) => (i === 13 ? B : []), alerts: [13] }),
  change('a change in a history with long gaps', [...B], {
    hours: (i) => i * 24 * 20,
    page: (i) =>
      i % 2 === 1 ? [words('24 months', `${24 + i} months`)] : [words('24 months', `${60 + i} months`)],
    alerts: Array.from({ length: 13 }, (_, n) => n + 1),
  }),
];
