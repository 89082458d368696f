import { createHash } from 'node:crypto';
import * as z from 'zod';
import { canonicalJson } from '../actions/canonical-json.ts';
import { Sha256 } from '../actions/dry-run.ts';
import { Timestamp } from '../actions/identity.ts';
import { GATE_REASON_CODES, type GateReasonCode } from './gate-reasons.ts';
import { SourceId } from './source-id.ts';

/** Which text an answer rests on: the acknowledged state of one source, when it was verified, by which record. */
export const PolicyEvidence = z.strictObject({
  source: SourceId,
  /** SHA-256 of the acknowledged text that decides. */
  semantic: Sha256,
  /** SHA-256 of the acknowledged Markdown. */
  canonical: Sha256,
  verifiedAt: Timestamp,
  /** Change id of the acknowledgement; null where the state does not name one. */
  acknowledgement: z.string().max(64).nullable(),
});
export type PolicyEvidence = z.infer<typeof PolicyEvidence>;

export const PolicyGateReason = z.strictObject({
  code: z.enum(GATE_REASON_CODES as [GateReasonCode, ...GateReasonCode[]]),
  source: SourceId,
  detail: z.string(),
});
export type PolicyGateReason = z.infer<typeof PolicyGateReason>;

/** A reason that two people set aside, with the version of the project that says so. */
export const OverriddenReason = PolicyGateReason.extend({ version: z.int().positive() });
export type OverriddenReason = z.infer<typeof OverriddenReason>;

/** What the policies gate knew when it answered; approvals keep the whole of it. */
export const PolicyBasis = z.strictObject({
  decidedAt: Timestamp,
  /** Seconds until the first required source is stale, 0 where one is; null where none is required. */
  slackSeconds: z.int().nonnegative().nullable(),
  evidence: z.array(PolicyEvidence).max(40),
  reasons: z.array(PolicyGateReason).max(200),
  overridden: z.array(OverriddenReason).max(200),
});
export type PolicyBasis = z.infer<typeof PolicyBasis>;

/** What the row of an action keeps of it at the claim; small, since a row has at most 2 KB. */
export const PolicyMark = z.strictObject({
  /** Digest of the evidence: the same as that of the approval where the texts are the same. */
  evidence: z.string().max(22),
  /** The oldest verification among them. */
  verifiedAt: Timestamp.optional(),
  /** Version of the project whose break-glass it went through on. */
  breakGlass: z.int().positive().optional(),
});
export type PolicyMark = z.infer<typeof PolicyMark>;

/** Digest of which texts were acknowledged how. When they were last verified is not in it. */
export const evidenceDigest = (evidence: readonly PolicyEvidence[]): string =>
  createHash('sha256')
    .update(
      canonicalJson({
        domain: 'autopack.policy-evidence',
        v: 1,
        evidence: evidence.map(({ verifiedAt: _verifiedAt, ...text }) => text),
      }),
    )
    .digest('base64url')
    .slice(0, 22);

/** The mark of a basis. */
export const policyMark = (basis: PolicyBasis): PolicyMark => {
  const [oldest] = basis.evidence.map(({ verifiedAt }) => verifiedAt).toSorted();
  const [glass] = basis.overridden;
  return {
    evidence: evidenceDigest(basis.evidence),
    ...(oldest === undefined ? {} : { verifiedAt: oldest }),
    ...(glass === undefined ? {} : { breakGlass: glass.version }),
  };
};
