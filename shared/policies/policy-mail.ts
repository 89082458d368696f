import { letter } from '../approvals/letter.ts';
import type { Mail } from '../approvals/mail.ts';
import { shorten, visibleLine, visibleMailLine } from '../approvals/untrusted.ts';
import { utcWords } from '../approvals/words.ts';
import { POLICIES_PAGE, sourcePage } from './console-paths.ts';
import type { PolicyHealth } from './health.ts';
import type { PolicySource } from './source.ts';
import type { Notice, SourceState } from './source-state.ts';
import { STANDINGS } from './standing.ts';

/** Subject and first sentence of each kind of notice. The name of the source follows the subject. */
const WORDS: Readonly<Record<Notice['kind'], { readonly subject: string; readonly says: string }>> = {
  CHANGE: {
    subject: 'Policy changed',
    says: 'A policy page changed. Until somebody has read and acknowledged exactly this change, actions that require the page are refused.',
  },
  BASELINE: {
    subject: 'First text to approve',
    says: 'A policy page was read for the first time, or is read differently now. Until somebody has approved what was read, actions that require the page are refused.',
  },
  INCIDENT: {
    subject: 'Policy page cannot be read',
    says: 'A policy page shows nothing usable. The last good text is kept, but its age grows.',
  },
  RECOVERED: { subject: 'Policy page is back', says: 'A policy page can be read again.' },
  SLACK: {
    subject: 'Policy check grows old',
    says: 'Nobody has seen a usable text of this policy page for a while.',
  },
  UNSTABLE: {
    subject: 'Policy page switches back and forth',
    says: 'A policy page shows several texts in turn. Look at its history, and mend its selectors if they pick up something that is not the policy.',
  },
  MOVED: {
    subject: 'Policy page moved or is gone',
    says: 'The address of a policy page leads elsewhere, or nowhere. Actions that require it are refused until its source is edited.',
  },
  EFFECTIVE_TODAY: {
    subject: 'Policy takes effect today',
    says: 'A policy page announced a text for today. It is looked at again now.',
  },
};

const FOOTER =
  'Opening the link changes nothing. What a page says is quoted from the provider: believe the page, not this mail.';

export interface NoticeFacts {
  readonly notice: Notice;
  readonly source: PolicySource;
  readonly state: SourceState;
  readonly recipientName: string;
  readonly publicUrl: string;
}

/** The mail of one notice. It names the source and what happened; the text of the policy is on the page that it links. */
export const noticeMail = ({ notice, source, state, recipientName, publicUrl }: NoticeFacts): Mail => {
  const { subject, says } = WORDS[notice.kind];
  const name = shorten(visibleMailLine(source.title ?? source.id), 120);
  const severity =
    notice.kind === 'CHANGE' && state.pending !== null ? ` Severity: ${state.pending.severity}.` : '';
  const href = `${publicUrl}${sourcePage(source.id)}`;
  const paragraphs = [
    says,
    `Source: ${source.id} (${visibleMailLine(source.provider)}), ${visibleMailLine(source.url)}.${severity}`,
    `Noted ${utcWords(notice.at)}: ${visibleMailLine(notice.detail)}`,
  ];
  const heading = `${subject}: ${name}`;
  return {
    subject: shorten(`${heading} (${source.id})`, 180),
    text: `Hello ${visibleLine(recipientName)},\n\n${paragraphs.join('\n\n')}\n\nSee it here:\n${href}\n\n${FOOTER}\n\nAutopack\n`,
    html: letter(heading, paragraphs, { href, text: 'Look at the source' }, FOOTER),
  };
};

const duration = (seconds: number | null): string =>
  seconds === null
    ? 'never verified'
    : seconds < 172_800
      ? `${Math.round(seconds / 3_600)} h`
      : `${Math.round(seconds / 86_400)} days`;

/** The weekly summary: what refuses first, then everything with its age, in one line each. */
export const digestMail = (facts: {
  readonly health: PolicyHealth;
  readonly recipientName: string;
  readonly publicUrl: string;
}): Mail => {
  const { health, recipientName, publicUrl } = facts;
  const lines = health.sources.map((one) => {
    const failures = Object.entries(one.failures).map(([reason, count]) => `${reason} ${count}×`);
    return [
      `${one.source}: ${STANDINGS[one.standing]}`,
      `verified ${one.ageSeconds === null ? 'never' : `${duration(one.ageSeconds)} ago`}`,
      `${one.usable} of ${one.checks} checks usable`,
      ...failures,
      ...(one.flapsPerDay > 0 ? [`${one.flapsPerDay} flaps a day`] : []),
    ].join(' · ');
  });
  const summary = `${health.inService} of ${health.sources.length} sources are in service, ${health.refusing} would refuse an action now, ${health.incidents} cannot be read. Oldest verification: ${health.oldest === null ? 'none' : `${health.oldest.source}, ${duration(health.oldest.ageSeconds)}`}.`;
  const heading = 'Watched policies, the week in short';
  const href = `${publicUrl}${POLICIES_PAGE}`;
  return {
    subject: `${heading}: ${health.refusing} refusing, ${health.incidents} unreadable`,
    text: `Hello ${visibleLine(recipientName)},\n\n${summary}\n\n${lines.map((line) => `- ${line}`).join('\n')}\n\nAll sources:\n${href}\n\nAutopack\n`,
    html: letter(heading, [summary, ...lines], { href, text: 'All sources' }, 'Sent once a week.'),
  };
};
