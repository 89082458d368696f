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
    by: 34_000,
    why: 'The only function that decides and also sends: gates, all the adapters, the rules of every kind of credential, and ipaddr.js for the addresses. 110 kB are zod, of which 20 kB make JSON schemas and cannot be left out.',
  },
  'approvals/show-pages': {
    by: 37_000,
    why: 'Shows policies and their changes, and accounts to connect again, beside the approvals.',
  },
  'governance/change-project': {
    by: 24_000,
    why: 'Checks the policy sources that a project declares, and registrations of credentials.',
  },
  'credentials/look-at-credential': {
    by: 7_000,
    why: 'Asks every provider through the guarded way out, with ipaddr.js for the addresses, and takes the form of a page as well as a call, with the words and the style of pages.',
  },
  'policies/compare-source': {
    by: 61_000,
    why: 'Compares two readings of a page and says what the difference is about: its lexicon and its rules.',
  },
};

/** Bytes without the SDK that any function may load in some invocations only: what the policies gate reads with. */
const SMALL = 15_000;

/** Functions that may load more than that on demand. */
const ON_DEMAND: Readonly<Record<string, { readonly bytes: number; readonly why: string }>> = {
  'policies/compare-source': {
    bytes: 2_200_000,
    why: 'pdf.js (1.6 MB) where a PDF arrives, the parsers of HTML (0.5 MB) where a page that changed does.',
  },
  'operators/describe-api': {
    bytes: 55_000,
    why: 'The document of the API and every schema in it; a health check needs none.',
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

  it('loads on demand what is listed, and no more', () => {
    for (const [entry, { onDemand }] of sizes) {
      expect(onDemand, entry).toBeLessThanOrEqual(ON_DEMAND[entry]?.bytes ?? SMALL);
      if (entry in ON_DEMAND) expect(onDemand, entry).toBeGreaterThan(SMALL);
    }
  });

  it('has no source of credentials but the environment in any of them', () => {
    for (const { inputs } of Object.values(metafile.outputs))
      expect(
        Object.keys(inputs).filter((path) =>
          /\/(nested-clients|token-providers|credential-provider-(?!env\/)[\w-]+)\//.test(path),
        ),
      ).toEqual([]);
  });

  it('lists nothing as above it that is not', () => {
    for (const entry of Object.keys(ABOVE)) expect(sizes.get(entry)?.own, entry).toBeGreaterThan(BUDGET);
  });

  it('counts every byte of a bundle somewhere', () => {
    for (const [entry, { own, sdk, cedar, total }] of sizes)
      // The banner, the export list and the runtime of the bundler belong to nobody; each file of one has its own.
      expect(total - own - sdk - cedar, entry).toBeLessThan(5_000);
  });
});
