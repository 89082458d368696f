/** Header of the time that an HMAC signature covers, in seconds since the epoch. */
export const TIMESTAMP_HEADER = 'x-autopack-timestamp';
/** Header of an HMAC signature where the endpoint's definition names no other. */
export const DEFAULT_SIGNATURE_HEADER = 'x-autopack-signature';

const FIXED = new Set(['authorization', 'apca-api-key-id', 'apca-api-secret-key', TIMESTAMP_HEADER]);

/** True for a name that an HMAC signature may travel under: one of its words is `signature` or `hmac`. */
export const isSignatureHeader = (name: string): boolean =>
  /^[a-z0-9-]{1,60}$/.test(name) && name.split('-').some((word) => word === 'signature' || word === 'hmac');

/**
 * True for the headers that `prepare` may add to the stored request. They are the only ones outside the
 * requestHash, so a payload can never name one.
 */
export const isAuthHeader = (name: string): boolean => FIXED.has(name) || isSignatureHeader(name);
