import type {
  CredentialHealthView,
  CredentialListView,
  CredentialLookView,
  CredentialView,
} from '../credentials/credential-view.ts';
import { DETAIL_WORDS, nextStep, ROTATION_WORDS, STATUS_WORDS } from '../credentials/health-words.ts';
import { facts, table } from './terminal-text.ts';

const nameOf = ({ provider, account, environment }: CredentialView): string =>
  `${provider}/${account}/${environment}`;

const standing = ({ status, detail }: Pick<CredentialView, 'status' | 'detail'>): string =>
  detail === null ? STATUS_WORDS[status] : `${STATUS_WORDS[status]}, ${DETAIL_WORDS[detail]}`;

/** What is registered and what it may do, for a terminal. Never a value. */
export const showCredentials = ({ credentials }: CredentialListView): string =>
  credentials.length === 0
    ? 'No credentials are registered in this project.\n'
    : table(
        ['CREDENTIAL', 'STANDING', 'SCOPES', 'OPERATIONS', 'AGE', 'USED', 'SECRET'],
        credentials.map((view) => [
          nameOf(view),
          view.retired ? 'Retired' : standing(view),
          view.scopes.join(' '),
          view.operations.join(' '),
          `${view.ageDays} of ${view.policy.maxDays} days`,
          view.lastUsedAt ?? 'never',
          view.secretId,
        ]),
      );

/** How they are doing, the worst first, and what to do about it. */
export const showCredentialHealth = (health: CredentialHealthView): string => {
  const steps = health.credentials.flatMap((view) => {
    const step = nextStep(view);
    return step === null ? [] : [[nameOf(view), step] as [string, string]];
  });
  return [
    facts([
      ['Worst', standing(health)],
      ['In service', String(health.inService)],
      ['Unhealthy', String(health.unhealthy)],
      ['Overdue', String(health.overdue)],
    ]),
    health.credentials.length === 0
      ? ''
      : `\n${table(
          ['CREDENTIAL', 'PROJECT', 'STANDING', 'ROTATION', 'AGE', 'WORKED', 'LOOKED AT'],
          health.credentials.map((view) => [
            nameOf(view),
            view.project,
            standing(view),
            ROTATION_WORDS[view.rotation],
            `${view.ageDays} d`,
            view.lastValidatedAt ?? 'never seen',
            view.checkedAt ?? 'never',
          ]),
        )}`,
    steps.length === 0 ? '' : `\n${facts(steps)}`,
  ].join('');
};

const LOOKS: Readonly<Record<CredentialLookView['look'], string>> = {
  done: 'just now',
  recent: 'not again: somebody asked within the last minute',
  overtaken: 'in vain: it changed meanwhile; try again in a minute',
};

/** What came of a look, and how the credential stands. */
export const showCredentialLook = ({ look, credential }: CredentialLookView): string =>
  facts([
    ['Credential', nameOf(credential)],
    ['Looked at', LOOKS[look]],
    ['Standing', standing(credential)],
    ['Worked', credential.lastValidatedAt ?? 'never seen'],
    ['Next', nextStep(credential)],
  ]);
