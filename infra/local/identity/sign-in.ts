import { createHmac, randomBytes } from 'node:crypto';
import type { DurableState } from '../durable-file.ts';
import type { AwsReply, AwsRequest } from '../service.ts';
import {
  answerAddress,
  type AuthorizationRequest,
  readAuthorizationRequest,
} from './authorization-request.ts';
import { messagePage, signInPage } from './pages.ts';
import {
  digestOf,
  forgetExpired,
  type IdentityState,
  member,
  newSecret,
  type Pool,
  sameText,
  type Session,
} from './state.ts';

const SESSION_COOKIE = 'autopack_local_issuer';
const FORM_COOKIE = 'autopack_local_form';
const SESSION_MS = 3_600_000;
const CODE_MS = 300_000;

export interface SignIn {
  authorize(pool: Pool, request: AwsRequest): Promise<AwsReply>;
  submit(pool: Pool, request: AwsRequest): Promise<AwsReply>;
  logout(pool: Pool, request: AwsRequest): Promise<AwsReply>;
}

const cookieOf = (request: AwsRequest, name: string): string | undefined =>
  (request.headers['cookie'] ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1);

const cookie = (pool: Pool, name: string, value: string, maxAgeSeconds: number): string =>
  `${name}=${value}; Path=/_cognito/${pool.poolId}; HttpOnly; SameSite=Lax; Max-Age=${maxAgeSeconds}`;

const redirect = (to: string, cookies: readonly string[] = []): AwsReply => ({
  status: 303,
  headers: { location: to, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
  cookies,
  body: '',
});

/** Authorization, the sign-in form and signing out. `now` is in epoch milliseconds. */
export const signIn = (store: DurableState<IdentityState>, now: () => number): SignIn => {
  // Forms that are open over a restart have to be shown again; that is all that is lost with the key.
  const formKey = randomBytes(32);
  const formNonce = (formCookie: string, query: string): string =>
    createHmac('sha256', formKey).update(`${formCookie}\n${query}`).digest('base64url');

  const sessionOf = (pool: Pool, request: AwsRequest): Session | undefined => {
    const session = member(store.read().sessions, digestOf(cookieOf(request, SESSION_COOKIE) ?? ''));
    return session?.poolId === pool.poolId &&
      session.expiresAt > now() &&
      Object.hasOwn(pool.users, session.email)
      ? session
      : undefined;
  };

  const showForm = (
    pool: Pool,
    http: AwsRequest,
    request: AuthorizationRequest,
    problem?: string,
  ): AwsReply => {
    const known = cookieOf(http, FORM_COOKIE);
    const formCookie = known !== undefined && /^[A-Za-z0-9_-]{43}$/.test(known) ? known : newSecret();
    return signInPage(pool, request, {
      action: `/_cognito/${pool.poolId}/login`,
      nonce: formNonce(formCookie, request.query),
      cookies: [cookie(pool, FORM_COOKIE, formCookie, 3600)],
      ...(problem === undefined ? {} : { problem }),
    });
  };

  const issueCode = async (
    pool: Pool,
    request: AuthorizationRequest,
    person: Pick<Session, 'email' | 'authTimeMs'>,
    newSession?: string,
  ): Promise<string> => {
    const code = newSecret();
    await store.update((state) => {
      forgetExpired(state, now());
      if (newSession !== undefined)
        state.sessions[digestOf(newSession)] = {
          poolId: pool.poolId,
          ...person,
          expiresAt: now() + SESSION_MS,
        };
      state.codes[digestOf(code)] = {
        poolId: pool.poolId,
        clientId: request.client.clientId,
        email: person.email,
        authTimeMs: person.authTimeMs,
        scopes: [...request.scopes],
        redirectUri: request.redirectUri,
        challenge: request.challenge,
        ...(request.nonce === undefined ? {} : { nonce: request.nonce }),
        expiresAt: now() + CODE_MS,
      };
    });
    return answerAddress(request.redirectUri, { code, state: request.state });
  };

  return {
    async authorize(pool, http) {
      const read = readAuthorizationRequest(pool, http.query);
      if (read.kind === 'page') return messagePage(400, 'This sign-in cannot go on', read.reason);
      if (read.kind === 'redirect') return redirect(read.to);
      const { request } = read;
      const session = sessionOf(pool, http);
      const old =
        session !== undefined &&
        request.maxAgeSeconds !== undefined &&
        (request.maxAgeSeconds === 0 || now() - session.authTimeMs > request.maxAgeSeconds * 1000);
      // HEAD is asked by link checkers; it never makes a code.
      if (session !== undefined && !old && request.prompt !== 'login' && http.method === 'GET')
        return redirect(
          await issueCode(pool, request, { email: session.email, authTimeMs: session.authTimeMs }),
        );
      if (request.prompt === 'none')
        return redirect(
          answerAddress(request.redirectUri, { error: 'login_required', state: request.state }),
        );
      return showForm(pool, http, request);
    },

    async submit(pool, http) {
      if (http.headers['content-type']?.split(';')[0]?.trim() !== 'application/x-www-form-urlencoded')
        return messagePage(415, 'This sign-in cannot go on', 'The form was not sent as a form.');
      const form = new URLSearchParams(http.body.toString());
      const read = readAuthorizationRequest(pool, new URLSearchParams(form.get('request') ?? ''));
      if (read.kind !== 'valid')
        return messagePage(400, 'This sign-in cannot go on', 'Go back to the application and sign in again.');
      const { request } = read;
      const formCookie = cookieOf(http, FORM_COOKIE);
      if (
        formCookie === undefined ||
        !sameText(form.get('nonce') ?? '', formNonce(formCookie, request.query))
      )
        return showForm(
          pool,
          http,
          request,
          'This page was out of date, or cookies are switched off. Enter the e-mail again.',
        );
      const email = (form.get('email') ?? '').trim().toLowerCase();
      if (!Object.hasOwn(pool.users, email))
        return showForm(pool, http, request, 'Nobody on this machine has that e-mail.');
      const session = newSecret();
      const to = await issueCode(pool, request, { email, authTimeMs: now() }, session);
      return redirect(to, [cookie(pool, SESSION_COOKIE, session, SESSION_MS / 1000)]);
    },

    async logout(pool, http) {
      const client = member(pool.clients, http.query.get('client_id') ?? '');
      const to = http.query.get('logout_uri');
      if (to !== null && client?.logoutUrls.includes(to) !== true)
        return messagePage(
          400,
          'You are still signed in',
          'The request wants to return to an address that is not registered.',
        );
      const session = cookieOf(http, SESSION_COOKIE);
      if (session !== undefined && member(store.read().sessions, digestOf(session)) !== undefined)
        await store.update((state) => {
          delete state.sessions[digestOf(session)];
        });
      const gone = [cookie(pool, SESSION_COOKIE, '', 0)];
      return to === null
        ? messagePage(200, 'You are signed out', 'You can close this page.', gone)
        : redirect(to, gone);
    },
  };
};
