import type { CredentialRef } from '../actions/dry-run.ts';

/** Page of all credentials in the console. */
export const CREDENTIALS_PAGE = '/credentials';
/** Takes the forms of that page. */
export const LOOK_PAGE = '/credentials/look';

/** Start of a connection at a provider: a link that changes nothing until the person consents there. */
export const connectPath = (
  place: { readonly project: string } & CredentialRef,
  oauthProvider: string,
  options: { readonly replace?: boolean } = {},
): string => {
  const { project, provider, account, environment } = place;
  const query = {
    project,
    credential: provider,
    account,
    environment,
    ...(options.replace === true ? { replace: '1' } : {}),
  };
  return `${CREDENTIALS_PAGE}/connect/${oauthProvider}?${new URLSearchParams(query).toString()}`;
};
