import type { CredentialCondition } from './condition.ts';
import type { CredentialLookup } from './credential.ts';
import type { PerformCode } from './may-perform.ts';
import type { ReauthReason } from './reauth.ts';

type UnusableCode = Extract<CredentialLookup, { kind: 'unusable' }>['code'];

/**
 * Why a person is needed for a credential that an action has to wait for; null where a machine heals it: access that
 * has ended is renewed within minutes, and if that fails, the one who renews asks for a person.
 */
export const personNeeded = (
  code: PerformCode | UnusableCode,
  condition: CredentialCondition | undefined,
  isOAuth: boolean,
): ReauthReason | null => {
  switch (code) {
    case 'CREDENTIAL_MISSING':
      return isOAuth ? 'not-connected' : 'secret-missing';
    case 'CREDENTIAL_UNREADABLE':
      return 'secret-unreadable';
    case 'CREDENTIAL_NOT_FOR_HOST':
      return 'wrong-host';
    case 'CREDENTIAL_EXPIRES':
      return 'ends-soon';
    case 'CREDENTIAL_OVERDUE':
      return 'overdue';
    case 'CREDENTIAL_UNHEALTHY':
      return unhealthy(condition, isOAuth);
    default:
      return null;
  }
};

const unhealthy = (condition: CredentialCondition | undefined, isOAuth: boolean): ReauthReason | null => {
  const detail = condition?.detail;
  if (detail === 'expired-refreshable') return null;
  if (detail === 'insufficient-scope' || detail === 'wrong-environment') return detail;
  if (condition?.status === 'MISSING') return isOAuth ? 'not-connected' : 'secret-missing';
  return isOAuth ? 'invalid-grant' : 'refused';
};
