import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeHtml, pageReply } from '../page.ts';
import type { CreateOutboxSite } from '../ports.ts';
import type { AwsReply } from '../service.ts';
import { readMail, type ReadMail } from './read-mail.ts';

const PREFIX = '/_outbox';
const SHOWN = 200;
/** Names that SES gives: no separators, so that a name can never leave the folder. */
const MAIL_NAME = /^[0-9TZ-]{10,40}[0-9a-f-]{20,80}\.eml$/;

const plain = (status: number, text: string): AwsReply => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  body: text,
});

const namesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder))
    .filter((name) => MAIL_NAME.test(name))
    .toSorted()
    .toReversed();

const shortDate = (date: string): string => {
  const ms = Date.parse(date);
  return Number.isNaN(ms) ? date : `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
};

const listPage = async (folder: string): Promise<AwsReply> => {
  const names = await namesIn(folder);
  const items = await Promise.all(
    names.slice(0, SHOWN).map(async (name) => {
      const mail = readMail(await readFile(join(folder, name)));
      return `<li><a href="${PREFIX}/${name}"><span class="subject">${escapeHtml(mail.subject || '(no subject)')}</span><br><span class="soft">To ${escapeHtml(mail.to)} · ${escapeHtml(shortDate(mail.date))}</span></a></li>`;
    }),
  );
  const older =
    names.length > SHOWN ? `<p class="soft">${names.length - SHOWN} older mails are in the folder.</p>` : '';
  return pageReply({
    title: 'Outbox',
    body: `<h1>Outbox</h1><p class="soft">Mail that Autopack sent on this machine. Nothing here has left it.</p><div class="card">${
      items.length === 0 ? '<p class="soft">No mail yet.</p>' : `<ul class="list">${items.join('')}</ul>`
    }</div>${older}`,
  });
};

/** Escaped text in which web addresses are links. */
const linked = (text: string): string =>
  text
    .split(/(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/)
    .map((piece, index) =>
      index % 2 === 1
        ? `<a href="${escapeHtml(piece)}" target="_blank" rel="noopener noreferrer">${escapeHtml(piece)}</a>`
        : escapeHtml(piece),
    )
    .join('');

const mailPage = (name: string, mail: ReadMail): AwsReply =>
  pageReply({
    title: mail.subject || 'Mail',
    frames: true,
    body: `<p><a href="${PREFIX}">Outbox</a></p><h1>${escapeHtml(mail.subject || '(no subject)')}</h1>
<dl><dt>From</dt><dd>${escapeHtml(mail.from)}</dd><dt>To</dt><dd>${escapeHtml(mail.to)}</dd><dt>Sent</dt><dd>${escapeHtml(shortDate(mail.date))}</dd><dt>File</dt><dd><a href="${PREFIX}/${name}/source">${escapeHtml(name)}</a></dd></dl>${
      mail.html === undefined
        ? ''
        : `<h2>HTML</h2><iframe src="${PREFIX}/${name}/html" title="The HTML part of the mail" sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>`
    }${mail.text === undefined ? '' : `<h2>Text</h2><div class="card"><pre>${linked(mail.text)}</pre></div>`}`,
  });

/** The HTML part by itself. Its own headers keep it from doing anything even when it is opened alone. */
const htmlPart = (html: string): AwsReply => ({
  status: 200,
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy':
      "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'self'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  },
  // Links open outside the frame, as a mail program does it.
  body: /<head[^>]*>/i.test(html)
    ? html.replace(/<head[^>]*>/i, (head) => `${head}<base target="_blank">`)
    : `<base target="_blank">${html}`,
});

/** Read-only pages over the folder that SES writes to. */
export const createOutboxSite: CreateOutboxSite = (_host, outboxDir) => ({
  prefix: PREFIX,
  async handle({ method, path }) {
    if (method !== 'GET' && method !== 'HEAD')
      return { ...plain(405, 'The outbox can only be read.'), headers: { allow: 'GET, HEAD' } };
    const [, , name, part, ...rest] = path.split('/');
    if (name === undefined || name === '') return listPage(outboxDir);
    if (!MAIL_NAME.test(name) || rest.length > 0 || !(await namesIn(outboxDir)).includes(name))
      return pageReply({
        status: 404,
        title: 'No such mail',
        body: `<h1>No such mail</h1><p><a href="${PREFIX}">Back to the outbox</a></p>`,
      });
    const raw = await readFile(join(outboxDir, name));
    if (part === undefined) return mailPage(name, readMail(raw));
    if (part === 'source') return { ...plain(200, ''), body: raw };
    const { html } = readMail(raw);
    return part === 'html' && html !== undefined ? htmlPart(html) : plain(404, 'The mail has no such part.');
  },
});
