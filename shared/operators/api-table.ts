import { PROBLEMS, type ProblemCode } from './problems.ts';
import { problemsOf, ROUTE_DETAILS, routeKey, COMMON_PROBLEMS } from './route-details.ts';
import { type Route, ROUTES } from './routes.ts';

const WHO = {
  bearer: 'token (person or agent)',
  page: 'session cookie, checked by the page',
  open: 'nobody',
} as const satisfies Record<Route['auth'], string>;

/** Heading and rows of a table in a document. */
export interface DocumentTable {
  readonly heading: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const codes = (list: readonly ProblemCode[]): string => list.map((code) => `\`${code}\``).join(', ');

/** `docs/api-contract.md`: every route with who may call it, what it answers and its own problem codes. */
export const routeTable = (): DocumentTable => ({
  heading: ['route', 'what', 'authentication', 'body', 'answers', 'problem codes'],
  rows: ROUTES.map((route) => {
    const details = ROUTE_DETAILS[routeKey(route)];
    const own = problemsOf(route).filter((code) => !COMMON_PROBLEMS.includes(code));
    return [
      `\`${routeKey(route)}\``,
      route.summary,
      WHO[route.auth],
      details?.body === undefined
        ? ''
        : `${details.body}${details.bodyOptional === true ? ' (optional)' : ''}`,
      route.auth === 'page'
        ? 'a page or a redirect'
        : (details?.replies ?? []).map(([status, name]) => `${status} ${name}`).join(', '),
      codes(own),
    ];
  }),
});

/** `docs/api-contract.md`: every code. */
export const problemTable = (): DocumentTable => ({
  heading: ['code', 'status', 'title'],
  rows: Object.entries(PROBLEMS).map(([code, { status, title }]) => [`\`${code}\``, String(status), title]),
});

/** Codes that any route may answer. */
export const commonCodes = (): string => codes(COMMON_PROBLEMS);
