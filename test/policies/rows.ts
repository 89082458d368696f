import { sha256 } from '#shared/actions/canonical-json.ts';
import type { Capture } from '#shared/policies/capture.ts';
import { EXTRACTOR_VERSION, type PageContent, type PageHashes } from '#shared/policies/content.ts';
import type { Observation } from '#shared/policies/observation.ts';
import {
  configHash,
  PolicySource,
  type PolicySourceInput,
  type SourceRecord,
} from '#shared/policies/source.ts';
import type { SourceState } from '#shared/policies/source-state.ts';

/** Rows of the policies table, each whole and valid, for tests that are about something else. */
export const SLOT = '2026-11-21T08:00:00.000Z';

export const sourceRecord = (
  input: Partial<PolicySourceInput> & { readonly id: string },
  row: Partial<SourceRecord> = {},
): SourceRecord => {
  const source = PolicySource.parse({ url: `https://${input.id}.example.test/policy`, ...input });
  return {
    schemaVersion: 1,
    source,
    configHash: configHash(source),
    version: 1,
    retired: false,
    changedBy: 'system:curated',
    changedAt: SLOT,
    ...row,
  };
};

/** The hashes of a page that says this. */
export const hashesOf = (says: string): PageHashes => ({
  raw: sha256(`raw ${says}`),
  canonical: sha256(`canonical ${says}`),
  semantic: sha256(`semantic ${says}`),
  structure: sha256(`structure ${says}`),
  undated: sha256(`undated ${says}`),
  links: sha256('links'),
});

export const stateOf = (source: string, row: Partial<SourceState> = {}): SourceState => ({
  schemaVersion: 1,
  source,
  version: 1,
  configHash: sha256('config'),
  extractor: EXTRACTOR_VERSION,
  lastObservedAt: null,
  lastSlot: null,
  acknowledged: null,
  current: null,
  verifiedAt: null,
  candidate: null,
  pending: null,
  known: [],
  volatile: [],
  incident: null,
  flaps: [],
  scheduled: [],
  validators: null,
  movedTo: null,
  nextCheckAt: SLOT,
  slackWarned: 0,
  notices: [],
  ...row,
});

export const observationOf = (source: string, row: Partial<Observation> = {}): Observation => ({
  schemaVersion: 1,
  source,
  slot: SLOT,
  reading: 1,
  at: SLOT,
  configHash: sha256('config'),
  extractor: EXTRACTOR_VERSION,
  fetcher: 'http',
  finalUrl: 'https://page.example.test/policy',
  status: 200,
  robots: 'allowed',
  rawBytes: 10,
  notModified: false,
  usable: true,
  class: 'unchanged',
  reasons: [],
  candidate: false,
  verified: true,
  alert: false,
  removed: [],
  ...row,
});

export const captureOf = (source: string, row: Partial<Capture> = {}): Capture => ({
  schemaVersion: 1,
  source,
  slot: SLOT,
  reading: 1,
  fetchedAt: SLOT,
  fetcher: 'http',
  url: 'https://page.example.test/policy',
  finalUrl: 'https://page.example.test/policy',
  chain: [],
  status: 200,
  headers: {},
  rawBytes: 10,
  notModified: false,
  robots: 'allowed',
  ...row,
});

export const contentOf = (says: string, row: Partial<PageContent> = {}): PageContent => ({
  schemaVersion: 1,
  extractor: EXTRACTOR_VERSION,
  configHash: sha256('config'),
  format: 'html',
  title: 'Policy',
  hashes: hashesOf(says),
  canonical: says,
  blocks: [{ kind: 'paragraph', path: [], text: says, norm: says.toLowerCase() }],
  links: [],
  dateLines: [],
  effective: [],
  replacementCharacters: 0,
  length: says.length,
  removed: [],
  ...row,
});
