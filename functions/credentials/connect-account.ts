import { CredentialRef } from '#shared/actions/dry-run.ts';
import { ProjectId } from '#shared/actions/identity.ts';
import { signInPath } from '#shared/approvals/page.ts';
import { CREDENTIALS_PAGE } from '#shared/credentials/console-paths.ts';
import type { Credential, ListCredentials, ReadCredential } from '#shared/credentials/credential.ts';
import {
  CONNECT_COOKIE,
  CONNECT_MAX_MS,
  connectCookie,
  connectDigest,
  connectState,
  type ConnectTransaction,
  connectUrl,
  connectVerifier,
  readConnectTransaction,
  redirectUri,
} from '#shared/credentials/oauth/authorize.ts';
import {
  connectCredential,
  type ConnectDeps,
  type ConnectOutcome,
} from '#shared/credentials/oauth/connect-credential.ts';
import {
  connectionOwner,
  endpointsOf,
  type OAuthEndpoints,
  type OAuthOverrides,
} from '#shared/credentials/oauth/endpoints.ts';
import { fitsHost } from '#shared/credentials/secret-fields.ts';
import { requireOperator } from '#shared/operators/fresh-operator.ts';
import { parseInput, requireProject } from '#shared/operators/http-edge.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';
import { FRESH_SIGN_IN_MS } from '#shared/operators/principal.ts';
import { noticeCookie } from '#shared/credentials/page-notice.ts';
import { plainPage } from '#shared/operators/problem-page.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { SignedIn } from '#shared/operators/sessions.ts';
import { sameText, type UseSignIn } from '#shared/operators/sign-in-transaction.ts';

export interface ConnectAccountDeps extends ConnectDeps {
  readonly signedIn: (cookies: Readonly<Record<string, string>>, now: number) => Promise<SignedIn | null>;
  readonly readCredential: ReadCredential;
  readonly listCredentials: ListCredentials;
  /** Records that a transaction was used; false where it was before. */
  readonly useTransaction: UseSignIn;
  readonly overrides: OAuthOverrides;
  /** Base URL of the API, without a slash at the end. */
  readonly publicUrl: string;
  /** 256 bits of randomness, base64url. */
  readonly newToken: () => string;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

type Person = SignedIn['principal'];

const again = (what: string): ProblemError =>
  new ProblemError('CONNECT_FAILED', `${what} Nothing was stored; start to connect once more.`);

/** The grant of a connection, and where it is connected. */
const connectable = async (
  project: string,
  ref: CredentialRef,
  provider: string,
  person: Person,
  deps: ConnectAccountDeps,
): Promise<{ readonly grant: Credential; readonly endpoints: OAuthEndpoints }> => {
  requireProject(person, project);
  requireOperator(person);
  const grant = await deps.readCredential(project, ref);
  if (grant === undefined || grant.retired)
    throw new ProblemError('NOT_FOUND', 'No such credential is registered. Two operators register it first.');
  const endpoints = endpointsOf(grant, deps.overrides);
  if (grant.kind !== 'oauth' || endpoints === undefined || endpoints.name !== provider)
    throw new ProblemError(
      'INVALID_INPUT',
      `provider: this credential is not connected by OAuth at ${provider}. It needs the kind "oauth", and for Shopify the name of the shop as its account.`,
      { field: 'provider' },
    );
  if (!fitsHost(grant.standIn, endpoints.overridden))
    throw new ProblemError(
      'INVALID_INPUT',
      'standIn: a stand-in credential meets stand-ins only, and a real one never does.',
      { field: 'standIn' },
    );
  const owner = connectionOwner(await deps.listCredentials(), grant.secretId);
  if (
    owner !== undefined &&
    (owner.provider !== grant.provider ||
      owner.account !== grant.account ||
      owner.environment !== grant.environment ||
      owner.project !== grant.project)
  )
    throw new ProblemError(
      'INVALID_INPUT',
      `account: its secret is connected through ${owner.provider} ${owner.account} (${owner.environment}) of ${owner.project}; connect that one.`,
      { field: 'account' },
    );
  return { grant, endpoints };
};

const noClient = (grant: Credential): ProblemError =>
  new ProblemError(
    'CONNECT_FAILED',
    `The secret ${grant.secretId} cannot be read, or has no clientId. Put clientId and clientSecret of your app there as a JSON object, then connect.`,
  );

/** GET /credentials/connect/{provider}: to the provider's consent page. Writes nothing but a short-lived cookie. */
export const startConnection = async (request: HttpRequest, deps: ConnectAccountDeps): Promise<HttpReply> => {
  const { query, path } = request;
  const now = deps.now();
  const here = `${path}?${new URLSearchParams(query).toString()}`;
  const signedIn = await deps.signedIn(request.cookies, now);
  if (signedIn === null) return { status: 302, location: signInPath(here) };
  const person = signedIn.principal;
  // Who connects an account says what Autopack acts as, so it has to be them right now.
  if (!(now - person.authTimeMs <= FRESH_SIGN_IN_MS))
    return { status: 302, location: signInPath(here, true) };
  const replace = query['replace'] === '1';
  if (replace && request.headers['sec-fetch-site'] === 'cross-site')
    throw new ProblemError(
      'FORBIDDEN',
      'Connecting another account starts from a page of Autopack, not from elsewhere.',
    );
  const provider = request.params['provider'] ?? '';
  const project = parseInput(ProjectId, query['project'], 'project');
  const credential = parseInput(CredentialRef, {
    provider: query['credential'] ?? provider,
    account: query['account'],
    environment: query['environment'],
  });
  const { grant, endpoints } = await connectable(project, credential, provider, person, deps);
  const current = await deps.readCurrent(grant.secretId);
  if (current === undefined) throw noClient(grant);
  const transaction: ConnectTransaction = {
    token: deps.newToken(),
    startedAtMs: now,
    project,
    credential,
    replace,
  };
  const location = connectUrl(endpoints, {
    clientId: current.connection.clientId,
    scopes: grant.scopes,
    redirectUri: redirectUri(deps.publicUrl, provider),
    state: connectState(transaction, person.subject),
    verifier: connectVerifier(transaction, person.subject),
  });
  return { status: 302, location, cookies: [connectCookie(transaction)] };
};

/** The transaction that this callback belongs to, used up by this very call. */
const takeTransaction = async (
  request: HttpRequest,
  person: Person,
  deps: ConnectAccountDeps,
): Promise<ConnectTransaction> => {
  const transaction = readConnectTransaction(request.cookies[CONNECT_COOKIE]);
  if (transaction === undefined)
    throw again('This browser has not started to connect, or cookies are switched off.');
  if (!sameText(connectState(transaction, person.subject), request.query['state'] ?? ''))
    throw again('This answer belongs to another attempt, perhaps in another tab or by another person.');
  const age = deps.now() - transaction.startedAtMs;
  if (age < 0 || age > CONNECT_MAX_MS) throw again('Connecting took too long.');
  if (!(await deps.useTransaction(connectDigest(transaction, person.subject), deps.now())))
    throw again('This answer of the provider was used already.');
  return transaction;
};

const startPath = (
  { project, credential }: ConnectTransaction,
  provider: string,
  replace: boolean,
): string => {
  const { provider: of, account, environment } = credential;
  const query = { project, credential: of, account, environment, ...(replace ? { replace: '1' } : {}) };
  return `/credentials/connect/${provider}?${new URLSearchParams(query).toString()}`;
};

const otherAccountPage = (
  title: string,
  { connected, found }: Extract<ConnectOutcome, { kind: 'other-account' }>,
  retry: string,
  replace: string,
): HttpReply => ({
  status: 409,
  html: plainPage(
    'This is another account',
    [
      `Connected is ${connected}. ${found === undefined ? `${title} did not say whose account the new consent is of` : `The new consent is of ${found}`}, so it was not stored and nothing has changed.`,
      'Actions that were approved for the one account would run for the other. Replace it only if that is what you want.',
      'Code CREDENTIAL_OTHER_ACCOUNT.',
    ],
    [
      { href: retry, text: `Connect ${connected} again` },
      { href: replace, text: 'Replace it with another account' },
    ],
  ),
});

/** GET /credentials/connect/{provider}/callback: back from the provider, with a code or with its refusal. */
export const finishConnection = async (
  request: HttpRequest,
  deps: ConnectAccountDeps,
): Promise<HttpReply> => {
  if (request.isHead === true) throw new ProblemError('METHOD_NOT_ALLOWED', 'Connecting works with GET.');
  const signedIn = await deps.signedIn(request.cookies, deps.now());
  if (signedIn === null) throw again('You are not signed in any more.');
  const person = signedIn.principal;
  const transaction = await takeTransaction(request, person, deps);
  const provider = request.params['provider'] ?? '';
  const { project, credential, replace } = transaction;
  const { grant, endpoints } = await connectable(project, credential, provider, person, deps);
  const { title } = endpoints.provider;
  const refusal = request.query['error'];
  if (refusal !== undefined)
    throw again(`${title} answered ${/^[a-z_]{1,60}$/.test(refusal) ? refusal : 'an error'}.`);
  const code = request.query['code'];
  if (code === undefined || code.length > 2048) throw again(`${title} sent no code.`);
  const outcome = await connectCredential(
    grant,
    endpoints,
    {
      code,
      redirectUri: redirectUri(deps.publicUrl, provider),
      verifier: connectVerifier(transaction, person.subject),
      query: request.query,
      replace,
      by: person.subject,
    },
    deps,
  );
  deps.log({
    event: 'credential-connect',
    outcome: outcome.kind,
    project,
    ...credential,
    by: person.subject,
    replace,
  });
  // An address that is good for one use is no place to stay at: a reload would repeat it, and show an error.
  return outcome.kind === 'connected'
    ? {
        status: 303,
        location: CREDENTIALS_PAGE,
        cookies: [connectCookie(null), noticeCookie({ done: 'connected', project, credential })],
      }
    : { ...replyOf(outcome, grant, endpoints, transaction), cookies: [connectCookie(null)] };
};

const replyOf = (
  outcome: Exclude<ConnectOutcome, { kind: 'connected' }>,
  grant: Credential,
  { name, provider: { title } }: OAuthEndpoints,
  transaction: ConnectTransaction,
): HttpReply => {
  const retry = startPath(transaction, name, false);
  switch (outcome.kind) {
    case 'other-account':
      return otherAccountPage(title, outcome, retry, startPath(transaction, name, true));
    case 'no-client':
      throw noClient(grant);
    case 'busy':
      throw again('It is being renewed at this very moment.');
    case 'forged':
      throw again(`This answer is not signed by ${title}, or is about another shop.`);
    case 'not-lasting':
      throw again(
        `${title} gave access for an hour only, without a refresh token. Remove Autopack from the account's connected apps there.`,
      );
    case 'unreachable':
      throw again(`${title} does not answer.`);
    case 'refused':
      throw again(
        `${title} refused the exchange (${outcome.code}). Check the client's id, secret and redirect URI.`,
      );
  }
};
