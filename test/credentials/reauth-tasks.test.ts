import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { tendReauthTasks } from '#functions/credentials/tend-reauth-tasks.ts';
import { timestamp } from '#shared/actions/identity.ts';
import type { Mail } from '#shared/approvals/mail.ts';
import { askForPerson } from '#shared/credentials/ask-for-person.ts';
import { putCondition, readStanding } from '#shared/credentials/conditions.aws.ts';
import type { CredentialCondition } from '#shared/credentials/condition.ts';
import type { Credential, CredentialLookup } from '#shared/credentials/credential.ts';
import { putCredential, readCredential } from '#shared/credentials/credentials.aws.ts';
import type { ReauthReason } from '#shared/credentials/reauth.ts';
import {
  claimReauthTask,
  closeReauthTask,
  listOpenReauthTasks,
  openReauthTask,
} from '#shared/credentials/reauth-tasks.aws.ts';
import { Secret } from '#shared/credentials/secret.ts';
import type { PersonRow } from '#shared/operators/principal.ts';
import { putTold, readTold } from '#shared/policies/told.aws.ts';
import { ELSE, OLIVIA, SAM } from '../approvals/fixtures.ts';
import { realTables } from '../support/real-tables.ts';
import { aCondition, aCredential } from './rows.ts';

let tables: Awaited<ReturnType<typeof realTables>>;
beforeAll(async () => {
  tables = await realTables({ credentials: [['byKind', 'rowKind', 'sortKey']] });
});
afterAll(() => tables.stop());

const TABLE = 'credentials';
const T0 = Date.parse('2026-11-21T10:00:00.000Z');
const HOUR = 3_600_000;

/** A desk of its own on the one table: an account that no other test has. */
let serial = 0;
const desk = async (over: Partial<Credential> = {}, condition?: Partial<CredentialCondition>) => {
  const { db } = tables;
  const account = `shop-${(serial += 1)}`;
  const grant = aCredential({
    provider: 'etsy',
    account,
    environment: 'PRODUCTION',
    kind: 'oauth',
    createdAt: timestamp(T0),
    ...over,
  });
  const ref = { provider: grant.provider, account, environment: grant.environment };
  await putCredential(db, TABLE)(grant);
  if (condition !== undefined)
    await putCondition(db, TABLE)(undefined, aCondition({ ...ref, rotatedAt: timestamp(T0), ...condition }));
  const state = {
    now: T0,
    lookup: { kind: 'usable', credential: grant, secret: new Secret({}) } as CredentialLookup,
    usable: false,
    people: [OLIVIA, SAM, ELSE] as PersonRow[],
    mails: [] as { readonly to: string; readonly mail: Mail }[],
    sesFails: new Set<string>(),
    sesRefuses: new Set<string>(),
    notedFails: false,
    counted: [] as string[],
    logs: [] as Readonly<Record<string, unknown>>[],
  };
  const now = () => state.now;
  const mine = async () =>
    (await listOpenReauthTasks(db, TABLE)()).filter((task) => task.account === account);
  const open = openReauthTask(db, TABLE, now);
  const close = closeReauthTask(db, TABLE, now);
  const ask = askForPerson({
    now,
    readStanding: readStanding(db, TABLE),
    resolveCredential: async () => state.lookup,
    openReauthTask: open,
  });
  return {
    grant,
    ref,
    state,
    mine,
    open: (connectionVersion: number, reason: ReauthReason = 'invalid-grant') =>
      open({ project: 'demo', credential: ref, connectionVersion, reason }),
    close: (connectionVersion: number) => close({ project: 'demo', credential: ref, connectionVersion }),
    ask: () => ask('demo', ref, false),
    tend: () =>
      tendReauthTasks({
        now,
        listOpen: mine,
        readCredential: readCredential(db, TABLE),
        credentialIsUsable: async () => state.usable,
        claim: claimReauthTask(db, TABLE),
        close,
        listApprovers: async (project) => state.people.filter(({ projects }) => projects.includes(project)),
        readTold: readTold(db, TABLE),
        putTold: async (row) => {
          if (state.notedFails) throw new Error('no table');
          await putTold(db, TABLE)(row);
        },
        sendMail: async (to, mail) => {
          if (state.sesFails.has(to)) throw new Error('throttled');
          if (state.sesRefuses.has(to)) return 'refused';
          state.mails.push({ to, mail });
          return 'sent';
        },
        count: (metric) => void state.counted.push(metric),
        log: (line) => void state.logs.push(line),
        publicUrl: 'https://autopack.example.test/',
        stage: 'dev',
      }),
    to: () => state.mails.map((mail) => mail.to).toSorted(),
  };
};
type Desk = Awaited<ReturnType<typeof desk>>;
let at: Desk;

describe('the task of connecting an account again', () => {
  beforeEach(async () => {
    at = await desk({}, { status: 'NEEDS_REAUTH', connectionVersion: 3 });
  });

  test('is one, whoever finds the death and how often: fifty at once (OAU-03)', async () => {
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? at.ask() : at.open(3, 'exhausted'))),
    );
    expect(await at.mine()).toHaveLength(1);
    const [first] = await at.mine();
    at.state.now += HOUR;
    await at.ask();
    expect(await at.mine()).toEqual([first]);
    expect(first).toMatchObject({ connectionVersion: 3, status: 'OPEN', openedAt: timestamp(T0) });
  });

  test('of the next death is another one', async () => {
    await at.ask();
    await at.close(3);
    expect(await at.mine()).toEqual([]);
    await at.open(4);
    expect((await at.mine()).map(({ connectionVersion }) => connectionVersion)).toEqual([4]);
  });

  test('closed while others open it ends closed or open, never twice', async () => {
    await at.open(3);
    await Promise.all([at.close(3), at.open(3), at.close(3), at.open(3)]);
    expect((await at.mine()).length).toBeLessThanOrEqual(1);
    await at.close(3);
    await at.close(3);
    expect(await at.mine()).toEqual([]);
  });

  test('that was never opened is closed by nothing and made by no closing', async () => {
    await at.close(9);
    expect(await at.mine()).toEqual([]);
  });
});

describe('an action that has to wait', () => {
  test.each([
    [{ status: 'NEEDS_REAUTH' }, 'oauth', 'invalid-grant'],
    [{ status: 'MISSING' }, 'oauth', 'not-connected'],
    [{ status: 'MISSING' }, 'operator-staged', 'secret-missing'],
    [{ status: 'INVALID' }, 'operator-staged', 'refused'],
    [{ status: 'EXPIRED' }, 'operator-staged', 'refused'],
    [{ detail: 'insufficient-scope' }, 'oauth', 'insufficient-scope'],
    [{ detail: 'wrong-environment' }, 'operator-staged', 'wrong-environment'],
    [{ refreshExpiresAt: timestamp(T0 + 1000) }, 'oauth', 'ends-soon'],
    [{ accessExpiresAt: timestamp(T0 + 1000) }, 'operator-staged', 'ends-soon'],
    [{ rotatedAt: timestamp(T0 - 800 * 86_400_000) }, 'operator-staged', 'overdue'],
  ] as const)('for %j of %s asks for a person: %s', async (condition, kind, reason) => {
    const createdAt = 'rotatedAt' in condition ? condition.rotatedAt : timestamp(T0);
    const here = await desk({ kind, createdAt }, condition);
    expect(await here.ask()).toBe('asked');
    expect(await here.mine()).toMatchObject([{ reason, connectionVersion: 1 }]);
  });

  test.each([
    ['CREDENTIAL_MISSING', 'oauth', 'not-connected'],
    ['CREDENTIAL_MISSING', 'operator-staged', 'secret-missing'],
    ['CREDENTIAL_UNREADABLE', 'operator-staged', 'secret-unreadable'],
    ['CREDENTIAL_NOT_FOR_HOST', 'operator-staged', 'wrong-host'],
  ] as const)('for a secret that is %s of %s asks for a person: %s', async (code, kind, reason) => {
    const here = await desk({ kind });
    here.state.lookup = { kind: 'unusable', code, detail: '' };
    expect(await here.ask()).toBe('asked');
    expect(await here.mine()).toMatchObject([{ reason }]);
  });

  test('for access that is renewed by a machine asks nobody', async () => {
    const here = await desk({}, { status: 'EXPIRED', detail: 'expired-refreshable' });
    expect(await here.ask()).toBe('heals-by-itself');
    const late = await desk();
    late.state.lookup = { kind: 'unusable', code: 'CREDENTIAL_EXPIRED', detail: '' };
    expect(await late.ask()).toBe('heals-by-itself');
    expect([...(await here.mine()), ...(await late.mine())]).toEqual([]);
  });

  test('for what works by now asks nobody', async () => {
    const here = await desk({}, {});
    expect(await here.ask()).toBe('usable');
    expect(await here.mine()).toEqual([]);
  });
});

describe('every minute', () => {
  beforeEach(async () => {
    at = await desk({}, { status: 'NEEDS_REAUTH' });
    await at.ask();
  });

  test('the operators of the project are told, once each, and nobody else', async () => {
    for (let minute = 0; minute < 3; minute += 1) await at.tend();
    expect(at.to()).toEqual(['olivia@example.test', 'sam@example.test']);
    const [first] = at.state.mails;
    expect(first?.mail.subject).toBe(`Connect etsy ${at.ref.account} (production) again (demo)`);
    expect(first?.mail.text).toContain('https://autopack.example.test/inbox');
    expect(first?.mail.text).not.toContain('/credentials/connect');
    expect(at.state.logs.at(-1)).toMatchObject({ OpenReauthTasks: 1, OldestReauthSeconds: 0, Stage: 'dev' });
  });

  test('five runs at once tell everybody once, and a later one nobody', async () => {
    await Promise.all(Array.from({ length: 5 }, () => at.tend()));
    at.state.now += HOUR;
    await at.tend();
    expect(at.to()).toEqual(['olivia@example.test', 'sam@example.test']);
  });

  test('who could not be told is told by the next run; the others are not told again', async () => {
    at.state.sesFails.add('olivia@example.test');
    expect(await at.tend()).toMatchObject({ open: 1, mails: 0, failed: 1 });
    expect(at.to()).toEqual(['sam@example.test']);
    at.state.sesFails.clear();
    at.state.now += 2 * 60_000;
    await at.tend();
    expect(at.to()).toEqual(['olivia@example.test', 'sam@example.test']);
  });

  test('a mail that is refused for good is counted and not tried again', async () => {
    at.state.sesRefuses.add('sam@example.test');
    await at.tend();
    await at.tend();
    expect(at.to()).toEqual(['olivia@example.test']);
    expect(at.state.counted).toEqual(['MailRefused']);
  });

  test('a mail that could not be noted is sent again rather than lost', async () => {
    at.state.notedFails = true;
    await at.tend();
    at.state.notedFails = false;
    at.state.now += 2 * 60_000;
    await at.tend();
    expect(new Set(at.to())).toEqual(new Set(['olivia@example.test', 'sam@example.test']));
    const sent = at.state.mails.length;
    await at.tend();
    expect(at.state.mails.length).toBe(sent);
  });

  test('what works again is closed, by whatever way it healed, and nobody is told', async () => {
    at.state.usable = true;
    expect(await at.tend()).toMatchObject({ open: 0, closed: 1, mails: 0 });
    expect(await at.mine()).toEqual([]);
    expect(at.state.mails).toEqual([]);
  });

  test('what dies again after it was closed is told again', async () => {
    await at.tend();
    at.state.usable = true;
    await at.tend();
    at.state.usable = false;
    at.state.now += HOUR;
    await at.ask();
    await at.tend();
    expect(at.state.mails).toHaveLength(4);
  });

  test('what nobody may use any more is closed', async () => {
    const { db } = tables;
    await putCredential(db, TABLE)({ ...at.grant, retired: true }, at.grant);
    expect(await at.tend()).toMatchObject({ closed: 1, mails: 0 });
  });

  test('the mail of a key says how to hand in a new one', async () => {
    const here = await desk(
      { provider: 'alpaca', kind: 'operator-staged', environment: 'PAPER' },
      { status: 'INVALID' },
    );
    await here.ask();
    await here.tend();
    expect(here.state.mails[0]?.mail.text).toContain(
      `npx autopack credentials stage alpaca/${here.ref.account}/PAPER FILE --project demo`,
    );
  });

  test.each<[string, Partial<CredentialCondition>, RegExp]>([
    [
      'that is refused, says where one that works goes',
      { status: 'INVALID' },
      /put it into Secrets Manager, as /,
    ],
    [
      'that is too old, says how it is rotated',
      { rotatedAt: timestamp(T0 - 800 * 86_400_000) },
      /credentials rotate http\//,
    ],
  ])('the mail of a key that its API renews, %s, and asks for no value', async (_what, condition, words) => {
    const here = await desk(
      {
        provider: 'http',
        kind: 'api-key',
        environment: 'PAPER',
        createdAt: timestamp(T0 - 800 * 86_400_000),
        renewal: {
          url: 'https://api.example.test/keys',
          tokenField: 'token',
          probeUrl: 'https://api.example.test/me',
        },
      },
      condition,
    );
    await here.ask();
    await here.tend();
    expect(here.state.mails[0]?.mail.text).toMatch(words);
    expect(here.state.mails[0]?.mail.text).not.toContain('credentials stage');
  });
});
