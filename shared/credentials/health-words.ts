import type { ConditionDetail, CredentialStatus } from './condition.ts';
import type { CredentialKind } from './credential.ts';
import type { CredentialView } from './credential-view.ts';

/** Words that the page and the CLI share. */
export const STATUS_WORDS: Readonly<Record<CredentialStatus, string>> = {
  PRESENT: 'Works',
  UNKNOWN: 'Not known yet',
  EXPIRED: 'Expired',
  INVALID: 'Invalid',
  MISSING: 'Missing',
  NEEDS_REAUTH: 'Needs to be connected again',
};

export const DETAIL_WORDS: Readonly<Record<ConditionDetail, string>> = {
  expiring: 'ends within a week',
  'expired-refreshable': 'is being renewed',
  'insufficient-scope': 'may do too little',
  'wrong-environment': 'wrong account or environment',
  'probe-failed': 'last look without an answer',
};

export const ROTATION_WORDS: Readonly<Record<CredentialView['rotation'], string>> = {
  fresh: 'fresh',
  due: 'due for rotation',
  overdue: 'overdue',
  critical: 'too old to use',
};

export const KIND_WORDS: Readonly<Record<CredentialKind, string>> = {
  'operator-staged': 'renewed by hand',
  'api-key': 'renewed by the API of its provider',
  oauth: 'renewed by consent',
  'client-credentials': 'minted from a client',
  'hmac-keyring': 'a ring of keys',
  'signing-key': 'signing keys',
};

const DETAIL_STEPS: Readonly<Partial<Record<ConditionDetail, string>>> = {
  'expired-refreshable': 'Nothing to do: it is renewed within minutes.',
  'insufficient-scope':
    'The provider lets it do less than it is registered for. Give it more there, or register fewer scopes.',
  'wrong-environment':
    'The provider names another account than before, or this environment cannot be reached from here. Restore the value, or have two operators register it anew.',
  'probe-failed': 'The provider did not answer clearly. It is asked again within the hour.',
  expiring: 'Connect or rotate it before it ends.',
};

/** What to do about it, in a sentence; null where nothing is to be done. */
export const nextStep = (
  view: Pick<CredentialView, 'status' | 'detail' | 'rotation' | 'kind' | 'waits'>,
): string | null => {
  switch (view.status) {
    case 'NEEDS_REAUTH':
      return 'Connect the account again. Actions that need it wait, and go on afterwards.';
    case 'MISSING':
      return view.kind === 'oauth'
        ? 'Connect the account.'
        : 'Put the value into Secrets Manager under the name of its secret.';
    case 'INVALID':
      if (view.kind === 'api-key')
        return 'The provider refuses it, or its secret lacks a field. Put a key that works into Secrets Manager.';
      return 'The provider refuses it, or its secret lacks a field. Hand in a new value and rotate.';
    case 'EXPIRED':
      if (view.detail !== null) return DETAIL_STEPS[view.detail] ?? null;
      return view.kind === 'api-key'
        ? 'Put a key that works into Secrets Manager.'
        : 'Hand in a new value and rotate.';
    default: {
      if (view.detail !== null) return DETAIL_STEPS[view.detail] ?? null;
      if (view.rotation === 'critical')
        return 'Rotate it: actions that need it wait, because it is older than its policy allows.';
      return view.rotation === 'overdue' || view.rotation === 'due' ? 'Rotate it.' : null;
    }
  }
};
