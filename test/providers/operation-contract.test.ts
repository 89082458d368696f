import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { RenderedRequest } from '#shared/actions/dry-run.ts';
import { PredictedSideEffect, RecoveryClass } from '#shared/actions/effects.ts';
import { strictProjectConfig } from '#shared/governance/project-config.ts';
import { describeOperations, findOperation, providerIsOn } from '#shared/providers/catalogue.ts';
import { hashOfOutgoing } from '#shared/providers/outgoing-hash.ts';
import { OUTBOUND_CODES, OutboundError } from '#shared/providers/outbound-error.ts';
import type {
  OutgoingRequest,
  ProviderOperation,
  ProviderReply,
  RenderFacts,
} from '#shared/providers/provider.ts';
import { dispatchOf, endpoint, facts, hashOf, NOW, ORDER, ORDER_ID, project, SECRET } from './support.ts';

interface Case {
  readonly name: string;
  readonly payload: unknown;
  readonly renderFacts: RenderFacts;
}
const signing = endpoint({
  auth: { kind: 'hmac-sha256', account: 'main', environment: 'STAGING', header: 'x-hub-signature-256' },
});
const CASES: readonly Case[] = [
  { name: 'alpaca/order.submit', payload: { ...ORDER }, renderFacts: facts() },
  {
    name: 'alpaca/order.submit',
    payload: { ...ORDER, type: 'limit', limit_price: '150.25', extended_hours: true },
    renderFacts: facts(),
  },
  { name: 'alpaca/order.cancel', payload: { order_id: ORDER_ID }, renderFacts: facts() },
  {
    name: 'http/request',
    payload: { method: 'POST', url: 'https://api.example.test/v1/other', json: { b: 1, a: [2] } },
    renderFacts: facts(),
  },
  {
    name: 'http/request',
    payload: {
      method: 'POST',
      url: 'https://api.example.test/v1/tickets',
      json: {},
      headers: { 'X-Trace': 't' },
    },
    renderFacts: facts({ project: project({}, [endpoint()]) }),
  },
  {
    name: 'http/request',
    payload: { method: 'POST', url: 'https://api.example.test/v1/tickets', query: { b: '2', a: '1' } },
    renderFacts: facts({ project: project({}, [signing]) }),
  },
];
const operationOf = (name: string): ProviderOperation => {
  const operation = findOperation(name);
  if (operation === undefined) throw new Error(`no ${name}`);
  return operation;
};

const withOutNetwork = <T>(run: () => T): T => {
  const fetched = vi.spyOn(globalThis, 'fetch').mockImplementation(() => {
    throw new Error('the network was touched');
  });
  const now = vi.spyOn(Date, 'now').mockImplementation(() => {
    throw new Error('the clock was read');
  });
  const random = vi.spyOn(Math, 'random').mockImplementation(() => {
    throw new Error('chance was asked');
  });
  try {
    return run();
  } finally {
    for (const spy of [fetched, now, random]) spy.mockRestore();
  }
};

/** The same JSON with the members of every object in another order. */
const reordered = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([name, inner]) => [name, reordered(inner)]),
      )
    : value;

describe.each(CASES)(
  '$name keeps the contract of an operation: $payload',
  ({ name, payload, renderFacts }) => {
    const operation = operationOf(name);
    const render = () => withOutNetwork(() => operation.render(structuredClone(payload), renderFacts));

    test('rendering is pure: same input, same bytes, no network, clock or chance (DRY-01)', () => {
      const first = render();
      expect(JSON.stringify(render())).toBe(JSON.stringify(first));
      expect(hashOf(first)).toBe(hashOf(operation.render(reordered(payload), renderFacts)));
      expect(RenderedRequest.parse(first.request)).toEqual(first.request);
      expect(first.request.url).toBe(new URL(first.request.url).href);
      expect(JSON.parse(JSON.stringify(first.facts))).toEqual(first.facts);
    });

    test('every predicted effect has type, target, reversibility and cost (DRY-04)', () => {
      const { effects, recoveryClass, title } = render();
      expect(effects.length).toBeGreaterThan(0);
      for (const effect of effects) {
        PredictedSideEffect.parse(effect);
        expect(operation.describe().effects).toContain(effect.type);
      }
      RecoveryClass.parse(recoveryClass);
      expect(title.length).toBeLessThanOrEqual(200);
    });

    test('no secret is in what is rendered, and preparing adds nothing that the requestHash covers', () => {
      const rendered = render();
      expect(JSON.stringify(rendered)).not.toContain('planted');
      const outgoing = operation.prepare(dispatchOf(rendered), NOW);
      expect(hashOfOutgoing(rendered.request, outgoing)).toBe(hashOf(rendered));
      expect(outgoing).toMatchObject({
        method: rendered.request.method,
        url: rendered.request.url,
        body: rendered.request.body,
      });
      expect(outgoing.timeoutMs).toBe(operation.describe().transportTimeoutMs);
      const signs = rendered.request.credential !== null;
      expect(JSON.stringify(outgoing.headers).length > JSON.stringify(rendered.request.headers).length).toBe(
        signs,
      );
    });

    test('one changed byte of what is handed over is another hash', () => {
      const rendered = render();
      const outgoing = operation.prepare(dispatchOf(rendered), NOW);
      const { headers, url, body, method } = outgoing;
      const [someHeader = 'accept'] = Object.keys(rendered.request.headers);
      const changes: Partial<OutgoingRequest>[] = [
        { method: method === 'PUT' ? 'POST' : 'PUT' },
        { url: `${url}x` },
        { url: url.replace('https://', 'http://') },
        { url: url.replace('//', '//x') },
        { body: `${body ?? ''} ` },
        { headers: { ...headers, [someHeader]: 'other' } },
        { headers: { ...headers, 'x-http-method-override': 'DELETE' } },
        { headers: Object.fromEntries(Object.entries(headers).filter(([header]) => header !== someHeader)) },
      ];
      for (const change of changes)
        expect(hashOfOutgoing(rendered.request, { ...outgoing, ...change })).not.toBe(hashOf(rendered));
    });

    test('a secret without its fields is refused before anything is sent', () => {
      const rendered = render();
      if (rendered.request.credential === null) return;
      expect(() => operation.prepare(dispatchOf(rendered, null), NOW)).toThrow(
        expect.objectContaining({ name: 'PrepareRefusedError', code: 'CREDENTIAL_INCOMPLETE' }),
      );
    });

    test('a stored request that carries another key than the action is refused', () => {
      const rendered = render();
      if (!JSON.stringify(rendered.request).includes(renderFacts.providerKey)) return;
      expect(() => operation.prepare({ ...dispatchOf(rendered), providerKey: 'ap-other' }, NOW)).toThrow(
        expect.objectContaining({ code: 'HASH_MISMATCH' }),
      );
    });

    test('every status and every error is classified, and only success counts as applied', () => {
      for (let status = 100; status <= 599; status += 1) {
        for (const body of ['', 'not json', '{}', '[]', 'null', '{"code":1,"message":"m"}']) {
          const verdict = operation.classify({ status, headers: {}, body });
          expect(['applied', 'notApplied', 'ambiguous']).toContain(verdict.kind);
          expect(verdict.code).toMatch(/^[A-Z][A-Z_]{1,59}$/);
          expect(verdict.summary.length).toBeLessThanOrEqual(240);
          if (verdict.kind === 'applied') expect(status >= 200 && status < 300).toBe(true);
          if (status >= 500 || status < 200 || [408, 409, 425].includes(status))
            expect(verdict.kind).toBe('ambiguous');
          if (status >= 300 && status < 400) expect(verdict.kind).toBe('ambiguous');
        }
      }
      for (const code of OUTBOUND_CODES) {
        expect(operation.classify(new OutboundError(code, 'm', { sent: true })).kind).toBe('ambiguous');
        expect(operation.classify(new OutboundError(code, 'm', { sent: false }))).toMatchObject({
          kind: 'notApplied',
          retryable: !code.startsWith('GUARD_'),
        });
      }
      expect(operation.classify(new Error('anything')).kind).toBe('ambiguous');
      expect(operation.classify(new TypeError('fetch failed')).kind).toBe('ambiguous');
    });

    test('a token in a reply never reaches the verdict (EXT-07)', () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 200, max: 599 }),
          fc.constantFrom('message', 'error', 'detail', 'code', 'id', 'title'),
          fc.stringMatching(/^[A-Za-z0-9]{24,60}$/).filter((text) => /\d/.test(text) && /[a-z]/i.test(text)),
          (status, field, token) => {
            const body = JSON.stringify({
              [field]: `rejected ${token}`,
              token,
              status: 'new',
              client_order_id: 'x',
            });
            expect(
              JSON.stringify(operation.classify({ status, headers: { 'set-cookie': token }, body })),
            ).not.toContain(token);
          },
        ),
        { numRuns: 60 },
      );
    });

    test('asking only ever reads, stays at the host and answers whatever comes back', async () => {
      const rendered = render();
      const replies: (ProviderReply | Error)[] = [
        ...[100, 200, 204, 301, 400, 401, 403, 404, 408, 422, 429, 500, 503].flatMap((status) =>
          ['', '{}', '<html>'].map((body) => ({ status, headers: {}, body })),
        ),
        new OutboundError('SEND_TIMEOUT', 'm', { sent: true }),
        new OutboundError('DNS_FAILED', 'm', { sent: false }),
        new Error('anything'),
      ];
      for (const answer of replies) {
        const sent: OutgoingRequest[] = [];
        const finding = await operation.reconcile(
          dispatchOf(rendered),
          async (request) => {
            sent.push(request);
            if (answer instanceof Error) throw answer;
            return answer;
          },
          NOW,
        );
        for (const request of sent) {
          expect(request).toMatchObject({ method: 'GET', body: null });
          expect(new URL(request.url).origin).toBe(new URL(rendered.request.url).origin);
        }
        if (answer instanceof Error || answer.status >= 500 || answer.body === '<html>') {
          if (
            finding.kind !== 'cannotAsk' &&
            !(name === 'http/request' && !(answer instanceof Error) && answer.status < 500)
          ) {
            expect(finding.kind).toBe('unreadable');
          }
        }
        if (answer instanceof Error || answer.status !== 404) expect(finding.kind).not.toBe('absent');
      }
      expect(SECRET.toString()).toBe('[secret]');
    });
  },
);

describe('the catalogue', () => {
  test('knows exactly these operations, each by its own name', () => {
    expect(describeOperations().map(({ operation }) => operation)).toEqual([
      'alpaca/order.submit',
      'alpaca/order.cancel',
      'http/request',
    ]);
    for (const { operation } of describeOperations())
      expect(findOperation(operation)?.describe().operation).toBe(operation);
  });

  test.each([
    'alpaca',
    'alpaca/',
    'Alpaca/order.submit',
    'alpaca/order.submit ',
    'etsy/list',
    '__proto__',
    'constructor',
    '',
  ])('does not know "%s"', (name) => {
    expect(findOperation(name)).toBeUndefined();
    expect(providerIsOn(name, project())).toBe(false);
  });

  test('a provider is off until the project lists it (GOV-13)', () => {
    for (const { operation } of describeOperations()) {
      expect(providerIsOn(operation, strictProjectConfig('demo'))).toBe(false);
      expect(providerIsOn(operation, project({ providers: ['Alpaca', 'HTTP', 'alpaca '] as never }))).toBe(
        false,
      );
      expect(providerIsOn(operation, project())).toBe(true);
    }
    expect(providerIsOn('alpaca/order.submit', project({ providers: ['http'] }))).toBe(false);
  });

  test.each(CASES)(
    '$name cannot even be rendered while its provider is off',
    ({ name, payload, renderFacts }) => {
      const off = { ...renderFacts.project, settings: { ...renderFacts.project.settings, providers: [] } };
      expect(() => operationOf(name).render(payload, { ...renderFacts, project: off })).toThrow(
        expect.objectContaining({ code: 'PROVIDER_OFF' }),
      );
    },
  );
});
