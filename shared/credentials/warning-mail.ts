import { letter } from '../approvals/letter.ts';
import type { Mail } from '../approvals/mail.ts';
import { shorten, visibleLine, visibleMailLine } from '../approvals/untrusted.ts';
import { utcWords } from '../approvals/words.ts';
import { CREDENTIALS_PAGE } from './console-paths.ts';
import type { Credential } from './credential.ts';
import { type Age, policyOf } from './warnings.ts';

const SAYS: Readonly<Record<Age['rotation'], string>> = {
  fresh: 'It is within its policy.',
  due: 'It should be rotated soon.',
  overdue: 'It is overdue: its policy wants it rotated by now.',
  critical: 'It is older than its policy allows at all. Actions that need it wait until it is rotated.',
};

const FOOTER =
  'Opening the link changes nothing. This mail holds no value, and nobody asks you for one by mail.';

/** Tells an operator, once for each threshold, that a credential has reached an age. */
export const warningMail = (
  grant: Credential,
  age: Age,
  { recipientName, publicUrl }: { readonly recipientName: string; readonly publicUrl: string },
): Mail => {
  const name = `${grant.provider} ${shorten(visibleMailLine(grant.account), 80)} (${grant.environment.toLowerCase()})`;
  const heading = age.rotation === 'critical' ? `${name} is blocked until it is rotated` : `Rotate ${name}`;
  const { maxDays, criticalDays } = policyOf(grant);
  const { project, provider, account, environment } = grant;
  const place = `${provider}/${visibleMailLine(account)}/${environment}`;
  const paragraphs = [
    `${SAYS[age.rotation]} It was last rotated ${utcWords(age.rotatedAt)}, ${age.days} days ago; overdue after ${maxDays} days, blocked after ${criticalDays}.`,
    grant.kind === 'oauth'
      ? 'Connect the account again on the page of credentials; its tokens are replaced in place.'
      : grant.kind === 'client-credentials'
        ? 'Make a new client secret at the provider and put it into its secret.'
        : grant.kind === 'api-key'
          ? `Its API should have renewed it by now. Look into the log of credentials/rotate-secret, then rotate: npx autopack credentials rotate ${place} --project ${project}`
          : `Fetch a new value at the provider, hand it in and rotate: npx autopack credentials stage ${place} FILE --project ${project}, then npx autopack credentials rotate ${place} --project ${project}`,
  ];
  const link = { href: `${publicUrl.replace(/\/$/, '')}${CREDENTIALS_PAGE}`, text: 'See all credentials' };
  return {
    subject: shorten(`${heading}: ${age.days} days old (${project})`, 180),
    text: `Hello ${visibleLine(recipientName)},\n\n${heading}.\n\n${paragraphs.join('\n\n')}\n\n${link.text}:\n${link.href}\n\n${FOOTER}\n\nAutopack\n`,
    html: letter(heading, paragraphs, link, FOOTER),
  };
};
