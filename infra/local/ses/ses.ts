import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { durableState, writeDurably } from '../durable-file.ts';
import type { CreateSes } from '../ports.ts';
import { type AwsReply, awsJsonError } from '../service.ts';
import { addressesOf, composeMail, stampRawMail } from './compose.ts';

// Control characters would start a header of their own.
// oxlint-disable-next-line no-control-regex -- that is what is looked for
const Line = z.string().regex(/^[^\u0000-\u0008\u000a-\u001f\u007f]*$/, 'has control characters');
const Addresses = z.array(Line.min(3).max(320)).max(50).default([]);
const Part = z.object({ Data: z.string(), Charset: z.string().optional() });

const SendEmailInput = z.strictObject({
  FromEmailAddress: Line.min(3).max(320).optional(),
  Destination: z
    .strictObject({ ToAddresses: Addresses, CcAddresses: Addresses, BccAddresses: Addresses })
    .default({ ToAddresses: [], CcAddresses: [], BccAddresses: [] }),
  ReplyToAddresses: Addresses,
  Content: z.strictObject({
    Simple: z
      .strictObject({
        Subject: z.object({ Data: Line.max(998), Charset: z.string().optional() }),
        Body: z.strictObject({ Text: Part.optional(), Html: Part.optional() }),
        Headers: z
          .array(z.object({ Name: z.string().regex(/^[A-Za-z0-9-]{1,126}$/), Value: Line.max(870) }))
          .max(15)
          .default([]),
      })
      .optional(),
    Raw: z.strictObject({ Data: z.base64() }).optional(),
  }),
  ConfigurationSetName: z.string().optional(),
  EmailTags: z.array(z.object({ Name: z.string(), Value: z.string() })).optional(),
});
type SendEmailInput = z.infer<typeof SendEmailInput>;

const State = z.object({ identities: z.array(z.string()) });
const MAX_RECIPIENTS = 50;
const MAX_BYTES = 10 * 1024 * 1024;

class SesError extends Error {
  override readonly name = 'SesError';
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
const badRequest = (message: string): SesError => new SesError(400, 'BadRequestException', message);
const notFound = (identity: string): SesError =>
  new SesError(404, 'NotFoundException', `Email identity ${identity} does not exist.`);

const json = (value: unknown): AwsReply => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badRequest('The path is not encoded as it should be.');
  }
};

/** SES v2: mail goes into a folder of .eml files and nowhere else. Only verified senders may send. */
export const createSes: CreateSes = (host, outboxDir) => {
  mkdirSync(outboxDir, { recursive: true, mode: 0o700 });
  const store = durableState(join(host.dataDir, 'ses', 'identities.json'), State, () => ({
    identities: [] as string[],
  }));

  const isVerified = (address: string): boolean => {
    const lower = address.toLowerCase();
    const domain = lower.slice(lower.lastIndexOf('@') + 1);
    return store.read().identities.some((identity) => identity === lower || identity === domain);
  };

  const addIdentity = (identity: string): Promise<void> =>
    store.update((state) => {
      const lower = identity.toLowerCase();
      if (!state.identities.includes(lower)) state.identities.push(lower);
    });

  const build = async (
    input: SendEmailInput,
    messageId: string,
  ): Promise<{ from: string; recipients: number; mail: Buffer }> => {
    const { Simple, Raw } = input.Content;
    const { ToAddresses, CcAddresses, BccAddresses } = input.Destination;
    const stamp = { messageId: `<${messageId}@email.amazonses.com>`, date: new Date(host.clock.now()) };
    const listed = [...ToAddresses, ...CcAddresses, ...BccAddresses].flatMap(addressesOf);
    if ((Simple === undefined) === (Raw === undefined))
      throw badRequest('Give either simple or raw content.');
    if (Raw !== undefined) {
      const raw = stampRawMail(Buffer.from(Raw.Data, 'base64'), stamp, listed);
      const from = input.FromEmailAddress === undefined ? raw.from : addressesOf(input.FromEmailAddress)[0];
      if (from === undefined) throw badRequest('The mail has no From address.');
      return { from, recipients: raw.recipients, mail: raw.mail };
    }
    const [from] = addressesOf(input.FromEmailAddress ?? '');
    if (from === undefined || input.FromEmailAddress === undefined)
      throw badRequest('FromEmailAddress is not an address.');
    if (Simple?.Body.Text === undefined && Simple?.Body.Html === undefined)
      throw badRequest('The body is empty.');
    const mail = await composeMail({
      ...stamp,
      from: input.FromEmailAddress,
      to: ToAddresses,
      cc: CcAddresses,
      envelopeTo: listed,
      replyTo: input.ReplyToAddresses,
      subject: Simple.Subject.Data,
      text: Simple.Body.Text?.Data,
      html: Simple.Body.Html?.Data,
      headers: Simple.Headers.map(({ Name, Value }) => ({ key: Name, value: Value })),
    });
    return { from, recipients: listed.length, mail };
  };

  const send = async (input: SendEmailInput): Promise<AwsReply> => {
    const messageId = `${randomBytes(8).toString('hex')}-${randomUUID()}-000000`;
    const { from, recipients, mail } = await build(input, messageId);
    if (recipients < 1 || recipients > MAX_RECIPIENTS)
      throw badRequest(`A mail goes to between 1 and ${MAX_RECIPIENTS} recipients.`);
    if (!isVerified(from))
      throw new SesError(
        400,
        'MessageRejected',
        `Email address is not verified. The following identities failed the check in region ${host.region.toUpperCase()}: ${from}`,
      );
    if (mail.length > MAX_BYTES) throw new SesError(400, 'MessageRejected', 'The message is too large.');
    const time = new Date(host.clock.now()).toISOString().replaceAll(/[:.]/g, '-');
    await writeDurably(join(outboxDir, `${time}-${messageId}.eml`), mail);
    return json({ MessageId: messageId });
  };

  const identity = (name: string): AwsReply => {
    if (!store.read().identities.includes(name.toLowerCase())) throw notFound(name);
    return json({
      IdentityType: name.includes('@') ? 'EMAIL_ADDRESS' : 'DOMAIN',
      VerifiedForSendingStatus: true,
      VerificationStatus: 'SUCCESS',
    });
  };

  const route = async (method: string, path: string, body: string): Promise<AwsReply> => {
    const one = /^\/v2\/email\/identities\/([^/]+)$/.exec(path)?.[1];
    if (method === 'GET' && one !== undefined) return identity(decoded(one));
    const parsed: unknown = body === '' ? {} : JSON.parse(body);
    if (method === 'POST' && path === '/v2/email/outbound-emails') return send(SendEmailInput.parse(parsed));
    if (method === 'POST' && path === '/v2/email/identities') {
      const { EmailIdentity } = z
        .object({ EmailIdentity: z.string().regex(/^[^\s/]{3,320}$/) })
        .parse(parsed);
      if (store.read().identities.includes(EmailIdentity.toLowerCase()))
        throw new SesError(400, 'AlreadyExistsException', `Email identity ${EmailIdentity} already exist.`);
      await addIdentity(EmailIdentity);
      return json({
        IdentityType: EmailIdentity.includes('@') ? 'EMAIL_ADDRESS' : 'DOMAIN',
        VerifiedForSendingStatus: true,
      });
    }
    host.log(`ses: ${method} ${path} is not implemented`);
    throw new SesError(501, 'NotImplemented', `The local host does not implement ses ${method} ${path}.`);
  };

  return {
    signingNames: ['ses'],
    async handle({ method, path, body }) {
      try {
        return await route(method, path, body.toString());
      } catch (error) {
        if (error instanceof SesError) return awsJsonError(error.status, error.code, error.message);
        if (error instanceof z.ZodError)
          return awsJsonError(400, 'BadRequestException', z.prettifyError(error));
        if (error instanceof SyntaxError)
          return awsJsonError(400, 'BadRequestException', 'The body is not JSON');
        throw error;
      }
    },
    ensureIdentity: addIdentity,
  };
};
