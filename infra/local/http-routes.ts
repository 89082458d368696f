/** Route keys and matching of an HTTP API, as API Gateway does it: exact before parameter before greedy. */
export interface ApiRoute {
  /** `GET /projects/{project}`, `ANY /{proxy+}` or `$default`. */
  readonly key: string;
  readonly functionArn: string;
  readonly timeoutMs: number;
  readonly authorizer: ApiAuthorizer | undefined;
}

export interface ApiAuthorizer {
  readonly id: string;
  readonly functionArn: string;
  /** `$request.header.Authorization`, `$request.querystring.x`, `$context.…`. All of them must be there. */
  readonly identitySources: readonly string[];
  readonly ttlSeconds: number;
}

export interface RouteMatch {
  readonly route: ApiRoute;
  readonly parameters: Readonly<Record<string, string>>;
}

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

/** Rank per segment: the smaller, the more exact. Undefined: no match. */
const matchPath = (
  pattern: string,
  path: string,
): { readonly rank: string; readonly parameters: Record<string, string> } | undefined => {
  const wanted = pattern.split('/').slice(1);
  const given = path.split('/').slice(1);
  const parameters: Record<string, string> = {};
  let rank = '';
  for (const [index, segment] of wanted.entries()) {
    const greedy = /^\{(.+)\+\}$/.exec(segment)?.[1];
    if (greedy !== undefined) {
      const rest = given.slice(index);
      if (rest.length === 0 || rest[0] === '') return undefined;
      parameters[greedy] = rest.map(decode).join('/');
      return { rank: `${rank}2`, parameters };
    }
    const actual = given[index];
    if (actual === undefined) return undefined;
    const name = /^\{(.+)\}$/.exec(segment)?.[1];
    if (name === undefined && segment !== actual) return undefined;
    if (name !== undefined) {
      if (actual === '') return undefined;
      parameters[name] = decode(actual);
    }
    rank += name === undefined ? '0' : '1';
  }
  return wanted.length === given.length ? { rank, parameters } : undefined;
};

/** The route that answers a request, or undefined (404). `path` is still percent-encoded, without its query. */
export const matchRoute = (
  routes: readonly ApiRoute[],
  method: string,
  path: string,
): RouteMatch | undefined => {
  let best: (RouteMatch & { readonly order: string }) | undefined;
  for (const route of routes) {
    if (route.key === '$default') {
      best ??= { route, parameters: {}, order: '9' };
      continue;
    }
    const [verb = '', pattern = ''] = route.key.split(' ');
    if (verb !== method && verb !== 'ANY') continue;
    const match = matchPath(pattern, path);
    if (match === undefined) continue;
    const order = `${match.rank}${verb === 'ANY' ? 'b' : 'a'}`;
    if (best === undefined || order < best.order) best = { route, parameters: match.parameters, order };
  }
  return best;
};
