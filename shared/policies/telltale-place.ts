const LOGIN_SEGMENT =
  /^(?:log-?in|sign-?in|signon|sso|servicelogin|authorize|oauth2?|checkpoint|authwall|account-login)(?:\.[a-z]+)?$/i;
const LOGIN_HOST = /^(?:accounts?|login|signin|auth|sso|id)\./i;
const WALL_HOST = /^(?:consent|challenges?|captcha|validate)\./i;
const WALL_PATH = /\/(?:sorry|captcha|challenge|robot-check)(?:\/|$)/i;

const look = (url: URL): 'LOGIN' | 'WALL' | undefined => {
  if (LOGIN_HOST.test(url.hostname)) return 'LOGIN';
  if (url.pathname.split('/').some((segment) => LOGIN_SEGMENT.test(segment))) return 'LOGIN';
  return WALL_HOST.test(url.hostname) || WALL_PATH.test(url.pathname) ? 'WALL' : undefined;
};

/** A place that is evidently a sign-in or a wall, where what was asked for is not one. */
export const telltalePlace = (asked: string, finalUrl: string): 'LOGIN' | 'WALL' | undefined => {
  if (!URL.canParse(finalUrl) || !URL.canParse(asked)) return undefined;
  return look(new URL(asked)) === undefined ? look(new URL(finalUrl)) : undefined;
};
