/** Where a person lands when nothing better is known. */
export const DEFAULT_RETURN = '/inbox';

const LONGEST = 512;
/** Going back to these after sign-in would sign in again, or out. */
const OWN_PAGES = /^\/(sign-in|signed-in|sign-out)([/?#]|$)/;

/** A browser reads "\" as "/", drops tabs and line breaks, and takes "//" for another host. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const looksForeign = (text: string): boolean => /[\u0000-\u0020\u007f\\]/.test(text) || text.startsWith('//');

/** A path of our own, or undefined for anything that a browser could follow to another place. */
export const localPath = (text: string): string | undefined => {
  if (text.length > LONGEST || !text.startsWith('/')) return undefined;
  let unfolded = text;
  for (let round = 0; round < 3; round += 1) {
    if (looksForeign(unfolded)) return undefined;
    try {
      unfolded = decodeURIComponent(unfolded);
    } catch {
      return undefined;
    }
  }
  const url = new URL(text, 'https://here.invalid');
  const path = `${url.pathname}${url.search}${url.hash}`;
  if (url.origin !== 'https://here.invalid' || looksForeign(path) || OWN_PAGES.test(path)) return undefined;
  return path;
};
