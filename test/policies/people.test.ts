import { beforeEach, describe, expect, it } from 'vitest';
import { timestamp } from '#shared/actions/identity.ts';
import type { Principal } from '#shared/operators/principal.ts';
import { ADA, NOW as DESK_NOW, olivia, OLIVIA, sam, SAM } from '../approvals/fixtures.ts';
import { formsOf, linksOf } from '../approvals/browse.ts';
import { DAY, diff, hashes, NOW, pending, record, state } from './gate-facts.ts';
import { type PeopleWorld, peopleWorld } from './people-world.ts';

const ID = 'etsy-prohibited-items';
const PATH = `/policies/${ID}`;
const agent: Principal = {
  kind: 'client',
  subject: 'client:demo-agent',
  name: 'Demo agent',
  projects: ['demo'],
  roles: ['agent', 'operator'],
  owner: 'person:ada@example.test',
};
const viewer: Principal = {
  kind: 'person',
  subject: 'person:ada@example.test',
  email: 'ada@example.test',
  name: 'Ada',
  projects: ['demo'],
  roles: ['viewer'],
  authTimeMs: DESK_NOW,
};
const fresh = (person: typeof olivia): Principal => ({ ...person, authTimeMs: at.state.now });

const change = pending();
const body = (over: Record<string, unknown> = {}) => ({
  changeId: change.changeId,
  fromSemantic: change.from?.semantic ?? null,
  toCanonical: change.to.canonical,
  reason: 'Checked our listings, nothing to do.',
  ...over,
});
let at: PeopleWorld;
beforeEach(() => {
  at = peopleWorld();
  at.state.now = NOW;
  at.put(record(), state({ pending: change }));
  at.policies.objects.set(`diffs/${change.changeId}.json`, JSON.stringify(diff));
});

describe('reading policies over HTTP', () => {
  it('agents and people see what is watched, why it refuses, and what waits', async () => {
    const list = await at.call('/policies', agent);
    expect(list.body.policies).toHaveLength(1);
    expect(list.body.policies[0]).toMatchObject({
      standing: 'CHANGED',
      reasons: [{ code: 'UNACKED_DIFF', source: ID }],
      pending: { changeId: change.changeId },
      acknowledgement: 'ab'.repeat(16),
    });
    expect((await at.call(PATH, viewer)).body).toEqual(list.body.policies[0]);
    const shown = await at.call(`${PATH}/change`, agent);
    expect(shown.body).toMatchObject({ change: { changeId: change.changeId }, diff: { entries: [{}, {}] } });
    expect((await at.call('/policies/health', agent)).body).toMatchObject({ inService: 1, refusing: 1 });
  });

  it('a first text is shown as it was extracted, cut where it is very long', async () => {
    const first = pending({ from: null, class: 'baseline' });
    const of = state({ pending: first, acknowledged: null, current: null });
    at.put(record(), of);
    await at.policies.storeContent({
      schemaVersion: 1,
      extractor: of.extractor,
      configHash: of.configHash,
      format: 'html',
      title: 'Prohibited',
      hashes: first.to,
      canonical: `# Prohibited\n\n${'x'.repeat(500_000)}`,
      blocks: [],
      links: [],
      dateLines: [],
      effective: [],
      replacementCharacters: 0,
      length: 3,
      removed: [],
    });
    const { body: shown } = await at.call(`${PATH}/change`, agent);
    expect(shown.text.startsWith('# Prohibited')).toBe(true);
    expect([shown.text.length, shown.textCut]).toEqual([400_000, true]);
  });

  it.each([
    '/policies/nobody',
    '/policies/Bad%20Id',
    '/policies/nobody/observations',
    '/policies/nobody/change',
  ])('%s is not there', async (path) => {
    expect((await at.call(path, agent)).body.code).toBe('NOT_FOUND');
  });

  it('refuses a cursor that it did not give out, and nobody reads without a token', async () => {
    expect((await at.call(`${PATH}/observations?cursor=x`, agent)).body.code).toBe('INVALID_CURSOR');
    expect((await at.call(`${PATH}/observations?limit=0`, agent)).body).toMatchObject({
      code: 'INVALID_INPUT',
      field: 'limit',
    });
    expect((await at.http(PATH)).statusCode).toBe(401);
  });
});

describe('acknowledging over HTTP (POL-07, APR-14)', () => {
  it('binds a word to the change that was shown and opens the gate', async () => {
    const reply = await at.call(`${PATH}/acknowledge`, fresh(olivia), 'POST', body());
    expect(reply).toMatchObject({ status: 200, body: { standing: 'FRESH', pending: null, reasons: [] } });
    expect(at.stateOf(ID)).toMatchObject({ acknowledgement: change.changeId, version: 5 });
    expect(at.policies.all('ack#')).toMatchObject([
      { people: [{ by: 'person:olivia@example.test' }], complete: true, supersedes: false },
    ]);
    const again = await at.call(`${PATH}/acknowledge`, fresh(olivia), 'POST', body());
    expect(again).toMatchObject({ status: 409, body: { code: 'POLICY_CHANGE_GONE' } });
  });

  it('a look that comes in between makes the word void: it is judged against what waits then', async () => {
    at.between.run = () => {
      const newer = pending({ changeId: 'ef'.repeat(16), to: hashes('newer') });
      at.put(record(), { ...state({ pending: newer }), version: 5 });
    };
    const reply = await at.call(`${PATH}/acknowledge`, fresh(olivia), 'POST', body());
    expect(reply).toMatchObject({
      status: 409,
      body: { code: 'POLICY_CHANGE_SUPERSEDED', changeId: 'ef'.repeat(16) },
    });
    expect(at.policies.all('ack#')).toEqual([]);
  });

  it('a look in between that changes nothing about the change does not stop it', async () => {
    at.between.run = () => at.put(record(), { ...state({ pending: change }), version: 5 });
    expect((await at.call(`${PATH}/acknowledge`, fresh(olivia), 'POST', body())).status).toBe(200);
    expect(at.stateOf(ID).version).toBe(6);
  });

  it('a critical source takes two different people', async () => {
    const critical = record({ critical: true });
    at.put(critical, state({ pending: change }, critical));
    const first = await at.call(`${PATH}/acknowledge`, fresh(olivia), 'POST', body());
    expect(first.body).toMatchObject({
      standing: 'CHANGED',
      pending: { firstAcknowledgement: { by: 'person:olivia@example.test' } },
    });
    const same = await at.call(`${PATH}/acknowledge`, fresh(olivia), 'POST', body());
    expect(same.body.code).toBe('POLICY_SAME_PERSON');
    const second = await at.call(`${PATH}/acknowledge`, fresh(sam), 'POST', body({ supersedes: true }));
    expect(second.body).toMatchObject({ standing: 'FRESH' });
    expect(at.policies.all('ack#')).toMatchObject([{ complete: true, people: [{}, {}], supersedes: true }]);
  });

  const who: readonly (readonly [string, () => Principal, number, string])[] = [
    ['an agent, even with the role', () => agent, 403, 'PERSON_REQUIRED'],
    ['a viewer', () => viewer, 403, 'FORBIDDEN'],
    ['the public reader', () => ({ kind: 'public', subject: 'system:public' }), 401, 'UNAUTHENTICATED'],
    [
      'somebody whose role is only in the token',
      () => ({ ...viewer, roles: ['operator'] }) as Principal,
      403,
      'FORBIDDEN',
    ],
    [
      'somebody whose role is only in the registry',
      () => ({ ...fresh(olivia), roles: ['viewer'] }) as Principal,
      403,
      'FORBIDDEN',
    ],
    [
      'an operator whose sign-in is older than five minutes',
      () => ({ ...fresh(olivia), authTimeMs: NOW - 300_001 }) as Principal,
      401,
      'SIGN_IN_NOT_FRESH',
    ],
  ];
  it.each(who)('%s may neither acknowledge nor edit', async (_who, make, status, code) => {
    const said = await at.call(`${PATH}/acknowledge`, make(), 'POST', body());
    expect([said.status, said.body.code]).toEqual([status, code]);
    const edit = await at.call(PATH, make(), 'PUT', { ...record().source });
    expect([edit.status, edit.body.code]).toEqual([status, code]);
    expect(at.stateOf(ID).version).toBe(4);
  });

  it.each([
    ['no reason', { reason: ' ' }, 'reason'],
    ['a hash that is none', { toCanonical: 'abc' }, 'toCanonical'],
    ['a field that there is not', { force: true }, 'force'],
  ])('refuses %s and names the field', async (_what, over, field) => {
    const reply = await at.call(`${PATH}/acknowledge`, fresh(olivia), 'POST', body(over));
    expect(reply.body).toMatchObject({ code: 'INVALID_INPUT', field });
  });

  it.each([
    ['another text before', { fromSemantic: hashes('other').semantic }],
    ['nothing before', { fromSemantic: null }],
    ['another text now', { toCanonical: hashes('other').canonical }],
  ])('refuses a word about %s', async (_what, over) => {
    const reply = await at.call(`${PATH}/acknowledge`, fresh(olivia), 'POST', body(over));
    expect(reply.body.code).toBe('POLICY_CHANGE_SUPERSEDED');
  });
});

describe('editing sources over HTTP (P11)', () => {
  const source = { ...record().source };
  const put = (by: Principal, over: Record<string, unknown> = {}, path = PATH) =>
    at.call(path, by, 'PUT', { ...source, ...over });

  it('adds a source that refuses until its first text is approved', async () => {
    const added = await put(fresh(olivia), { id: 'etsy-fees' }, '/policies/etsy-fees');
    expect(added).toMatchObject({
      status: 201,
      body: { version: 1, standing: 'WAITING', reasons: [{ code: 'BASELINE_PENDING' }] },
    });
  });

  it('an edit of the reading makes the baseline pending at once, an edit of the title does not', async () => {
    at.put(record(), state());
    expect((await put(fresh(olivia), { title: 'Better title' })).body).toMatchObject({
      reasons: [],
      version: 2,
    });
    const edited = await put(fresh(olivia), { select: ['main'] });
    expect(edited.body).toMatchObject({ version: 3, reasons: [{ code: 'BASELINE_PENDING' }] });
    expect((await put(fresh(olivia), { select: ['main'] })).body.version).toBe(3);
  });

  it('retires a source: what requires it is refused with MISSING', async () => {
    const reply = await put(fresh(olivia), { retired: true });
    expect(reply.body).toMatchObject({ retired: true, standing: 'RETIRED', reasons: [{ code: 'MISSING' }] });
  });

  it('a critical source is edited by two people who ask for the very same', async () => {
    const critical = record({ critical: true });
    at.put(critical, state({}, critical));
    const wish = { critical: false, maxAgeDays: 60 };
    const first = await put(fresh(olivia), wish);
    expect(first).toMatchObject({
      status: 202,
      body: {
        proposedBy: 'person:olivia@example.test',
        source: { critical: true, maxAgeDays: 7 },
        reasons: [],
      },
    });
    expect((await put(fresh(olivia), wish)).status).toBe(202);
    const other = await put(fresh(sam), { critical: false, maxAgeDays: 61 });
    expect(other).toMatchObject({ status: 202, body: { proposedBy: 'person:sam@example.test' } });
    const done = await put(fresh(olivia), { critical: false, maxAgeDays: 61 });
    expect(done).toMatchObject({
      status: 200,
      body: { proposedBy: null, source: { critical: false, maxAgeDays: 61 } },
    });
  });

  it('asking for what is in force takes a wish back', async () => {
    const critical = record({ critical: true });
    at.put(critical, state({}, critical));
    await put(fresh(olivia), { critical: false });
    const back = await put(fresh(sam), { critical: true });
    expect(back).toMatchObject({ status: 200, body: { proposedBy: null, source: { critical: true } } });
  });

  it.each([
    ['another id than the path', { id: 'etsy-fees' }, 'id'],
    ['a plain address in production', { url: 'http://policies.example.test/x' }, 'url'],
    ['a password in the address', { url: 'https://u:p@policies.example.test/x' }, 'url'],
    [
      'an expression that is none',
      { filters: [{ kind: 'dropBlocks', matching: '(' }] },
      'filters[0].matching',
    ],
    ['a cadence that is never fresh', { cadenceHours: 48, maxAgeDays: 2 }, 'cadenceHours'],
    ['a field that there is not', { fetch: 'fast' }, 'fetch'],
  ])('refuses %s and names the field', async (_what, over, field) => {
    const reply = await put(fresh(olivia), over);
    expect(reply.body).toMatchObject({ code: 'INVALID_INPUT', field });
    expect(at.stateOf(ID).version).toBe(4);
  });
});

describe('looking now', () => {
  it('starts one check a minute for an operator', async () => {
    at.state.now = NOW + 12_345;
    expect(await at.call(`${PATH}/check`, olivia, 'POST')).toMatchObject({
      status: 202,
      body: { source: ID, slot: timestamp(NOW), check: 'started' },
    });
    expect((await at.call(`${PATH}/check`, olivia, 'POST')).body.check).toBe('exists');
    expect(at.checks[0]).toEqual({ source: ID, slot: timestamp(NOW) });
    expect((await at.call(`${PATH}/check`, agent, 'POST')).body.code).toBe('PERSON_REQUIRED');
    at.put(record({}, { retired: true }));
    expect((await at.call(`${PATH}/check`, olivia, 'POST')).body.code).toBe('NOT_FOUND');
  });
});

describe('the pages', () => {
  const cookies = (row = OLIVIA) => at.signIn(row);
  const page = async (path: string, jar = cookies()) => at.http(path, { cookies: jar });

  it('say nothing to who is not signed in, and come back to the page', async () => {
    const shown = await at.http(`/sources/${ID}/change`);
    expect(shown.statusCode).toBe(200);
    expect(linksOf(shown.body)).toContain(`/sign-in?return=${encodeURIComponent(`/sources/${ID}/change`)}`);
    expect(shown.body).not.toContain('Prohibited');
  });

  it('carry the strict policy, no script, and every word of the provider escaped and visible', async () => {
    const shown = await page(`/sources/${ID}/change`);
    expect(shown.headers['content-security-policy']).toContain("default-src 'none'");
    expect(shown.body).not.toContain('<script');
    expect(shown.body).toContain('&lt;script&gt;');
    expect(shown.body).toContain('U+202E');
    expect(shown.body).toContain('<del>may</del>');
  });

  it('a person reads the diff, gives a reason, and the change is acknowledged once', async () => {
    const jar = cookies();
    const shown = await page(`/sources/${ID}/change`, jar);
    const form = formsOf(shown.body).find(({ action }) => action === `/sources/${ID}/change`);
    const nonce = String(shown.cookies?.[0]).split(';')[0]?.split('=') ?? [];
    const sent = {
      method: 'POST',
      type: 'application/x-www-form-urlencoded',
      cookies: { ...jar, [nonce[0] ?? '']: nonce[1] ?? '' },
      body: new URLSearchParams({ ...form?.fields, reason: 'Read it.', supersedes: 'yes' }).toString(),
    };
    const { supersedes: _box, ...without } = { ...form?.fields, reason: 'Read it.' } as Record<
      string,
      string
    >;
    const noCookie = await at.http(`/sources/${ID}/change`, { ...sent, cookies: jar });
    expect([noCookie.statusCode, noCookie.body.includes('NONCE_INVALID')]).toEqual([403, true]);
    const foreign = await at.http(`/sources/${ID}/change`, {
      ...sent,
      headers: { 'sec-fetch-site': 'cross-site' },
    });
    expect(foreign.statusCode).toBe(403);
    const tampered = await at.http(`/sources/${ID}/change`, {
      ...sent,
      body: new URLSearchParams({ ...without, toCanonical: hashes('other').canonical }).toString(),
    });
    expect(tampered.body).toContain('NONCE_INVALID');
    const otherSession = await at.http(`/sources/${ID}/change`, {
      ...sent,
      cookies: { ...cookies(SAM), [nonce[0] ?? '']: nonce[1] ?? '' },
    });
    expect(otherSession.statusCode).toBe(403);
    expect(at.stateOf(ID).pending).not.toBeNull();

    const done = await at.http(`/sources/${ID}/change`, sent);
    expect([done.statusCode, done.headers['location']]).toEqual([303, `/sources/${ID}/change`]);
    expect(at.policies.all('ack#')).toMatchObject([{ supersedes: true, people: [{ reason: 'Read it.' }] }]);
    expect((await page(`/sources/${ID}/change`)).body).toContain('Nothing waits here');
    const twice = await at.http(`/sources/${ID}/change`, sent);
    expect(twice.body).toContain('POLICY_CHANGE_GONE');
  });

  it('opening changes nothing, and who may not acknowledge gets no form', async () => {
    const rows = structuredClone([...at.policies.rows]);
    for (const path of ['/sources', `/sources/${ID}`, `/sources/${ID}/change`]) {
      expect((await page(path)).statusCode).toBe(200);
      expect((await page(path, cookies(ADA))).statusCode).toBe(200);
    }
    expect([...at.policies.rows]).toEqual(rows);
    const shown = await page(`/sources/${ID}/change`, cookies(ADA));
    expect(formsOf(shown.body).map(({ action }) => action)).toEqual(['/sign-out']);
    expect(shown.cookies).toBeUndefined();
    const jar = cookies();
    at.state.now += 301_000;
    const stale = await page(`/sources/${ID}/change`, jar);
    expect(linksOf(stale.body).some((href) => href.startsWith('/sign-in?fresh=1'))).toBe(true);
  });

  it('an open break-glass stands on top of what it touches until it is over', async () => {
    at.project.config = {
      ...at.project.config,
      breakGlass: [
        {
          sources: [ID],
          codes: ['UNACKED_DIFF'],
          reason: 'A recall has to go out now',
          minutes: 60,
          version: 4,
          openedAt: timestamp(NOW),
          until: timestamp(NOW + 3_600_000),
          by: ['person:olivia@example.test', 'person:sam@example.test'],
        },
      ],
    };
    for (const path of ['/sources', `/sources/${ID}`])
      expect((await page(path)).body).toContain('A recall has to go out now');
    at.state.now = NOW + 3_600_000;
    expect((await page('/sources')).body).not.toContain('A recall has to go out now');
  });

  it('the inbox of an operator lists what waits, a viewer has no such section', async () => {
    const inbox = await page('/inbox');
    expect(inbox.body).toContain('Policy changes to read');
    expect(linksOf(inbox.body)).toContain(`/sources/${ID}/change`);
    expect((await page('/inbox', cookies(ADA))).body).not.toContain('Policy changes to read');
    at.put(record(), state());
    expect((await page('/inbox')).body).not.toContain('Policy changes to read');
  });

  it('the page of an approval shows what it rests on, and warns where it would be refused now', async () => {
    at.state.requiredSources = [ID];
    at.put(record(), state());
    await at.ask();
    const approval = await at.store.readApproval(String(at.row().approvalId));
    expect(approval?.policies).toMatchObject({ reasons: [], evidence: [{ source: ID }] });
    const path = `/a/${approval?.approvalId}`;
    const good = await page(path);
    expect(good.body).toContain('Policies it has to keep');
    expect(good.body).not.toContain('It would be refused now');
    at.put(record(), state({ verifiedAt: timestamp(NOW - 7 * DAY) }));
    const bad = await page(path);
    expect(bad.body).toContain('It would be refused now');
    expect(bad.body).toContain('STALE');
  });
});
