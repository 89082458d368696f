import type { OutgoingRequest, ProviderReply } from '../providers/provider.ts';
import { documentOf } from './rotation/keyring-document.ts';

/** What an API that renews its own keys is asked with, and how its answers are read: by rotations and by looks alike. */

const TIMEOUT_MS = 10_000;
/** What fits into a header as it is; a value that needs escaping is no key. */
export const KEY = /^[\x21-\x7e]{1,4096}$/;

export const isSuccess = ({ status }: ProviderReply): boolean => status >= 200 && status < 300;
export const isRefusal = ({ status }: ProviderReply): boolean => status === 401 || status === 403;

/** A string field of an answer; undefined where it is not there, empty, or the answer is no JSON object. */
export const fieldOf = ({ body }: ProviderReply, field: string): string | undefined => {
  const document = documentOf(body);
  if (typeof document !== 'object' || document === null || !Object.hasOwn(document, field)) return undefined;
  const value: unknown = Reflect.get(document, field);
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** A request that the key signs. */
export const keyRequest = (
  method: string,
  url: string,
  key: string,
  more: Readonly<Record<string, string>> = {},
): OutgoingRequest => ({
  method,
  url,
  headers: {
    accept: 'application/json',
    'user-agent': 'autopack/1',
    authorization: `Bearer ${key}`,
    ...more,
  },
  body: null,
  timeoutMs: TIMEOUT_MS,
});
