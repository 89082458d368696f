import * as z from 'zod';
import { Sha256 } from '../actions/dry-run.ts';
import { Subject, Timestamp } from '../actions/identity.ts';
import { ProblemError } from '../operators/problems.ts';
import { PageHashes } from './content.ts';
import { findKnown, leave, mark, remember } from './known-states.ts';
import { ChangeClass, ClassReason } from './observation.ts';
import { configHash, type PolicySource } from './source.ts';
import { Severity, SourceId } from './source-id.ts';
import type { PendingChange, SourceState } from './source-state.ts';

const Signature = z.strictObject({ by: Subject, at: Timestamp, reason: z.string().min(1).max(1000) });

/**
 * Who acknowledged which change: `ack#<source>#<changeId>#<first signature>` in the policies table. Never deleted: the
 * same change that comes again and is acknowledged again has a row of its own.
 */
export const Acknowledgement = z.strictObject({
  schemaVersion: z.literal(1),
  source: SourceId,
  changeId: z.string().regex(/^[0-9a-f]{32}$/),
  configHash: Sha256,
  extractor: z.string(),
  /** Null for a baseline. */
  from: PageHashes.nullable(),
  to: PageHashes,
  class: ChangeClass,
  severity: Severity,
  reasons: z.array(ClassReason).max(20),
  /** In order. One person, or two where the source is critical. */
  people: z.array(Signature).min(1).max(2),
  /** False while the second person is missing: then nothing is acknowledged yet. */
  complete: z.boolean(),
  /** The text before is gone for good: if it ever comes back, that is a change. */
  supersedes: z.boolean(),
});
export type Acknowledgement = z.infer<typeof Acknowledgement>;
export const acknowledgementPk = ({
  source,
  changeId,
  people,
}: Pick<Acknowledgement, 'source' | 'changeId' | 'people'>): string =>
  `ack#${source}#${changeId}#${people[0]?.at ?? ''}`;

/** What a person says about a change, with the pair of hashes that the person was shown. */
export interface AcknowledgeInput {
  readonly changeId: string;
  /** Semantic hash of what was acknowledged before; null for a baseline. */
  readonly fromSemantic: string | null;
  /** Canonical hash of the text that was shown. */
  readonly toCanonical: string;
  /** A person, never a client. */
  readonly by: Subject;
  readonly at: Timestamp;
  readonly reason: string;
  readonly supersedes?: boolean;
}

const refuse = (
  code: 'POLICY_CHANGE_GONE' | 'POLICY_CHANGE_SUPERSEDED',
  detail: string,
  extra = {},
): never => {
  throw new ProblemError(code, detail, { extra });
};

/** The change that waits, if it is exactly the one that was shown. Compare-and-set on both hashes. */
const pendingOf = (state: SourceState, said: AcknowledgeInput, source: PolicySource): PendingChange => {
  const { pending } = state;
  if (pending === null)
    return refuse(
      'POLICY_CHANGE_GONE',
      'Nothing waits: it was acknowledged already, or the page went back to an acknowledged text.',
    );
  if (pending.changeId !== said.changeId)
    return refuse(
      'POLICY_CHANGE_SUPERSEDED',
      'The page changed again. Read the cumulative change that waits now and acknowledge that.',
      { changeId: pending.changeId },
    );
  if ((pending.from?.semantic ?? null) !== said.fromSemantic || pending.to.canonical !== said.toCanonical)
    return refuse(
      'POLICY_CHANGE_SUPERSEDED',
      'What waits is not what you were shown. Open the change again.',
      {
        changeId: pending.changeId,
      },
    );
  if (state.configHash !== configHash(source))
    return refuse(
      'POLICY_CHANGE_SUPERSEDED',
      'The source was edited since. Its next check makes a new baseline; approve that.',
    );
  return pending;
};

const signatureOf = ({ by, at, reason }: AcknowledgeInput): z.infer<typeof Signature> => {
  if (!by.startsWith('person:'))
    throw new ProblemError('PERSON_REQUIRED', 'Only a signed-in person may acknowledge a policy change.');
  const text = reason.trim();
  if (text === '' || text.length > 1000)
    throw new ProblemError('INVALID_INPUT', 'reason: say in 1 to 1,000 characters why this is fine.', {
      field: 'reason',
    });
  return { by, at, reason: text };
};

const asNew = (candidate: SourceState['candidate']): SourceState['candidate'] => {
  if (candidate?.returning !== true) return candidate;
  const { returning: _returning, ...rest } = candidate;
  return rest;
};

/** The acknowledged state, and what is known of the states on both sides of the change. */
const settled = (state: SourceState, pending: PendingChange, supersedes: boolean): SourceState => {
  const { from, to, changeId, since, confirmedAt } = pending;
  const seen = state.current ?? { hashes: to, firstSeenAt: since, lastSeenAt: confirmedAt };
  // An entry can have been pushed out of a full list; the acknowledged state always has one.
  const listed =
    findKnown(state.known, to) === undefined
      ? remember(state.known, { hashes: to, firstSeenAt: since, at: seen.lastSeenAt, changeId })
      : state.known;
  const agreed = mark(listed, to, { acknowledged: true, superseded: false });
  const known =
    from === null ? agreed : mark(leave(agreed, from, since), from, supersedes ? { superseded: true } : {});
  return {
    ...state,
    acknowledged: { ...seen, hashes: { ...to, raw: seen.hashes.raw } },
    acknowledgement: changeId,
    pending: null,
    // Whether the page is back is judged afresh, against what is acknowledged now; since when it is, stays known.
    candidate: asNew(state.candidate),
    known,
  };
};

/**
 * Records that a person read and accepts exactly this change. A critical source needs two different people: the
 * first answer is `firstOfTwo` and opens nothing. The state is one version on; the caller writes state and row
 * together, by condition.
 * @throws ProblemError POLICY_CHANGE_GONE, POLICY_CHANGE_SUPERSEDED, POLICY_SAME_PERSON, PERSON_REQUIRED, INVALID_INPUT
 */
export const acknowledge = (
  state: SourceState,
  said: AcknowledgeInput,
  source: PolicySource,
): {
  readonly kind: 'acknowledged' | 'firstOfTwo';
  readonly state: SourceState;
  readonly acknowledgement: Acknowledgement;
} => {
  const pending = pendingOf(state, said, source);
  const signature = signatureOf(said);
  const first = pending.firstAcknowledgement;
  if (first !== undefined && first.by === signature.by)
    throw new ProblemError(
      'POLICY_SAME_PERSON',
      'You acknowledged this already. It is a critical source: somebody else has to read it too.',
    );
  const people = source.critical && first !== undefined ? [first, signature] : [signature];
  const complete = !source.critical || people.length === 2;
  const supersedes = (said.supersedes ?? false) && pending.from !== null;
  const next = complete
    ? settled(state, pending, supersedes)
    : { ...state, pending: { ...pending, firstAcknowledgement: signature } };
  return {
    kind: complete ? 'acknowledged' : 'firstOfTwo',
    state: { ...next, version: state.version + 1 },
    acknowledgement: {
      schemaVersion: 1,
      source: state.source,
      changeId: pending.changeId,
      configHash: state.configHash,
      extractor: state.extractor,
      from: pending.from,
      to: pending.to,
      class: pending.class,
      severity: pending.severity,
      reasons: pending.reasons,
      people,
      complete,
      supersedes,
    },
  };
};
