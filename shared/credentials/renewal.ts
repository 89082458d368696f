import * as z from 'zod';

/** What is shown is what is called: https, in normal form, nothing that a server does not see or that signs in. */
const isPlainHttps = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash, href } = new URL(text);
  return (
    protocol === 'https:' &&
    username === '' &&
    password === '' &&
    hash === '' &&
    href === text &&
    !text.includes('#')
  );
};

const RenewalUrl = z
  .string()
  .max(2000)
  .refine(isPlainHttps, 'an https URL in its normal form, without user info and without a fragment');
const FieldName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_-]{0,59}$/, 'the name of one field: letters, digits, "_" and "-"');

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : url);

/**
 * How an API behind the `http` provider makes the next key of a credential of kind `api-key`. The key travels as
 * `Authorization: Bearer`. The API has to let the key that asks live on: it works until the next one is proven.
 */
export const Renewal = z
  .strictObject({
    /** POST: answers a new key. A repetition under the same `Idempotency-Key` should answer the same one. */
    url: RenewalUrl,
    /** String field of that answer that is the new key. */
    tokenField: FieldName.default('token'),
    /** GET that the key may make and that changes nothing. */
    probeUrl: RenewalUrl,
    /** String field of the probe's answer that says whose key it is. Absent: it does not say. */
    accountField: FieldName.optional(),
    /** Ends the key that signs it. Absent: old keys end by themselves, or a person ends them. */
    revokeUrl: RenewalUrl.optional(),
    /** Absent: DELETE. */
    revokeMethod: z.enum(['DELETE', 'POST']).optional(),
  })
  .superRefine(({ url, probeUrl, revokeUrl, revokeMethod }, context) => {
    for (const [field, other] of Object.entries({ probeUrl, revokeUrl }))
      if (isPlainHttps(url) && other !== undefined && hostOf(other) !== hostOf(url))
        context.addIssue({
          code: 'custom',
          path: [field],
          message: 'the key goes to one host only: use the host and port of renewal.url',
        });
    if (revokeMethod !== undefined && revokeUrl === undefined)
      context.addIssue({
        code: 'custom',
        path: ['revokeMethod'],
        message: 'says how revokeUrl is called; name that, or leave this out',
      });
  });
export type Renewal = z.infer<typeof Renewal>;

/** The one host, with its port where it is not 443, that the key goes to. */
export const renewalHost = ({ url }: Pick<Renewal, 'url'>): string => hostOf(url);

interface RenewalRuled {
  readonly kind: string;
  readonly provider: string;
  readonly renewal?: Renewal | undefined;
}

/** A credential of kind `api-key` says how it is renewed, and no other does. For `superRefine`. */
export const checkRenewal = ({ kind, provider, renewal }: RenewalRuled, context: z.RefinementCtx): void => {
  const fault = (field: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [field], message });
  if (kind !== 'api-key') {
    if (renewal !== undefined) fault('renewal', 'is for the kind "api-key"; leave it out');
    return;
  }
  if (provider !== 'http')
    fault('kind', 'only an API behind "http" says how its key is renewed; choose "operator-staged"');
  if (renewal === undefined)
    fault('renewal', 'say how the API renews the key (url, probeUrl), or choose the kind "operator-staged"');
};
