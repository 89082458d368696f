import { describe, expect, test } from 'vitest';
import { canonicalJson } from '#shared/actions/canonical-json.ts';
import { EFFECT_TYPES, type EffectType } from '#shared/actions/effects.ts';
import { EndpointDefinition, ProjectConfig } from '#shared/governance/project-config.ts';
import { describeOperations } from '#shared/providers/catalogue.ts';
import { requiredSources } from '#shared/policies/required-sources.ts';
import { definition, dryRun, effect, projectConfig } from '../governance/facts.ts';

const ETSY = ['etsy-handmade', 'etsy-ip', 'etsy-prohibited-items'];
const YOUTUBE = ['youtube-ai-disclosure', 'youtube-monetization', 'youtube-spam'];
const SHOPIFY = ['shopify-aup', 'shopify-terms'];

interface Asked {
  readonly operation?: string;
  readonly effects: readonly EffectType[];
  readonly url?: string;
  readonly method?: 'GET' | 'POST';
  readonly project?: Partial<ProjectConfig>;
}
const requiredBy = ({ operation = 'http/request', effects, url, method = 'POST', project }: Asked) => {
  const config = projectConfig(project);
  const run = dryRun(
    { operation, effects: effects.map((type) => effect(type)) },
    { method, url: url ?? 'https://api.example.test/listings' },
    config,
  );
  return requiredSources({ dryRun: run, project: config });
};
const listings = (more: Partial<EndpointDefinition> = {}): EndpointDefinition =>
  definition({
    name: 'listings',
    methods: ['POST'],
    pathPrefix: '/listings',
    effects: ['list'],
    reversibility: 'reversible',
    ...more,
  });
const declaring = (operation: string, ...sources: string[]): Partial<ProjectConfig> => ({
  settings: { ...projectConfig().settings, policySources: [{ operation, sources }] },
});

describe('which policies an action requires', () => {
  test.each([
    ['youtube/video.publish', 'publish', YOUTUBE],
    ['etsy/listing.create', 'list', ETSY],
    ['shopify/product.publish', 'publish', SHOPIFY],
  ] as const)('%s requires every curated rule of its provider', (operation, type, sources) => {
    expect(requiredBy({ operation, effects: [type] })).toEqual(sources);
    expect(requiredBy({ operation, effects: ['write', type] })).toEqual(sources);
  });

  test('a provider without curated rules requires a source that nobody has, so the gate refuses', () => {
    expect(requiredBy({ operation: 'newmarket/listing.create', effects: ['list'] })).toEqual([
      'newmarket-policies',
    ]);
  });

  test('reads require nothing, whatever was declared (POL-09)', () => {
    const project = declaring('http/*', 'etsy-ip');
    expect(requiredBy({ effects: ['read'], method: 'GET', project })).toEqual([]);
    expect(requiredBy({ operation: 'etsy/listing.read', effects: ['read'] })).toEqual([]);
  });

  test('other effects of a provider require what the project declares, and nothing by themselves', () => {
    for (const type of EFFECT_TYPES.filter((name) => name !== 'publish' && name !== 'list'))
      expect(requiredBy({ operation: 'alpaca/order.submit', effects: [type] })).toEqual([]);
    const declared = declaring('alpaca/order.submit', 'alpaca-terms', 'alpaca-customer-agreement');
    expect(requiredBy({ operation: 'alpaca/order.submit', effects: ['trade'], project: declared })).toEqual([
      'alpaca-customer-agreement',
      'alpaca-terms',
    ]);
    expect(requiredBy({ operation: 'alpaca/order.cancel', effects: ['trade'], project: declared })).toEqual(
      [],
    );
    expect(
      requiredBy({
        operation: 'alpaca/order.cancel',
        effects: ['trade'],
        project: declaring('alpaca/*', 'alpaca-terms'),
      }),
    ).toEqual(['alpaca-terms']);
    expect(
      requiredBy({
        operation: 'alpacas/order.submit',
        effects: ['trade'],
        project: declaring('alpaca/*', 'alpaca-terms'),
      }),
    ).toEqual([]);
  });
});

describe('which policies a call over http requires', () => {
  test('what its endpoint declares, beside what the project does, each once and sorted', () => {
    const project = {
      ...declaring('http/request', 'shop-terms', 'shop-ip'),
      endpoints: [listings({ policySources: ['shop-terms', 'shop-fees'] })],
    };
    expect(requiredBy({ effects: ['list'], project })).toEqual(['shop-fees', 'shop-ip', 'shop-terms']);
    expect(requiredBy({ effects: ['list'], project, url: 'https://api.example.test/other' })).toEqual([
      'shop-ip',
      'shop-terms',
    ]);
  });

  test('a publication to a host that nobody declared anything for requires nothing', () => {
    expect(requiredBy({ effects: ['list'], project: { endpoints: [listings()] } })).toEqual([]);
  });

  test.each([
    ['https://openapi.etsy.com/v3/application/shops/1/listings', ETSY],
    ['https://api.etsy.com/v3/application/shops/1/listings', ETSY],
    ['https://www.googleapis.com/upload/youtube/v3/videos?part=status', YOUTUBE],
    ['https://www.googleapis.com/YouTube/v3/videos', YOUTUBE],
    ['https://youtube.googleapis.com/youtube/v3/videos', YOUTUBE],
    ['https://some-shop.myshopify.com/admin/api/2026-10/products.json', SHOPIFY],
    ['https://www.googleapis.com/drive/v3/files', []],
    ['https://openapi.etsy.com.example.test/v3', []],
    ['https://notmyshopify.com/admin', []],
  ])('going round the adapter does not go round the rules: %s', (url, sources) => {
    const { hostname, pathname } = new URL(url);
    const endpoint = listings({ host: hostname, pathPrefix: pathname, effects: ['publish'] });
    expect(requiredBy({ effects: ['publish'], url, project: { endpoints: [endpoint] } })).toEqual(sources);
    // Nobody said what it does: it may well publish.
    expect(requiredBy({ effects: ['destructive'], url })).toEqual(sources);
    // Two operators said that it does not.
    const written = { ...endpoint, effects: ['write' as const] };
    expect(requiredBy({ effects: ['write'], url, project: { endpoints: [written] } })).toEqual([]);
    expect(requiredBy({ effects: ['destructive'], url, method: 'GET' })).toEqual([]);
  });
});

describe('projects of before', () => {
  test('an absent declaration stays absent: stored rows, versions and hashes do not move', () => {
    const config = projectConfig({ endpoints: [listings()] });
    expect(canonicalJson(ProjectConfig.parse(config))).toBe(canonicalJson(config));
    expect(canonicalJson(EndpointDefinition.parse(listings()))).not.toContain('policySources');
  });

  test('no operation of today is gated by itself', () => {
    for (const { operation, effects } of describeOperations())
      expect(requiredBy({ operation, effects, url: 'https://api.example.test/x' })).toEqual([]);
  });
});
