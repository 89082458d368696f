import { providerKey } from '#shared/actions/hashes.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { Step } from './explore.ts';
import { ACTIONS, programsOf, REPLIES, type Setting } from './programs.ts';
import { type Answer, type Ask, type Item, type Point, runTo } from './replay.ts';
import { holds, refusal } from './table.ts';
import { freeName, itemOf, rememberItem, rowKey, type Worker, type World } from './world.ts';

const letter = (name: number): string => String.fromCharCode(64 + name);
const called = (worker: Pick<Worker, 'kind' | 'name'>): string =>
  worker.kind.startsWith('Sam') || worker.kind.startsWith('Olivia') || worker.kind.startsWith('Ada')
    ? worker.kind
    : `${worker.kind} ${letter(worker.name)}`;

const statusOf = (item: Item | undefined): string =>
  item === undefined ? 'not there' : `${String(item['status'])}, version ${String(item['version'])}`;

const nameOfKey = (key: string, { id }: Setting): string =>
  key === providerKey(id) ? "the action's key" : `a key of its own (…${key.replace(providerKey(id), '')})`;

/** What a finished or broken call means for its surroundings: a machine goes on, a proposer was told. */
export type Finish = (world: World, worker: Worker, point: Point) => World;

/** What an exploration adds to what every world can do. */
export interface Rules {
  readonly setting: Setting;
  /** Kinds of calls that may begin now. */
  readonly begins: (world: World) => readonly string[];
  readonly finish?: Finish;
  /** A call began. */
  readonly begun?: (world: World, worker: Worker) => World;
  /** A call was killed. */
  readonly killed?: (world: World, worker: Worker) => World;
  /** Whether replies of the tables get lost, so that the SDK sends a write again. */
  readonly losesReplies: boolean;
  /** What a provider may say beside taking the request. */
  readonly says: readonly ('refused' | 'busy' | 'unreadable')[];
  /** Steps that are not of a call: a person who changes a file, an execution that is aborted. */
  readonly more?: (world: World) => readonly Step[];
}

/** Errors that say: nothing was done, it is tried again or a person reads why. */
const EXPECTED = /^(NOT_ENOUGH_TIME|NOT_DECIDED|LEDGER_BUSY|APPROVAL_BUSY)/;

const cache = new WeakMap<Setting, Map<string, Promise<Point>>>();

const without = (world: World, worker: Worker): World => ({
  ...world,
  workers: world.workers.filter((one) => one !== worker),
  // What was answered and never read is gone; what is on the wire stays there.
  flights: world.flights.filter((flight) => flight.sender !== worker.name || !flight.landed),
});

/** Whether a second request with this key does nothing new. */
const dedupes = (setting: Setting): boolean =>
  setting.recoveryClass === 'keyed' || setting.recoveryClass === 'upsert';

export const stepsOf = (rules: Rules): ((world: World) => Promise<Step[]>) => {
  const { setting } = rules;
  const programs = programsOf(setting);
  const { tickMs, lifeMs, wireMs, lagMs } = setting.time;

  const pointOf = (worker: Omit<Worker, 'at' | 'waits'>): Promise<Point> => {
    let points = cache.get(setting);
    if (points === undefined) cache.set(setting, (points = new Map()));
    const key = JSON.stringify([
      worker.kind,
      worker.name,
      worker.startedAt,
      worker.told.map(({ answer }) =>
        answer.kind === 'error'
          ? [answer.error.message, itemOf(answer.error), answer.now]
          : [answer.value, answer.now],
      ),
    ]);
    const known = points.get(key);
    if (known !== undefined) return known;
    const program = programs[worker.kind];
    if (program === undefined) throw new Error(`no program ${worker.kind}`);
    const point = runTo(
      program,
      worker.name,
      worker.startedAt,
      worker.told.map(({ answer }) => answer),
    );
    points.set(key, point);
    return point;
  };

  /** The world after a worker was told something and went on to its next question, or to its end. */
  const tell = async (
    world: World,
    worker: Worker,
    answer: Answer,
    change: Partial<World> = {},
  ): Promise<World> => {
    const told = [...worker.told, { ask: worker.at, answer }];
    const point = await pointOf({ ...worker, told });
    const after = { ...world, ...change };
    if (point.kind === 'asks') {
      const next: Worker = { ...worker, told, at: point.ask, waits: false };
      return { ...after, workers: after.workers.map((one) => (one === worker ? next : one)) };
    }
    const gone = {
      ...without(after, worker),
      ...(point.kind === 'threw' &&
      !(point.error instanceof ProblemError || EXPECTED.test(point.error.message))
        ? { thrown: `${called(worker)} broke off: ${point.error.message}` }
        : {}),
    };
    return rules.finish?.(gone, worker, point) ?? gone;
  };

  const value = (world: World, given: unknown): Answer => ({ kind: 'value', value: given, now: world.now });

  const put = async (world: World, worker: Worker, ask: Extract<Ask, { kind: 'put' }>): Promise<Step[]> => {
    const key = rowKey(ask.table, ask.item['pk']);
    const old = world.rows[key];
    const what = `${ask.table === ACTIONS ? 'the row' : 'the approval'} as ${String(ask.item['status'])}`;
    if (!holds(old, ask.put)) {
      if (old === undefined) throw new Error('a write was refused by a row that is not there');
      const error = rememberItem(refusal(old), old);
      return [
        {
          say: `${called(worker)} writes ${what} and is refused: it is ${statusOf(old)}.`,
          fair: true,
          to: await tell(world, worker, { kind: 'error', error, now: world.now }),
        },
      ];
    }
    const rows = { ...world.rows, [key]: ask.item };
    const steps: Step[] = [
      {
        say: `${called(worker)} writes ${what}.`,
        fair: true,
        to: await tell(world, worker, value(world, {}), { rows }),
      },
    ];
    if (rules.losesReplies) {
      steps.push({
        say: `${called(worker)} writes ${what}; the reply is lost, so the SDK sends the write again.`,
        fair: false,
        to: { ...world, rows },
      });
    }
    return steps;
  };

  const send = async (world: World, worker: Worker, key: string): Promise<Step[]> => {
    if (!worker.waits) {
      const waiting = { ...worker, waits: true };
      return [
        {
          say: `${called(worker)} sends the request with ${nameOfKey(key, setting)}.`,
          fair: true,
          to: {
            ...world,
            workers: world.workers.map((one) => (one === worker ? waiting : one)),
            flights: [
              ...world.flights,
              { sender: worker.name, key, until: world.now + wireMs, landed: false },
            ],
          },
        },
      ];
    }
    const flight = world.flights.find((one) => one.sender === worker.name);
    const rest = world.flights.filter((one) => one !== flight);
    const steps: Step[] = [
      {
        say: `${called(worker)} hears nothing and gives up waiting.`,
        fair: flight === undefined,
        to: await tell(
          world,
          worker,
          { kind: 'error', error: new Error('timeout'), now: world.now },
          {
            flights: flight === undefined || flight.landed ? rest : world.flights,
          },
        ),
      },
    ];
    if (flight?.landed === true) {
      steps.push({
        say: `${called(worker)} hears that it is done.`,
        fair: true,
        to: await tell(world, worker, value(world, REPLIES.done), { flights: rest }),
      });
    }
    for (const says of flight?.landed === false ? rules.says : []) {
      if (says === 'unreadable') continue;
      steps.push({
        say: `The provider refuses the request of ${called(worker)}${says === 'busy' ? ' for now' : ' for good'}.`,
        fair: true,
        to: await tell(world, worker, value(world, REPLIES[says]), { flights: rest }),
      });
    }
    return steps;
  };

  const lookup = async (world: World, worker: Worker, key: string): Promise<Step[]> => {
    const made = world.effects.find((effect) => effect.key === key);
    const steps: Step[] = [];
    if (made !== undefined) {
      steps.push({
        say: `${called(worker)} asks the provider: it is there.`,
        fair: true,
        to: await tell(
          world,
          worker,
          value(world, { kind: 'applied', code: 'FOUND', summary: 'found', resourceId: 'thing' }),
        ),
      });
    }
    if (made === undefined || made.visibleAt > world.now) {
      steps.push({
        say: `${called(worker)} asks the provider: it is not there${made === undefined ? '' : ' (not shown yet)'}.`,
        fair: true,
        to: await tell(world, worker, value(world, { kind: 'absent' })),
      });
    }
    const row = Object.values(world.rows).find((item) => item['reconciliations'] !== undefined);
    if (rules.says.includes('unreadable') && Number(row?.['reconciliations'] ?? 0) < 1) {
      steps.push({
        say: `${called(worker)} asks the provider: it cannot be read.`,
        fair: false,
        to: await tell(world, worker, value(world, { kind: 'unreadable', code: 'LOOKUP_TIMEOUT' })),
      });
    }
    return steps;
  };

  const answerTo = async (world: World, worker: Worker): Promise<Step[]> => {
    const ask = worker.at;
    const told = async (say: string, given: unknown, change: Partial<World> = {}): Promise<Step[]> => [
      {
        say: `${called(worker)} ${say}`,
        fair: true,
        to: await tell(world, worker, value(world, given), change),
      },
    ];
    switch (ask.kind) {
      case 'put':
        return put(world, worker, ask);
      case 'get': {
        const item = world.rows[rowKey(ask.table, ask.pk)];
        const what = ask.table === ACTIONS ? 'the row' : 'the approval';
        return told(`reads ${what}: ${statusOf(item)}.`, item === undefined ? {} : { Item: item });
      }
      case 'due': {
        const due = Object.values(world.rows).filter(
          (item) => item['attention'] === 'sweep' && String(item['attentionAt']) <= ask.now,
        );
        return told(`sees ${due.length === 0 ? 'nothing' : 'the action'} in the index of what is due.`, {
          Items: due.map((item) => ({ pk: item['pk'] })),
        });
      }
      case 'send':
        return send(world, worker, ask.key);
      case 'lookup':
        return lookup(world, worker, ask.key);
      case 'look': {
        const shown = world.effects.some((effect) => effect.visibleAt <= world.now);
        return told(`looks at the provider: ${shown ? 'it is there' : 'it is not there'}.`, shown);
      }
      case 'dryRun':
        return told(
          `reads the stored request: ${world.dryRun === 0 ? 'the one that was shown' : 'another one'}.`,
          setting.dryRuns[world.dryRun],
        );
      case 'start': {
        const exists = world.executions.some((one) => one.generation === ask.generation);
        const begun = { generation: ask.generation, next: 'Execute' };
        return told(
          `starts execution ${ask.generation}${exists ? ', which was started before' : ''}.`,
          exists ? 'exists' : 'started',
          exists ? {} : { executions: [...world.executions, begun] },
        );
      }
      case 'execution': {
        const one = world.executions.find((execution) => execution.generation === ask.generation);
        const state = one === undefined ? 'absent' : one.next === 'ended' ? 'ended' : 'running';
        return told(`asks how execution ${ask.generation} is: ${state}.`, state);
      }
      case 'mail':
        return told(`mails ${ask.to}.`, 'sent', { mails: [...world.mails, ask.to] });
    }
  };

  const begin = async (world: World, kind: string): Promise<Step[]> => {
    const name = freeName(world);
    const fresh = { kind, name, startedAt: world.now, told: [] };
    const point = await pointOf(fresh);
    if (point.kind !== 'asks') return [];
    const worker: Worker = { ...fresh, at: point.ask, waits: false };
    // Waiting between the call and its first question is the same as being called later.
    const begun = { ...world, workers: [...world.workers, worker] };
    return answerTo(rules.begun?.(begun, worker) ?? begun, worker);
  };

  const kill = (world: World, worker: Worker): World => {
    const mailed = worker.told.at(-1)?.ask.kind === 'mail' ? 1 : 0;
    const gone = { ...without(world, worker), mailCrashes: world.mailCrashes + mailed };
    return rules.killed?.(gone, worker) ?? gone;
  };

  const tick = (world: World): Step => {
    const now = world.now + tickMs;
    const old = world.workers.filter((worker) => now > worker.startedAt + lifeMs);
    const aged: World = {
      ...world,
      now,
      flights: world.flights.filter((flight) => flight.landed || flight.until >= now),
    };
    const names = old.map(called).join(' and ');
    return {
      say: `${tickMs / 1000} seconds pass${names === '' ? '' : `; ${names} ran out of time`}.`,
      fair: old.length === 0,
      to: old.reduce(kill, aged),
    };
  };

  const landings = (world: World): Step[] =>
    world.flights
      .filter((flight) => !flight.landed)
      .map((flight) => {
        const again = dedupes(setting) && world.effects.some((effect) => effect.key === flight.key);
        const sender = world.workers.find((worker) => worker.name === flight.sender);
        return {
          say: `The request ${sender === undefined ? 'of a sender that is gone' : `of ${called(sender)}`} lands${again ? ': the provider knows its key and does nothing' : ''}.`,
          fair: true,
          to: {
            ...world,
            flights:
              sender === undefined
                ? world.flights.filter((one) => one !== flight)
                : world.flights.map((one) => (one === flight ? { ...flight, landed: true } : one)),
            effects: again
              ? world.effects
              : [...world.effects, { key: flight.key, visibleAt: world.now + lagMs }],
          },
        };
      });

  return async (world) => {
    const steps: Step[] = [];
    for (const kind of rules.begins(world)) steps.push(...(await begin(world, kind)));
    for (const worker of world.workers) steps.push(...(await answerTo(world, worker)));
    steps.push(...landings(world), ...(rules.more?.(world) ?? []));
    for (const worker of world.workers) {
      steps.push({ say: `${called(worker)} is killed.`, fair: false, to: kill(world, worker) });
    }
    steps.push(tick(world));
    return steps;
  };
};
