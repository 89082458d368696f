import { describe, expect, it } from 'vitest';
import { timestamp } from '#shared/actions/identity.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import { type AcknowledgeInput, acknowledge, Acknowledgement } from '#shared/policies/acknowledge.ts';
import { Observation } from '#shared/policies/observation.ts';
import { SourceState } from '#shared/policies/source-state.ts';
import { upgrade } from '#shared/policies/upgrade.ts';
import { approved, codes, DAY, HOUR, NOON, rules, SOURCE, sourceOf } from './synthetic-pages.ts';

const B = rules({ 6: '- Knives are prohibited.' });
const C = rules({ 6: '- Poison is prohibited.' });
const changed = (source = SOURCE) => {
  const one = approved(rules(), source);
  one.twice(NOON + DAY, B);
  return one;
};
const said = (state: SourceState, over: Partial<AcknowledgeInput> = {}): AcknowledgeInput => ({
  changeId: state.pending?.changeId ?? '0'.repeat(32),
  fromSemantic: state.pending?.from?.semantic ?? null,
  toCanonical: state.pending?.to.canonical ?? '',
  by: 'person:olivia@example.test',
  at: timestamp(NOON + 2 * DAY),
  reason: 'We sell no knives.',
  ...over,
});
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof ProblemError) return error.code;
    throw error;
  }
  return 'nothing';
};

describe('acknowledging (POL-07, APR-14)', () => {
  it('makes the text the base, names the acknowledgement, and keeps the old text as an acknowledged one', () => {
    const one = changed();
    const before = one.state();
    const { state, kind, acknowledgement } = acknowledge(before, said(before), SOURCE);
    expect(kind).toBe('acknowledged');
    expect(Acknowledgement.parse(acknowledgement)).toMatchObject({
      changeId: before.pending?.changeId,
      from: rules().hashes,
      to: B.hashes,
      people: [{ by: 'person:olivia@example.test', reason: 'We sell no knives.' }],
      complete: true,
      supersedes: false,
    });
    expect(SourceState.parse(state)).toMatchObject({
      version: before.version + 1,
      acknowledged: { hashes: B.hashes },
      acknowledgement: before.pending?.changeId,
      pending: null,
      verifiedAt: before.verifiedAt,
    });
    expect(state.known.filter(({ acknowledged }) => acknowledged)).toHaveLength(2);
  });

  it('of an older change does not clear a newer one', () => {
    const one = changed();
    const old = said(one.state());
    one.twice(NOON + 2 * DAY, C);
    expect(codeOf(() => acknowledge(one.state(), old, SOURCE))).toBe('POLICY_CHANGE_SUPERSEDED');
    expect(one.state().pending?.from).toEqual(rules().hashes);
  });

  it.each([
    ['another id', { changeId: 'f'.repeat(32) }, 'POLICY_CHANGE_SUPERSEDED'],
    ['another text than was shown', { toCanonical: 'f'.repeat(64) }, 'POLICY_CHANGE_SUPERSEDED'],
    ['another base than was shown', { fromSemantic: 'f'.repeat(64) }, 'POLICY_CHANGE_SUPERSEDED'],
    ['a base that is left out', { fromSemantic: null }, 'POLICY_CHANGE_SUPERSEDED'],
    ['an agent', { by: 'client:demo-agent' }, 'PERSON_REQUIRED'],
    ['no reason', { reason: '  ' }, 'INVALID_INPUT'],
    ['a reason without end', { reason: 'x'.repeat(1001) }, 'INVALID_INPUT'],
  ])('refuses %s', (_name, over, code) => {
    const { state } = changed();
    expect(codeOf(() => acknowledge(state(), said(state(), over), SOURCE))).toBe(code);
  });

  it('refuses when nothing waits any more, and after an edit of the source', () => {
    const one = changed();
    const input = said(one.state());
    expect(codeOf(() => acknowledge(one.state(), input, sourceOf({ remove: ['nav'] })))).toBe(
      'POLICY_CHANGE_SUPERSEDED',
    );
    one.twice(NOON + 2 * DAY, rules());
    expect(codeOf(() => acknowledge(one.state(), input, SOURCE))).toBe('POLICY_CHANGE_GONE');
  });

  it('takes two different people where the source is critical', () => {
    const critical = sourceOf({ critical: true });
    const one = changed(critical);
    const first = acknowledge(one.state(), said(one.state()), critical);
    expect(first).toMatchObject({ kind: 'firstOfTwo', acknowledgement: { complete: false } });
    expect(first.state.acknowledged).toEqual(one.state().acknowledged);
    expect(codeOf(() => acknowledge(first.state, said(first.state), critical))).toBe('POLICY_SAME_PERSON');
    const second = acknowledge(first.state, said(first.state, { by: 'person:sam@example.test' }), critical);
    expect(second.kind).toBe('acknowledged');
    expect(second.acknowledgement.people.map(({ by }) => by)).toEqual([
      'person:olivia@example.test',
      'person:sam@example.test',
    ]);
  });

  it('voids the word of the first person when the page changes again, and tells it', () => {
    const critical = sourceOf({ critical: true });
    const one = changed(critical);
    const id = one.state().pending?.changeId;
    one.agree(NOON + DAY + HOUR);
    one.twice(NOON + 2 * DAY, C);
    expect(one.state().pending?.firstAcknowledgement).toBeUndefined();
    expect(one.state().notices.map(({ noticeId }) => noticeId)).toContain(`void#${id}`);
  });
});

describe('reading stored bytes again', () => {
  const step = { source: SOURCE, slot: timestamp(NOON + 2 * DAY), reading: 9, at: timestamp(NOON + 2 * DAY) };
  const anew = (page: typeof B, extractor = 'policy-reader/next') => ({
    ...page,
    extractor,
    hashes: {
      ...page.hashes,
      semantic: page.hashes.semantic.replace(/^./, '0'),
      canonical: page.hashes.canonical.replace(/^./, '1'),
    },
  });

  it('carries the acknowledgement over to a new reader, and makes nothing fresher', () => {
    const one = approved();
    const before = one.state();
    const done = upgrade(before, { acknowledged: anew(rules()) }, step);
    expect(Observation.parse(done?.observation)).toMatchObject({
      class: 'extractor_upgrade',
      verified: false,
      alert: false,
    });
    expect(codes(done!.observation)).toEqual(['EXTRACTOR_CHANGED', 'AUTO_ACKNOWLEDGED']);
    expect(SourceState.parse(done?.state)).toMatchObject({
      extractor: 'policy-reader/next',
      acknowledged: { hashes: anew(rules()).hashes },
      acknowledgement: before.acknowledgement,
      pending: null,
      verifiedAt: before.verifiedAt,
      lastObservedAt: before.lastObservedAt,
      lastSlot: before.lastSlot,
    });
    one.setState(done!.state);
    expect(one.look(NOON + 3 * DAY, anew(rules()))).toMatchObject({ class: 'unchanged', verified: true });
  });

  it('keeps a change that waits, bound to the hashes of today', () => {
    const one = changed();
    const done = upgrade(one.state(), { acknowledged: anew(rules()), current: anew(B) }, step);
    expect(done?.state.pending).toMatchObject({
      from: anew(rules()).hashes,
      to: anew(B).hashes,
      class: 'text_changed',
    });
    expect(done?.state.verifiedAt).toBe(one.state().verifiedAt);
  });

  it('leaves it to the next look where the bytes of the change are missing', () => {
    expect(upgrade(changed().state(), { acknowledged: anew(rules()) }, step)).toBeNull();
    expect(upgrade(approved().state(), { acknowledged: anew(B) }, step)).toBeNull();
  });

  it('waits for a person where the source was edited, whatever the text', () => {
    const one = approved();
    const source = sourceOf({ remove: ['nav'] });
    const done = upgrade(one.state(), { current: rules({}, [], { source }) }, { ...step, source });
    expect(done?.state).toMatchObject({
      pending: { class: 'baseline', from: null },
      acknowledged: { hashes: rules().hashes },
      verifiedAt: one.state().verifiedAt,
    });
    expect(codes(done!.observation)).toEqual(['CONFIG_CHANGED']);
  });

  it('has nothing to do where nothing is new', () => {
    expect(upgrade(approved().state(), { acknowledged: rules() }, step)).toBeNull();
  });
});
