/**
 * Every error that leaves Autopack has a code of this table. Codes never change their meaning; the table is
 * generated into `docs/api-contract.md`.
 */
export const PROBLEMS = {
  INVALID_JSON: { status: 400, title: 'The body is not JSON that Autopack accepts' },
  INVALID_INPUT: { status: 400, title: 'A field does not fit' },
  MISSING_IDEMPOTENCY_KEY: { status: 400, title: 'The Idempotency-Key header is missing' },
  INVALID_IDEMPOTENCY_KEY: { status: 400, title: 'The Idempotency-Key does not fit' },
  INVALID_CURSOR: { status: 400, title: 'The cursor is not one that Autopack gave out' },
  UNKNOWN_OPERATION: { status: 400, title: 'No such provider or operation' },
  CONNECT_FAILED: { status: 400, title: 'Connecting the account did not work' },
  SIGN_IN_FAILED: { status: 400, title: 'Signing in did not work' },
  UNAUTHENTICATED: { status: 401, title: 'Sign in first' },
  SIGN_IN_NOT_FRESH: { status: 401, title: 'This decision needs a fresh sign-in' },
  FORBIDDEN: { status: 403, title: 'Not allowed' },
  ORIGINATOR_MAY_NOT_APPROVE: {
    status: 403,
    title: 'Whoever proposed, owns or edited an action may not approve it',
  },
  PERSON_REQUIRED: { status: 403, title: 'Only a signed-in person may do this' },
  NONCE_INVALID: { status: 403, title: 'The page is out of date; open it again' },
  SECOND_PERSON_REQUIRED: { status: 403, title: 'Another operator has to confirm this' },
  POLICY_SAME_PERSON: { status: 403, title: 'Another person has to acknowledge this too' },
  PROVIDER_OFF: { status: 403, title: 'The provider is switched off for this project' },
  NOT_FOUND: { status: 404, title: 'Nothing here' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'This path has no such method' },
  CONFLICT: { status: 409, title: 'Somebody else was first' },
  NOT_A_DRY_RUN: { status: 409, title: 'Only a rendered dry run can be submitted' },
  NOT_CANCELLABLE: { status: 409, title: 'Too late to cancel' },
  ALREADY_DECIDED: { status: 409, title: 'This was decided already' },
  APPROVAL_EXPIRED: { status: 409, title: 'The approval has expired' },
  TOO_LATE_TO_EXECUTE: {
    status: 409,
    title: 'Too late: the action could not run before the approval expires',
  },
  HASH_MISMATCH: { status: 409, title: 'What would run is not what was shown' },
  POLICY_CHANGE_GONE: { status: 409, title: 'No such change waits any more' },
  POLICY_CHANGE_SUPERSEDED: { status: 409, title: 'The page changed again since this was shown' },
  NOT_ROTATED_BY_HAND: { status: 409, title: 'The secret of this credential is not renewed by hand' },
  NOTHING_STAGED: { status: 409, title: 'No new value waits to be rotated in' },
  NOTHING_PENDING: { status: 409, title: 'No rotation is pending' },
  LAST_KEY: { status: 409, title: 'Nothing could sign without this key' },
  NOT_RESOLVABLE: { status: 409, title: 'Nothing to resolve, or not yet' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The body is larger than 1 MB' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'Send application/json' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'This key belongs to another payload' },
  PAYLOAD_DOES_NOT_FIT: { status: 422, title: 'The payload does not fit the operation' },
  POLICY_REFUSED: {
    status: 422,
    title: 'The policy would allow what may never run unattended, or is not valid',
  },
  TOO_MANY_REQUESTS: { status: 429, title: 'Slow down' },
  INTERNAL: { status: 500, title: 'Something broke on our side; nothing was lost' },
  UNAVAILABLE: { status: 503, title: 'A part that is needed does not answer; try again' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/**
 * An error with a stable code that a caller can act on. `detail` names what is wrong and what to do next;
 * it never holds a secret or another project's data.
 */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode;
  /** Path of the field that does not fit, as `payload.qty`. */
  readonly field: string | undefined;
  /** Further members of the problem document. */
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(
    code: ProblemCode,
    detail: string,
    options: { field?: string; extra?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.field = options.field;
    this.extra = options.extra ?? {};
  }
}

/** RFC 9457 problem document. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly requestId: string;
  readonly field?: string;
  readonly [member: string]: unknown;
}

/** The document of an error. `type` is a stable URN, since a stack has no public documentation host. */
export const problemDocument = (error: ProblemError, requestId: string): ProblemDocument => ({
  ...error.extra,
  type: `urn:autopack:problem:${error.code.toLowerCase().replaceAll('_', '-')}`,
  title: PROBLEMS[error.code].title,
  status: PROBLEMS[error.code].status,
  detail: error.message,
  code: error.code,
  requestId,
  ...(error.field === undefined ? {} : { field: error.field }),
});
