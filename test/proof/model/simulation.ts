/**
 * Time and interleaving under the control of a test. A process is one invocation of a use case; it runs until it calls
 * a port and stands there until the test lets the call through, loses its reply, refuses it or kills the process.
 * Nothing here is random and nothing waits for a real clock.
 */
export interface Process {
  readonly id: number;
  readonly name: string;
  readonly startedAt: number;
  state: 'running' | 'done' | 'failed' | 'dead';
  /** The same delivery once more, beside this one; nobody hears of what it answers. */
  readonly again: () => void;
  /** How often something went wrong at one of its calls, or with it as a whole. */
  disturbed: number;
}

export type End =
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** Killed. `told`: whoever invoked it learns of it at once. */
  | { readonly kind: 'dead'; readonly told: boolean };

export interface Call {
  readonly process: Process;
  readonly port: string;
  /** What a reader of the script wants to know of the arguments. */
  readonly detail: string;
  readonly run: () => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** Everything that a call may meet. */
export const FAULTS = [
  'refused by throttling',
  'reply lost, sent again by the SDK',
  'reply lost for good',
  'process killed before the call',
  'process killed after the call',
  'process killed, the call lands late',
] as const;
export type Fault = (typeof FAULTS)[number];

/** Longest that a call of a dead process may stay on the wire. */
const WIRE_MS = 10_000;

const throttled = (): Error => Object.assign(new Error('slow down'), { name: 'ThrottlingException' });
const cut = (): Error => Object.assign(new Error('the connection broke'), { name: 'TimeoutError' });

/**
 * @param settle every process runs on until it stands at a port; unless said otherwise only microtasks are under way
 *   between two ports
 */
export const simulation = (
  startsAt: number,
  settle: () => Promise<void> = () => new Promise((resolve) => setImmediate(resolve)),
) => {
  let now = startsAt;
  let serial = 0;
  let pending: Call[] = [];
  const timers: Timer[] = [];
  const ends = new Map<Process, (end: End) => void>();

  const at = (moment: number, fire: () => void): (() => void) => {
    const timer = { at: moment, order: (serial += 1), fire };
    const index = timers.findIndex((other) => other.at > moment);
    timers.splice(index === -1 ? timers.length : index, 0, timer);
    return () => {
      const place = timers.indexOf(timer);
      if (place !== -1) timers.splice(place, 1);
    };
  };

  const take = (call: Call): void => void (pending = pending.filter((other) => other !== call));

  const kill = (process: Process, told: boolean): void => {
    if (process.state !== 'running') return;
    process.state = 'dead';
    process.disturbed += 1;
    pending = pending.filter((call) => call.process !== process);
    ends.get(process)?.({ kind: 'dead', told });
  };

  /** @param limitMs after which the platform kills it, as Lambda does */
  const start = (
    name: string,
    limitMs: number,
    body: (process: Process) => Promise<unknown>,
    ended: (end: End) => void = () => undefined,
  ): Process => {
    const process: Process = {
      id: (serial += 1),
      name,
      startedAt: now,
      state: 'running',
      disturbed: 0,
      again: () => {
        process.disturbed += 1;
        start(name, limitMs, body).disturbed += 1;
      },
    };
    const cancel = at(now + limitMs, () => kill(process, true));
    ends.set(process, (end) => {
      cancel();
      ends.delete(process);
      ended(end);
    });
    body(process).then(
      (value) => {
        if (process.state !== 'running') return;
        process.state = 'done';
        ends.get(process)?.({ kind: 'done', value });
      },
      (error: unknown) => {
        if (process.state !== 'running') return;
        process.state = 'failed';
        ends.get(process)?.({ kind: 'failed', error });
      },
    );
    return process;
  };

  /** A call of a port: it happens when the test lets it through. */
  const call = <Result>(
    process: Process,
    port: string,
    run: () => Promise<Result>,
    detail = '',
  ): Promise<Result> =>
    new Promise<Result>((resolve, reject) => {
      if (process.state !== 'running') return;
      pending.push({ process, port, detail, run, resolve: resolve as (value: unknown) => void, reject });
    });

  const pass = async (passed: Call): Promise<void> => {
    take(passed);
    passed.run().then(passed.resolve, passed.reject);
    await settle();
  };

  const fault = async (hit: Call, kind: Fault, told = true): Promise<void> => {
    take(hit);
    hit.process.disturbed += 1;
    const happen = (): Promise<unknown> => hit.run().catch(() => undefined);
    switch (kind) {
      case 'refused by throttling':
        hit.reject(throttled());
        break;
      case 'reply lost, sent again by the SDK':
        void happen().then(() => hit.run().then(hit.resolve, hit.reject));
        break;
      case 'reply lost for good':
        void happen().then(() => hit.reject(cut()));
        break;
      case 'process killed before the call':
        kill(hit.process, told);
        break;
      case 'process killed after the call':
        void happen();
        kill(hit.process, told);
        break;
      case 'process killed, the call lands late':
        at(now + WIRE_MS, () => void happen());
        kill(hit.process, told);
        break;
    }
    await settle();
  };

  /** Takes a call out of the queue; it comes back after a while, if its process still runs. */
  const hold = (held: Call, ms: number): void => {
    take(held);
    held.process.disturbed += 1;
    at(now + ms, () => void (held.process.state === 'running' && pending.push(held)));
  };

  /** The call is on the wire for so long; its process waits for the answer until it is killed. */
  const delay = (delayed: Call, ms: number, patienceMs: number): void => {
    take(delayed);
    delayed.process.disturbed += 1;
    at(now + patienceMs, () => delayed.reject(cut()));
    at(now + ms, () => void delayed.run().catch(() => undefined));
  };

  /** Moves the clock, firing what comes due on the way, one after the other. */
  const advanceTo = async (moment: number): Promise<void> => {
    for (let next = timers[0]; next !== undefined && next.at <= moment; next = timers[0]) {
      timers.shift();
      now = Math.max(now, next.at);
      next.fire();
      await settle();
    }
    now = Math.max(now, moment);
  };

  return {
    now: () => now,
    newId: () => `id-${(serial += 1)}`,
    at,
    start,
    call,
    kill,
    pass,
    fault,
    hold,
    delay,
    settle,
    advanceTo,
    /** Calls that wait to be let through, oldest first. */
    pending: (): readonly Call[] => pending,
    nextTimer: (): number | undefined => timers[0]?.at,
  };
};

export type Simulation = ReturnType<typeof simulation>;
