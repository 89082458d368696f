import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { timestamp } from '#shared/actions/identity.ts';
import { parseCommandLine } from '#shared/cli/arguments.ts';
import type { ApiRequest } from '#shared/cli/api.ts';
import { CliError } from '#shared/cli/exit.ts';
import {
  policiesAck,
  policiesAdd,
  policiesCheck,
  policiesDiff,
  policiesExplain,
  policiesHealth,
  policiesList,
} from '#shared/cli/run-policies.http.ts';
import type { Answer, Session } from '#shared/cli/session.ts';
import { olivia } from '../approvals/fixtures.ts';
import { DAY, diff, hashes, NOW, pending, record, state } from '../policies/gate-facts.ts';
import { peopleWorld, type PeopleWorld } from '../policies/people-world.ts';

const ID = 'etsy-prohibited-items';
const change = pending();

const desk = (): PeopleWorld => {
  const at = peopleWorld();
  at.state.now = NOW;
  at.put(record(), state({ pending: change }));
  at.policies.objects.set(`diffs/${change.changeId}.json`, JSON.stringify(diff));
  return at;
};

/** The commands against the real use cases, as a signed-in operator. */
const run = async (
  at: PeopleWorld,
  command: (session: Session) => Promise<Answer>,
  line: readonly string[],
): Promise<{ answer: Answer; said: string; calls: readonly ApiRequest[] }> => {
  const parsed = parseCommandLine(['policies', ...line]);
  if (parsed.kind !== 'command') throw new Error('no command');
  const said: string[] = [];
  const calls: ApiRequest[] = [];
  const answer = await command({
    parsed,
    call: async (request) => {
      calls.push(request);
      const query = new URLSearchParams(
        Object.entries(request.query ?? {}).filter((one): one is [string, string] => one[1] !== undefined),
      );
      const { status, body } = await at.call(
        `${request.path}?${query.toString()}`,
        { ...olivia, authTimeMs: at.state.now },
        request.method,
        request.body,
      );
      if (status >= 400) throw new CliError('refused', String(body['detail']), { problem: body });
      return { status, json: body };
    },
    now: () => at.state.now,
    sleep: async () => undefined,
    progress: (text) => void said.push(text),
    paint: (_colour, text) => text,
    project: () => 'demo',
  });
  return { answer, said: said.join('\n'), calls };
};
const textOf = (answer: Answer): string => ('text' in answer ? answer.text : answer.raw);
const jsonOf = (answer: Answer): any => ('json' in answer ? answer.json : undefined);

describe('policies on the command line', () => {
  it('lists what is watched with why it refuses', async () => {
    const { answer } = await run(desk(), policiesList, ['list']);
    expect(textOf(answer)).toMatch(/etsy-prohibited-items +Changed, to be read +1 h ago +6 d +UNACKED_DIFF/);
    expect(jsonOf(answer).policies[0].source.id).toBe(ID);
  });

  it('tells the health of every source', async () => {
    const { answer } = await run(desk(), policiesHealth, ['health']);
    expect(textOf(answer)).toContain('Would refuse  1');
  });

  it('shows a diff whose text can neither move the cursor nor leave its place', async () => {
    const { answer } = await run(desk(), policiesDiff, ['diff', ID]);
    const text = textOf(answer);
    expect(text).toContain('- Kitchen knives may be listed.');
    expect(text).toContain('+ Kitchen knives must not be listed.');
    expect(text).toContain('[U+202E]');
    expect(text).not.toContain('\u202E');
    expect(text).toContain(`autopack policies ack ${ID}`);
  });

  it('acknowledges exactly what it showed, with the reason', async () => {
    const at = desk();
    const { answer, said, calls } = await run(at, policiesAck, [
      'ack',
      ID,
      '--reason',
      'Read it.',
      '--supersedes',
    ]);
    expect(said).toContain('Kitchen knives must not be listed.');
    expect(calls.at(-1)?.body).toEqual({
      changeId: change.changeId,
      fromSemantic: hashes('agreed').semantic,
      toCanonical: hashes('new').canonical,
      reason: 'Read it.',
      supersedes: true,
    });
    expect(textOf(answer)).toContain('Up to date');
    await expect(run(at, policiesAck, ['ack', ID, '--reason', 'again'])).rejects.toThrow('Nothing waits');
  });

  it('sends nothing without a reason, or where another change waits than the one that was named', async () => {
    const at = desk();
    await expect(run(at, policiesAck, ['ack', ID])).rejects.toMatchObject({ exit: 'usage' });
    await expect(
      run(at, policiesAck, ['ack', ID, '--reason', 'x', '--change', 'f'.repeat(32)]),
    ).rejects.toMatchObject({ exit: 'refused' });
    expect(at.stateOf(ID).pending).not.toBeNull();
  });

  it('explains every look: why, and what was left out as noise', async () => {
    const at = desk();
    at.policies.rows.set(`observation#${ID}#x#1`, {
      schemaVersion: 1,
      source: ID,
      slot: timestamp(NOW),
      reading: 1,
      at: timestamp(NOW),
      configHash: record().configHash,
      extractor: 'policy-reader/1',
      fetcher: 'http',
      finalUrl: 'https://policies.example.test/prohibited',
      status: 200,
      robots: 'allowed',
      rawBytes: 9,
      notModified: false,
      usable: true,
      class: 'cosmetic',
      reasons: [{ code: 'ONLY_FORM', detail: 'bold became plain' }],
      hashes: hashes('agreed'),
      candidate: false,
      verified: true,
      alert: false,
      removed: [{ rule: 'tracking parameters', count: 3, sample: 'utm_source=\u001b[2Jx' }],
    });
    const { answer } = await run(at, policiesExplain, ['explain', ID, '--limit', '5']);
    expect(textOf(answer)).toContain('cosmetic, verified\n  because ONLY_FORM: bold became plain\n');
    expect(textOf(answer)).toContain('left out 3 × tracking parameters: utm_source=\\u001b[2Jx');
  });

  it('looks at one now, or at all that are not retired', async () => {
    const at = desk();
    at.put(record({ id: 'etsy-fees' }));
    at.put(record({ id: 'etsy-old' }, { retired: true }));
    await run(at, policiesCheck, ['check', '--now', ID]);
    expect(at.checks).toHaveLength(1);
    const { answer } = await run(at, policiesCheck, ['check', '--now']);
    expect(jsonOf(answer).checks.map(({ source }: { source: string }) => source)).toEqual(['etsy-fees', ID]);
  });

  it('adds, edits and retires the source of a file', async () => {
    const at = desk();
    const folder = await mkdtemp(join(tmpdir(), 'autopack-policies-'));
    const file = join(folder, 'source.json');
    await writeFile(file, JSON.stringify({ id: 'shop-rules', url: 'https://shop.example.test/rules' }));
    const { answer, calls } = await run(at, policiesAdd, ['add', file]);
    expect(calls[0]).toMatchObject({ method: 'PUT', path: '/policies/shop-rules' });
    expect(textOf(answer)).toContain('BASELINE_PENDING');
    const retired = await run(at, policiesAdd, ['add', file, '--retire']);
    expect(jsonOf(retired.answer)).toMatchObject({ retired: true, version: 2 });
    await writeFile(file, '{"url":"https://shop.example.test/rules"}');
    await expect(run(at, policiesAdd, ['add', file])).rejects.toMatchObject({ exit: 'usage' });
    await rm(folder, { recursive: true });
  });

  it('an approval ages: what was fresh yesterday is stale in a week', async () => {
    const at = desk();
    at.put(record(), state());
    at.state.now = NOW + 7 * DAY;
    expect(textOf((await run(at, policiesList, ['list'])).answer)).toContain('STALE');
  });
});
