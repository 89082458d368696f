import { fieldOf, isRefusal, isSuccess, KEY, keyRequest } from '../key-api.ts';
import type { Renewal } from '../renewal.ts';
import type { SecretDocument } from '../secret.ts';
import { CANNOT_TELL, type Probe } from './probe.ts';

/** The longest name of an account that a condition keeps. */
const ACCOUNT_MAX = 200;

/** Whether the secret holds a key that a header can carry: without one there is nothing to ask with. */
export const hasKey = ({ token = '' }: SecretDocument): boolean => KEY.test(token);

/**
 * The probe that two operators declared for a key that its own API renews, read as a rotation reads it: 2xx works,
 * 401 and 403 are a refusal, all else says nothing.
 */
export const declaredProbe = ({ probeUrl, accountField }: Renewal): Probe => ({
  request: (_credential, { token = '' }) => keyRequest('GET', probeUrl, token),
  classify: (reply) => {
    if (isRefusal(reply)) return { kind: 'refused' };
    if (!isSuccess(reply)) return CANNOT_TELL;
    const account = accountField === undefined ? undefined : fieldOf(reply, accountField);
    // Too long to be kept, it would be cut, and then be another one at the next look.
    return { kind: 'works', account: account === undefined || account.length > ACCOUNT_MAX ? null : account };
  },
});
