import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleFunctions } from '#infra/constructs/function.ts';
import { ENTRIES } from '#infra/entries.ts';
import { bundleSizes, type SizedMetafile } from '../bench/bundle-sizes.ts';

/** Bytes of our own and of library code in one function, without the SDK and Cedar. */
const BUDGET = 200_000;

/**
 * Functions that are above it, by how much, and why. They may shrink, and then the line goes; they may not grow.
 */
const ABOVE: Readonly<Record<string, { readonly by: number; readonly why: string }>> = {
  'actions/execute-action': {
    by: 49_000,
    why: 'The schema of a grant says how an API renews its key (2 kB). The credentials gate knows the rules of every kind and the scopes of the OAuth providers (10 kB), and what a use says of a credential is noted (2 kB). The policies gate reads sources and states with their schemas (27 kB of it). The only function that decides and also sends: gates, all the adapters, and ipaddr.js for the addresses. 108 kB are zod, of which 20 kB make JSON schemas and cannot be left out.',
  },
  'approvals/show-pages': {
    by: 40_500,
    why: 'Shows policies and their changes, and accounts to connect again, beside the approvals; the schema of a grant says how an API renews its key (2 kB).',
  },
  'policies/show-policies': {
    by: 5_500,
    why: 'Signs its forms with the keyring, and checks the filters of the sources that it shows.',
  },
  'governance/change-project': {
    by: 26_000,
    why: 'Checks the policy sources that a project declares, and registrations of credentials.',
  },
  'policies/compare-source': {
    by: 2_212_000,
    why: 'Reads HTML, Markdown and PDF: pdf.js alone is 1.8 MB and is run only when a PDF arrives.',
  },
};

const folder = mkdtempSync(join(tmpdir(), 'autopack-budget-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
bundleFunctions(folder);
const metafile = JSON.parse(readFileSync(join(folder, 'bundles.json'), 'utf8')) as SizedMetafile;
const sizes = bundleSizes(metafile);

describe('own and library code of a function, without SDK and Cedar, has a budget of 200 kB', () => {
  it.each(ENTRIES)('%s', (entry) => {
    const size = sizes.get(entry);
    expect(size).toBeDefined();
    expect(size?.own).toBeGreaterThan(5_000);
    expect(size?.own).toBeLessThanOrEqual(BUDGET + (ABOVE[entry]?.by ?? 0));
  });

  it('lists nothing as above it that is not', () => {
    for (const entry of Object.keys(ABOVE)) expect(sizes.get(entry)?.own, entry).toBeGreaterThan(BUDGET);
  });

  it('counts every byte of a bundle somewhere', () => {
    for (const [entry, { own, sdk, cedar, total }] of sizes)
      // The banner, the export list and the runtime of the bundler belong to nobody.
      expect(total - own - sdk - cedar, entry).toBeLessThan(3_000);
  });
});
