import * as z from 'zod';
import { Subject, Timestamp, timestamp } from '../../actions/identity.ts';
import { dropKey, signingKeyId } from '../keyring.ts';
import { openKeyring } from './keyring-document.ts';
import { HouseSecret } from './requests.ts';
import { dropSigningKey, openSigningKeys, receiptKeyId } from './signing-keys.ts';

/** Ids of keys, as both rings make them. */
export const RingKeyId = z.string().regex(/^[A-Za-z0-9_-]{8,32}$/);

/** Body of `drop`. Without a key nothing is changed: the answer says what there is. */
export const DropBody = z.strictObject({ key: RingKeyId.optional() });

/** What two people agree on: the first one's word waits this long for the second's. */
export const DROP_WAITS_MS = 60 * 60_000;

/** An operator has asked for a key to be dropped, and another one has to ask for the very same. */
export const DropRequest = z.strictObject({
  schemaVersion: z.literal(1),
  secret: HouseSecret,
  key: RingKeyId,
  by: Subject,
  at: Timestamp,
});
export type DropRequest = z.infer<typeof DropRequest>;

/** Three parts without an account: never the key of anything else in the table. */
export const dropPk = ({ secret, key }: Pick<DropRequest, 'secret' | 'key'>): string =>
  `drop#${secret}#${key}`;

/** Strongly consistent. */
export type ReadDrop = (secret: HouseSecret, key: string) => Promise<DropRequest | undefined>;
/** One conditional write: absent as read, or the moment as read. */
export type PutDrop = (from: DropRequest | undefined, to: DropRequest) => Promise<'stored' | 'refused'>;

/** A ring as people see it: ids and times, never a key. */
export const RingView = z.strictObject({
  secret: HouseSecret,
  /** What was done just now; `waits`: another operator has to ask for the same. Null: nothing was changed. */
  done: z.enum(['waits', 'dropped']).nullable(),
  key: RingKeyId.nullable(),
  /** Who asked first; null where nobody waits. */
  askedBy: Subject.nullable(),
  /** Until when that counts. */
  askedUntil: Timestamp.nullable(),
  keys: z.array(
    z.strictObject({
      id: RingKeyId,
      notBefore: Timestamp,
      /** Null: its end is not known yet, or it has none. */
      notAfter: Timestamp.nullable(),
      signsNow: z.boolean(),
    }),
  ),
  /** What to do next, or what follows from it, in plain words. */
  next: z.string(),
});
export type RingView = z.infer<typeof RingView>;

/** The keys of a ring. @throws Error KEYRING_INVALID, SIGNING_KEYS_INVALID */
export const ringKeys = (secret: HouseSecret, value: string, now: number): RingView['keys'] => {
  if (secret === 'keyring') {
    const ring = openKeyring(value);
    const signs = signingKeyId(ring, now);
    return ring.keys.map(({ id, notBefore, notAfter }) => ({
      id,
      notBefore,
      notAfter,
      signsNow: id === signs,
    }));
  }
  const ring = openSigningKeys(value);
  const signs = receiptKeyId(ring, now);
  return ring.keys.map(({ id, notBefore }) => ({ id, notBefore, notAfter: null, signsNow: id === signs }));
};

/** The ring without a key, or why it has to stay. @throws Error KEYRING_INVALID, SIGNING_KEYS_INVALID */
export const withoutKey = (
  secret: HouseSecret,
  value: string,
  key: string,
  now: number,
): { readonly kind: 'dropped'; readonly value: string } | { readonly kind: 'unknown' | 'last' } => {
  if (!ringKeys(secret, value, now).some(({ id }) => id === key)) return { kind: 'unknown' };
  try {
    const ring =
      secret === 'keyring'
        ? dropKey(openKeyring(value), key, now)
        : dropSigningKey(openSigningKeys(value), key);
    return { kind: 'dropped', value: JSON.stringify(ring) };
  } catch {
    return { kind: 'last' };
  }
};

/** Whether the word of somebody else still counts. */
export const standsFor = (asked: DropRequest | undefined, now: number): asked is DropRequest =>
  asked !== undefined && now - Date.parse(asked.at) < DROP_WAITS_MS;

/** Until when it does. */
export const standsUntil = ({ at }: DropRequest): Timestamp => timestamp(Date.parse(at) + DROP_WAITS_MS);

/** What follows from it, as both operators are told before and after. */
export const DROP_MEANS: Readonly<Record<HouseSecret, string>> = {
  keyring:
    'Every form that this key signed is void: whoever has a page open opens it again. Sessions, links in mails and approvals stay as they are. Functions keep the ring for up to five minutes and accept the key that long.',
  'signing-keys':
    'Every receipt that this key signed fails its check from now on, genuine ones too, since nobody can tell them from forged ones. Functions keep the keys for up to five minutes.',
};
