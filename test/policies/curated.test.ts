import { describe, expect, test } from 'vitest';
import { CURATED_SOURCES } from '#shared/policies/curated-sources.ts';
import { curatedRulesOf } from '#shared/policies/curated.ts';
import { finalUrlIsAllowed, hostsOf } from '#shared/policies/final-url.ts';
import { TOPICS } from '#shared/policies/lexicon.ts';
import { configHash, type PolicySource } from '#shared/policies/source.ts';

const HOSTS: Readonly<Record<string, string>> = {
  youtube: 'support.google.com',
  etsy: 'www.etsy.com',
  shopify: 'www.shopify.com',
  alpaca: 'files.alpaca.markets',
};

describe('the curated sources (POL-02)', () => {
  test('cover what publishing and listing need, by provider and kind', () => {
    const kinds = Object.groupBy(CURATED_SOURCES, ({ provider }) => provider);
    expect(
      Object.fromEntries(
        Object.entries(kinds).map(([provider, sources]) => [provider, sources?.map(({ kind }) => kind)]),
      ),
    ).toEqual({
      youtube: ['ai-disclosure', 'spam', 'monetization', 'change-log'],
      etsy: ['prohibited-items', 'intellectual-property', 'handmade'],
      shopify: ['prohibited-content', 'terms'],
      alpaca: ['terms', 'customer-agreement', 'fees'],
    });
    expect(curatedRulesOf('youtube')).not.toContain('youtube-monetization-updates');
    expect(curatedRulesOf('nobody')).toEqual([]);
  });

  test('have unique ids and URLs: one page is one source', () => {
    expect(new Set(CURATED_SOURCES.map(({ id }) => id)).size).toBe(CURATED_SOURCES.length);
    expect(new Set(CURATED_SOURCES.map(({ url }) => url)).size).toBe(CURATED_SOURCES.length);
  });

  test.each(CURATED_SOURCES.map((source) => [source.id, source] as const))(
    '%s is on the host of its provider over https, in a normal form, and can be judged',
    (_id, source: PolicySource) => {
      const url = new URL(source.url);
      expect(url.protocol).toBe('https:');
      expect(url.href).toBe(source.url);
      expect(url.hash).toBe('');
      expect(hostsOf(source)).toEqual([HOSTS[source.provider]]);
      expect(finalUrlIsAllowed(source, source.url)).toBe(true);
      expect(source.anchors.length).toBeGreaterThan(0);
      expect(source.language).toBe('en');
      expect(source.region).toBe('US');
      expect(source.minLength).toBeGreaterThanOrEqual(300);
      expect(source.maxAgeDays).toBe(7);
      expect(source.select.length > 0).toBe(source.format === 'html');
      expect(source.title).toBeDefined();
      expect(TOPICS.map(({ tag }) => tag)).toEqual(expect.arrayContaining(source.topics));
      expect(source.topics.length).toBeGreaterThan(0);
    },
  );

  test('are read as they were approved: an edit that asks everybody for a new baseline is seen here', () => {
    expect(
      Object.fromEntries(CURATED_SOURCES.map((source) => [source.id, configHash(source)])),
    ).toMatchSnapshot();
  });
});

describe('where a page may be answered from', () => {
  const source = { url: 'https://example.test/legal/terms/?hl=en', finalHosts: [], finalPaths: [] };

  test.each([
    ['https://example.test/legal/terms/?hl=en', true],
    ['https://example.test/legal/terms', true],
    ['https://example.test/legal/terms?hl=de', true],
    ['http://example.test/legal/terms', false],
    ['https://example.test:8443/legal/terms', false],
    ['https://www.example.test/legal/terms', false],
    ['https://example.test/legal/terms/us', false],
    ['https://example.test/legal/termsheet', false],
    ['https://example.test/', false],
    ['https://example.test/legal/terms/../../login', false],
    [`https://${'a:b'}@example.test/legal/terms`, false],
    ['no URL', false],
  ])('%s: %s', (finalUrl, allowed) => {
    expect(finalUrlIsAllowed(source, finalUrl)).toBe(allowed);
  });

  test('declared paths are prefixes of whole segments, declared hosts are exact', () => {
    const wide = { ...source, finalHosts: ['docs.example.test'], finalPaths: ['/legal/', '/policies'] };
    for (const [finalUrl, allowed] of [
      ['https://docs.example.test/legal', true],
      ['https://docs.example.test/legal/terms/us', true],
      ['https://example.test/policies/terms', true],
      ['https://example.test/legalese', false],
      ['https://example.test/terms', false],
      ['https://evil.docs.example.test/legal', false],
    ] as const)
      expect([finalUrl, finalUrlIsAllowed(wide, finalUrl)]).toEqual([finalUrl, allowed]);
  });
});
