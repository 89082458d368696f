import type { HttpReply, HttpRequest } from '../operators/http.ts';
import { ProblemError } from '../operators/problems.ts';
import type { SignedIn } from '../operators/sessions.ts';
import { messagePage, pageOfProblem, signInPath } from './page.ts';

/** The words around a form of the console. */
export interface FormPage {
  /** The page of the form; every answer leads back to it. */
  readonly path: string;
  /** What the form is for, behind "Sign in to". */
  readonly purpose: string;
  /** What somebody reads who is not signed in: that nothing happened. */
  readonly nothingDone: string;
}

/** A browser says that the form was not on a page of ours. One that says nothing has its nonce and CSRF token. */
export const isFromOutside = ({ headers }: Pick<HttpRequest, 'headers'>): boolean =>
  ['cross-site', 'same-site'].includes(headers['sec-fetch-site'] ?? '');

/**
 * Answers a form that a signed-in person sent: what went wrong is a page with its code and the way on, a session that
 * is missing or too old leads to signing in. Errors that are no ProblemError go on.
 */
export const answerForm = async (
  request: HttpRequest,
  { path, purpose, nothingDone }: FormPage,
  signedIn: () => Promise<SignedIn | null>,
  act: (session: SignedIn) => Promise<HttpReply>,
): Promise<HttpReply> => {
  try {
    const session = await signedIn();
    if (session !== null) return await act(session);
    return {
      status: 401,
      html: messagePage({
        title: `Sign in to ${purpose}`,
        paragraphs: [nothingDone],
        links: [{ href: signInPath(path), text: 'Sign in', main: true }],
        code: 'UNAUTHENTICATED',
        requestId: request.requestId,
      }),
    };
  } catch (error) {
    const stale = error instanceof ProblemError && error.code === 'SIGN_IN_NOT_FRESH';
    return pageOfProblem(
      error,
      request,
      stale
        ? { href: signInPath(path, true), text: `Sign in again to ${purpose}` }
        : { href: path, text: 'Open the page again' },
    );
  }
};
