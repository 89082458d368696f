import { describe, expect, it } from 'vitest';
import { acknowledge } from '#shared/policies/acknowledge.ts';
import { PolicySource } from '#shared/policies/source.ts';
import { checkWorld, type CheckWorld, type Kill, policyPage } from './check-world.ts';

const SHOP = PolicySource.parse({
  id: 'shop',
  url: 'https://shop.example.test/policy',
  select: ['main'],
  anchors: ['What may be sold'],
});
const FIRST = policyPage('Candles may be sold.');
const SECOND = policyPage('Candles may be sold.', 'Fireworks must not be sold.');

/** A baseline that a person approves, a change that is confirmed, an outage and a recovery: every kind of step. */
const story = async (world: CheckWorld): Promise<void> => {
  world.pages.set('shop', FIRST);
  await world.tick();
  const state = await world.store.readState('shop');
  if (state?.pending !== null && state?.pending !== undefined) {
    const { changeId, from, to } = state.pending;
    const said = { changeId, fromSemantic: from?.semantic ?? null, toCanonical: to.canonical };
    const done = acknowledge(
      state,
      { ...said, by: 'person:olivia@example.test', at: state.pending.confirmedAt, reason: 'Read it' },
      SHOP,
    );
    await world.store.replaceState({ ...done.state, version: state.version + 1 });
  }
  for (const page of [SECOND, SECOND, { status: 503 }, { status: 503 }, SECOND]) {
    world.pages.set('shop', page);
    const due = (await world.store.readState('shop'))?.nextCheckAt ?? '';
    world.wait(Math.max(15, Math.ceil((Date.parse(due) - world.now()) / 60_000)));
    await world.tick();
  }
};

const run = async (kill?: Kill): Promise<CheckWorld> => {
  const world = checkWorld([SHOP], kill === undefined ? {} : { kill });
  await story(world);
  return world;
};
const mailsOf = (world: CheckWorld): string[] => world.mails.map(({ to, subject }) => `${to} ${subject}`);

describe('the check killed at every call of a port (P21)', () => {
  it('tells the whole story when nothing happens to it', async () => {
    const world = await run();
    const rows = world.store.all<{ slot: string; class?: string; alert: boolean; unusable?: object }>(
      'observation#',
    );
    expect(rows).toHaveLength(6);
    expect(rows.filter(({ alert }) => alert)).not.toHaveLength(0);
    expect(rows.filter(({ unusable }) => unusable !== undefined)).toHaveLength(2);
    const state = await world.store.readState('shop');
    expect(state).toMatchObject({
      incident: null,
      candidate: null,
      notices: [],
      version: expect.any(Number),
    });
    expect(state?.pending).not.toBeNull();
    expect(mailsOf(world).map((line) => line.split(':')[0])).toEqual(
      [
        'First text to approve',
        'Policy changed',
        'Policy page cannot be read',
        'Policy page is back',
      ].flatMap((subject) => ['olivia@example.test', 'sam@example.test'].map((to) => `${to} ${subject}`)),
    );
    expect(await world.store.readDiff(state?.pending?.changeId ?? '', 'md')).toContain('Fireworks');
  });

  it('leaves what the undisturbed run leaves: no observation lost or doubled, nobody told twice or not at all', async () => {
    const clean = await run();
    const left = clean.left();
    const problems: string[] = [];
    let pairs = 0;
    for (const [call, name] of clean.calls.entries())
      for (const when of ['before', 'after'] as const) {
        pairs += 1;
        const world = await run({ call, when });
        if (!world.wasKilled()) problems.push(`${call} ${name} ${when}: was not met`);
        if (world.left() !== left) problems.push(`${call} ${name} ${when}: other rows are left`);
        if (
          [...world.store.objects.keys()].toSorted().join() !==
          [...clean.store.objects.keys()].toSorted().join()
        )
          problems.push(`${call} ${name} ${when}: other objects are left`);
        // A mail that went out unheard is sent once more; nothing else may differ.
        const extra =
          name === 'sendMail' && when === 'after' ? 1 : name === 'putTold' && when === 'before' ? 1 : 0;
        if (
          new Set(mailsOf(world)).size !== new Set(mailsOf(clean)).size ||
          world.mails.length !== clean.mails.length + extra
        )
          problems.push(`${call} ${name} ${when}: ${world.mails.length} mails`);
      }
    expect(problems.slice(0, 20)).toEqual([]);
    expect(pairs).toBeGreaterThan(100);
  });
});
