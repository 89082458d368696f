import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import Big from 'big.js';
import * as z from 'zod';
import { durableState } from '../durable-file.ts';
import type { AlpacaControl, AlpacaLoggedRequest, CreateAlpacaStandIn } from '../ports.ts';
import type { AwsReply, AwsRequest } from '../service.ts';
import { AlpacaRefusal, moveOn, submit } from './book.ts';
import { standInPage } from './pages.ts';
import { json, type Outcome, perform, performUnderFault, refusal } from './perform.ts';
import { AlpacaState, Fault } from './state.ts';
import { readTicket } from './ticket.ts';

const PREFIX = '/_stand-in/alpaca';
const REQUESTS_PER_MINUTE = 200;
const LOG_LENGTH = 1000;
/** How long an unanswered request keeps its connection; clients are expected to give up first. */
const HANG_MS = 120_000;

const ControlInput = z.strictObject({
  inject: Fault.optional(),
  clearFaults: z.literal(true).optional(),
  configure: z
    .strictObject({
      fillDelayMs: z.number().int().min(0).max(86_400_000).optional(),
      cash: z
        .string()
        .regex(/^\d{1,12}(\.\d{1,2})?$/)
        .optional(),
    })
    .optional(),
});

const same = (left: string, right: string): boolean =>
  timingSafeEqual(createHash('sha256').update(left).digest(), createHash('sha256').update(right).digest());

/**
 * A paper account that behaves as Alpaca's v2 API documents: client order ids unique for good, orders that fill or are
 * rejected after they were accepted, and on demand the faults that a network adds.
 */
export const createAlpacaStandIn: CreateAlpacaStandIn = (host, options) => {
  const { clock } = host;
  const store = durableState<AlpacaState>(
    join(host.dataDir, 'alpaca-stand-in', 'account.json'),
    AlpacaState,
    () => ({
      cash: options.cash ?? '100000',
      fillDelayMs: options.fillDelayMs ?? 1000,
      orders: [],
      positions: {},
      faults: [],
      landings: [],
      requests: [],
    }),
  );
  // Reads are logged in memory and reach the disk with the next change; they are for tests, not for evidence.
  const log: AlpacaLoggedRequest[] = [...store.read().requests];
  const hanging = new Set<() => void>();
  let cancelTimer: (() => void) | undefined;
  let window = { minute: Math.floor(clock.now() / 60_000), used: 0 };

  const change = <Result>(apply: (draft: AlpacaState) => Result): Promise<Result> =>
    store.update((draft) => {
      const result = apply(draft);
      draft.requests = log.slice(-LOG_LENGTH);
      return result;
    });

  const nextMove = (): number =>
    Math.min(
      ...store.read().orders.map((stored) => stored.movesAt ?? Infinity),
      ...store.read().landings.map((landing) => landing.at),
      Infinity,
    );

  const tick = (draft: AlpacaState): void => {
    const now = clock.now();
    const due = draft.landings.filter((landing) => landing.at <= now);
    draft.landings = draft.landings.filter((landing) => landing.at > now);
    for (const landing of due)
      try {
        submit(draft, readTicket(landing.body), { now, movesAt: now + draft.fillDelayMs });
      } catch (error) {
        // Nobody waits for the answer of a request that lands late.
        if (!(error instanceof AlpacaRefusal)) throw error;
      }
    moveOn(draft, now);
  };

  const arm = (): void => {
    cancelTimer?.();
    cancelTimer = undefined;
    const at = nextMove();
    if (at !== Infinity)
      cancelTimer = clock.at(
        at,
        () => void catchUp().catch((error: unknown) => host.log(`alpaca stand-in: ${String(error)}`)),
      );
  };
  const catchUp = async (): Promise<void> => {
    if (nextMove() <= clock.now()) await change(tick);
    arm();
  };

  const answer = async (request: AwsRequest, path: string): Promise<Outcome> => {
    const { headers } = request;
    const known = options.keys.some(
      (keys) =>
        same(keys.keyId, headers['apca-api-key-id'] ?? '') &&
        same(keys.secretKey, headers['apca-api-secret-key'] ?? ''),
    );
    if (!known) return { reply: json(401, { message: 'unauthorized.' }) };
    const minute = Math.floor(clock.now() / 60_000);
    window = window.minute === minute ? { minute, used: window.used + 1 } : { minute, used: 1 };
    if (window.used > REQUESTS_PER_MINUTE)
      return { reply: json(429, { code: 42_910_000, message: 'rate limit exceeded' }) };
    await catchUp();
    if (request.method !== 'GET' || store.read().faults.length > 0) {
      const outcome = await change((draft) => performUnderFault(draft, request, path, clock.now()));
      arm();
      return outcome;
    }
    try {
      return { reply: perform(store.read(), request, path, clock.now()) };
    } catch (error) {
      if (error instanceof AlpacaRefusal) return { reply: refusal(error) };
      throw error;
    }
  };

  const hang = (): Promise<AwsReply> =>
    new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        hanging.delete(end);
        resolve({ status: 0, body: '', hangUp: true });
      };
      const timer = setTimeout(end, HANG_MS);
      timer.unref();
      hanging.add(end);
    });

  const api = async (request: AwsRequest, path: string): Promise<AwsReply> => {
    const { reply, fault } = await answer(request, path);
    log.push({
      at: clock.now(),
      method: request.method,
      path,
      query: request.query.toString(),
      body: request.body.toString(),
      status: typeof reply === 'string' ? 0 : reply.status,
      ...(fault === undefined ? {} : { fault }),
    });
    if (log.length > LOG_LENGTH) log.splice(0, log.length - LOG_LENGTH);
    if (reply === 'never') return hang();
    if (reply === 'hangUp') return { status: 0, body: '', hangUp: true };
    const rateHeaders = {
      'x-request-id': randomUUID().replaceAll('-', ''),
      'x-ratelimit-limit': String(REQUESTS_PER_MINUTE),
      'x-ratelimit-remaining': String(Math.max(0, REQUESTS_PER_MINUTE - window.used)),
      'x-ratelimit-reset': String((window.minute + 1) * 60),
    };
    return { ...reply, headers: { ...rateHeaders, ...reply.headers } };
  };

  const control: AlpacaControl = {
    inject: (fault) => change((draft) => void draft.faults.push(Fault.parse(fault))),
    clearFaults: () => change((draft) => void (draft.faults = [])),
    orders: () => store.read().orders.map(({ order }) => order),
    requests: () => [...log],
    configure: (settings) =>
      change((draft) => {
        if (settings.fillDelayMs !== undefined) draft.fillDelayMs = settings.fillDelayMs;
        if (settings.cash !== undefined) draft.cash = new Big(settings.cash).toFixed();
      }),
  };

  const onControl = async (request: AwsRequest): Promise<AwsReply> => {
    await catchUp();
    if (request.method === 'POST') {
      // A page in a browser cannot send JSON here without a preflight, which nothing answers.
      if (request.headers['content-type']?.split(';')[0] !== 'application/json')
        return json(415, { message: 'send application/json' });
      let input: z.infer<typeof ControlInput>;
      try {
        input = ControlInput.parse(JSON.parse(request.body.toString()));
      } catch {
        return json(400, { message: 'the control document does not fit' });
      }
      if (input.clearFaults === true) await control.clearFaults();
      if (input.inject !== undefined) await change((draft) => void draft.faults.push(input.inject as Fault));
      if (input.configure !== undefined)
        await change((draft) => {
          draft.fillDelayMs = input.configure?.fillDelayMs ?? draft.fillDelayMs;
          draft.cash = input.configure?.cash ?? draft.cash;
        });
    } else if (request.method !== 'GET') return json(405, { message: 'GET or POST' });
    return json(200, { faults: store.read().faults, orders: control.orders(), requests: control.requests() });
  };

  arm();
  return {
    prefix: PREFIX,
    control,
    async handle(request) {
      const path = request.path.slice(PREFIX.length);
      if (path.startsWith('/v2/')) return api(request, path);
      if (path === '/_control') return onControl(request);
      if (path !== '' && path !== '/') return json(404, { message: 'not found' });
      if (request.method !== 'GET' && request.method !== 'HEAD') return json(405, { message: 'GET only' });
      await catchUp();
      return standInPage(store.read());
    },
    async close() {
      cancelTimer?.();
      for (const end of hanging) end();
    },
  };
};
