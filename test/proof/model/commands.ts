import fc from 'fast-check';
import { ANSWERS, type Answer } from './provider.ts';
import { type Call, type Fault, FAULTS } from './simulation.ts';
import { ATTENDED, type PersonName, UNATTENDED, type World } from './world.ts';

type Act = (world: World, say: (text: string) => void) => Promise<void> | void;

/** A command says what it did, so that a counterexample reads as a story. */
const step = (act: Act): fc.AsyncCommand<object, World> & fc.WithCloneMethod<unknown> => {
  let did: string[] = [];
  return {
    check: () => true,
    run: async (_model, world) => {
      did = [];
      await act(world, (text) => did.push(text));
      await world.sim.settle();
      if (world.store.violations.length > 0) throw new Error(world.store.violations.join('\n'));
    },
    toString: () => `\n  ${did.join('\n  ') || 'nothing to do'}`,
    // Another run of the same command tells another story.
    [fc.cloneMethod]: () => step(act),
  };
};

const named = ({ process, port, detail }: Call): string =>
  `${process.name} (${process.id}): ${port}${detail === '' ? '' : ` ${detail}`}`;
const chosen = <Thing>(things: readonly Thing[], pick: number): Thing | undefined =>
  things[pick % things.length];
const running = (world: World, pick: number) =>
  chosen(
    [...world.machine.executions.values()].filter(({ status }) => status === 'RUNNING'),
    pick,
  );
/** Whatever runs for the key now may come to nothing, or run beside what follows it. */
const disturb = (world: World, key: string): void => {
  for (const process of world.state.served.get(key) ?? [])
    if (process.state === 'running') process.disturbed += 1;
};

const goOn = (picks: readonly number[]) =>
  step(async (world, say) => {
    for (const pick of picks) {
      const call = chosen(world.sim.pending(), pick);
      if (call === undefined) return;
      say(named(call));
      await world.sim.pass(call);
    }
  });

/** Of a request that left, only the caller's death is a fault here; the rest is up to the provider (rule 10). */
const goWrong = (pick: number, fault: Fault, told: boolean) =>
  step(async (world, say) => {
    const { sim } = world;
    const call = chosen(sim.pending(), pick);
    if (call === undefined || (call.port === 'provider.send' && !fault.startsWith('process killed'))) return;
    say(`${fault}${told ? '' : ', and nobody is told'}: ${named(call)}`);
    await sim.fault(call, fault, told);
  });

const KEYS = ['order-1', 'order-2'] as const;
export const keys: readonly string[] = KEYS;

const key = fc.constantFrom('order-1', 'order-1', 'order-1', 'order-2');
const who = fc.constantFrom('agent' as const, 'olivia' as const);
const person = fc.constantFrom<PersonName[]>('olivia', 'sam');

const propose = fc
  .record({
    key,
    unattended: fc.boolean(),
    dryRun: fc.nat(4).map((n) => n === 4),
    qty: fc.constantFrom('1', '1', '1', '2'),
  })
  .map((what) =>
    step((world, say) => {
      say(`the agent proposes ${what.key} (${JSON.stringify(what)})`);
      const operation = what.unattended ? UNATTENDED : ATTENDED;
      world.propose(what.key, { operation, dryRun: what.dryRun, qty: what.qty });
    }),
  );
const submit = key.map((of) =>
  step((world, say) => {
    say(`the agent submits ${of}`);
    world.submit(of);
  }),
);
const cancel = fc.tuple(key, who).map(([of, by]) =>
  step((world, say) => {
    say(`${by} withdraws ${of}`);
    world.cancel(of, by);
  }),
);
const vote = fc
  .tuple(key, person, fc.constantFrom('approve' as const, 'approve' as const, 'reject' as const))
  .map(([of, by, decision]) =>
    step(async (world, say) => {
      if ((await world.vote(of, by, decision)) !== undefined) say(`${by} votes ${decision} on ${of}`);
    }),
  );
const resolve = fc.tuple(key, person).map(([of, by]) =>
  step((world, say) => {
    if (world.row(of)?.status !== 'OUTCOME_UNKNOWN') return;
    say(`${by} looks at the provider and says what became of ${of}`);
    world.resolve(of, by);
  }),
);
const sweep = fc.constant(0).map(() =>
  step((world, say) => {
    say('the sweeper starts');
    world.sweep();
  }),
);
const advance = fc.constantFrom(1, 5, 15, 31, 61, 95, 130, 400).map((seconds) =>
  step(async (world, say) => {
    say(`${seconds} s go by`);
    await world.sim.advanceTo(world.sim.now() + seconds * 1000);
  }),
);
const credential = fc.boolean().map((works) =>
  step((world, say) => {
    say(works ? 'the credential works' : 'the credential breaks');
    if (works) world.mend();
    else world.state.credentialWorks = false;
  }),
);
const providerSwitch = fc.boolean().map((on) =>
  step((world, say) => {
    say(`operators switch the provider ${on ? 'on' : 'off'}`);
    world.state.providerIsOn = on;
  }),
);
const breakTask = fc
  .tuple(fc.nat(9), fc.constantFrom('Lambda.SdkClientException', 'Lambda.Unknown', 'States.Timeout'))
  .map(([pick, error]) =>
    step((world, say) => {
      const execution = running(world, pick);
      if (execution === undefined) return;
      say(
        `the machine hears ${error} at "${execution.state}" of ${execution.input.key}, the function runs on`,
      );
      disturb(world, execution.input.key);
      world.machine.breakTask(execution, error);
    }),
  );
const abort = fc.nat(9).map((pick) =>
  step((world, say) => {
    const execution = running(world, pick);
    if (execution === undefined) return;
    say(`somebody aborts the execution of ${execution.input.key} at "${execution.state}"`);
    disturb(world, execution.input.key);
    world.machine.abort(execution);
  }),
);
const picks = fc.array(fc.nat(30), { minLength: 1, maxLength: 16 });
const forward = picks.map(goOn);
const fault = fc
  .tuple(fc.nat(30), fc.constantFrom(...FAULTS), fc.boolean())
  .map(([pick, kind, told]) => goWrong(pick, kind, told));
const provider = fc.constantFrom(...ANSWERS).map((answer: Answer) =>
  step((world, say) => {
    say(`of the next request the provider will be asked: it ${answer}`);
    world.state.answers.push(answer);
  }),
);

/** What may happen, in a mixture that mostly lets things go on. */
export const story = (longest: number) =>
  fc.commands(
    [
      propose,
      ...Array.from({ length: 8 }, () => forward),
      ...Array.from({ length: 3 }, () => fault),
      ...[vote, provider, advance].flatMap((often) => [often, often]),
      sweep,
      submit,
      cancel,
      resolve,
      credential,
      providerSwitch,
      breakTask,
      abort,
    ],
    { maxCommands: longest, size: 'max' },
  );
