import type { ApiSchemaName } from './api-schemas.ts';
import type { ProblemCode } from './problems.ts';
import { type Route, ROUTES } from './routes.ts';

/** What a route takes and answers; the rest of what there is to say about it is in `routes.ts`. */
export interface RouteDetails {
  readonly body?: ApiSchemaName;
  /** The body may be left out. */
  readonly bodyOptional?: boolean;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly replies: readonly (readonly [status: number, schema: ApiSchemaName, meaning: string])[];
  readonly problems: readonly ProblemCode[];
}

export type RouteKey = `${Route['method']} ${string}`;
export const routeKey = (route: Route): RouteKey => `${route.method} ${route.path}`;

/** What any route may answer, over and above its own list. */
export const COMMON_PROBLEMS: readonly ProblemCode[] = [
  'INVALID_INPUT',
  'TOO_MANY_REQUESTS',
  'INTERNAL',
  'UNAVAILABLE',
];
/** What any route behind the authorizer may answer. */
export const BEARER_PROBLEMS: readonly ProblemCode[] = ['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND'];
/** What any route with a body may answer. */
export const BODY_PROBLEMS: readonly ProblemCode[] = [
  'INVALID_JSON',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
];

const PAGING = { limit: 'at most this many, 1 to 100', cursor: 'nextCursor of the page before' };
const ACTION = [200, 'Action', 'closed; nothing can change any more'] as const;
const OPEN_ACTION = [202, 'Action', 'open; ask again, or wait'] as const;

/** By method and path; a test holds it against `ROUTES`. Pages are HTML and have no entry. */
export const ROUTE_DETAILS: Readonly<Record<RouteKey, RouteDetails>> = {
  'POST /projects/{project}/actions': {
    body: 'Proposal',
    headers: { 'Idempotency-Key': 'a name of your own for this action, the same for every try' },
    replies: [OPEN_ACTION, ACTION],
    problems: [
      'MISSING_IDEMPOTENCY_KEY',
      'INVALID_IDEMPOTENCY_KEY',
      'UNKNOWN_OPERATION',
      'PAYLOAD_DOES_NOT_FIT',
      'IDEMPOTENCY_KEY_REUSED',
      'PROVIDER_OFF',
    ],
  },
  'GET /projects/{project}/actions': {
    query: {
      from: 'not older than this time',
      to: 'older than this time',
      operation: 'provider, or provider/operation',
      runId: 'only this run',
      status: 'only this status',
      needsAttention: '"true": only what is parked for a person or overdue',
      ...PAGING,
    },
    replies: [[200, 'ActionList', 'newest first']],
    problems: ['INVALID_CURSOR'],
  },
  'GET /projects/{project}/actions/{key}': {
    replies: [[200, 'Action', 'with its dry run and decision']],
    problems: [],
  },
  'POST /projects/{project}/actions/{key}/submit': {
    replies: [OPEN_ACTION, ACTION],
    problems: ['NOT_A_DRY_RUN', 'CONFLICT'],
  },
  'POST /projects/{project}/actions/{key}/cancel': {
    replies: [ACTION, OPEN_ACTION],
    problems: ['NOT_CANCELLABLE', 'CONFLICT'],
  },
  'POST /projects/{project}/actions/{key}/resolve': {
    body: 'Resolution',
    replies: [ACTION, OPEN_ACTION],
    problems: ['NOT_RESOLVABLE', 'PERSON_REQUIRED', 'SECOND_PERSON_REQUIRED', 'CONFLICT'],
  },
  'GET /approvals': {
    query: { project: 'only this project', state: 'waiting, decided or all', ...PAGING },
    replies: [[200, 'ApprovalList', 'of your projects, newest first']],
    problems: ['INVALID_CURSOR'],
  },
  'GET /approvals/{id}': { replies: [[200, 'Approval', 'with its dry run']], problems: [] },
  'POST /approvals/{id}/decision': {
    body: 'Decision',
    replies: [[200, 'Approval', 'decided; the same decision again answers the same']],
    problems: [
      'PERSON_REQUIRED',
      'SIGN_IN_NOT_FRESH',
      'ORIGINATOR_MAY_NOT_APPROVE',
      'ALREADY_DECIDED',
      'APPROVAL_EXPIRED',
      'TOO_LATE_TO_EXECUTE',
      'HASH_MISMATCH',
      'CONFLICT',
    ],
  },
  'GET /projects/{project}/config': {
    replies: [[200, 'ProjectConfig', 'what two operators confirmed']],
    problems: [],
  },
  'GET /projects/{project}/changes': {
    query: PAGING,
    replies: [[200, 'ChangeList', 'newest first']],
    problems: ['INVALID_CURSOR'],
  },
  'POST /projects/{project}/changes': {
    body: 'ProposedChange',
    replies: [[201, 'Change', 'waits for a second operator']],
    problems: ['PERSON_REQUIRED', 'SIGN_IN_NOT_FRESH', 'POLICY_REFUSED', 'CONFLICT'],
  },
  'POST /projects/{project}/changes/{id}/confirm': {
    body: 'Confirmation',
    bodyOptional: true,
    replies: [[200, 'Change', 'confirmed, now or before']],
    problems: [
      'PERSON_REQUIRED',
      'SIGN_IN_NOT_FRESH',
      'SECOND_PERSON_REQUIRED',
      'POLICY_REFUSED',
      'HASH_MISMATCH',
      'CONFLICT',
    ],
  },
  'POST /policies/{source}/captures': {
    body: 'ManualCapture',
    replies: [[202, 'ManualCaptureResult', 'taken; a critical source waits for a second operator']],
    problems: ['PERSON_REQUIRED', 'SIGN_IN_NOT_FRESH'],
  },
  'POST /policies/{source}/captures/{upload}/confirm': {
    body: 'CaptureConfirmation',
    replies: [[202, 'ManualCaptureResult', 'confirmed, now or before']],
    problems: ['PERSON_REQUIRED', 'SIGN_IN_NOT_FRESH', 'SECOND_PERSON_REQUIRED', 'HASH_MISMATCH'],
  },
  'GET /policies': { replies: [[200, 'PolicyList', 'all, retired ones too, by id']], problems: [] },
  'GET /policies/health': {
    replies: [[200, 'PolicyHealth', 'the oldest verification first']],
    problems: [],
  },
  'GET /policies/{source}': { replies: [[200, 'Policy', 'as it stands now']], problems: [] },
  'PUT /policies/{source}': {
    body: 'PolicySource',
    replies: [
      [200, 'Policy', 'edited or retired; an edit of its reading needs a fresh baseline'],
      [201, 'Policy', 'added; its first capture has to be approved'],
      [202, 'Policy', 'a critical source: another operator has to ask for the very same'],
    ],
    problems: ['PERSON_REQUIRED', 'SIGN_IN_NOT_FRESH'],
  },
  'GET /policies/{source}/observations': {
    query: { since: 'slots at or after this time', ...PAGING },
    replies: [[200, 'ObservationList', 'newest first']],
    problems: ['INVALID_CURSOR'],
  },
  'GET /policies/{source}/change': {
    replies: [[200, 'PolicyChange', 'what waits, or null; text in it is untrusted']],
    problems: [],
  },
  'POST /policies/{source}/acknowledge': {
    body: 'Acknowledgement',
    replies: [[200, 'Policy', 'acknowledged, or waiting for the second person of a critical source']],
    problems: [
      'PERSON_REQUIRED',
      'SIGN_IN_NOT_FRESH',
      'POLICY_CHANGE_GONE',
      'POLICY_CHANGE_SUPERSEDED',
      'POLICY_SAME_PERSON',
    ],
  },
  'POST /policies/{source}/check': {
    replies: [[202, 'PolicyCheck', 'started, or one of this minute was there']],
    problems: ['PERSON_REQUIRED'],
  },
  'GET /projects/{project}/credentials': {
    replies: [[200, 'CredentialList', 'of the project, retired ones too; never a value']],
    problems: [],
  },
  'GET /credentials/health': {
    replies: [[200, 'CredentialHealth', 'the worst first; never a value']],
    problems: [],
  },
  'POST /projects/{project}/credentials/{provider}/{account}/{environment}/look': {
    replies: [[200, 'CredentialLook', 'how it stands; the provider is asked at most once a minute']],
    problems: ['PERSON_REQUIRED', 'SIGN_IN_NOT_FRESH'],
  },
  'POST /projects/{project}/credentials/{provider}/{account}/{environment}/stage': {
    body: 'StagedValue',
    replies: [[200, 'Rotation', 'it waits beside the current value, which stays in use']],
    problems: ['PERSON_REQUIRED', 'SIGN_IN_NOT_FRESH', 'NOT_ROTATED_BY_HAND'],
  },
  'POST /projects/{project}/credentials/{provider}/{account}/{environment}/rotate': {
    replies: [[202, 'Rotation', 'the four steps run; the current value changes when the test passed']],
    problems: ['PERSON_REQUIRED', 'SIGN_IN_NOT_FRESH', 'NOT_ROTATED_BY_HAND', 'NOTHING_STAGED'],
  },
  'POST /projects/{project}/credentials/{provider}/{account}/{environment}/unstick': {
    body: 'Unstick',
    replies: [[200, 'Rotation', 'what is pending; with a version: that rotation was stopped']],
    problems: ['PERSON_REQUIRED', 'SIGN_IN_NOT_FRESH', 'NOT_ROTATED_BY_HAND', 'NOTHING_PENDING', 'CONFLICT'],
  },
  'POST /house-secrets/{secret}/rotate': {
    replies: [[202, 'Rotation', 'the four steps run']],
    problems: ['PERSON_REQUIRED', 'SIGN_IN_NOT_FRESH'],
  },
  'POST /house-secrets/{secret}/unstick': {
    body: 'Unstick',
    replies: [[200, 'Rotation', 'what is pending; with a version: that rotation was stopped']],
    problems: ['PERSON_REQUIRED', 'SIGN_IN_NOT_FRESH', 'NOTHING_PENDING', 'CONFLICT'],
  },
  'POST /house-secrets/{secret}/drop': {
    body: 'Drop',
    replies: [
      [200, 'Ring', 'its keys, never a value; with a key that another operator asked for: it was dropped'],
      [202, 'Ring', 'another operator has to ask for the very same within an hour'],
    ],
    problems: ['PERSON_REQUIRED', 'SIGN_IN_NOT_FRESH', 'LAST_KEY', 'CONFLICT'],
  },
  'GET /health': { replies: [[200, 'Health', 'it answers']], problems: [] },
  'GET /openapi.json': { replies: [], problems: [] },
};

/** Every code that a route can answer, sorted. */
export const problemsOf = (route: Route): readonly ProblemCode[] => {
  const details = ROUTE_DETAILS[routeKey(route)];
  const withBody = route.method !== 'GET' && (route.auth === 'page' || details?.body !== undefined);
  return [
    ...new Set([
      ...COMMON_PROBLEMS,
      ...(route.auth === 'bearer' ? BEARER_PROBLEMS : []),
      ...(withBody ? BODY_PROBLEMS : []),
      ...(details?.problems ?? []),
    ]),
  ].toSorted();
};

/** The routes that programs call. */
export const apiRoutes = (): readonly Route[] => ROUTES.filter((route) => route.auth !== 'page');
