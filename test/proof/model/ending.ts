import { isTerminal } from '#shared/actions/status.ts';
import type { World } from './world.ts';

const MINUTE = 60_000;
/** Everything has to be over long before this: an approval lives ten minutes here. */
const PATIENCE_MS = 6 * 60 * MINUTE;

/** Lets an undisturbed action go so far, so that stories do not all begin at the beginning. */
export const goAhead = async (world: World, key: string, calls: number): Promise<void> => {
  const { sim } = world;
  world.propose(key);
  await sim.settle();
  for (let left = calls; left > 0; left -= 1) {
    if (sim.pending().length === 0 && (await world.approvalOf(key))?.status === 'WAITING')
      await world.vote(key, 'olivia', 'approve');
    await sim.settle();
    const [call] = sim.pending();
    if (call === undefined) return;
    await sim.pass(call);
  }
};

/**
 * No more faults but what the provider was told to do: every call goes through, the sweeper runs every minute, the credential works. Goes on until nothing
 * moves any more.
 * @returns false where something still moves after hours
 */
export const fairEnd = async (
  world: World,
  keys: readonly string[],
  options: { readonly peopleApprove: boolean },
): Promise<boolean> => {
  const { sim, state, provider, machine, store } = world;
  state.providerIsOn = true;
  const over = sim.now() + PATIENCE_MS;
  let nextSweep = sim.now();
  const isOver = (): boolean =>
    keys.every((key) => world.isQuiet(key)) &&
    provider.onTheWire() === 0 &&
    ![...machine.executions.values()].some(({ status }) => status === 'RUNNING');
  world.mend();
  while (sim.now() < over && store.violations.length === 0) {
    for (let [call] = sim.pending(); call !== undefined; [call] = sim.pending()) await sim.pass(call);
    if (isOver()) return true;
    const timer = sim.nextTimer() ?? Infinity;
    await sim.advanceTo(Math.min(timer, nextSweep));
    if (sim.now() < nextSweep) continue;
    nextSweep += MINUTE;
    // What the provider was told to do includes refusing the key: people mend it as often as it takes.
    world.mend();
    world.sweep();
    await sim.settle();
    if (!options.peopleApprove) continue;
    for (const key of keys)
      if ((await world.approvalOf(key))?.status === 'WAITING') await world.vote(key, 'olivia', 'approve');
  }
  return false;
};

/** What has to hold whatever happened, once nothing moves any more. Empty where all of it does. */
export const faultsOf = async (world: World, keys: readonly string[]): Promise<string[]> => {
  const found = [...world.store.violations];
  for (const key of keys) {
    const effects = world.effects(key);
    if (effects > 1) found.push(`${key}: ${effects} effects`);
    const row = world.row(key);
    if (row === undefined) {
      if (effects > 0) found.push(`${key}: an effect without a row`);
      continue;
    }
    if (isTerminal(row.status) && (row.status === 'SUCCEEDED') !== (effects === 1))
      found.push(`${key}: the ledger says ${row.status}, the provider has ${effects} effects`);
    const served = world.state.served.get(key) ?? [];
    const disturbed = served
      .filter(({ name }) => name === 'request-approval')
      .reduce((sum, process) => sum + process.disturbed, 0);
    const counts = new Map<string, number>();
    for (const { approvalId, to } of world.store.mails) {
      const approval = await world.store.approvals.readApproval(approvalId);
      if (approval?.key === key)
        counts.set(`${approvalId} ${to}`, (counts.get(`${approvalId} ${to}`) ?? 0) + 1);
    }
    for (const [mail, count] of counts)
      if (count > 1 + disturbed)
        found.push(`${key}: ${count} mails ${mail}, and ${disturbed} disturbances could explain a repeat`);
  }
  for (const { approvalId, decision } of world.state.acknowledged) {
    const approval = await world.store.approvals.readApproval(approvalId);
    if (approval?.status !== decision)
      found.push(`a vote ${decision} was acknowledged; the approval is ${approval?.status ?? 'gone'}`);
    else if (decision === 'REJECTED' && world.effects(approval.key) > 0)
      found.push(`${approval.key}: rejected, and it happened`);
  }
  return found;
};
