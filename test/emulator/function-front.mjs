/**
 * Stands before every function on the emulator, as `index.mjs`; the function itself is `function.mjs` beside it.
 * See `docs/emulator.md` for why.
 */
import { handler as run } from './function.mjs';

const send = globalThis.fetch;
const COGNITO = /^https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com(?=\/)/;
globalThis.fetch = (input, init) => {
  const url = String(input instanceof Request ? input.url : input);
  return COGNITO.test(url)
    ? send(url.replace(COGNITO, process.env.AWS_ENDPOINT_URL), init)
    : send(input, init);
};

const withCookies = (event) => {
  if (event?.version !== '2.0' || event.cookies !== undefined) return event;
  const cookie = Object.entries(event.headers ?? {}).find(([name]) => name.toLowerCase() === 'cookie')?.[1];
  return cookie === undefined ? event : { ...event, cookies: cookie.split(/;\s*/) };
};

export const handler = (event, context) => run(withCookies(event), context);
