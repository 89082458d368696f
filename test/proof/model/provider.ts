import * as z from 'zod';
import type { DryRun } from '#shared/actions/dry-run.ts';
import type {
  OutgoingRequest,
  ProviderOperation,
  ProviderReply,
  Verdict,
} from '#shared/providers/provider.ts';
import type { Process, Simulation } from './simulation.ts';

/** What a provider may do with one request. */
export const ANSWERS = [
  'does it',
  'does it, the reply is lost',
  'never hears of it',
  'does it late',
  'refuses it',
  'is busy',
  'does not accept the key',
  'does it and answers 500',
] as const;
export type Answer = (typeof ANSWERS)[number];

export const TRANSPORT_MS = 10_000;
export const LAG_MS = 5_000;

const reply = (status: number): ProviderReply => ({ status, headers: {}, body: '{}' });

/**
 * A provider that counts what it does. It never looks at our key, so nothing but the ledger keeps it from doing a
 * thing twice, and it is as slow as the settle window allows: what lands late lands at the last moment, and a
 * lookup does not see it a millisecond before its lag is over.
 */
export const pretendProvider = (
  sim: Simulation,
  recoveryClass: DryRun['recoveryClass'],
  options: { readonly lastLanding: (key: string) => number },
) => {
  const landed = new Map<string, number[]>();
  let onTheWire = 0;
  const land = (key: string): void => {
    landed.set(key, [...(landed.get(key) ?? []), sim.now()]);
  };

  const classify = (outcome: ProviderReply | Error): Verdict => {
    if (outcome instanceof Error) return { kind: 'ambiguous', code: 'TIMEOUT', summary: 'no answer' };
    if (outcome.status === 200)
      return { kind: 'applied', code: 'ACCEPTED', summary: 'accepted', resourceId: 'thing-1' };
    if (outcome.status === 429)
      return { kind: 'notApplied', retryable: true, code: 'BUSY', summary: 'later', retryAfterSeconds: 7 };
    if (outcome.status === 401)
      return { kind: 'notApplied', retryable: false, code: 'CREDENTIAL_REFUSED', summary: 'who are you' };
    if (outcome.status === 422)
      return { kind: 'notApplied', retryable: false, code: 'REFUSED', summary: 'refused' };
    return { kind: 'ambiguous', code: 'SERVER_ERROR', summary: 'it broke' };
  };

  const render =
    (operation: string): ProviderOperation['render'] =>
    (payload, { providerKey }) => ({
      request: {
        method: 'POST',
        url: 'https://api.example.test/things',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...(payload as object), key: providerKey }),
        credential: { provider: 'pretend', account: 'main', environment: 'PAPER' },
        operation,
        adapterVersion: '1',
        media: [],
      },
      effects: [{ type: 'write', target: 'things', reversibility: 'irreversible', cost: 'unknown' }],
      recoveryClass,
      title: 'Make a thing',
      summary: [],
      files: [],
      facts: {},
    });

  const describe = (operation: string) => ({
    operation,
    adapterVersion: '1',
    title: 'Make a thing',
    payload: z.strictObject({ qty: z.string() }),
    effects: ['write' as const],
    recoveryClass,
    transportTimeoutMs: TRANSPORT_MS,
    lagMs: LAG_MS,
  });

  /** The operation as one process sees it: its calls are calls of that process. */
  const operationFor = (process: Process, name: string): ProviderOperation => ({
    describe: () => describe(name),
    render: render(name),
    prepare: ({ request, secret }): OutgoingRequest => ({
      method: request.method,
      url: request.url,
      headers: { ...request.headers, authorization: `Bearer ${secret?.reveal('token') ?? ''}` },
      body: request.body,
      timeoutMs: TRANSPORT_MS,
    }),
    classify,
    reconcile: ({ providerKey }) =>
      sim.call(process, 'provider.find', async () =>
        (landed.get(providerKey) ?? []).some((moment) => moment + LAG_MS <= sim.now())
          ? ({ kind: 'applied', code: 'FOUND', summary: 'found by our key', resourceId: 'thing-1' } as const)
          : recoveryClass === 'none'
            ? ({ kind: 'cannotAsk' } as const)
            : ({ kind: 'absent' } as const),
      ),
  });

  /** What the caller hears of a request that has left; `key` is the provider key. */
  const perform = (key: string, answer: Answer): Promise<ProviderReply> => {
    const silence = (): Promise<ProviderReply> =>
      new Promise(
        (_resolve, reject) => void sim.at(sim.now() + TRANSPORT_MS, () => reject(new Error('timeout'))),
      );
    switch (answer) {
      case 'does it':
        land(key);
        return Promise.resolve(reply(200));
      case 'does it, the reply is lost':
        land(key);
        return silence();
      case 'never hears of it':
        return silence();
      case 'does it late':
        onTheWire += 1;
        sim.at(options.lastLanding(key), () => {
          onTheWire -= 1;
          land(key);
        });
        return silence();
      case 'refuses it':
        return Promise.resolve(reply(422));
      case 'does not accept the key':
        return Promise.resolve(reply(401));
      case 'is busy':
        return Promise.resolve(reply(429));
      case 'does it and answers 500':
        land(key);
        return Promise.resolve(reply(500));
    }
  };

  return {
    describe,
    operationFor,
    perform,
    effects: (key: string): number => landed.get(key)?.length ?? 0,
    onTheWire: () => onTheWire,
  };
};

export type PretendProvider = ReturnType<typeof pretendProvider>;
