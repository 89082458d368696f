import * as z from 'zod';
import { Sha256 } from '../actions/dry-run.ts';
import { Subject, Timestamp } from '../actions/identity.ts';
import { SourceId } from './source-id.ts';

/** Why no body could be had. Codes are stable. */
export const FETCH_FAILURES = [
  'DNS',
  'TLS',
  'TIMEOUT',
  'CONNECTION',
  'TRUNCATED',
  'TOO_LARGE',
  'DECODING',
  'REDIRECTED_AWAY',
  'TOO_MANY_REDIRECTS',
  'BLOCKED_ADDRESS',
  'ROBOTS_DISALLOWED',
  'HTTP_CLIENT_ERROR',
  'HTTP_GONE',
  'HTTP_FORBIDDEN',
  'HTTP_RATE_LIMITED',
  'HTTP_SERVER_ERROR',
] as const;
export const FetchFailure = z.enum(FETCH_FAILURES);
export type FetchFailure = z.infer<typeof FetchFailure>;

/**
 * One attempt to see a page, whatever came of it. The bytes lie in the artifacts bucket under their hash; provenance
 * is here, because one object may serve many sources (reference P22).
 */
export const Capture = z.strictObject({
  schemaVersion: z.literal(1),
  source: SourceId,
  /** The scheduled moment this belongs to; with the source and `reading` the idempotency key of a check. */
  slot: Timestamp,
  /** 1 for the scheduled fetch of a slot, 2 for the confirming one, … */
  reading: z.int().positive(),
  fetchedAt: Timestamp,
  fetcher: z.enum(['http', 'manual', 'replay']),
  url: z.string(),
  finalUrl: z.string(),
  chain: z.array(z.strictObject({ url: z.string(), status: z.int() })).max(20),
  /** Absent where there was no answer. */
  status: z.int().optional(),
  /** What the judge and the next conditional GET need; lower-case names, never cookies. */
  headers: z.record(z.string(), z.string()),
  rawSha256: Sha256.optional(),
  rawBytes: z.int().nonnegative(),
  /** 304 to validators that belong to a usable capture of the same reader and configuration. */
  notModified: z.boolean(),
  robots: z.enum(['allowed', 'disallowed', 'absent', 'unreadable', 'not-asked']),
  failure: z.strictObject({ code: FetchFailure, detail: z.string().max(300) }).optional(),
  /** Seconds, where the server named them. */
  retryAfterSeconds: z.int().nonnegative().optional(),
  /** Who vouches for a manual capture. */
  attestation: z
    .strictObject({
      by: Subject,
      at: Timestamp,
      statement: z.string().min(1).max(500),
      second: Subject.optional(),
    })
    .optional(),
});
export type Capture = z.infer<typeof Capture>;
