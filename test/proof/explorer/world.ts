import { epochMs } from '#shared/actions/identity.ts';
import type { Answer, Ask, Item } from './replay.ts';

/** A live call of a production use case: everything that it knows is what it asked and what it was told. */
export interface Worker {
  readonly kind: string;
  /** Names the randomness that it draws. */
  readonly name: number;
  readonly startedAt: number;
  readonly told: readonly { readonly ask: Ask; readonly answer: Answer }[];
  /** The question that it stands at. */
  readonly at: Ask;
  /** Its request has left and the reply is outstanding. */
  readonly waits: boolean;
}

/** A request on the wire, or one that landed and whose reply was not read yet. */
export interface Flight {
  readonly sender: number;
  readonly key: string;
  /** It lands before this moment or never. */
  readonly until: number;
  readonly landed: boolean;
}

/** A thing that the provider did. `visibleAt`: from then on a lookup must show it; before, it may. */
export interface Effect {
  readonly key: string;
  readonly visibleAt: number;
}

/** The execution of the state machine, where an exploration follows it. */
export interface Execution {
  readonly generation: number;
  /** What it does next, or that it ended. */
  readonly next: string;
  /** The call that does it now. */
  readonly busy?: number;
}

/** Everything that there is at one moment. */
export interface World {
  readonly now: number;
  /** Rows of all tables by table and primary key. */
  readonly rows: Readonly<Record<string, Item>>;
  readonly workers: readonly Worker[];
  readonly flights: readonly Flight[];
  readonly effects: readonly Effect[];
  readonly mails: readonly string[];
  /** Crashes between a mail and its mark: each may cost one mail more. */
  readonly mailCrashes: number;
  readonly executions: readonly Execution[];
  /** Which of the stored dry runs lies in the store. */
  readonly dryRun: number;
  /** Whether a proposer was told 202. */
  readonly promised: boolean;
  /** A use case broke off with an error that no course explains. */
  readonly thrown?: string;
}

export const emptyWorld = (now: number): World => ({
  now,
  rows: {},
  workers: [],
  flights: [],
  effects: [],
  mails: [],
  mailCrashes: 0,
  executions: [],
  dryRun: 0,
  promised: false,
});

export const rowKey = (table: string, pk: unknown): string => `${table}/${String(pk)}`;

/** Fields that no decision of an exploration looks at: constants of the setting, words for people, index keys. */
const IGNORED = new Set([
  'history',
  'outcome',
  'completedAt',
  'createdAt',
  'updatedAt',
  'startedAt',
  'timeKey',
  'schemaVersion',
  'project',
  'key',
  'operation',
  'payloadHash',
  'providerKey',
  'proposer',
  'originators',
  'effects',
  'tier',
  'projectVersion',
  'recoveryClass',
  'approvalTtlSeconds',
  'title',
  'reasons',
  'riskScore',
  'files',
  'round',
  'open',
]);
/** Times that decide; in the past they are all the same, except where a write compares two of them. */
const TIMES = new Set(['leaseUntil', 'settleUntil', 'attentionAt', ':now', 'approvalExpiresAt', 'expiresAt']);
const KEPT_PAST = new Set([':now', 'approvalExpiresAt', 'expiresAt']);

interface View {
  readonly now: number;
  readonly sweeps: boolean;
  readonly tickMs: number;
  readonly versions: ReadonlyMap<string, number>;
}

const since = (ms: number, view: View, keepPast: boolean): number | string => {
  const ticks = (ms - view.now) / view.tickMs;
  if (ticks > 60) return 'far';
  return Math.max(ticks, keepPast ? -4 : 0);
};

const seen = (item: Item, view: View): unknown[] => {
  const version = view.versions.get(String(item['pk']));
  const fields: unknown[] = [];
  for (const [name, value] of Object.entries(item)) {
    if (IGNORED.has(name) || value === undefined) continue;
    // Only the sweeper's index looks at it.
    if (name === 'attentionAt' && !view.sweeps) continue;
    if (name === 'version') {
      fields.push(version === undefined ? value : Math.max(-4, Number(value) - version));
    } else if (TIMES.has(name)) {
      fields.push(name, since(epochMs(String(value)), view, KEPT_PAST.has(name)));
    } else if (name === 'resolution' || name === 'decision') {
      const { outcome, by } = value as Record<string, unknown>;
      fields.push(name, outcome ?? '', by ?? '');
    } else if (name !== 'pk') fields.push(name, value);
  }
  return fields;
};

const seenAsk = (ask: Ask, view: View): unknown => {
  if (ask.kind === 'put') {
    const { ':now': now } = ask.put.values;
    return [
      'put',
      ask.table,
      ...seen(ask.item, view),
      now === undefined ? '' : since(epochMs(String(now)), view, true),
    ];
  }
  return ask.kind === 'due' ? 'due' : Object.values(ask);
};

const seenAnswer = (answer: Answer, view: View): unknown => {
  if (answer.kind === 'error') return [answer.error.name, ...seen(itemOf(answer.error), view)];
  const { value } = answer;
  if (typeof value !== 'object' || value === null) return value ?? '';
  const { Item: item, kind } = value as { Item?: Item; kind?: string };
  return item === undefined ? (kind ?? JSON.stringify(value)) : seen(item, view);
};

/** The old item that a refusal brought, kept beside the error by whoever made it. */
const items = new WeakMap<Error, Item>();
export const rememberItem = <E extends Error>(error: E, item: Item): E => {
  items.set(error, item);
  return error;
};
export const itemOf = (error: Error): Item => items.get(error) ?? {};

/**
 * The state that counts: times relative to now, versions relative to the row, randomness by order of appearance,
 * workers in no order. Two worlds with the same key can do the same things.
 */
export const keyOf = (world: World, tickMs: number, sweeps: boolean): string => {
  const versions = new Map(
    Object.values(world.rows).map((item) => [String(item['pk']), Number(item['version'])]),
  );
  const view: View = { now: world.now, tickMs, sweeps, versions };
  const workers = world.workers
    .map((worker) => {
      const flight = world.flights.find((one) => one.sender === worker.name);
      return JSON.stringify([
        worker.kind,
        since(worker.startedAt, view, true),
        worker.waits,
        flight === undefined ? '' : [flight.key, since(flight.until, view, true), flight.landed],
        seenAsk(worker.at, view),
        ...worker.told.map(({ ask, answer }) => [seenAsk(ask, view), seenAnswer(answer, view)]),
      ]);
    })
    .map((text) => [text.replaceAll(/~\d+\.\d+~/g, '~'), text] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, text]) => text);
  const alive = new Set(world.workers.map((worker) => worker.name));
  const stray = world.flights
    .filter((flight) => !alive.has(flight.sender))
    .map((flight) => [flight.key, since(flight.until, view, true)].join())
    .toSorted();
  const text = [
    Object.keys(world.rows)
      .toSorted()
      .map((key) => JSON.stringify(seen(world.rows[key] ?? {}, view)))
      .join(),
    ...workers,
    stray.join(),
    JSON.stringify(world.effects.map((effect) => [effect.key, since(effect.visibleAt, view, false)])),
    // Only whether there was a mail, and how many more than crashes explain, says what may still break.
    JSON.stringify([
      world.executions,
      world.dryRun,
      world.promised,
      Math.min(world.mails.length, 1),
      Math.max(0, world.mails.length - world.mailCrashes),
    ]),
  ].join('|');
  const names = new Map<string, string>();
  return text.replaceAll(/~\d+\.\d+~/g, (token) => {
    const known = names.get(token);
    if (known !== undefined) return known;
    const fresh = `~${names.size}`;
    names.set(token, fresh);
    return fresh;
  });
};

/** The smallest name that nothing alive carries: few names keep few states apart. */
export const freeName = (world: World): number => {
  const text = JSON.stringify([Object.values(world.rows), world.workers, world.flights]);
  for (let name = 1; ; name += 1) {
    const used =
      text.includes(`~${name}.`) ||
      world.workers.some((worker) => worker.name === name) ||
      world.flights.some((flight) => flight.sender === name);
    if (!used) return name;
  }
};
