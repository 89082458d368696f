import { resourceOf, type Resource } from './definition.ts';
import type { NewEvent } from './execution.ts';
import type { Json, Outcome, TaskSchedule } from './journal-record.ts';
import type { Attempt } from './progress.ts';
import { at } from './scope.ts';
import { Cancelled, StateError, withinLimit } from './state-error.ts';
import { call, taskEvents } from './task-call.ts';
import { field, wholeNumber, type Visiting } from './visit.ts';

/**
 * One attempt of a Task. What is sent, the token and the deadlines are on the disk before the call. After a crash
 * an attempt without an answer is called again with the same payload and token, as AWS may do; one whose callback
 * is awaited only waits on.
 */
export async function runTask(visiting: Visiting, number: number): Promise<Json> {
  const { visit, state, frame } = visiting;
  const { execution } = frame.run;
  const resource = resourceOf(state.Resource ?? '');
  if (resource === undefined) throw new StateError('States.Runtime', `${state.Resource} is not implemented.`);
  const again = visit.attempts[number]?.schedule !== undefined;
  if (!again) {
    await schedule(visiting, number, resource);
    await execution.commit();
    if (frame.thread.scope.cancelled) throw new Cancelled();
  }
  const attempt = visit.attempts[number];
  if (attempt?.schedule === undefined) throw new Cancelled();
  if (attempt.outcome === undefined)
    await outcomeOf(visiting, number, attempt, attempt.schedule, resource, again);
  // A callback is written down by whoever received it.
  frame.thread.lastEventId = Math.max(frame.thread.lastEventId, visit.lastEventId);
  const { outcome } = attempt;
  if (outcome === undefined) throw new Cancelled();
  if ('output' in outcome) return outcome.output;
  throw new StateError(outcome.error, outcome.cause);
}

async function schedule(visiting: Visiting, number: number, resource: Resource): Promise<void> {
  const { frame, path, state, input } = visiting;
  const { execution, world } = frame.run;
  const isCallback = resource.kind === 'lambda' && resource.callback;
  const token = isCallback ? world.mintToken(execution.start.executionArn, path, number) : undefined;
  const extra = { attempt: number, ...(token === undefined ? {} : { token }) };
  const payload =
    state.Arguments === undefined ? input : await field(visiting, 'Arguments', state.Arguments, extra);
  withinLimit(JSON.stringify(payload), `The payload of '${visiting.name}'`);
  const seconds = async (name: 'TimeoutSeconds' | 'HeartbeatSeconds'): Promise<number | undefined> =>
    state[name] === undefined ? undefined : wholeNumber(visiting, name, state[name], 1, extra);
  const timeout = await seconds('TimeoutSeconds');
  const heartbeat = await seconds('HeartbeatSeconds');
  const details: TaskSchedule = {
    payload,
    ...(token === undefined ? {} : { token }),
    ...(timeout === undefined ? {} : { timeoutAt: world.host.clock.now() + timeout * 1000 }),
    ...(heartbeat === undefined ? {} : { heartbeatMs: heartbeat * 1000 }),
  };
  const events = taskEvents(resource).scheduled(world.host.region, payload, timeout, heartbeat);
  execution.record(frame.thread, { kind: 'schedule', path, attempt: number, ...details }, events);
}

/** Resolves once the attempt has an outcome: an answer, a callback, a timeout or a missing heartbeat. */
async function outcomeOf(
  visiting: Visiting,
  number: number,
  attempt: Attempt,
  task: TaskSchedule,
  resource: Resource,
  again: boolean,
): Promise<void> {
  const { frame, path, name } = visiting;
  const { execution, world } = frame.run;
  const { clock } = world.host;
  const names = taskEvents(resource);
  const stops: (() => void)[] = [];
  const settled = new Promise<void>((resolve, reject) => {
    attempt.wake = resolve;
    stops.push(frame.thread.scope.onCancel(() => reject(new Cancelled())));
    const write = (step: () => void): void => {
      if (attempt.outcome !== undefined || frame.thread.scope.cancelled) return;
      try {
        step();
      } catch (error) {
        reject(error as Error);
      }
    };
    const settle = (outcome: Outcome, event: NewEvent): void =>
      write(() => {
        execution.record(frame.thread, { kind: 'outcome', path, attempt: number, outcome }, [event]);
        resolve();
      });
    const fail = (error: string, cause: string | undefined, timedOut: boolean): void =>
      settle({ error, cause }, timedOut ? names.timedOut(error, cause) : names.failed(error, cause));

    if (task.timeoutAt !== undefined) {
      stops.push(at(clock, task.timeoutAt, () => fail('States.Timeout', undefined, true)));
    }
    if (task.heartbeatMs !== undefined) {
      const { heartbeatMs } = task;
      let stopBeat = (): void => undefined;
      const listen = (): void => {
        const dueAt = (attempt.aliveAt ?? 0) + heartbeatMs;
        stopBeat = at(clock, dueAt, () => {
          if ((attempt.aliveAt ?? 0) + heartbeatMs > clock.now()) listen();
          else fail('States.HeartbeatTimeout', undefined, true);
        });
      };
      listen();
      stops.push(() => stopBeat());
    }
    const late = task.timeoutAt !== undefined && task.timeoutAt <= clock.now();
    if (attempt.submitted === true || late) return;
    if (again) {
      world.host.log(
        `Step Functions: ${execution.start.name}: "${name}" was interrupted and is called again`,
      );
      execution.record(frame.thread, { kind: 'invokeAgain', path, attempt: number });
    }
    const isCallback = resource.kind === 'lambda' && resource.callback;
    void call(world, resource, task.payload).then((answer) => {
      if ('error' in answer) return fail(answer.error, answer.cause, false);
      const text = JSON.stringify(answer.output);
      if (Buffer.byteLength(text) > 262_144) {
        return fail('States.DataLimitExceeded', `The result of '${name}' is too large.`, false);
      }
      if (!isCallback) return settle(answer, names.succeeded(text));
      return write(() => {
        execution.record(frame.thread, { kind: 'submitted', path, attempt: number }, [names.submitted(text)]);
        execution.commit().catch(reject);
      });
    });
  });
  try {
    await settled;
  } finally {
    for (const stop of stops) stop();
    delete attempt.wake;
  }
}
