import { SendEmailCommand, type SESv2Client } from '@aws-sdk/client-sesv2';
import type { Mail } from './mail.ts';

/**
 * Hands a mail to SES. `refused`: SES will never take it (a bad or blocked address); a later try would not help.
 * Everything else throws and may be tried again.
 */
export type SendMail = (recipient: string, mail: Mail) => Promise<'sent' | 'refused'>;

const FINAL = new Set(['MessageRejected', 'BadRequestException', 'MailFromDomainNotVerifiedException']);

export const sendMail =
  (ses: SESv2Client, sender: string): SendMail =>
  async (recipient, mail) => {
    try {
      await ses.send(
        new SendEmailCommand({
          FromEmailAddress: sender,
          Destination: { ToAddresses: [recipient] },
          Content: {
            Simple: {
              Subject: { Data: mail.subject, Charset: 'UTF-8' },
              Body: {
                Text: { Data: mail.text, Charset: 'UTF-8' },
                Html: { Data: mail.html, Charset: 'UTF-8' },
              },
            },
          },
        }),
      );
      return 'sent';
    } catch (error) {
      if (error instanceof Error && FINAL.has(error.name)) return 'refused';
      throw error;
    }
  };
