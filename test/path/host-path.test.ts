import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, textOf } from '#infra/local/demo-browser.ts';
import { actionDigest } from '#shared/actions/hashes.ts';
import { type Desk, MARKET_ORDER, openDesk, until } from './desk.ts';

/** The whole stack on this machine, over HTTP only: what a user of Autopack sees. */
describe('the path of an action on the whole stack', { timeout: 300_000 }, () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk();
  }, 300_000);
  afterAll(async () => desk.close());

  it('runs an approved order exactly once and answers what happened (EXT-12, EXT-13, DRY-10)', async () => {
    const proposed = await desk.propose('happy-1');
    expect(proposed.status).toBe(202);
    expect(proposed.headers.get('location')).toBe('/projects/demo/actions/happy-1');
    const link = await desk.nextLink('olivia@example.test');
    expect(desk.orders()).toHaveLength(0);
    const page = await desk.decide(link, 'approve');
    expect(page.status).toBe(200);
    const done = await desk.becomes('happy-1', 'SUCCEEDED');
    expect(desk.ordersOf(done)).toHaveLength(1);
    expect(done).toMatchObject({
      terminal: true,
      attempts: 1,
      retries: 0,
      historyIntact: true,
      decision: { by: 'person:olivia@example.test', status: 'APPROVED' },
      outcome: { resourceId: desk.ordersOf(done)[0]?.id },
    });
    expect((done['rendered'] as { requestHash: string }).requestHash).toBe(done['requestHash']);
    expect((done['history'] as { event: string }[]).map((entry) => entry.event)).toEqual([
      'PROPOSED',
      'PENDING_APPROVAL',
      'EXECUTING',
      'SUCCEEDED',
    ]);
    const replay = await desk.propose('happy-1');
    expect(replay.status).toBe(200);
    expect(replay.body['keepKey']).toBe(true);
    expect(desk.ordersOf(done)).toHaveLength(1);
  });

  it('shows the recorded decision on a replay of the link, and refuses the other vote', async () => {
    await desk.propose('replay-1');
    const link = await desk.nextLink('olivia@example.test');
    await desk.decide(link, 'reject');
    await desk.becomes('replay-1', 'REJECTED');
    const browser = openBrowser();
    const page = await desk.openAs(browser, link, 'sam@example.test');
    expect(textOf(page.html)).toMatch(/Olivia/);
    expect(page.forms.some(({ buttons }) => buttons.some(({ value }) => value === 'approve'))).toBe(false);
    expect(desk.ordersOf(await desk.show('replay-1'))).toHaveLength(0);
  });

  it('executes once what ten propose at once, and refuses the key for another payload (EXT-17)', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => desk.propose('race-1')));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(all.map(({ body }) => body['createdAt'])).size).toBe(1);
    const other = await desk.propose('race-1', {
      ...MARKET_ORDER,
      payload: { ...MARKET_ORDER.payload, qty: '2' },
    });
    expect(other).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
    const link = await desk.nextLink('olivia@example.test');
    await desk.decide(link, 'approve');
    const done = await desk.becomes('race-1', 'SUCCEEDED');
    expect(desk.ordersOf(done)).toHaveLength(1);
  });

  describe('with one byte of the stored request changed', () => {
    const clients = () => {
      const options = {
        endpoint: desk.host.awsUrl,
        region: 'us-east-1',
        credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      };
      return {
        s3: new S3Client({ ...options, forcePathStyle: true }),
        secrets: new SecretsManagerClient(options),
      };
    };
    const changeOneByte = async (key: string): Promise<void> => {
      const { s3 } = clients();
      const Bucket =
        [...desk.host.deployed.outputs]
          .map(([, value]) => String(value))
          .find((value) => /artifact/i.test(value) && !value.startsWith('arn:')) ?? '';
      const Key = `projects/demo/dry-runs/${actionDigest({ project: 'demo', key })}.json`;
      const stored = await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString();
      const changed = stored.replace('\\"qty\\":\\"1\\"', '\\"qty\\":\\"9\\"');
      expect(changed).not.toBe(stored);
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: changed }));
    };
    const setSecret = async (SecretString: string): Promise<void> => {
      await clients().secrets.send(
        new PutSecretValueCommand({ SecretId: 'autopack/dev/alpaca-paper-demo', SecretString }),
      );
    };

    it('takes no vote on bytes that are not the ones that wait', async () => {
      await desk.propose('tamper-1');
      const link = await desk.nextLink('olivia@example.test');
      const browser = openBrowser();
      const page = await desk.openAs(browser, link, 'olivia@example.test');
      await changeOneByte('tamper-1');
      const form = page.forms.find(({ buttons }) => buttons.some(({ value }) => value === 'approve'))!;
      const answer = await browser.submit(page, form, { decision: 'approve', reason: 'as shown' });
      expect(textOf(answer.html)).toMatch(/HASH_MISMATCH/);
      expect(await desk.show('tamper-1')).toMatchObject({ status: 'PENDING_APPROVAL', decision: null });
    });

    it('stops with HASH_MISMATCH between approval and execution, and sends nothing (DRY-06)', async () => {
      const secret = await clients().secrets.send(
        new GetSecretValueCommand({ SecretId: 'autopack/dev/alpaca-paper-demo' }),
      );
      await setSecret('{}');
      await desk.propose('tamper-2');
      await desk.decide(await desk.nextLink('olivia@example.test'), 'approve');
      await desk.becomes('tamper-2', 'PAUSED_CREDENTIAL');
      await changeOneByte('tamper-2');
      await setSecret(secret.SecretString!);
      await desk.sweep();
      const denied = await desk.becomes('tamper-2', 'DENIED');
      expect(denied).toMatchObject({ outcome: { code: 'HASH_MISMATCH' }, attempts: 0 });
      expect(desk.ordersOf(denied)).toHaveLength(0);
    });

    it('resumes by itself when the credential works again, and runs once (EXT-16)', async () => {
      const secret = await clients().secrets.send(
        new GetSecretValueCommand({ SecretId: 'autopack/dev/alpaca-paper-demo' }),
      );
      await setSecret('{}');
      await desk.propose('pause-1');
      await desk.decide(await desk.nextLink('olivia@example.test'), 'approve');
      await desk.becomes('pause-1', 'PAUSED_CREDENTIAL');
      await desk.sweep();
      expect((await desk.show('pause-1'))['status']).toBe('PAUSED_CREDENTIAL');
      await setSecret(secret.SecretString!);
      await Promise.all([desk.sweep(), desk.sweep()]);
      const done = await desk.becomes('pause-1', 'SUCCEEDED');
      expect(desk.ordersOf(done)).toHaveLength(1);
    });
  });

  it('stops a dry run at RENDERED and promotes it with the same hashes (DRY-01, DRY-05)', async () => {
    await desk.propose('dry-1', { ...MARKET_ORDER, dryRun: true });
    const rendered = await desk.becomes('dry-1', 'RENDERED');
    expect(desk.ordersOf(rendered)).toHaveLength(0);
    expect((await desk.call('POST', '/projects/demo/actions/dry-1/submit')).status).toBe(202);
    const pending = await desk.becomes('dry-1', 'PENDING_APPROVAL');
    expect(pending['requestHash']).toBe(rendered['requestHash']);
    await desk.decide(await desk.nextLink('olivia@example.test'), 'approve');
    const done = await desk.becomes('dry-1', 'SUCCEEDED');
    expect(done['requestHash']).toBe(rendered['requestHash']);
  });

  it('withdraws what waits; the link then says so', async () => {
    await desk.propose('cancel-1');
    const link = await desk.nextLink('olivia@example.test');
    expect((await desk.call('POST', '/projects/demo/actions/cancel-1/cancel')).status).toBe(200);
    await desk.becomes('cancel-1', 'CANCELLED');
    const page = await desk.openAs(openBrowser(), link, 'olivia@example.test');
    expect(page.forms.some(({ buttons }) => buttons.some(({ value }) => value === 'approve'))).toBe(false);
    expect(await desk.call('POST', '/projects/demo/actions/happy-1/cancel')).toMatchObject({
      status: 409,
      body: { code: 'NOT_CANCELLABLE' },
    });
  });

  it.each<[string, string, string, object, number, string]>([
    [
      'an unknown operation',
      'POST',
      '/projects/demo/actions',
      { body: { operation: 'acme/x', payload: {} } },
      400,
      'UNKNOWN_OPERATION',
    ],
    [
      'a payload that does not fit',
      'POST',
      '/projects/demo/actions',
      { body: { operation: 'alpaca/order.submit', payload: { symbol: 1 } } },
      422,
      'PAYLOAD_DOES_NOT_FIT',
    ],
    [
      'duplicate JSON keys',
      'POST',
      '/projects/demo/actions',
      { raw: '{"operation":"a/b","operation":"c/d","payload":{}}' },
      400,
      'INVALID_JSON',
    ],
    [
      'NaN',
      'POST',
      '/projects/demo/actions',
      { raw: '{"operation":"alpaca/order.submit","payload":{"qty":NaN}}' },
      400,
      'INVALID_JSON',
    ],
    [
      'a lone surrogate',
      'POST',
      '/projects/demo/actions',
      { raw: '{"operation":"alpaca/order.submit","payload":{"symbol":"\\ud800"}}' },
      400,
      'INVALID_JSON',
    ],
    [
      'a polluting name',
      'POST',
      '/projects/demo/actions',
      { raw: '{"operation":"alpaca/order.submit","payload":{"__proto__":{"x":1}}}' },
      400,
      'INVALID_JSON',
    ],
    [
      'a wrong content type',
      'POST',
      '/projects/demo/actions',
      { raw: 'x', headers: { 'content-type': 'text/plain' } },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a body over 1 MB',
      'POST',
      '/projects/demo/actions',
      { raw: `{"operation":"alpaca/order.submit","payload":{"x":"${'y'.repeat(1_000_001)}"}}` },
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'a key with forbidden characters',
      'POST',
      '/projects/demo/actions',
      { body: MARKET_ORDER, headers: { 'idempotency-key': 'a b' } },
      400,
      'INVALID_IDEMPOTENCY_KEY',
    ],
    [
      'a key that is too long',
      'POST',
      '/projects/demo/actions',
      { body: MARKET_ORDER, headers: { 'idempotency-key': 'k'.repeat(129) } },
      400,
      'INVALID_IDEMPOTENCY_KEY',
    ],
    [
      'no key',
      'POST',
      '/projects/demo/actions',
      { body: MARKET_ORDER, headers: { 'idempotency-key': '' } },
      400,
      'MISSING_IDEMPOTENCY_KEY',
    ],
    ['another project', 'POST', '/projects/other/actions', { body: MARKET_ORDER }, 404, 'NOT_FOUND'],
    ["another project's key", 'GET', '/projects/other/actions/happy-1', {}, 404, 'NOT_FOUND'],
    ['a key that is free', 'GET', '/projects/demo/actions/nobody', {}, 404, 'NOT_FOUND'],
    ['a cursor of somebody else', 'GET', '/projects/demo/actions?cursor=%7B', {}, 400, 'INVALID_CURSOR'],
    ['a page size over the limit', 'GET', '/projects/demo/actions?limit=101', {}, 400, 'INVALID_INPUT'],
    [
      'a vote by a machine',
      'POST',
      `/approvals/${'a'.repeat(32)}/decision`,
      { body: { decision: 'approve', requestHash: 'a'.repeat(64), version: 1, reason: 'x' } },
      403,
      'PERSON_REQUIRED',
    ],
    [
      'a change of settings by a machine',
      'POST',
      '/projects/demo/changes',
      { body: { kind: 'settings' } },
      403,
      'FORBIDDEN',
    ],
  ])('refuses %s with a problem document', async (_what, method, path, options, status, code) => {
    const before = (await desk.call('GET', '/projects/demo/actions?limit=100')).body['actions'] as unknown[];
    const reply = await desk.call(method, path, {
      ...options,
      headers: {
        'idempotency-key': 'bad-1',
        'x-request-id': 'req-12345',
        ...(options as { headers?: object }).headers,
      },
    });
    expect([reply.status, reply.body['code']]).toEqual([status, code]);
    expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(reply.headers.get('x-request-id')).toBe('req-12345');
    expect(reply.body['requestId']).toBe('req-12345');
    const after = (await desk.call('GET', '/projects/demo/actions?limit=100')).body['actions'] as unknown[];
    expect(after).toHaveLength(before.length);
  });

  it.each([
    ['no token', {}],
    ['a token of somebody else', { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.' }],
  ])('refuses %s before anything runs', async (_what, headers) => {
    const reply = await fetch(`${desk.host.apiUrl}/projects/demo/actions`, { headers });
    expect([401, 403]).toContain(reply.status);
    expect(reply.headers.get('apigw-requestid')).toBeTruthy();
  });

  it('walks a mail scanner through every mail: it changes nothing, with and without the cookies it was given', async () => {
    await desk.propose('scan-1');
    await desk.nextLink('olivia@example.test');
    await until('both mails', () =>
      desk.mails().filter((mail) => mail.link !== '').length >= 2 ? true : undefined,
    );
    const links = desk.mails().flatMap((mail) => {
      const inHtml = [...mail.html.matchAll(/(?:href|src|action)="([^"]+)"/g)].map(([, url = '']) =>
        url.replaceAll('&amp;', '&'),
      );
      return [...new Set([mail.link, ...inHtml])].filter((url) => url.startsWith('http'));
    });
    for (const url of links) {
      for (const method of ['HEAD', 'GET', 'OPTIONS']) await fetch(url, { method, redirect: 'follow' });
      const browser = openBrowser();
      let pages = [await browser.open(url)];
      for (let depth = 0; depth < 3; depth += 1) {
        const found: typeof pages = [];
        for (const page of pages) {
          for (const link of page.links.filter(({ href }) => href.startsWith('http://127.0.0.1')))
            found.push(await browser.open(link.href));
          for (const form of page.forms) {
            for (const button of [...form.buttons, { name: '', value: '' }]) {
              const values = button.name === '' ? {} : { [button.name]: button.value };
              found.push(await browser.submit(page, form, values));
              // The same press without any of the cookies.
              found.push(await openBrowser().submit(page, form, values));
            }
          }
        }
        pages = found.slice(0, 20);
      }
    }
    const now = await desk.show('scan-1');
    expect(now).toMatchObject({ status: 'PENDING_APPROVAL', decision: null });
    expect(desk.ordersOf(now)).toHaveLength(0);
    const link = desk
      .mails()
      .filter((mail) => mail.to.includes('olivia@example.test'))
      .at(-1)!.link;
    expect((await desk.decide(link, 'approve')).status).toBe(200);
    await desk.becomes('scan-1', 'SUCCEEDED');
  });
});
