import { createHash, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { Timestamp, epochMs, timestamp } from '../actions/identity.ts';
import { sha256 } from '../actions/canonical-json.ts';
import type { Principal } from './principal.ts';
import { ProblemError } from './problems.ts';
import type { ReadPerson } from './registry.ts';
import type { Caller } from './tokens.ts';

/** Name of the console's session cookie. The prefix makes browsers insist on Secure, Path=/ and no Domain. */
export const SESSION_COOKIE = '__Host-autopack-session';
/** A session ends this long after sign-in, whatever happens. */
export const SESSION_MAX_MS = 12 * 3_600_000;
/** A session that nobody used for this long is over. */
export const SESSION_IDLE_MS = 60 * 60_000;
/** Use is written down at most this often, so that reading pages costs no writes. */
export const SESSION_TOUCH_MS = 5 * 60_000;

/** Registry row `session#<digest of the cookie>`; the cookie's value itself is stored nowhere. */
export const Session = z.strictObject({
  schemaVersion: z.literal(1),
  email: z.email(),
  issuerSubject: z.string().min(1),
  /** Whether the issuer counted the person among the operators when they signed in. */
  inOperatorGroup: z.boolean(),
  authTimeMs: z.int().nonnegative(),
  createdAt: Timestamp,
  lastSeenAt: Timestamp,
  expiresAt: Timestamp,
  revokedAt: Timestamp.optional(),
});
export type Session = z.infer<typeof Session>;

/** Strongly consistent read by digest. */
export type ReadSession = (digest: string) => Promise<Session | undefined>;
export type CreateSession = (digest: string, session: Session) => Promise<void>;
export type TouchSession = (digest: string, lastSeenAt: Timestamp) => Promise<void>;
export type RevokeSession = (digest: string, revokedAt: Timestamp) => Promise<void>;

export interface SessionDeps {
  readonly readSession: ReadSession;
  readonly readPerson: ReadPerson;
  readonly touchSession: TouchSession;
}

export interface SignedIn {
  readonly principal: Extract<Principal, { kind: 'person' }>;
  /** Goes into every form of a page and comes back with the POST. */
  readonly csrf: string;
}

/** Under which a cookie's value is found; 64 hex digits. */
export const sessionDigest = (token: string): string => sha256(`autopack.session.v1\n${token}`);

/** Derived from the cookie, so that nothing secret is stored and nobody without the cookie can make it. */
export const csrfOf = (token: string): string =>
  createHash('sha256').update(`autopack.csrf.v1\n${token}`).digest('base64url');

/** The row of a session that starts now. */
export const newSession = (who: Extract<Caller, { kind: 'person' }>, now: number): Session => ({
  schemaVersion: 1,
  email: who.email,
  issuerSubject: who.issuerSubject,
  inOperatorGroup: who.inOperatorGroup,
  authTimeMs: who.authTimeMs,
  createdAt: timestamp(now),
  lastSeenAt: timestamp(now),
  expiresAt: timestamp(now + SESSION_MAX_MS),
});

/** Whether a session may be used at this moment. */
export const isLive = (session: Session, now: number): boolean =>
  session.revokedAt === undefined &&
  now < epochMs(session.expiresAt) &&
  now - epochMs(session.lastSeenAt) < SESSION_IDLE_MS;

/**
 * Who a request's cookies speak for, from a FRESH registry row: taking a person's row away ends the session at
 * once. Null where there is no session, it is over, or the person is not (or no longer) who signed in.
 */
export const sessionPrincipal =
  (deps: SessionDeps) =>
  async (cookies: Readonly<Record<string, string>>, now: number): Promise<SignedIn | null> => {
    const token = Object.hasOwn(cookies, SESSION_COOKIE) ? cookies[SESSION_COOKIE] : undefined;
    if (token === undefined || !/^[A-Za-z0-9_-]{43}$/.test(token)) return null;
    const digest = sessionDigest(token);
    const session = await deps.readSession(digest);
    if (session === undefined || !isLive(session, now)) return null;
    const person = await deps.readPerson(session.email);
    if (person === undefined || !person.active || person.issuerSubject !== session.issuerSubject) return null;
    if (now - epochMs(session.lastSeenAt) >= SESSION_TOUCH_MS)
      await deps.touchSession(digest, timestamp(now));
    return {
      principal: {
        kind: 'person',
        subject: `person:${person.email}`,
        email: person.email,
        name: person.name,
        projects: person.projects,
        roles: person.roles.filter((role) => role !== 'operator' || session.inOperatorGroup),
        authTimeMs: session.authTimeMs,
      },
      csrf: csrfOf(token),
    };
  };

/**
 * Compares what a form brought with the session's own value, in constant time.
 * @throws ProblemError NONCE_INVALID.
 */
export const requireCsrf = (signedIn: SignedIn, posted: string): void => {
  const expected = Buffer.from(signedIn.csrf);
  const given = Buffer.from(posted);
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new ProblemError('NONCE_INVALID', 'Open the page again and repeat what you wanted to do.');
};

/** Complete Set-Cookie value; without a token it deletes the cookie. */
export const sessionCookie = (token: string | null): string =>
  token === null
    ? `${SESSION_COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`
    : `${SESSION_COOKIE}=${token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${SESSION_MAX_MS / 1000}`;
