import type { PolicyHealth } from '../policies/health.ts';
import type {
  ObservationListView,
  PolicyChangeView,
  PolicyListView,
  PolicyView,
} from '../policies/policy-view.ts';
import { CLASS_WORDS, spanWords } from '../policies/policy-words.ts';
import { diffMarkdown } from '../policies/render-diff.ts';
import { isBaseline } from '../policies/source-state.ts';
import { STANDINGS } from '../policies/standing.ts';
import { facts, safeText, table } from './terminal-text.ts';

/** Everything about one source, for a terminal. */
export const showPolicy = (policy: PolicyView): string =>
  facts([
    ['Source', policy.source.id],
    ['Page', policy.source.url],
    ['Standing', STANDINGS[policy.standing]],
    ...policy.reasons.map(({ code, detail }): [string, string] => ['Refuses', `${code}: ${detail}`]),
    ['Verified', policy.verifiedAt],
    ['Stale in', policy.verifiedAt === null ? null : spanWords(policy.slackSeconds)],
    ['Next look', policy.nextCheckAt],
    [
      'Waits',
      policy.pending === null ? null : `change ${policy.pending.changeId} (${policy.pending.severity})`,
    ],
    [
      'First of two',
      policy.pending?.firstAcknowledgement === undefined ? null : policy.pending.firstAcknowledgement.by,
    ],
    [
      'Failing',
      policy.incident === null ? null : `${policy.incident.reason}, ${policy.incident.count} times`,
    ],
    ['Edit waits', policy.proposedBy === null ? null : `of ${policy.proposedBy}, for a second person`],
  ]);

export const showPolicies = ({ policies }: PolicyListView): string =>
  policies.length === 0
    ? 'No policies are watched.\n'
    : table(
        ['SOURCE', 'STANDING', 'VERIFIED', 'STALE IN', 'REASONS'],
        policies.map((policy) => [
          policy.source.id,
          STANDINGS[policy.standing],
          policy.ageSeconds === null ? 'never' : `${spanWords(policy.ageSeconds)} ago`,
          policy.retired ? '' : spanWords(policy.slackSeconds),
          policy.reasons.map(({ code }) => code).join(' '),
        ]),
      );

export const showHealth = (health: PolicyHealth): string =>
  `${facts([
    ['In service', `${health.inService} of ${health.sources.length}`],
    ['Would refuse', String(health.refusing)],
    ['Unreadable', String(health.incidents)],
    [
      'Oldest',
      health.oldest === null ? 'none' : `${health.oldest.source}, ${spanWords(health.oldest.ageSeconds)}`,
    ],
  ])}\n${table(
    ['SOURCE', 'STANDING', 'AGE', 'USED', 'STALE IN', 'USABLE', 'FLAPS', 'FAILURES'],
    health.sources.map((one) => [
      one.source,
      STANDINGS[one.standing],
      spanWords(one.ageSeconds),
      one.agePercent === null ? '' : `${one.agePercent} %`,
      spanWords(one.slackSeconds),
      `${one.usable}/${one.checks}`,
      String(one.flapsPerDay),
      Object.entries(one.failures)
        .map(([reason, count]) => `${reason} ${count}`)
        .join(', '),
    ]),
  )}`;

/** Untrusted text of the provider, line by line harmless on a terminal. */
const untrusted = (text: string): string =>
  text
    .split('\n')
    .map((line) => `| ${safeText(line)}\n`)
    .join('');

/** What waits for a person: the diff, or the first text. */
export const showChange = (view: PolicyChangeView): string => {
  const { change } = view;
  if (change === null)
    return `${safeText(view.source)}: nothing waits; what the page says was acknowledged.\n`;
  const head = facts([
    ['Source', view.source],
    ['Page', view.url],
    ['Change', change.changeId],
    ['What', CLASS_WORDS[change.class]],
    ['Severity', change.severity],
    ['Since', change.since],
    ...change.reasons.map(({ code, detail }): [string, string] => ['Because', `${code}: ${detail}`]),
    ['From', change.from?.semantic ?? 'nothing'],
    ['To', change.to.semantic],
    ['Read by', change.firstAcknowledgement?.by],
  ]);
  const diff = view.diff === null ? '' : `\n${untrusted(diffMarkdown(view.diff))}`;
  const text =
    isBaseline(change) && view.text !== null
      ? `\nRead off the page (not to be trusted):\n${untrusted(view.text)}${view.textCut ? '| … (cut)\n' : ''}`
      : '';
  const missing =
    diff === '' && text === '' ? '\nWhat there is to read is being made; try again in a minute.\n' : '';
  return `${head}${diff}${text}${missing}\nAcknowledge exactly this with: autopack policies ack ${safeText(view.source)} --reason …\n`;
};

/** The log of looks with every reason and what was left out as noise: why a class was chosen. */
export const showObservations = (page: ObservationListView): string =>
  page.observations.length === 0
    ? 'Nobody has looked yet.\n'
    : page.observations
        .map(
          (seen) =>
            `${seen.at}  ${seen.unusable === undefined ? (seen.class ?? 'recorded') : `unusable ${seen.unusable.reason}`}${seen.candidate ? ', to be confirmed' : ''}${seen.verified ? ', verified' : ''}${seen.alert ? ', told people' : ''}\n` +
            [
              ...(seen.unusable === undefined ? [] : [`  ${seen.unusable.detail}`]),
              ...seen.reasons.map(({ code, detail }) => `  because ${code}: ${detail}`),
              ...seen.removed.map(({ rule, count, sample }) => `  left out ${count} × ${rule}: ${sample}`),
            ]
              .map((line) => `${safeText(line).replaceAll('\n', ' ')}\n`)
              .join(''),
        )
        .join('') + (page.nextCursor === null ? '' : `More: --cursor ${safeText(page.nextCursor)}\n`);
