import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HistoryEntry } from '#shared/actions/action.ts';
import { canonicalJson, sha256 } from '#shared/actions/canonical-json.ts';
import type { RenderedRequest } from '#shared/actions/dry-run.ts';
import {
  actionDigest,
  approvalId,
  executionName,
  payloadHash,
  providerKey,
  requestHash,
} from '#shared/actions/hashes.ts';
import { historyFault } from '#shared/actions/history.ts';
import { ActionId } from '#shared/actions/identity.ts';
import { recordFigures } from '../proof/figures.ts';
import { newAction, order, renderedRequest } from './rows.ts';

/** Digests that are stored in tables, named in executions and sent to providers: they may never change. */
const golden = JSON.parse(readFileSync(new URL('hash-vectors.json', import.meta.url), 'utf8')) as {
  readonly payloadHash: readonly {
    readonly operation: string;
    readonly payload: unknown;
    readonly hash: string;
  }[];
  readonly requestHash: readonly {
    readonly name: string;
    readonly request: RenderedRequest;
    readonly hash: string;
  }[];
  readonly identity: readonly {
    readonly id: ActionId;
    readonly providerKey: string;
    readonly actionDigest: string;
    readonly executionNames: Readonly<Record<string, string>>;
    readonly approvalIds: Readonly<Record<string, string>>;
  }[];
  readonly history: readonly HistoryEntry[];
};

/** RFC 8785, appendix B: the bits of a double and its text. */
const NUMBERS: readonly (readonly [bits: string, text: string])[] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
];
const doubleOf = (bits: string): number => Buffer.from(bits, 'hex').readDoubleBE();

/** RFC 8785, sections 3.2.2 and 3.2.3: JSON text and its canonical form. */
const TEXTS: readonly (readonly [json: string, canonical: string])[] = [
  [
    String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  ],
  [
    String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
    `{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}`,
  ],
  ['[56,{"d":true,"10":null,"1":[]}]', '[56,{"1":[],"10":null,"d":true}]'],
  ['{"":"empty","a":{"b":{},"a":{}}}', '{"":"empty","a":{"a":{},"b":{}}}'],
  ['"\\u00e9"', '"é"'],
  ['"e\\u0301"', '"e\u0301"'],
];

describe('the digests stay what they were (EXT-08)', () => {
  it.each(golden.payloadHash)('payload of $operation: $hash', ({ operation, payload, hash }) => {
    expect(payloadHash(operation, payload)).toBe(hash);
  });
  it.each(golden.requestHash)('request: $name', ({ request, hash }) => {
    expect(requestHash(request)).toBe(hash);
  });
  it.each(golden.identity)('everything that is derived from $id.project and $id.key', (vector) => {
    expect(providerKey(vector.id)).toBe(vector.providerKey);
    expect(actionDigest(vector.id)).toBe(vector.actionDigest);
    for (const [generation, name] of Object.entries(vector.executionNames))
      expect(executionName(vector.id, Number(generation))).toBe(name);
    for (const [round, id] of Object.entries(vector.approvalIds))
      expect(approvalId(vector.id, Number(round))).toBe(id);
  });
  it('a history that was written long ago still holds', () => {
    const row = newAction({
      status: 'SUCCEEDED',
      version: 4,
      requestHash: 'a'.repeat(64),
      approvalId: 'b'.repeat(32),
      outcome: { code: 'ACCEPTED', summary: 'Accepted: Grüße', resourceId: 'order-1' },
      history: [...golden.history],
    });
    expect(historyFault(row)).toBeUndefined();
  });
});

describe('canonical JSON is RFC 8785', () => {
  it.each(NUMBERS)('writes the double %s as %s', (bits, text) => {
    expect(canonicalJson(doubleOf(bits))).toBe(text);
  });
  it.each(TEXTS)('of %s', (json, canonical) => {
    expect(canonicalJson(JSON.parse(json))).toBe(canonical);
  });
  it.each([
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['undefined', undefined],
    ['a lone surrogate', '\ud800'],
    ['a big integer', 1n],
  ])('refuses %s, which JSON cannot say', (_name, value) => {
    expect(() => canonicalJson(value)).toThrow();
  });

  const json = fc.jsonValue({ noUnicodeString: false });
  it('reads back as the value that it was, and is its own canonical form', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });
  it('does not depend on the order of names, at any depth', () => {
    const turned = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(turned);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([name, member]) => [name, turned(member)]),
      );
    };
    fc.assert(
      fc.property(json, (value) => {
        expect(payloadHash('http/request', turned(value))).toBe(payloadHash('http/request', value));
      }),
      { numRuns: 1000 },
    );
  });
  it('gives equal digests to equal values only', () => {
    fc.assert(
      fc.property(json, json, (one, other) => {
        const equal = JSON.stringify(canonicalJson(one)) === JSON.stringify(canonicalJson(other));
        expect(payloadHash('http/request', one) === payloadHash('http/request', other)).toBe(equal);
      }),
      { numRuns: 1000 },
    );
  });
  it('tells apart what only looks the same: case, unicode forms, text and number, order of a list', () => {
    const different = [
      { a: 'é' },
      { a: 'e\u0301' },
      { a: 'É' },
      { A: 'é' },
      { a: 1 },
      { a: '1' },
      { a: [1, 2] },
      { a: [2, 1] },
      { a: null },
      {},
    ];
    expect(new Set(different.map((payload) => payloadHash('x/y', payload))).size).toBe(different.length);
  });
  it('takes 1, 1.0 and 1e0 for the one number that they are', () => {
    const hashes = ['{"n":1}', '{"n":1.0}', '{"n":1e0}', '{"n":10e-1}'].map((text) =>
      payloadHash('x/y', JSON.parse(text)),
    );
    expect(new Set(hashes).size).toBe(1);
  });
});

describe('no two kinds of digest, and no two actions, meet', () => {
  it('every digest has a domain of its own', () => {
    const id = { project: 'demo', key: 'order-1' };
    const all = [
      actionDigest(id),
      providerKey(id).slice(3),
      approvalId(id, 1),
      payloadHash('a/b', id),
      sha256('demo#order-1'),
    ];
    for (const one of all)
      for (const other of all) if (one !== other) expect(one.startsWith(other.slice(0, 16))).toBe(false);
  });
  it('a request that differs in any member has another hash; authentication is no part of it', () => {
    const base = renderedRequest();
    const hash = requestHash(base);
    for (const change of [
      { method: 'PUT' as const },
      { url: 'http://paper-api.alpaca.markets/v2/orders' },
      { url: 'https://paper-api.alpaca.markets/v2/order' },
      { url: 'https://paper-api.alpaca.markets/v2/orders?' + 'x=1' },
      { headers: { ...base.headers, 'x-more': '1' } },
      { body: null },
      { body: `${base.body} ` },
      { credential: null },
      { operation: 'alpaca/order.cancel' },
      { adapterVersion: '2' },
      { media: [{ name: 'a', sha256: 'c'.repeat(64), bytes: 1 }] },
    ])
      expect(requestHash({ ...base, ...change }), JSON.stringify(change)).not.toBe(hash);
  });
  it('different projects and keys have different provider keys, executions and approvals', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z][a-z0-9-]{0,39}$/),
        fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/),
        (project, key) => {
          const id = ActionId.parse({ project, key });
          const other = { project, key: `${key.slice(0, 127)}x` };
          expect(executionName(id, 1).length).toBeLessThanOrEqual(80);
          expect(providerKey(id)).toMatch(/^ap-[0-9a-f]{40}$/);
          if (other.key === key) return;
          expect(providerKey(id)).not.toBe(providerKey(other));
          expect(executionName(id, 1)).not.toBe(executionName(id, 2));
          expect(approvalId(id, 1)).not.toBe(approvalId(other, 1));
        },
      ),
      { numRuns: 500 },
    );
    recordFigures('hashes', {
      goldenDigests:
        golden.payloadHash.length +
        golden.requestHash.length +
        golden.identity.length * 6 +
        golden.history.length,
      rfc8785Numbers: NUMBERS.length,
      rfc8785Texts: TEXTS.length,
      properties: { runs: 3500 },
      payloadOfTheDemoOrder: payloadHash('alpaca/order.submit', order),
    });
  });
});
