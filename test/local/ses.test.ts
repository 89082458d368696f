import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateEmailIdentityCommand,
  GetAccountCommand,
  GetEmailIdentityCommand,
  SendEmailCommand,
  SESv2Client,
  type SendEmailCommandInput,
} from '@aws-sdk/client-sesv2';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listenOnLoopback, type Loopback } from '#infra/local/loopback.ts';
import { createOutboxSite } from '#infra/local/outbox/outbox-site.ts';
import { readMail } from '#infra/local/outbox/read-mail.ts';
import { createSes } from '#infra/local/ses/ses.ts';
import { clientConfig, hostDouble } from './local-host-double.ts';

const host = hostDouble();
const outboxDir = join(host.dataDir, 'outbox');
let loopback: Loopback;
let site: Loopback;
let ses: SESv2Client;

const connect = async (): Promise<void> => {
  const service = createSes(host, outboxDir);
  await service.ensureIdentity('autopack@example.test');
  const outbox = createOutboxSite(host, outboxDir);
  loopback = await listenOnLoopback((request) => service.handle(request));
  site = await listenOnLoopback((request) => outbox.handle(request));
  ses = new SESv2Client(clientConfig(loopback.url));
};
const disconnect = async (): Promise<void> => {
  ses.destroy();
  await loopback.stop();
  await site.stop();
};
beforeAll(connect);
afterAll(async () => {
  await disconnect();
  host.removeData();
});

const simple = (subject: string, text: string, html?: string): SendEmailCommandInput => ({
  FromEmailAddress: 'Autopack <autopack@example.test>',
  Destination: { ToAddresses: ['olivia@example.test'], BccAddresses: ['audit@example.test'] },
  Content: {
    Simple: {
      Subject: { Data: subject },
      Body: { Text: { Data: text }, ...(html === undefined ? {} : { Html: { Data: html } }) },
      Headers: [{ Name: 'X-Autopack-Action', Value: 'demo#key' }],
    },
  },
});
const send = async (input: SendEmailCommandInput): Promise<string> => {
  host.clock.advance(1000);
  return (await ses.send(new SendEmailCommand(input))).MessageId!;
};
const fileOf = (messageId: string): string =>
  readdirSync(outboxDir).find((name) => name.includes(messageId))!;
const mailOf = (messageId: string): Buffer => readFileSync(join(outboxDir, fileOf(messageId)));
const nameOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: Error) => error.name,
  );
const get = async (path: string) => {
  const reply = await fetch(site.url + path);
  return { status: reply.status, headers: reply.headers, text: await reply.text() };
};

describe('SES of the local host, driven by the SDK', () => {
  test('a mail from an unverified sender is rejected and leaves no file', async () => {
    const before = readdirSync(outboxDir);
    const input = { ...simple('Hello', 'text'), FromEmailAddress: 'Autopack <stranger@example.org>' };
    expect(await nameOf(send(input))).toBe('MessageRejected');
    expect(readdirSync(outboxDir)).toEqual(before);
  });

  test('a mail becomes an .eml file with both parts, the headers and no blind copy in them', async () => {
    const messageId = await send(
      simple('Approve: buy 1 AAPL — “now”', 'Open http://127.0.0.1/a/x\n', '<p>Öffnen</p>'),
    );
    expect(fileOf(messageId)).toMatch(/^2026-11-21T09-00-\d\d-000Z-.+\.eml$/);
    const raw = mailOf(messageId).toString();
    const unfolded = raw.replaceAll('\r\n ', ' ');
    for (const line of [
      'MIME-Version: 1.0',
      `Message-ID: <${messageId}@email.amazonses.com>`,
      'X-Autopack-Action: demo#key',
      'To: olivia@example.test',
    ])
      expect(unfolded).toContain(line);
    expect(raw).toMatch(/^Date: .*\+0000\r$/m);
    expect(raw).not.toMatch(/^Bcc:/m);
    expect(raw.split('\r\n').every((line) => line.length <= 998)).toBe(true);
    expect(readMail(Buffer.from(raw))).toMatchObject({
      from: 'Autopack <autopack@example.test>',
      to: 'olivia@example.test, audit@example.test',
      subject: 'Approve: buy 1 AAPL — “now”',
      html: '<p>Öffnen</p>',
    });
  });

  test('any subject and text are read back as they were sent', async () => {
    const line = fc
      .string({ unit: 'grapheme', maxLength: 120 })
      .map((text) => text.replaceAll(/\p{C}/gu, '').trim());
    await fc.assert(
      fc.asyncProperty(line, fc.array(line, { maxLength: 4 }), async (subject, lines) => {
        const text = lines.join('\n').trim();
        const mail = readMail(mailOf(await send(simple(subject, text, `<p>${lines.length}</p>`))));
        expect(mail.subject.replaceAll(/\s+/g, ' ')).toBe(subject.replaceAll(/\s+/g, ' '));
        // An empty part is left out of the message.
        expect((mail.text ?? '').replaceAll('\r\n', '\n').trim()).toBe(text);
      }),
      { numRuns: 40 },
    );
  });

  test('a line break in a subject or a header is refused', async () => {
    expect(await nameOf(send(simple('Hello\r\nBcc: victim@example.org', 'text')))).toBe(
      'BadRequestException',
    );
    const input = simple('Hello', 'text');
    input.Content!.Simple!.Headers = [{ Name: 'X-Note', Value: 'a\r\nBcc: victim@example.org' }];
    expect(await nameOf(send(input))).toBe('BadRequestException');
  });

  test('a raw mail is kept byte for byte behind the headers that the service adds', async () => {
    const raw =
      'From: autopack@example.test\r\nTo: sam@example.test\r\nSubject: =?UTF-8?Q?caf=C3=A9?=\r\n\r\nplain\r\n';
    const messageId = await send({ Content: { Raw: { Data: Buffer.from(raw) } } });
    const stored = mailOf(messageId).toString();
    expect(stored.endsWith(raw)).toBe(true);
    expect(stored).toContain(`Message-ID: <${messageId}@`);
    expect(readMail(Buffer.from(stored))).toMatchObject({
      subject: 'café',
      to: 'sam@example.test',
      text: 'plain\r\n',
    });
    const foreign = raw.replace('autopack@example.test', 'stranger@example.org');
    expect(await nameOf(send({ Content: { Raw: { Data: Buffer.from(foreign) } } }))).toBe('MessageRejected');
  });

  test('identities are made, found and there after a restart; a domain stands for its addresses', async () => {
    await ses.send(new CreateEmailIdentityCommand({ EmailIdentity: 'example.com' }));
    await disconnect();
    await connect();
    const found = await ses.send(new GetEmailIdentityCommand({ EmailIdentity: 'example.com' }));
    expect(found).toMatchObject({ IdentityType: 'DOMAIN', VerifiedForSendingStatus: true });
    expect(await send({ ...simple('Hello', 'text'), FromEmailAddress: 'anyone@example.com' })).not.toBe('');
    expect(await nameOf(ses.send(new GetEmailIdentityCommand({ EmailIdentity: 'nobody@example.org' })))).toBe(
      'NotFoundException',
    );
    expect(await nameOf(ses.send(new GetAccountCommand({})))).toBe('NotImplemented');
  });
});

describe('the outbox page', () => {
  test('mails are listed newest first, and what they say is escaped', async () => {
    await send(simple('Older', 'text'));
    await send(simple('<script>alert(1)</script>', 'text'));
    const { text, headers } = await get('/_outbox');
    expect(text.indexOf('&lt;script&gt;')).toBeGreaterThan(0);
    expect(text.indexOf('&lt;script&gt;')).toBeLessThan(text.indexOf('Older'));
    expect(text).not.toContain('<script');
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
  });

  test('one mail shows its text with links, and its HTML in a frame that runs no scripts', async () => {
    const messageId = await send(
      simple(
        'Links',
        'Open http://127.0.0.1:4500/a/abc. <b>',
        '<html><head></head><body><script>x()</script><a href="http://127.0.0.1:4500/a/abc">Open</a></body></html>',
      ),
    );
    const path = `/_outbox/${fileOf(messageId)}`;
    const page = await get(path);
    expect(page.text).toContain(
      '<a href="http://127.0.0.1:4500/a/abc" target="_blank" rel="noopener noreferrer">',
    );
    expect(page.text).toContain('. &lt;b&gt;');
    expect(page.text).toMatch(/<iframe [^>]*sandbox="allow-popups allow-popups-to-escape-sandbox"/);
    expect(page.headers.get('content-security-policy')).toContain("frame-src 'self'");
    const frame = await get(`${path}/html`);
    expect(frame.text).toContain('<base target="_blank">');
    const policy = frame.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/^sandbox (?!.*allow-scripts)(?!.*allow-same-origin)/);
    const source = await get(`${path}/source`);
    expect(source.headers.get('content-type')).toContain('text/plain');
    expect(source.text).toBe(mailOf(messageId).toString());
  });

  test.each([
    '/_outbox/..%2f..%2fidentities.json',
    '/_outbox/../ses/identities.json',
    '/_outbox/nothing.eml',
    '/_outbox/x/html',
  ])('%s shows nothing', async (path) => {
    const outbox = createOutboxSite(host, outboxDir);
    const reply = await outbox.handle({
      target: undefined,
      method: 'GET',
      path,
      query: new URLSearchParams(),
      headers: {},
      body: Buffer.alloc(0),
    });
    expect(reply.status).toBe(404);
  });

  test('the page only reads', async () => {
    expect((await fetch(`${site.url}/_outbox`, { method: 'POST' })).status).toBe(405);
  });
});
