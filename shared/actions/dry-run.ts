import * as z from 'zod';
import { PredictedSideEffect, RecoveryClass } from './effects.ts';
import { IdempotencyKey, ProjectId, Timestamp } from './identity.ts';

export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Which credential a request will be signed with; metadata only, never the value. */
export const CredentialRef = z.strictObject({
  provider: z.string().min(1).max(60),
  account: z.string().min(1).max(120),
  environment: z.enum(['DEVELOPMENT', 'STAGING', 'PRODUCTION', 'PAPER']),
});
export type CredentialRef = z.infer<typeof CredentialRef>;

/**
 * The provider request exactly as it will be sent, without authentication headers.
 * `url` is absolute and final; `headers` have lower-case names; `body` is the text whose UTF-8 bytes are sent.
 */
export const RenderedRequest = z.strictObject({
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']),
  url: z.url({ protocol: /^https?$/ }),
  headers: z.record(z.string().regex(/^[a-z0-9-]+$/), z.string()),
  body: z.string().nullable(),
  credential: CredentialRef.nullable(),
  operation: z.string(),
  adapterVersion: z.string(),
  /** Digests of media that travel with the request. */
  media: z.array(z.strictObject({ name: z.string(), sha256: Sha256, bytes: z.int().nonnegative() })),
});
export type RenderedRequest = z.infer<typeof RenderedRequest>;

/** A stored dry run. The first one stored for an action wins; a retried render returns it. */
export const DryRun = z.strictObject({
  schemaVersion: z.literal(1),
  project: ProjectId,
  key: IdempotencyKey,
  operation: z.string(),
  adapterVersion: z.string(),
  payloadHash: Sha256,
  /** What the render knew beside the payload (base URL, endpoint definition and its version, …). */
  facts: z.record(z.string(), z.json()),
  request: RenderedRequest,
  requestHash: Sha256,
  effects: z.array(PredictedSideEffect).min(1),
  recoveryClass: RecoveryClass,
  /** One line a person understands: "Buy 1 AAPL at the market (paper account)". */
  title: z.string().min(1).max(200),
  /** Label and value pairs for the page and the mail; agent-controlled text, escaped where shown. */
  summary: z.array(z.strictObject({ label: z.string(), value: z.string() })),
  /** Files that the action concerns, normalised; empty only where it touches none (APR-12). */
  files: z.array(z.string()),
  /** The proposer's rationale. Untrusted, outside the requestHash. */
  rationale: z.string().nullable(),
  /** Version of the project's confirmed settings, policy and endpoints that this was rendered with. */
  projectVersion: z.int().nonnegative(),
  renderedAt: Timestamp,
});
export type DryRun = z.infer<typeof DryRun>;
