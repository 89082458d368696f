import * as z from 'zod';
import { CredentialRef } from '../actions/dry-run.ts';
import { ProjectId } from '../actions/identity.ts';
import type { CredentialView } from './credential-view.ts';
import { DETAIL_WORDS, STATUS_WORDS } from './health-words.ts';
import { oauthProviderOf } from './oauth/endpoints.ts';
import { OAUTH, scopesMissing } from './oauth/providers.ts';

/**
 * What a person has just done to a credential, told once on the page that they are sent to. It says what was done and
 * to what; how the credential stands is read from its rows, so that the page never says more than is so.
 */
export const PageNotice = z.strictObject({
  done: z.enum(['connected', 'looked', 'looked-recently', 'look-overtaken']),
  project: ProjectId,
  credential: CredentialRef,
});
export type PageNotice = z.infer<typeof PageNotice>;

export const NOTICE_COOKIE = '__Host-autopack-notice';
const NOTICE_SECONDS = 60;

/**
 * Complete Set-Cookie value; without a notice it deletes the cookie. Lax, since who comes back from a provider is on a
 * way that began elsewhere.
 */
export const noticeCookie = (notice: PageNotice | null): string => {
  const value = notice === null ? '' : Buffer.from(JSON.stringify(notice)).toString('base64url');
  const age = notice === null ? 0 : NOTICE_SECONDS;
  return `${NOTICE_COOKIE}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${age}`;
};

/** The notice that a browser brings; undefined where there is none, or it is not one of ours. */
export const readNotice = (cookies: Readonly<Record<string, string>>): PageNotice | undefined => {
  const value = Object.hasOwn(cookies, NOTICE_COOKIE) ? cookies[NOTICE_COOKIE] : undefined;
  if (value === undefined || value === '') return undefined;
  try {
    return PageNotice.safeParse(JSON.parse(Buffer.from(value, 'base64url').toString('utf8'))).data;
  } catch {
    return undefined;
  }
};

export interface NoticeWords {
  readonly tone: 'ok' | 'wait';
  readonly title: string;
  readonly says: string;
}

const connectedWords = (view: CredentialView): NoticeWords => {
  const name = oauthProviderOf(view);
  const title = `${name === undefined ? view.provider : OAUTH[name].title} is connected`;
  const { account, environment, project, providerAccount } = view;
  const whose = `${account} (${environment}) of ${project}${providerAccount === null ? '' : ` is ${providerAccount} there`}.`;
  const missing =
    name === undefined || view.providerScopes.length === 0
      ? []
      : scopesMissing(OAUTH[name], view.scopes, view.providerScopes);
  return missing.length === 0
    ? { tone: 'ok', title, says: `${whose} Actions that waited for it go on within a minute.` }
    : {
        tone: 'wait',
        title: `${title}, but not for everything`,
        says: `${whose} The consent does not cover ${missing.join(', ')}. Actions that need it wait. Connect again and leave every box ticked.`,
      };
};

/** What the page says about it, by how the credential stands now. */
export const noticeWords = ({ done }: PageNotice, view: CredentialView): NoticeWords => {
  if (done === 'connected') return connectedWords(view);
  const name = `${view.provider} ${view.account} (${view.environment})`;
  const stands = `${name}: ${STATUS_WORDS[view.status]}${view.detail === null ? '' : `, ${DETAIL_WORDS[view.detail]}`}.`;
  const tone = view.status === 'PRESENT' && view.detail === null ? 'ok' : 'wait';
  switch (done) {
    case 'looked':
      return { tone, title: 'Looked at just now', says: stands };
    case 'looked-recently':
      return {
        tone: 'wait',
        title: 'Not looked at again',
        says: `Somebody asked within the last minute, and providers count these questions. ${stands} Try again in a minute.`,
      };
    case 'look-overtaken':
      return {
        tone: 'wait',
        title: 'It changed while it was looked at',
        says: `That look counts for nothing. ${stands} Try again in a minute.`,
      };
  }
};
