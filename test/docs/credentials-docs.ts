import { CONDITION_DETAILS, CREDENTIAL_STATUSES } from '#shared/credentials/condition.ts';
import { CREDENTIAL_KINDS, type CredentialKind } from '#shared/credentials/credential.ts';
import { DETAIL_WORDS, nextStep, STATUS_WORDS } from '#shared/credentials/health-words.ts';
import { PERFORM_CODES, SCOPE_OF_EFFECT } from '#shared/credentials/may-perform.ts';
import { REAUTH_REASONS } from '#shared/credentials/reauth.ts';
import { REASON_WORDS } from '#shared/credentials/reauth-view.ts';
import { ROTATION_POLICIES } from '#shared/credentials/rotation-policies.ts';
import { table } from './markdown.ts';

const code = (text: string): string => `\`${text}\``;

const KINDS: Readonly<Record<CredentialKind, readonly [of: string, renewal: string, person: string]>> = {
  oauth: [
    'YouTube, Etsy, Shopify, and APIs behind `http` that take such a token',
    'by itself, within 15 minutes of its end, by one writer',
    'connects the account, and again where the provider ends the consent',
  ],
  'client-credentials': [
    'Shopify apps of your own',
    'by itself, as above, from the id and secret of the client',
    'puts a new client secret into Secrets Manager',
  ],
  'operator-staged': [
    'Alpaca, Anthropic, OpenAI, `http` with a bearer token or an HMAC key',
    'no API makes a new value: Autopack reminds',
    '`credentials stage`, then `credentials rotate`',
  ],
  'api-key': [
    'APIs behind `http` with a bearer token that make their own next key, as declared in `renewal`',
    'by the rotation of Secrets Manager, the day before its policy would warn',
    '`credentials rotate`, the first time',
  ],
  'hmac-keyring': [
    'forms of the console; a secret of the stack',
    'by the rotation of Secrets Manager; nothing that is live dies',
    '`credentials rotate keyring`, the first time',
  ],
  'signing-key': [
    'receipts; a secret of the stack',
    'by the rotation of Secrets Manager',
    '`credentials rotate signing-keys`, the first time',
  ],
};

/** The kinds of credentials: what they are for, who renews them, what is left for a person. */
export const credentialKinds = (): string =>
  table(
    ['kind', 'of', 'renewed', 'a person'],
    CREDENTIAL_KINDS.map((kind) => [code(kind), ...KINDS[kind]]),
  );

/** Ages of the one table that warnings, health and the schedules of the stack read. */
export const rotationPolicies = (): string =>
  table(
    ['of', 'warned after days', 'overdue after', 'not used after'],
    Object.entries(ROTATION_POLICIES).map(([name, { notifyDays, maxDays, criticalDays }]) => [
      code(name),
      notifyDays.join(', '),
      `${maxDays} days`,
      `${criticalDays} days`,
    ]),
  );

const step = (
  status: (typeof CREDENTIAL_STATUSES)[number],
  detail: (typeof CONDITION_DETAILS)[number] | null,
) => nextStep({ status, detail, rotation: 'fresh', kind: 'operator-staged', waits: [] }) ?? 'Nothing.';

/** Every health state with what to do. */
export const healthStates = (): string =>
  [
    table(
      ['status', 'means', 'what to do'],
      CREDENTIAL_STATUSES.map((status) => [code(status), STATUS_WORDS[status], step(status, null)]),
    ),
    table(
      ['detail', 'means', 'what to do'],
      CONDITION_DETAILS.map((detail) => [
        code(detail),
        DETAIL_WORDS[detail],
        step(detail === 'expired-refreshable' ? 'EXPIRED' : 'PRESENT', detail),
      ]),
    ),
  ].join('\n\n');

/** Why somebody is asked. */
export const reauthReasons = (): string =>
  table(
    ['reason', 'what happened'],
    REAUTH_REASONS.map((reason) => [code(reason), REASON_WORDS[reason]]),
  );

/** The scope that each effect needs, and the codes of the decision. */
export const performTable = (): string =>
  [
    table(
      ['effect', 'needs the scope'],
      Object.entries(SCOPE_OF_EFFECT).map(([effect, scope]) => [effect, code(scope)]),
    ),
    `Codes: ${PERFORM_CODES.map(code).join(', ')}.`,
  ].join('\n\n');
