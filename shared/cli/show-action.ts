import type { ActionListView, ActionView } from '../actions/action-view.ts';
import type { Cost } from '../actions/effects.ts';
import { facts, safeText, table } from './terminal-text.ts';

/** Colours a word; the identity where colours are off. */
export type Paint = (colour: 'red' | 'green' | 'yellow' | 'bold', text: string) => string;

const CODES = { red: 31, green: 32, yellow: 33, bold: 1 } as const;
export const paintOf =
  (colours: boolean): Paint =>
  (colour, text) =>
    colours ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;

const paintStatus = (action: Pick<ActionView, 'status' | 'terminal'>, paint: Paint): string => {
  if (action.status === 'SUCCEEDED') return paint('green', action.status);
  return paint(action.terminal ? 'red' : 'yellow', action.status);
};

const money = (cost: Cost): string =>
  cost === 'unknown' ? 'cost unknown' : `costs ${cost.minorUnits} minor units ${cost.currency}`;

/** What a person wants to know next about an action in this state. */
export const nextStep = (action: ActionView): string | null => {
  switch (action.status) {
    case 'PROPOSED':
      return 'It is being rendered and checked.';
    case 'RENDERED':
      return `Go on with: autopack submit ${action.key}`;
    case 'PENDING_APPROVAL':
      return 'It waits for a person; the approvers have mail.';
    case 'PAUSED_CREDENTIAL':
      return 'It waits for a credential.';
    case 'OUTCOME_UNKNOWN':
      return action.needsPerson
        ? `Nobody can tell by machine. Look at the provider, then: autopack resolve ${action.key} succeeded|failed|not-applied --reason …`
        : 'The provider is asked what happened.';
    default:
      return action.needsPerson ? 'It needs a person.' : null;
  }
};

/** Everything about one action, for a terminal. */
export const showAction = (action: ActionView, paint: Paint): string => {
  const { rendered, decision, outcome, resolution } = action;
  const text = facts([
    ['Action', `${action.project} / ${action.key}`],
    ['Status', action.status],
    ['Operation', action.operation],
    ['What', rendered?.title],
    ['Outcome', outcome === null ? null : `${outcome.code}: ${outcome.summary}`],
    ['Made', outcome?.resourceId],
    ['Resolved', resolution === null ? null : JSON.stringify(resolution)],
    ['Proposed by', `${action.proposer}, ${action.createdAt}`],
    [
      'Approval',
      action.approval === null
        ? (action.permit ?? null)
        : `${action.approval.id}, until ${action.approval.expiresAt ?? '?'}`,
    ],
    [
      'Decided',
      decision ? `${decision.status} by ${decision.byName} (${decision.by}), ${decision.at}` : null,
    ],
    ['Reason', decision?.reason || null],
    [
      'Policies',
      action.policies === undefined
        ? null
        : `${action.policies.evidence}, oldest verified ${action.policies.verifiedAt ?? 'never'}${action.policies.breakGlass === undefined ? '' : `, BREAK-GLASS of project version ${action.policies.breakGlass}`}`,
    ],
    ['Started', action.startedAt],
    ['Completed', action.completedAt],
    ['Attempts', `${action.attempts} (${action.retries} retries)`],
    ['Payload hash', action.payloadHash],
    ['Request hash', action.requestHash],
    ['Provider key', action.providerKey],
    ['Run', action.runId],
    [
      'History',
      `${action.history.map((entry) => entry.event).join(' → ')} (${action.historyIntact ? 'chain intact' : 'CHAIN BROKEN'})`,
    ],
  ]).replace(/^(Status +)(\S+)/m, (_, label: string) => `${label}${paintStatus(action, paint)}`);
  const request = rendered
    ? `\nRequest  ${safeText(`${rendered.request.method} ${rendered.request.url}`)}\n` +
      rendered.effects
        .map(
          (effect) =>
            `Effect   ${safeText(`${effect.type} ${effect.target}`)}, ${effect.reversibility}, ${money(effect.cost)}\n`,
        )
        .join('')
    : '';
  const next = nextStep(action);
  return `${text}${request}${next === null ? '' : `\n${safeText(next)}\n`}`;
};

/** A page of actions, for a terminal. */
export const showActions = (page: ActionListView): string =>
  page.actions.length === 0
    ? 'No actions.\n'
    : table(
        ['CREATED', 'STATUS', 'OPERATION', 'KEY', 'RUN'],
        page.actions.map((action) => [
          action.createdAt,
          action.needsPerson ? `${action.status} !` : action.status,
          action.operation,
          action.key,
          action.runId ?? '',
        ]),
      ) + (page.nextCursor === null ? '' : `More: --cursor ${safeText(page.nextCursor)}\n`);
