import { createHmac } from 'node:crypto';
import { sha256 } from '../../actions/canonical-json.ts';
import { epochMs, type Timestamp } from '../../actions/identity.ts';
import type { EndpointDefinition } from '../../governance/project-config.ts';
import { isSignatureHeader, TIMESTAMP_HEADER } from '../auth-headers.ts';
import { PrepareRefusedError } from '../prepare-refused.ts';
import type { DispatchInput } from '../provider.ts';
import { signatureHeaderOf } from './definition.ts';

export interface Signable {
  readonly method: string;
  readonly url: string;
  readonly body: string | null;
}

/** `<seconds>.<METHOD>.<path and query>.<SHA-256 of the body, hex>`; an absent body is the empty one. */
export const textToSign = (seconds: number, request: Signable): string => {
  const { pathname, search } = new URL(request.url);
  return [seconds, request.method, `${pathname}${search}`, sha256(request.body ?? '')].join('.');
};

/**
 * The authentication headers of one request by the approved definition.
 * @throws PrepareRefusedError CREDENTIAL_INCOMPLETE where the secret lacks the field.
 */
export const authHeaders = (
  definition: EndpointDefinition | null,
  secret: DispatchInput['secret'],
  request: Signable,
  now: Timestamp,
): Record<string, string> => {
  if (definition === null || definition.auth === null) return {};
  if (definition.auth.kind === 'bearer') {
    const token = secret?.reveal('token') ?? '';
    if (!/^[\x21-\x7e]{1,8192}$/.test(token)) {
      throw new PrepareRefusedError('CREDENTIAL_INCOMPLETE', 'The secret needs the field token.');
    }
    return { authorization: `Bearer ${token}` };
  }
  const hmacKey = secret?.reveal('hmacKey') ?? '';
  if (hmacKey === '')
    throw new PrepareRefusedError('CREDENTIAL_INCOMPLETE', 'The secret needs the field hmacKey.');
  const header = signatureHeaderOf(definition);
  if (!isSignatureHeader(header)) {
    throw new PrepareRefusedError(
      'HASH_MISMATCH',
      'The definition signs under a name that is not one for signatures.',
    );
  }
  const seconds = Math.floor(epochMs(now) / 1000);
  const signature = createHmac('sha256', hmacKey).update(textToSign(seconds, request)).digest('hex');
  return { [TIMESTAMP_HEADER]: String(seconds), [header]: `v1=${signature}` };
};
