import addressparser from 'nodemailer/lib/addressparser';
import MailComposer from 'nodemailer/lib/mail-composer';
import { headerOf, splitMail } from '../outbox/read-mail.ts';

export interface MailStamp {
  /** With its angle brackets. */
  readonly messageId: string;
  readonly date: Date;
}

export interface SimpleMail extends MailStamp {
  readonly from: string;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  /** Everyone who gets it, blind copies too. */
  readonly envelopeTo: readonly string[];
  readonly replyTo: readonly string[];
  readonly subject: string;
  readonly text: string | undefined;
  readonly html: string | undefined;
  readonly headers: readonly { readonly key: string; readonly value: string }[];
}

/** Bare addresses in a header value such as `Autopack <a@example.test>, b@example.test`. */
export const addressesOf = (text: string): string[] =>
  addressparser(text, { flatten: true })
    .map(({ address }) => address ?? '')
    .filter((address) => /^[^@\s]+@[^@\s]+$/.test(address));

/** A standards-conforming message. Files and URLs are never read, whatever the content says. */
export const composeMail = (mail: SimpleMail): Promise<Buffer> =>
  new MailComposer({
    from: mail.from,
    to: [...mail.to],
    cc: [...mail.cc],
    replyTo: [...mail.replyTo],
    subject: mail.subject,
    messageId: mail.messageId,
    date: mail.date,
    headers: [...mail.headers, { key: 'X-Envelope-To', value: mail.envelopeTo.join(', ') }],
    ...(mail.text === undefined ? {} : { text: mail.text }),
    ...(mail.html === undefined ? {} : { html: mail.html }),
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();

/** A raw message with the headers that the sending service adds in front of it. */
export const stampRawMail = (
  raw: Buffer,
  stamp: MailStamp,
  listed: readonly string[],
): { from: string | undefined; recipients: number; mail: Buffer } => {
  const { headers } = splitMail(raw);
  const named = ['to', 'cc', 'bcc'].flatMap((name) => addressesOf(headerOf(headers, name)));
  const recipients = listed.length > 0 ? listed : named;
  const added = [
    ...(headerOf(headers, 'message-id') === '' ? [`Message-ID: ${stamp.messageId}`] : []),
    ...(headerOf(headers, 'date') === ''
      ? [`Date: ${stamp.date.toUTCString().replace('GMT', '+0000')}`]
      : []),
    `X-Envelope-To: ${recipients.join(',\r\n ')}`,
  ];
  return {
    from: addressesOf(headerOf(headers, 'from'))[0],
    recipients: recipients.length,
    mail: Buffer.concat([Buffer.from(`${added.join('\r\n')}\r\n`), raw]),
  };
};
