import { timestamp } from '#shared/actions/identity.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';
import {
  authorizationUrl,
  type Discover,
  type ExchangeCode,
  IssuerRefusedError,
  IssuerUnreachableError,
} from '#shared/operators/oidc.ts';
import { plainPage } from '#shared/operators/problem-page.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { BindPersonSubject, ReadPerson } from '#shared/operators/registry.ts';
import { DEFAULT_RETURN, localPath } from '#shared/operators/return-path.ts';
import {
  type CreateSession,
  newSession,
  requireCsrf,
  type RevokeSession,
  SESSION_COOKIE,
  sessionCookie,
  sessionDigest,
  type SignedIn,
} from '#shared/operators/sessions.ts';
import {
  nonceOf,
  readTransaction,
  sameText,
  SIGN_IN_COOKIE,
  SIGN_IN_MAX_MS,
  signInCookie,
  signInDigest,
  type SignInTransaction,
  stateOf,
  type UseSignIn,
  verifierOf,
} from '#shared/operators/sign-in-transaction.ts';
import { callerOf, IdTokenClaims, type VerifyToken } from '#shared/operators/tokens.ts';

export interface SignInDeps {
  readonly discover: Discover;
  readonly exchangeCode: ExchangeCode;
  readonly verify: VerifyToken;
  readonly readPerson: ReadPerson;
  readonly bindPersonSubject: BindPersonSubject;
  readonly useSignIn: UseSignIn;
  readonly createSession: CreateSession;
  readonly revokeSession: RevokeSession;
  /** Who the request's session speaks for. */
  readonly signedIn: (cookies: Readonly<Record<string, string>>, now: number) => Promise<SignedIn | null>;
  readonly clientId: string;
  readonly operatorGroup: string;
  /** Base URL of the API, without a slash at the end. */
  readonly publicUrl: string;
  /** 256 bits of randomness, base64url. */
  readonly newToken: () => string;
  readonly now: () => number;
}

/** A fresh sign-in is proven by seconds, and the issuer's clock is not ours. */
const FRESH_SKEW_MS = 5000;

const again = (what: string): ProblemError =>
  new ProblemError('SIGN_IN_FAILED', `${what} Nothing was changed; sign in once more.`);

/** Turns what the issuer did into what the person can do about it. */
const asked = async <Answer>(question: Promise<Answer>): Promise<Answer> => {
  try {
    return await question;
  } catch (error) {
    if (error instanceof IssuerUnreachableError)
      throw new ProblemError('UNAVAILABLE', 'The identity provider does not answer. Try again in a minute.', {
        cause: error,
      });
    if (error instanceof IssuerRefusedError) throw again(`The identity provider answered ${error.code}.`);
    throw error;
  }
};

/** GET /sign-in: to the identity provider. Writes nothing but a short-lived cookie. */
export const startSignIn = async (request: HttpRequest, deps: SignInDeps): Promise<HttpReply> => {
  const returnTo = localPath(request.query['return'] ?? DEFAULT_RETURN);
  if (returnTo === undefined)
    throw new ProblemError('INVALID_INPUT', 'return: this is not a page of Autopack', { field: 'return' });
  const discovery = await asked(deps.discover());
  const transaction: SignInTransaction = {
    token: deps.newToken(),
    startedAtMs: deps.now(),
    fresh: request.query['fresh'] === '1',
    returnTo,
  };
  const location = authorizationUrl(discovery, {
    clientId: deps.clientId,
    redirectUri: `${deps.publicUrl}/signed-in`,
    state: stateOf(transaction),
    nonce: nonceOf(transaction),
    verifier: verifierOf(transaction),
    fresh: transaction.fresh,
  });
  return { status: 302, location, cookies: [signInCookie(transaction)] };
};

/** The transaction that this callback belongs to, used up by this very call. */
const takeTransaction = async (request: HttpRequest, deps: SignInDeps): Promise<SignInTransaction> => {
  const transaction = readTransaction(request.cookies[SIGN_IN_COOKIE]);
  if (transaction === undefined)
    throw again('This browser has not started to sign in, or cookies are switched off.');
  if (!sameText(stateOf(transaction), request.query['state'] ?? ''))
    throw again('This answer belongs to another attempt to sign in, perhaps in another tab.');
  const age = deps.now() - transaction.startedAtMs;
  if (age < 0 || age > SIGN_IN_MAX_MS) throw again('Signing in took too long.');
  if (!(await deps.useSignIn(signInDigest(transaction), deps.now())))
    throw again('This answer of the identity provider was used already.');
  return transaction;
};

/** GET /signed-in: back from the identity provider, with a code or with its refusal. */
export const finishSignIn = async (request: HttpRequest, deps: SignInDeps): Promise<HttpReply> => {
  if (request.isHead === true) throw new ProblemError('METHOD_NOT_ALLOWED', 'Signing in works with GET.');
  const transaction = await takeTransaction(request, deps);
  const refusal = request.query['error'];
  if (refusal !== undefined) throw again(`${new IssuerRefusedError(refusal).message}.`.replace('the', 'The'));
  const code = request.query['code'];
  if (code === undefined || code.length > 2048) throw again('The identity provider sent no code.');

  const redirectUri = `${deps.publicUrl}/signed-in`;
  const { idToken } = await asked(
    deps.exchangeCode({ code, redirectUri, verifier: verifierOf(transaction) }),
  );
  const claims = await asked(deps.verify(idToken));
  const rules = { audiences: [deps.clientId], operatorGroup: deps.operatorGroup };
  const caller = callerOf(claims, rules);
  const nonce = IdTokenClaims.safeParse(claims).data?.nonce ?? '';
  if (caller?.kind !== 'person' || !sameText(nonceOf(transaction), nonce))
    throw again('The identity provider sent a token that does not belong to this attempt.');
  if (transaction.fresh && caller.authTimeMs < transaction.startedAtMs - FRESH_SKEW_MS)
    throw new ProblemError(
      'SIGN_IN_NOT_FRESH',
      'The identity provider did not ask who you are. Sign out there, then sign in again.',
    );

  const person = await deps.readPerson(caller.email);
  if (person === undefined || !person.active)
    throw new ProblemError(
      'FORBIDDEN',
      `${caller.email} is not registered in Autopack. Ask whoever runs it to add you.`,
    );
  if ((await deps.bindPersonSubject(caller.email, caller.issuerSubject)) === 'refused')
    throw new ProblemError(
      'FORBIDDEN',
      `${caller.email} belongs to another account of the identity provider.`,
    );

  const now = deps.now();
  const previous = request.cookies[SESSION_COOKIE];
  if (previous !== undefined) await deps.revokeSession(sessionDigest(previous), timestamp(now));
  const token = deps.newToken();
  await deps.createSession(sessionDigest(token), newSession(caller, now));
  return { status: 302, location: transaction.returnTo, cookies: [sessionCookie(token), signInCookie(null)] };
};

/** POST /sign-out with the CSRF value of the session: ends it here, not only in the browser. */
export const signOut = async (request: HttpRequest, csrf: string, deps: SignInDeps): Promise<HttpReply> => {
  const now = deps.now();
  const signedIn = await deps.signedIn(request.cookies, now);
  if (signedIn !== null) {
    requireCsrf(signedIn, csrf);
    await deps.revokeSession(sessionDigest(request.cookies[SESSION_COOKIE] ?? ''), timestamp(now));
  }
  return {
    status: 200,
    html: plainPage(
      'You are signed out',
      ['Nothing more can be done from this browser in your name.'],
      [{ href: '/sign-in', text: 'Sign in again' }],
    ),
    cookies: [sessionCookie(null)],
  };
};
