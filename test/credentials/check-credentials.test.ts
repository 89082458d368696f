import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  checkCredentials,
  type CheckCredentialsDeps,
  type CheckEvent,
} from '#functions/credentials/check-credentials.ts';
import { readCredentials } from '#functions/credentials/read-credentials.ts';
import { showCredentials } from '#functions/credentials/show-credentials.ts';
import { timestamp } from '#shared/actions/identity.ts';
import type { Mail } from '#shared/approvals/mail.ts';
import type { CredentialCondition } from '#shared/credentials/condition.ts';
import { putCondition, readCondition, readStanding } from '#shared/credentials/conditions.aws.ts';
import type { Credential } from '#shared/credentials/credential.ts';
import { CredentialHealthView, CredentialListView } from '#shared/credentials/credential-view.ts';
import { putCredential, readSecretDocument } from '#shared/credentials/credentials.aws.ts';
import { listCredentials, listStandings } from '#shared/credentials/list-credentials.aws.ts';
import { type Keyring, newKeyring } from '#shared/credentials/keyring.ts';
import { planProbe } from '#shared/credentials/probes/plan-probe.ts';
import type { ProbeFinding } from '#shared/credentials/probes/probe.ts';
import { listOpenReauthTasks, openReauthTask } from '#shared/credentials/reauth-tasks.aws.ts';
import type { HttpRequest } from '#shared/operators/http.ts';
import type { Principal } from '#shared/operators/principal.ts';
import { putTold, readTold } from '#shared/policies/told.aws.ts';
import { OLIVIA, SAM } from '../approvals/fixtures.ts';
import { realTables } from '../support/real-tables.ts';
import { secretsOf } from './in-memory.ts';
import { aCondition, aCredential } from './rows.ts';

const TABLE = 'credentials';
const T0 = Date.parse('2026-11-21T10:00:00.000Z');
const HOUR = 3_600_000;
const ring = newKeyring({ id: 'test-key', bytes: new Uint8Array(32) }, 0);
const DAY = 24 * HOUR;
const CANARY = 'PLANTED-9f31c7';

let tables: Awaited<ReturnType<typeof realTables>>;
beforeAll(async () => {
  tables = await realTables({ credentials: [['byKind', 'rowKind', 'sortKey']] });
});
afterAll(() => tables.stop());

/** A project of its own with one key of Alpaca; the provider answers as it is told. */
let serial = 0;
const desk = async (over: Partial<Credential> = {}, condition?: Partial<CredentialCondition>) => {
  const { db } = tables;
  const project = `p${(serial += 1)}`;
  const grant = aCredential({ project, secretId: `autopack/${project}`, createdAt: timestamp(T0), ...over });
  await putCredential(db, TABLE)(grant);
  if (condition !== undefined)
    await putCondition(db, TABLE)(undefined, aCondition({ project, ...condition }));
  const state = {
    now: T0,
    finding: { kind: 'works', account: 'PA1' } as ProbeFinding,
    value: JSON.stringify({ keyId: `${CANARY}-id`, secretKey: `${CANARY}-key` }) as
      | string
      | Error
      | undefined,
    mails: [] as { to: string; mail: Mail }[],
    sesFails: new Set<string>(),
    asked: 0,
    logs: [] as unknown[],
    pause: async (): Promise<void> => undefined,
  };
  const deps = (): CheckCredentialsDeps => ({
    now: () => state.now,
    listCredentials: async () =>
      (await listCredentials(db, TABLE)()).filter((each) => each.project === project),
    readStanding: readStanding(db, TABLE),
    putCondition: putCondition(db, TABLE),
    readSecretDocument: async (id) =>
      readSecretDocument(secretsOf(state.value === undefined ? {} : { [id]: state.value }))(id),
    probe: async (credential, value) => {
      const plan = planProbe(credential, value, () => undefined, state.now);
      if (plan.kind === 'found') return plan.finding;
      state.asked += 1;
      await state.pause();
      return state.finding;
    },
    openReauthTask: openReauthTask(db, TABLE, () => state.now),
    listApprovers: async () => [OLIVIA, SAM],
    readTold: readTold(db, TABLE),
    putTold: putTold(db, TABLE),
    sendMail: async (to, mail) => {
      if (state.sesFails.has(to)) throw new Error('the mail service is away');
      state.mails.push({ to, mail });
      return 'sent';
    },
    count: () => undefined,
    log: (line) => void state.logs.push(line),
    publicUrl: 'https://autopack.example.test/',
    stage: 'dev',
  });
  const check = (more: Partial<CheckCredentialsDeps> = {}, event?: CheckEvent) =>
    checkCredentials({ ...deps(), ...more }, event);
  const conditionNow = () => readCondition(db, TABLE)(project, grant);
  const tasks = async () =>
    (await listOpenReauthTasks(db, TABLE)()).filter((task) => task.project === project);
  return { project, grant, state, check, conditionNow, tasks };
};

describe('the hourly look at each credential', () => {
  test('writes down what it found, and counts for the alarms', async () => {
    const d = await desk();
    expect(await d.check()).toEqual({ checked: 1, left: 0, failed: 0, mails: 0 });
    expect(await d.conditionNow()).toMatchObject({
      version: 1,
      status: 'PRESENT',
      detail: null,
      providerAccount: 'PA1',
      lastValidatedAt: timestamp(T0),
      checkedAt: timestamp(T0),
    });
    expect(d.state.logs.at(-1)).toMatchObject({
      UnhealthyCredentials: 0,
      UnknownCredentials: 0,
      OverdueCredentials: 0,
      Stage: 'dev',
    });
  });

  test.each<[string, (d: Awaited<ReturnType<typeof desk>>) => void, string, string | undefined]>([
    ['a refused key', ({ state }) => (state.finding = { kind: 'refused' }), 'INVALID', 'refused'],
    ['no secret', ({ state }) => (state.value = undefined), 'MISSING', 'secret-missing'],
    ['a secret that is no JSON', ({ state }) => (state.value = CANARY), 'INVALID', 'refused'],
    [
      'another account than before',
      ({ state }) => (state.finding = { kind: 'works', account: 'PA2' }),
      'PRESENT',
      'wrong-environment',
    ],
    [
      'a secret that may not be read: nothing is known',
      ({ state }) => (state.value = Object.assign(new Error(CANARY), { name: 'AccessDeniedException' })),
      'PRESENT',
      undefined,
    ],
    [
      'a provider that is busy',
      ({ state }) => (state.finding = { kind: 'cannot-tell' }),
      'PRESENT',
      undefined,
    ],
  ])(
    '%s: its status follows, and a person is asked where one is needed',
    async (_, break_, status, reason) => {
      const d = await desk();
      await d.check();
      d.state.now += HOUR;
      break_(d);
      await d.check();
      expect((await d.conditionNow())?.status).toBe(status);
      expect((await d.tasks()).map((task) => task.reason)).toEqual(reason === undefined ? [] : [reason]);
      expect(d.state.logs.at(-1)).toMatchObject({ UnhealthyCredentials: reason === undefined ? 0 : 1 });
      d.state.now += HOUR;
      await d.check();
      expect(await d.tasks()).toHaveLength(reason === undefined ? 0 : 1);
    },
  );

  test('two runs at once look and write once, and a run right after leaves it alone', async () => {
    const d = await desk();
    const results = await Promise.all([d.check(), d.check()]);
    expect(results.map(({ checked }) => checked).toSorted()).toEqual([0, 1]);
    expect((await d.conditionNow())?.version).toBe(1);
    d.state.now += 29 * 60_000;
    expect(await d.check()).toMatchObject({ checked: 0, left: 1 });
    d.state.now += 60_000;
    expect(await d.check()).toMatchObject({ checked: 1 });
  });

  test('whoever renewed it while it was looked at is right, and the look counts for nothing', async () => {
    const d = await desk({}, { status: 'PRESENT', rotatedAt: timestamp(T0) });
    d.state.finding = { kind: 'refused' };
    d.state.pause = async () => {
      const before = await d.conditionNow();
      if (before !== undefined)
        await putCondition(tables.db, TABLE)(before, {
          ...before,
          version: before.version + 1,
          rotationCount: 1,
        });
    };
    expect(await d.check()).toMatchObject({ left: 1 });
    expect(await d.conditionNow()).toMatchObject({ status: 'PRESENT', rotationCount: 1 });
  });

  test('one that cannot be written down stops no other and is tried again', async () => {
    const d = await desk();
    const other = aCredential({ project: d.project, account: 'second', createdAt: timestamp(T0) });
    await putCredential(tables.db, TABLE)(other);
    const put = putCondition(tables.db, TABLE);
    const result = await d.check({
      putCondition: async (from, to) =>
        to.account === 'second' ? put(from, to) : Promise.reject(new Error(CANARY)),
    });
    expect(result).toMatchObject({ checked: 1, failed: 1 });
    expect(JSON.stringify(d.state.logs)).not.toContain(CANARY);
    expect(await d.check()).toMatchObject({ checked: 1, left: 1 });
  });

  test('a retired one is left alone', async () => {
    const d = await desk({ retired: true });
    expect(await d.check()).toEqual({ checked: 0, left: 0, failed: 0, mails: 0 });
    expect(await d.conditionNow()).toBeUndefined();
  });
});

describe('one warning for each threshold, to each operator (CRE-17)', () => {
  const CROSSINGS = [68, 81, 90, 135];

  test('two racing runs every hour, over half a year: each threshold once', async () => {
    const d = await desk();
    const told: string[] = [];
    // Around every threshold hour by hour, else day by day.
    for (
      let ms = 0;
      ms <= 180 * DAY;
      ms += CROSSINGS.some((day) => Math.abs(ms - day * DAY) < 3 * HOUR) ? HOUR : DAY
    ) {
      d.state.now = T0 + ms;
      d.state.mails.length = 0;
      await Promise.all([d.check(), d.check()]);
      for (const { to, mail } of d.state.mails) told.push(`${Math.floor(ms / DAY)} ${to} ${mail.subject}`);
    }
    expect(told.map((line) => line.split(' ').slice(0, 2).join(' ')).toSorted()).toEqual(
      CROSSINGS.flatMap((day) => [OLIVIA, SAM].map(({ email }) => `${day} ${email}`)).toSorted(),
    );
    expect(told.find((line) => line.startsWith('90'))).toMatch(/90 days old/);
    expect(told.find((line) => line.startsWith('135'))).toMatch(/is blocked until it is rotated/);
  });

  test('whom the mail did not reach is told by the next run, and nobody twice', async () => {
    const d = await desk({ createdAt: timestamp(T0 - 70 * DAY) });
    d.state.sesFails.add(SAM.email);
    expect(await d.check()).toMatchObject({ failed: 1 });
    expect(d.state.mails.map(({ to }) => to)).toEqual([OLIVIA.email]);
    d.state.sesFails.clear();
    d.state.now += HOUR;
    await d.check();
    expect(d.state.mails.map(({ to }) => to)).toEqual([OLIVIA.email, SAM.email]);
    d.state.now += HOUR;
    await d.check();
    expect(d.state.mails).toHaveLength(2);
  });

  test('looks that somebody asks for in between, many at once, tell nobody twice and put nothing off', async () => {
    const d = await desk({ createdAt: timestamp(T0 - 70 * DAY) });
    const forced = { now: true };
    await Promise.all([d.check({}, forced), d.check(), d.check({}, forced)]);
    await Promise.all([d.check({}, forced), d.check({}, forced)]);
    expect(d.state.mails.map(({ to }) => to).toSorted()).toEqual([OLIVIA.email, SAM.email].toSorted());
    d.state.finding = { kind: 'refused' };
    d.state.now += 25 * 60_000;
    await d.check({}, forced);
    expect((await d.conditionNow())?.status).toBe('INVALID');
    d.state.now += 5 * 60_000;
    expect(await d.check()).toMatchObject({ checked: 1 });
    expect(d.state.mails).toHaveLength(2);
  });

  test('a crash after the threshold was written down loses no warning', async () => {
    const d = await desk({ createdAt: timestamp(T0 - 70 * DAY) });
    await d.check({ listApprovers: () => Promise.reject(new Error('crashed here')) });
    expect([(await d.conditionNow())?.warnedAtDays, d.state.mails.length]).toEqual([68, 0]);
    d.state.now += HOUR;
    await d.check();
    expect(d.state.mails).toHaveLength(2);
  });
});

const request = (
  path: string,
  principal: Principal | null,
  params: Record<string, string> = {},
): HttpRequest =>
  ({
    method: 'GET',
    path,
    params,
    query: {},
    headers: {},
    cookies: {},
    body: undefined,
    principal,
    requestId: 'r-1',
    sourceIp: '127.0.0.1',
  }) as unknown as HttpRequest;
const person = (projects: readonly string[], roles: readonly ('operator' | 'viewer')[]) =>
  ({
    kind: 'person',
    subject: 'person:olivia@example.test',
    email: 'olivia@example.test',
    name: 'Olivia',
    projects,
    roles,
    authTimeMs: T0,
  }) as const;

describe('what operators read of it (CRE-10, CRE-13, CRE-16)', () => {
  const deps = (now: number) => ({
    listStandings: listStandings(tables.db, TABLE),
    useKeyring: async <T>(run: (ring: Keyring) => T) => run(ring),
    randomBytes: (count: number) => new Uint8Array(count),
    log: () => undefined,
    now: () => now,
  });

  test('of their own projects only, the worst first, in the schema of the API', async () => {
    const [good, bad] = [await desk(), await desk()];
    await good.check();
    bad.state.finding = { kind: 'refused' };
    await bad.check();
    const who = person([good.project, bad.project], ['operator']);
    const reply = await readCredentials(request('/credentials/health', who), deps(T0));
    const health = CredentialHealthView.parse(reply.json);
    expect([health.status, health.inService, health.unhealthy]).toEqual(['INVALID', 2, 1]);
    expect(health.credentials.map(({ project, status }) => [project, status])).toEqual([
      [bad.project, 'INVALID'],
      [good.project, 'PRESENT'],
    ]);
    const list = await readCredentials(
      request(`/projects/${good.project}/credentials`, who, { project: good.project }),
      deps(T0),
    );
    expect(CredentialListView.parse(list.json).credentials).toHaveLength(1);
  });

  test('a viewer reads none, and another project does not exist (CRE-19)', async () => {
    const d = await desk();
    const ask = (who: Principal, project = d.project) =>
      readCredentials(request(`/projects/${project}/credentials`, who, { project }), deps(T0));
    await expect(ask(person([d.project], ['viewer']))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(ask(person(['elsewhere'], ['operator']))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(ask({ kind: 'public', subject: 'system:public' })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    const page = async (roles: readonly ('operator' | 'viewer')[]) =>
      showCredentials(request('/credentials', null), {
        ...deps(T0),
        signedIn: async () => ({ principal: person([d.project], roles), csrf: 'c' }) as never,
      });
    expect((await page(['viewer'])).status).toBe(403);
    expect((await page(['operator'])).html).toContain('paper-demo');
    const out = await showCredentials(request('/credentials', null), {
      ...deps(T0),
      signedIn: async () => null,
    });
    expect(out.html).not.toContain('paper-demo');
  });

  test('no value and no part of one is in rows, answers, pages, mails, tasks or logs', async () => {
    const d = await desk({ createdAt: timestamp(T0 - 140 * DAY), account: '<b>&"paper' });
    await d.check();
    d.state.now += HOUR;
    d.state.finding = { kind: 'refused' };
    await d.check();
    const who = person([d.project], ['operator']);
    const health = await readCredentials(request('/credentials/health', who), deps(d.state.now));
    const page = await showCredentials(request('/credentials', null), {
      ...deps(d.state.now),
      signedIn: async () => ({ principal: who, csrf: 'c' }) as never,
    });
    const everything = JSON.stringify([
      health.json,
      page.html,
      d.state.mails,
      d.state.logs,
      await d.tasks(),
      await d.conditionNow(),
    ]);
    expect(d.state.mails.length).toBeGreaterThan(0);
    expect(d.state.asked).toBe(2);
    for (let length = 8; length <= CANARY.length; length += 1)
      expect(everything).not.toContain(CANARY.slice(0, length));
    expect(page.html).not.toContain('<b>&"');
    expect(page.html).toContain('Hand in a new value and rotate.');
  });
});
