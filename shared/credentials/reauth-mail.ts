import { letter } from '../approvals/letter.ts';
import type { Mail } from '../approvals/mail.ts';
import { shorten, visibleLine, visibleMailLine } from '../approvals/untrusted.ts';
import { utcWords } from '../approvals/words.ts';
import { REASON_WORDS, type ReauthView } from './reauth-view.ts';

const FOOTER =
  'The link leads to the inbox, where you sign in; opening it changes nothing. Nothing is renewed or sent by this mail.';

/** Tells an operator, once, that an account has to be connected again. It holds no value and no link to a provider. */
export const reauthMail = (
  { task, remedy }: ReauthView,
  { recipientName, publicUrl }: { readonly recipientName: string; readonly publicUrl: string },
): Mail => {
  const name = `${task.provider} ${shorten(visibleMailLine(task.account), 80)} (${task.environment.toLowerCase()})`;
  const heading = remedy.kind === 'connect' ? `Connect ${name} again` : `The credential of ${name} needs you`;
  const href = `${publicUrl.replace(/\/$/, '')}/inbox`;
  const paragraphs = [
    REASON_WORDS[task.reason],
    `Project ${task.project}. Found ${utcWords(task.openedAt)}. Approved actions that need it wait; they go on once it works again, and expire with their approval.`,
    ...(remedy.kind === 'connect'
      ? []
      : [remedy.says, ...(remedy.kind === 'commands' ? remedy.commands.map(visibleMailLine) : [])]),
  ];
  const link = { href, text: 'Open the inbox' };
  return {
    subject: shorten(`${heading} (${task.project})`, 180),
    text: `Hello ${visibleLine(recipientName)},\n\n${heading}.\n\n${paragraphs.join('\n\n')}\n\n${link.text}:\n${href}\n\n${FOOTER}\n\nAutopack\n`,
    html: letter(heading, paragraphs, link, FOOTER),
  };
};
