import { describe, expect, it } from 'vitest';
import { acknowledge } from '#shared/policies/acknowledge.ts';
import { EXTRACTOR_VERSION } from '#shared/policies/content.ts';
import type { Observation } from '#shared/policies/observation.ts';
import { configHash, PolicySource, type PolicySourceInput } from '#shared/policies/source.ts';
import { readChangeView } from '#shared/policies/read-change-view.ts';
import { checkWorld, type CheckWorld, policyPage } from './check-world.ts';
import { sourceRecord } from './rows.ts';

const SHOP = PolicySource.parse({ id: 'shop', url: 'https://shop.example.test/policy', select: ['main'] });
const PAGE = policyPage('Candles may be sold.');

const approve = async (world: CheckWorld): Promise<void> => {
  const state = await world.store.readState('shop');
  if (state === undefined || state.pending === null) throw new Error('nothing to approve');
  const { changeId, from, to, confirmedAt: at } = state.pending;
  const said = { changeId, fromSemantic: from?.semantic ?? null, toCanonical: to.canonical };
  const done = acknowledge(state, { ...said, by: 'person:olivia@example.test', at, reason: 'Read it' }, SHOP);
  await world.store.replaceState({ ...done.state, version: state.version + 1 });
};

/** A shop whose first text was approved, as an older reader saw it. */
const readByAnOlderReader = async (): Promise<CheckWorld> => {
  const world = checkWorld([SHOP]);
  world.pages.set('shop', PAGE);
  await world.tick();
  await approve(world);
  const state = await world.store.readState('shop');
  if (state === undefined || state.current === null) throw new Error('no text');
  const content = await world.store.readContent({
    hashes: state.current.hashes,
    configHash: state.configHash,
    extractor: EXTRACTOR_VERSION,
  });
  if (content === undefined) throw new Error('no text stored');
  await world.store.storeContent({ ...content, extractor: 'policy-reader/0' });
  await world.store.replaceState({ ...state, version: state.version + 1, extractor: 'policy-reader/0' });
  world.mails.length = 0;
  return world;
};
const editShop = async (world: CheckWorld, more: Partial<PolicySourceInput>): Promise<void> => {
  const record = sourceRecord({ ...SHOP, ...more }, { version: 2 });
  expect(await world.store.replaceSource(record)).toBe('replaced');
};
const last = (world: CheckWorld): Observation | undefined =>
  world.store
    .all<Observation>('observation#')
    .toSorted((one, other) => (one.at < other.at ? -1 : 1))
    .at(-1);

describe('what is stored, read again (F11)', () => {
  it('a new reader is never shown as a change of the provider, and makes nothing fresher', async () => {
    const world = await readByAnOlderReader();
    const before = await world.store.readState('shop');
    world.wait(15);
    const due = await world.tick();
    expect(due.hosts.flatMap(({ checks }) => checks)).toMatchObject([{ step: 'REREAD' }]);
    expect(last(world)).toMatchObject({ class: 'extractor_upgrade', alert: false, verified: false });
    const after = await world.store.readState('shop');
    expect(after).toMatchObject({
      extractor: EXTRACTOR_VERSION,
      pending: null,
      verifiedAt: before?.verifiedAt,
    });
    expect(after?.acknowledged?.hashes).toEqual(before?.acknowledged?.hashes);
    expect(world.fetches()).toBe(1);
    expect(world.mails).toEqual([]);
    world.wait(15);
    expect((await world.tick()).hosts).toEqual([]);
  });

  it('is read again as part of a look that is due anyway, once', async () => {
    const world = await readByAnOlderReader();
    world.wait(13 * 60);
    await world.tick();
    const classes = world.store.all<Observation>('observation#').map((row) => row.class);
    expect(classes.toSorted()).toEqual(['baseline', 'extractor_upgrade', 'unchanged']);
  });

  it('an edited source waits for a person again, with a difference to read', async () => {
    const world = await readByAnOlderReader();
    const before = await world.store.readState('shop');
    const edited = { ...SHOP, remove: ['h1'] };
    await editShop(world, edited);
    world.wait(15);
    await world.tick();
    const state = await world.store.readState('shop');
    expect(state).toMatchObject({
      configHash: configHash(PolicySource.parse(edited)),
      pending: { class: 'baseline' },
    });
    expect(world.fetches()).toBe(1);
    const view = await readChangeView(
      sourceRecord(PolicySource.parse(edited), { version: 2 }),
      state,
      world.store,
    );
    expect(view.diff?.from?.semantic).toBe(before?.acknowledged?.hashes.semantic);
    expect(
      view.diff?.entries.map(({ kind, spans }) => [kind, spans.map(({ text }) => text).join('')]),
    ).toContainEqual(['removed', 'What may be sold']);
    expect(view.text).not.toContain('What may be sold');
    expect(world.mails.map(({ subject }) => subject.split(':')[0])).toEqual([
      'First text to approve',
      'First text to approve',
    ]);
  });

  it('an edited address waits with a difference to read, and so does a second edit before anybody approved', async () => {
    const world = await readByAnOlderReader();
    const before = await world.store.readState('shop');
    world.pages.set('shop', policyPage('Candles may not be sold.'));
    const edits: [number, Partial<PolicySourceInput>][] = [
      [2, { url: 'https://shop.example.test/policy/new' }],
      [3, { url: 'https://shop.example.test/policy/newer', remove: ['h1'] }],
    ];
    for (const [version, more] of edits) {
      const record = sourceRecord({ ...SHOP, ...more }, { version });
      await world.store.replaceSource(record);
      world.wait(13 * 60);
      await world.tick();
      world.wait(13 * 60);
      await world.tick();
      const state = await world.store.readState('shop');
      const view = await readChangeView(record, state, world.store);
      expect(state?.pending?.class).toBe('baseline');
      expect(view.diff?.from?.raw).toBe(before?.acknowledged?.hashes.raw);
      expect(JSON.stringify(view.diff?.entries)).toContain('not');
    }
  });

  it('a first text has no difference, only the text', async () => {
    const world = checkWorld([SHOP]);
    world.pages.set('shop', PAGE);
    await world.tick();
    const view = await readChangeView(sourceRecord(SHOP), await world.store.readState('shop'), world.store);
    expect(view).toMatchObject({ change: { class: 'baseline' }, diff: null });
    expect(view.text).toContain('Candles may be sold.');
  });

  it('where the stored bytes do not do, the page is looked at once, and then by its back-off', async () => {
    const world = await readByAnOlderReader();
    await editShop(world, { select: ['.nowhere'] });
    world.wait(15);
    await world.tick();
    expect(world.fetches()).toBe(1);
    await world.tick();
    expect(world.fetches()).toBe(2);
    expect(last(world)).toMatchObject({ usable: false, unusable: { reason: 'SELECTOR_MISSED' } });
    world.wait(15);
    await world.tick();
    expect(world.fetches()).toBe(2);
  });
});
