import type { PolicySourceInput } from './source.ts';

/** What may be left out below: shared by all pages of one site. */
type Site = Pick<
  PolicySourceInput,
  'provider' | 'format' | 'select' | 'remove' | 'language' | 'region' | 'minLength' | 'maxAgeDays'
>;

/** A help article: its title and text, without the survey and the offer of more help around it. */
const YOUTUBE_HELP: Site = {
  provider: 'youtube',
  format: 'html',
  select: ['section.article-container'],
  remove: ['.article-survey-container', '.need-more-help-container', 'form', 'button'],
  language: 'en',
  region: 'US',
  minLength: 800,
  maxAgeDays: 7,
};

/** A page of the house rules: the main part, without the list of other policies and the choice of country. */
const ETSY_LEGAL: Site = {
  provider: 'etsy',
  format: 'html',
  select: ['#content'],
  remove: ['nav', 'form', 'button', '#locale-overlay', '[role="dialog"]'],
  language: 'en',
  region: 'US',
  minLength: 1_000,
  maxAgeDays: 7,
};

const SHOPIFY_LEGAL: Site = {
  provider: 'shopify',
  format: 'html',
  select: ['main'],
  remove: ['nav', 'form', 'button', '[role="dialog"]'],
  language: 'en',
  region: 'US',
  minLength: 1_000,
  maxAgeDays: 7,
};

const ALPACA_PDF: Site = {
  provider: 'alpaca',
  format: 'pdf',
  language: 'en',
  region: 'US',
  minLength: 1_000,
  maxAgeDays: 7,
};

const ALPACA_LIBRARY = 'https://files.alpaca.markets/disclosures/library';

/**
 * The pages that this product watches from the start (POL-02). URLs and selectors are our own reading of the sites;
 * none was approved by anybody yet, so each begins as `baseline_pending`, and a selector or anchor that does not fit
 * shows as unusable before a person can approve it. Anchors are few and plain: words that the page cannot do without.
 */
export const CURATED_ENTRIES: readonly (PolicySourceInput & {
  readonly title: string;
  readonly kind: string;
})[] = [
  {
    ...YOUTUBE_HELP,
    id: 'youtube-ai-disclosure',
    kind: 'ai-disclosure',
    title: 'YouTube: disclosing the use of AI-generated content',
    url: 'https://support.google.com/youtube/answer/14328491?hl=en',
    anchors: ['disclose', 'content', 'YouTube'],
    severityFloor: 'high',
    critical: true,
    topics: ['ai', 'synthetic', 'disclosure'],
  },
  {
    ...YOUTUBE_HELP,
    id: 'youtube-spam',
    kind: 'spam',
    title: 'YouTube: spam, deceptive practices and scams',
    url: 'https://support.google.com/youtube/answer/2801973?hl=en',
    anchors: ['spam', 'YouTube'],
    severityFloor: 'medium',
    topics: ['ai', 'synthetic', 'spam', 'account'],
  },
  {
    ...YOUTUBE_HELP,
    id: 'youtube-monetization',
    kind: 'monetization',
    title: 'YouTube: channel monetization policies',
    url: 'https://support.google.com/youtube/answer/1311392?hl=en',
    anchors: ['monetiz', 'YouTube'],
    severityFloor: 'high',
    critical: true,
    topics: ['ai', 'synthetic', 'monetization', 'finance'],
  },
  {
    ...YOUTUBE_HELP,
    id: 'youtube-monetization-updates',
    kind: 'change-log',
    title: 'YouTube: updates to monetization policies',
    url: 'https://support.google.com/youtube/answer/10008196?hl=en',
    anchors: ['YouTube'],
    severityFloor: 'info',
    topics: ['ai', 'synthetic', 'monetization', 'finance'],
  },
  {
    ...ETSY_LEGAL,
    id: 'etsy-prohibited-items',
    kind: 'prohibited-items',
    title: 'Etsy: Prohibited Items Policy',
    url: 'https://www.etsy.com/legal/prohibited/',
    anchors: ['prohibited items', 'Etsy'],
    severityFloor: 'high',
    critical: true,
    topics: ['prohibited-items', 'account'],
  },
  {
    ...ETSY_LEGAL,
    id: 'etsy-ip',
    kind: 'intellectual-property',
    title: 'Etsy: Intellectual Property Policy',
    url: 'https://www.etsy.com/legal/ip/',
    anchors: ['intellectual property', 'Etsy'],
    severityFloor: 'medium',
    topics: ['ip', 'account'],
  },
  {
    ...ETSY_LEGAL,
    id: 'etsy-handmade',
    kind: 'handmade',
    title: 'Etsy: Creativity Standards (what was the handmade policy)',
    url: 'https://www.etsy.com/legal/creativity/',
    anchors: ['creativity standards', 'Etsy'],
    severityFloor: 'medium',
    topics: ['handmade', 'ai'],
  },
  {
    ...SHOPIFY_LEGAL,
    id: 'shopify-aup',
    kind: 'prohibited-content',
    title: 'Shopify: Acceptable Use Policy (prohibited content)',
    url: 'https://www.shopify.com/legal/aup',
    anchors: ['acceptable use policy', 'Shopify'],
    severityFloor: 'high',
    critical: true,
    topics: ['prohibited-items', 'ip', 'account'],
  },
  {
    ...SHOPIFY_LEGAL,
    id: 'shopify-terms',
    kind: 'terms',
    title: 'Shopify: Terms of Service',
    url: 'https://www.shopify.com/legal/terms',
    anchors: ['terms of service', 'Shopify'],
    minLength: 5_000,
    severityFloor: 'medium',
    topics: ['finance', 'ip', 'account'],
  },
  {
    ...ALPACA_PDF,
    id: 'alpaca-terms',
    kind: 'terms',
    title: 'Alpaca: Terms and Conditions',
    url: `${ALPACA_LIBRARY}/TermsAndConditions.pdf`,
    anchors: ['Alpaca', 'terms'],
    severityFloor: 'medium',
    topics: ['finance', 'account'],
  },
  {
    ...ALPACA_PDF,
    id: 'alpaca-customer-agreement',
    kind: 'customer-agreement',
    title: 'Alpaca: account application, margin and customer agreement',
    url: `${ALPACA_LIBRARY}/AcctAppMarginAndCustAgmt.pdf`,
    anchors: ['Alpaca', 'agreement'],
    minLength: 5_000,
    severityFloor: 'medium',
    topics: ['finance', 'account'],
  },
  {
    ...ALPACA_PDF,
    id: 'alpaca-fees',
    kind: 'fees',
    title: 'Alpaca: brokerage fee schedule',
    url: `${ALPACA_LIBRARY}/BrokFeeSched.pdf`,
    anchors: ['Alpaca', 'fee'],
    minLength: 300,
    severityFloor: 'medium',
    topics: ['finance'],
  },
];

/** Kinds that tell of rules but are none: watched, never asked for by a gate. */
const NOT_RULES: ReadonlySet<string> = new Set(['change-log', 'fees']);

/** Ids of the curated rules of a provider, in order. Empty where none is curated. */
export const curatedRulesOf = (provider: string): string[] =>
  CURATED_ENTRIES.filter((source) => source.provider === provider && !NOT_RULES.has(source.kind)).map(
    ({ id }) => id,
  );
