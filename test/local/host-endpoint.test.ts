import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEndpoint, signingNameOf, type Endpoint } from '#infra/local/endpoint.ts';
import { PortInUseError } from '#infra/local/listener.ts';
import { awsJson } from '#infra/local/service.ts';

let endpoint: Endpoint;
const lines: string[] = [];
beforeAll(async () => {
  endpoint = await openEndpoint({ port: 0, log: (line) => lines.push(line) });
  endpoint.addService({ signingNames: ['states'], handle: async ({ target }) => awsJson({ target }) });
  endpoint.addSite({
    prefix: '/_page',
    handle: async ({ path }) => ({ status: 200, body: path, cookies: ['a=1', 'b=2'] }),
  });
  endpoint.addSite({ prefix: '/_break', handle: async () => ({ status: 200, body: '', hangUp: true }) });
});
afterAll(() => endpoint.close());

const signed = (name: string): string =>
  `AWS4-HMAC-SHA256 Credential=local/20261121/us-east-1/${name}/aws4_request, SignedHeaders=host, Signature=x`;
const send = (
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string; headers: Record<string, unknown> }> =>
  new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: endpoint.port, path, method: 'POST', headers, agent: false },
      (reply) => {
        let body = '';
        reply.on('data', (chunk: Buffer) => (body += chunk.toString()));
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body, headers: reply.headers }));
      },
    );
    sent.on('error', reject).end('{}');
  });

describe('the AWS endpoint', () => {
  it('finds a service by its signing name, in the header and in the query', async () => {
    const reply = await send('/', {
      authorization: signed('states'),
      'x-amz-target': 'AWSStepFunctions.StartExecution',
    });
    expect(reply).toMatchObject({ status: 200, body: '{"target":"AWSStepFunctions.StartExecution"}' });
    expect(
      signingNameOf(
        undefined,
        new URLSearchParams('X-Amz-Credential=local/20261121/us-east-1/s3/aws4_request'),
      ),
    ).toBe('s3');
    expect(signingNameOf('Bearer x', new URLSearchParams())).toBeUndefined();
  });

  it.each([
    ['a service that is not there', '/', { authorization: signed('sqs') }, /the service sqs/],
    ['an unsigned request', '/bucket/key', {}, /unsigned request POST \/bucket\/key/],
    ['a path that only looks like a site', '/_pages', {}, /unsigned/],
  ])('refuses %s loudly', async (_name, path, headers, message) => {
    const reply = await send(path, headers as Record<string, string>);
    expect(reply.status).toBe(501);
    expect(JSON.parse(reply.body)).toMatchObject({
      __type: 'NotImplemented',
      message: expect.stringMatching(message),
    });
    expect(lines.at(-1)).toMatch(/^NotImplemented/);
  });

  it('serves sites with their cookies, and breaks the connection where a stand-in wants it', async () => {
    const reply = await send('/_page/x');
    expect(reply).toMatchObject({ status: 200, body: '/_page/x', headers: { 'set-cookie': ['a=1', 'b=2'] } });
    await expect(send('/_break')).rejects.toThrow();
  });

  it('answers to this machine only: no rebound host name, no web page', async () => {
    const authorization = signed('states');
    expect((await send('/', { authorization, host: 'evil.example.test' })).status).toBe(421);
    expect((await send('/', { authorization, origin: 'https://evil.example.test' })).status).toBe(403);
    expect((await send('/', { authorization, origin: 'null' })).status).toBe(403);
    expect((await send('/_page', { origin: 'null' })).status).toBe(200);
  });

  it('says in one line that its port is taken', async () => {
    const second = openEndpoint({ port: endpoint.port, log: () => undefined });
    await expect(second).rejects.toThrow(PortInUseError);
    await expect(second).rejects.toThrow(/^Port \d+ on 127\.0\.0\.1 is in use\. .*AUTOPACK_AWS_PORT/);
  });
});
