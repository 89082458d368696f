import { describe, expect, it } from 'vitest';
import type { HttpApiResult } from '#shared/operators/http-edge.ts';
import { addressesIn, cookiesOf, FORM, formsOf, linksOf, press } from './browse.ts';
import { ADA, approval, ELSE, NOW, OLIVIA, SAM } from './fixtures.ts';
import { type World, world } from './world.ts';

const pathOf = (link: string): string => new URL(link, 'https://autopack.example.test').pathname;

/**
 * A mail scanner that runs wild: GETs and HEADs everything it finds, follows links and redirects, and presses every
 * control, each time without cookies, with the cookies it was given, and with made-up fields.
 */
const scan = async (at: World, starts: readonly string[]): Promise<readonly HttpApiResult[]> => {
  const seen = new Set<string>();
  const todo = [...starts];
  const answers: HttpApiResult[] = [];
  let cookies: Record<string, string> = {};
  while (todo.length > 0) {
    const path = pathOf(todo.pop() ?? '/');
    // Sign-in belongs to another function, and a scanner has no password.
    if (seen.has(path) || path === '/sign-in') continue;
    seen.add(path);
    for (const method of ['HEAD', 'GET', 'GET']) {
      const answer = await at.http(path, { method, cookies });
      answers.push(answer);
      cookies = { ...cookies, ...cookiesOf(answer) };
      if (answer.headers['location'] !== undefined) todo.push(answer.headers['location']);
      todo.push(
        ...linksOf(answer.body),
        ...addressesIn(answer.body).filter((link) => link.includes('autopack.example')),
      );
      for (const form of formsOf(answer.body))
        for (const { text } of form.buttons)
          for (const jar of [{}, cookies])
            answers.push(
              await at.http(form.action, {
                method: 'POST',
                body: press(form, text),
                type: FORM,
                cookies: jar,
              }),
            );
    }
    const guess = new URLSearchParams({
      decision: 'approve',
      requestHash: approval().requestHash,
      version: '1',
      reason: '',
      csrf: 'x',
      nonce: 'x',
    });
    for (const jar of [{}, cookies])
      answers.push(await at.http(path, { method: 'POST', body: guess.toString(), type: FORM, cookies: jar }));
  }
  return answers;
};

const linkTo = (at: World, who: string): string => {
  const sent = at.mails.find(({ to }) => to === who);
  return pathOf(linksOf(sent?.mail.html ?? '')[0] ?? '');
};

const opened = async (): Promise<World> => {
  const at = world();
  await at.ask();
  at.state.now += 60_000;
  return at;
};

describe('every mail', () => {
  it('goes to each eligible approver once and holds one neutral link, the same in text and HTML', async () => {
    const at = await opened();
    expect(at.mails.map(({ to }) => to).toSorted()).toEqual([OLIVIA.email, SAM.email]);
    for (const { mail } of at.mails) {
      const links = linksOf(mail.html);
      expect(links).toHaveLength(1);
      expect(addressesIn(mail.text)).toEqual(links);
      expect([...new Set(addressesIn(mail.html))]).toEqual(links);
      expect(links[0]).toMatch(/^https:\/\/autopack\.example\.test\/a\/[A-Za-z0-9_-]{22}$/);
      expect(mail.subject).not.toMatch(/[\r\n]/);
    }
    expect(new Set(at.mails.map(({ mail }) => linksOf(mail.html)[0])).size).toBe(2);
  });

  it('stores digests of its links only', async () => {
    const at = await opened();
    for (const { mail } of at.mails)
      expect(at.dump()).not.toContain((linksOf(mail.html)[0] ?? '').slice(-22));
  });

  it('survives a scanner that opens, follows and presses everything: nothing changes', async () => {
    const at = await opened();
    const before = at.dump();
    const answers = await scan(
      at,
      at.mails.flatMap(({ mail }) => [...linksOf(mail.html), ...addressesIn(mail.text)]),
    );
    expect(answers.length).toBeGreaterThan(12);
    expect(at.dump()).toBe(before);
    for (const answer of answers) {
      expect(answer.body).not.toContain('AAPL');
      expect(answer.body).not.toContain(approval().requestHash);
      expect(answer.statusCode).not.toBe(500);
    }
  });

  it('decides nothing by being opened, even by somebody who is signed in', async () => {
    const at = await opened();
    const before = at.dump();
    const cookies = at.signIn(OLIVIA);
    for (const method of ['HEAD', 'GET', 'HEAD', 'GET']) {
      const answer = await at.http(linkTo(at, OLIVIA.email), { method, cookies });
      expect(answer.statusCode).toBe(200);
      expect(answer.body === '').toBe(method === 'HEAD');
    }
    expect(at.dump()).toBe(before);
  });
});

/** Opens the page as a person and gives back what a browser would hold. */
const openAs = async (at: World, person: typeof OLIVIA, path = linkTo(at, OLIVIA.email)) => {
  const session = at.signIn(person);
  const answer = await at.http(path, { cookies: session });
  const form = formsOf(answer.body).find(({ action }) => action === path);
  return { answer, form, path, session, cookies: { ...session, ...cookiesOf(answer) } };
};

describe('a signed-in person', () => {
  it.each([
    ['Approve', 'APPROVED'],
    ['Reject', 'REJECTED'],
  ])('presses %s and it is %s', async (button, status) => {
    const at = await opened();
    const { form, cookies, path } = await openAs(at, OLIVIA);
    if (form === undefined) throw new Error('there is no form');
    const body = press(form, button, { reason: 'Looks right.' });
    const answer = await at.http(path, { method: 'POST', body, type: FORM, cookies });
    expect(answer).toMatchObject({ statusCode: 303, headers: { location: path } });
    expect(await at.store.readApproval(approval().approvalId)).toMatchObject({
      status,
      version: 2,
      decision: { by: 'person:olivia@example.test', reason: 'Looks right.' },
    });
    expect(at.told).toEqual([{ token: 'token-1', decision: status }]);
    const after = await at.http(path, { cookies });
    expect(after.body).toContain('Looks right.');
    expect(formsOf(after.body).map(({ action }) => action)).toEqual(['/sign-out']);

    // The double click gets the same answer, a change of mind gets 409 and the recorded decision.
    expect((await at.http(path, { method: 'POST', body, type: FORM, cookies })).statusCode).toBe(303);
    const other = press(form, button === 'Approve' ? 'Reject' : 'Approve');
    const refused = await at.http(path, { method: 'POST', body: other, type: FORM, cookies });
    expect(refused.statusCode).toBe(409);
    expect(refused.body).toContain('ALREADY_DECIDED');
    expect(at.told).toHaveLength(1);
  });

  it('is stopped where page, cookie, session or site do not belong together', async () => {
    const at = await opened();
    const { form, cookies, path, session } = await openAs(at, OLIVIA);
    if (form === undefined) throw new Error('there is no form');
    const another = await openAs(at, OLIVIA);
    const sam = await openAs(at, SAM);
    const post = (body: string, jar: Record<string, string>, headers = {}) =>
      at.http(path, { method: 'POST', body, type: FORM, cookies: jar, headers });
    const good = press(form, 'Approve');
    const tries: readonly (readonly [string, Promise<HttpApiResult>])[] = [
      ['no page cookie', post(good, session)],
      ['the page cookie of another opening', post(good, { ...session, ...another.cookies, ...session })],
      ['another person’s session', post(good, { ...cookies, ...at.signIn(SAM) })],
      ['another person’s form', post(press(sam.form ?? form, 'Approve'), cookies)],
      ['no nonce', post(press(form, 'Approve', { nonce: '' }), cookies)],
      ['another hash', post(press(form, 'Approve', { requestHash: 'b'.repeat(64) }), cookies)],
      ['another version', post(press(form, 'Approve', { version: '2' }), cookies)],
      ['another CSRF token', post(press(form, 'Approve', { csrf: 'x'.repeat(43) }), cookies)],
      ['a foreign site', post(good, cookies, { 'sec-fetch-site': 'cross-site' })],
    ];
    for (const [what, answer] of tries) {
      const { statusCode, body } = await answer;
      expect([what, statusCode]).toEqual([what, 403]);
      expect(body).toContain('NONCE_INVALID');
    }
    expect((await post(good, {})).statusCode).toBe(401);
    expect(await at.store.readApproval(approval().approvalId)).toMatchObject({ status: 'WAITING' });
    expect((await post(good, cookies)).statusCode).toBe(303);
  });

  it('sees, but cannot decide, what they are behind; a forwarded link gives no rights', async () => {
    const at = await opened();
    const owner = await openAs(at, { ...ADA });
    expect(owner.answer.body).toContain('ORIGINATOR_MAY_NOT_APPROVE');
    expect(owner.form).toBeUndefined();
    const stranger = await openAs(at, ELSE);
    expect(stranger.answer.statusCode).toBe(404);
    expect(stranger.answer.body).not.toContain('AAPL');
  });

  it('whose rights are taken away between page and vote decides nothing', async () => {
    const at = await opened();
    const { form, cookies, path } = await openAs(at, OLIVIA);
    if (form === undefined) throw new Error('there is no form');
    at.state.people = [{ ...OLIVIA, roles: ['viewer'] }, SAM];
    const answer = await at.http(path, { method: 'POST', body: press(form, 'Approve'), type: FORM, cookies });
    expect(answer.statusCode).toBe(403);
    expect(await at.store.readApproval(approval().approvalId)).toMatchObject({ status: 'WAITING' });
  });

  it('has to sign in again above the low tier once the sign-in is older than five minutes', async () => {
    const at = await opened();
    const row = await at.store.readApproval(approval().approvalId);
    expect(row?.tier).not.toBe('low');
    const early = await openAs(at, OLIVIA);
    at.state.now += 6 * 60_000;
    const late = await at.http(early.path, { cookies: early.cookies });
    expect(linksOf(late.body)).toContain(`/sign-in?fresh=1&return=${encodeURIComponent(early.path)}`);
    if (early.form === undefined) throw new Error('there is no form');
    const refused = await at.http(early.path, {
      method: 'POST',
      body: press(early.form, 'Approve'),
      type: FORM,
      cookies: early.cookies,
    });
    expect(refused.statusCode).toBe(401);
    expect(refused.body).toContain('SIGN_IN_NOT_FRESH');
  });

  it('gets the page of the inbox by its id, and only when signed in', async () => {
    const at = await opened();
    const inbox = await at.http('/inbox', { cookies: at.signIn(OLIVIA) });
    expect(linksOf(inbox.body)).toContain(`/a/${approval().approvalId}`);
    const known = await at.http(`/a/${approval().approvalId}`);
    const unknown = await at.http(`/a/${'0'.repeat(32)}`);
    expect(known.body.replaceAll(approval().approvalId, '')).toBe(
      unknown.body.replaceAll('0'.repeat(32), ''),
    );
  });
});

describe('a link', () => {
  it.each([
    '',
    'short',
    'A'.repeat(21),
    'A'.repeat(22),
    `${'A'.repeat(22)}A`,
    '%00',
    'Ä'.repeat(22),
    'f'.repeat(64),
  ])(
    'that is unknown or cut off (%s) gets a kind page with a stable code and the request id',
    async (segment) => {
      const at = await opened();
      const answer = await at.http(`/a/${segment}`);
      expect(answer.statusCode).toBe(404);
      expect(answer.headers['content-type']).toContain('text/html');
      expect(answer.body).toContain('NOT_FOUND');
      expect(answer.body).toContain('request-1');
    },
  );

  it('of an expired request says so, to signed-in people only', async () => {
    const at = await opened();
    const path = linkTo(at, OLIVIA.email);
    at.state.now = NOW + 90_000_000;
    expect((await at.http(path)).body).not.toContain('EXPIRED');
    expect((await at.http(path, { cookies: at.signIn(OLIVIA) })).body).toContain('APPROVAL_EXPIRED');
  });

  it('of which somebody guesses many is refused by source, while good links still open', async () => {
    const at = await opened();
    const guess = (index: number) => at.http(`/a/${String(index).padStart(21, 'B')}A`);
    for (let index = 0; index < 30; index += 1) expect((await guess(index)).statusCode).toBe(404);
    expect((await guess(31)).statusCode).toBe(429);
    expect((await at.http(linkTo(at, OLIVIA.email))).statusCode).toBe(200);
  });

  it('to which somebody posts too often is refused', async () => {
    const at = await opened();
    const { cookies, path } = await openAs(at, OLIVIA);
    const codes: number[] = [];
    for (let index = 0; index < 21; index += 1)
      codes.push((await at.http(path, { method: 'POST', body: 'x=1', type: FORM, cookies })).statusCode);
    expect(codes.slice(0, 20).every((code) => code === 400)).toBe(true);
    expect(codes[20]).toBe(429);
  });
});

describe('every page', () => {
  it('has no script, allows only its own style, is never stored and tells nobody where it was', async () => {
    const at = await opened();
    const { answer } = await openAs(at, OLIVIA);
    for (const reply of [answer, await at.http('/inbox'), await at.http('/a/x')]) {
      expect(reply.body).not.toMatch(/<script|javascript:|\son\w+=|<img|<link|style="/i);
      expect(reply.headers).toMatchObject({ 'cache-control': 'no-store' });
      const headers = Object.fromEntries(
        Object.entries(reply.headers).map(([name, value]) => [name.toLowerCase(), value]),
      );
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
      );
    }
    const cookie = answer.cookies?.[0] ?? '';
    expect(cookie).toMatch(
      /^__Host-autopack-decide-[0-9a-f]{16}=[A-Za-z0-9_-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict;/,
    );
  });
});
