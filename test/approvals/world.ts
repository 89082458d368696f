import { createHash } from 'node:crypto';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { closeApproval } from '#functions/approvals/close-approval.ts';
import { decideOnPage, decideOverHttp } from '#functions/approvals/decide-approval.ts';
import { readApprovals } from '#functions/approvals/read-approvals.ts';
import { requestApproval } from '#functions/approvals/request-approval.ts';
import { showPages } from '#functions/approvals/show-pages.ts';
import type { Action } from '#shared/actions/action.ts';
import type { CredentialRef, DryRun } from '#shared/actions/dry-run.ts';
import { actionPk } from '#shared/actions/identity.ts';
import type { ApplyChange } from '#shared/actions/ledger.ts';
import type { Approval } from '#shared/approvals/approval.ts';
import { deliverCallback } from '#shared/approvals/deliver-callback.ts';
import { mailApprovers } from '#shared/approvals/mail-approvers.ts';
import type { Mail } from '#shared/approvals/mail.ts';
import { type Credential, credentialPk } from '#shared/credentials/credential.ts';
import type { ReauthTask } from '#shared/credentials/reauth.ts';
import { mayApprove } from '#shared/governance/decide.ts';
import { askPolicies } from '#shared/governance/policies-gate.ts';
import { evaluateGates } from '#shared/governance/gates.ts';
import { useKeyring } from '#shared/credentials/use-keyring.aws.ts';
import { type HttpApiResult, httpHandler } from '#shared/operators/http-edge.ts';
import type { PersonRow, Principal } from '#shared/operators/principal.ts';
import {
  newSession,
  SESSION_COOKIE,
  type Session,
  sessionDigest,
  sessionPrincipal,
} from '#shared/operators/sessions.ts';
import { ADA, actionRow, dryRun, ELSE, NOW, OLIVIA, PROJECT, SAM } from './fixtures.ts';
import { memoryStore } from '../policies/memory-store.ts';
import { memoryApprovals } from './memory-approvals.ts';

export interface Call {
  readonly method?: string;
  readonly body?: string;
  readonly type?: string;
  readonly cookies?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly principal?: Principal;
  readonly sourceIp?: string;
}

/** Approvals with everything around them in memory, a clock that is set by hand, and the real HTTP edge. */
export const world = () => {
  const state = {
    now: NOW,
    serial: 0,
    people: [OLIVIA, SAM, ADA, ELSE] as PersonRow[],
    dryRun: dryRun() as DryRun | undefined,
    sesFails: new Set<string>(),
    sesRefuses: new Set<string>(),
    waitFails: false,
    /** Ids of the policy sources that the action requires. */
    requiredSources: [] as string[],
    reauthTasks: [] as ReauthTask[],
    credentials: [] as Credential[],
    /** The keyring secret's value, and how often it was read. */
    keyring: JSON.stringify({ v: 0, seed: 'made-up-'.repeat(8) }),
    keyringReads: 0,
    keyringFails: false,
  };
  const policies = memoryStore();
  const store = memoryApprovals();
  const ledger = new Map<string, Action>([[actionPk(actionRow()), actionRow()]]);
  const mails: { readonly to: string; readonly mail: Mail }[] = [];
  const told: { readonly token: string; readonly decision: string }[] = [];
  const failed: { readonly token: string; readonly error: string; readonly cause: string }[] = [];
  const logs: Readonly<Record<string, unknown>>[] = [];
  const counters = new Map<string, number>();
  const sessions = new Map<string, Session>();

  const now = (): number => state.now;
  const newId = (): string => `id-${(state.serial += 1)}`;
  const randomBytes = (count: number): Uint8Array =>
    createHash('sha512')
      .update(`random ${(state.serial += 1)}`)
      .digest()
      .subarray(0, count);
  const apply: ApplyChange = async ({ from, to }) => {
    const current = ledger.get(actionPk(from)) as Action;
    if (current.status !== from.status || current.version !== from.version)
      return { kind: 'refused', current };
    ledger.set(actionPk(to), to);
    return { kind: 'applied', action: to };
  };
  const tools = {
    ...store,
    now,
    newId,
    randomBytes,
    mayApprove,
    stageIsProduction: false,
    readDryRun: async () => state.dryRun,
    readProjectConfig: async () => PROJECT,
    log: (line: Readonly<Record<string, unknown>>) => void logs.push(line),
    count: (metric: string) => void logs.push({ metric }),
    read: async (id: { project: string; key: string }) => ledger.get(actionPk(id)),
    apply,
    encryptToken: async (pk: string, token: string) =>
      Buffer.from(`${pk}|${token}|${newId()}`).toString('base64'),
    decryptToken: async (pk: string, cipher: string) => {
      const [context, token = ''] = Buffer.from(cipher, 'base64').toString('utf8').split('|');
      if (context !== pk) throw new Error('wrong encryption context');
      return token;
    },
    tellWait: async (token: string, { decision }: { decision: string }) => {
      if (state.waitFails) throw new Error('states does not answer');
      told.push({ token, decision });
      return 'told' as const;
    },
    failWait: async (token: string, error: string, cause: string) =>
      void failed.push({ token, error, cause }),
    nameOf: async (subject: string) => (subject.startsWith('client:') ? 'demo-agent' : undefined),
    listApprovers: async (project: string) =>
      state.people.filter(
        (row) => row.active && row.roles.includes('operator') && row.projects.includes(project),
      ),
    readPerson: async (email: string) => state.people.find((row) => row.email === email.toLowerCase()),
    countUp: async (key: string, most: number) => {
      const count = counters.get(key) ?? 0;
      if (count >= most) return 'over' as const;
      counters.set(key, count + 1);
      return 'counted' as const;
    },
  };
  const signedIn = sessionPrincipal({
    readSession: async (digest) => sessions.get(digest),
    readPerson: tools.readPerson,
    touchSession: async (digest, lastSeenAt) => {
      const session = sessions.get(digest);
      if (session !== undefined) sessions.set(digest, { ...session, lastSeenAt });
    },
  });
  const deps = {
    ...tools,
    signedIn,
    decideAction: evaluateGates,
    askPolicies: askPolicies(
      async (ids) => {
        const states = await policies.readStates(ids);
        const records = await policies.listSources();
        return new Map(
          ids.map((id) => [
            id,
            {
              kind: 'read' as const,
              record: records.find(({ source }) => source.id === id),
              state: states.get(id),
            },
          ]),
        );
      },
      () => state.requiredSources,
      now,
    ),
    listSources: policies.listSources,
    readStates: policies.readStates,
    listReauthTasks: async () => state.reauthTasks,
    useKeyring: useKeyring(
      {
        send: async () => {
          state.keyringReads += 1;
          if (state.keyringFails) throw new Error('throttled');
          return { SecretString: state.keyring };
        },
      } as unknown as SecretsManagerClient,
      'keyring',
      now,
    ),
    readCredential: async (project: string, ref: CredentialRef) =>
      state.credentials.find((one) => credentialPk(one.project, one) === credentialPk(project, ref)),
    deliverCallback: (which: string | Approval) => deliverCallback(which, tools),
    mailApprovers: mailApprovers({
      ...tools,
      publicUrl: 'https://autopack.example.test/',
      sendMail: async (to: string, mail: Mail) => {
        if (state.sesFails.has(to)) throw new Error('throttled');
        if (state.sesRefuses.has(to)) return 'refused';
        mails.push({ to, mail });
        return 'sent';
      },
    }),
  };

  const pages = httpHandler((request) => showPages(request, deps), { page: true });
  const decide = httpHandler((request) => decideOnPage(request, deps), { page: true });
  const decideApi = httpHandler((request) => decideOverHttp(request, deps));
  const readApi = httpHandler((request) => readApprovals(request, deps));

  const http = async (path: string, call: Call = {}): Promise<HttpApiResult> => {
    const method = call.method ?? 'GET';
    const { pathname, search } = new URL(path, 'https://autopack.example.test');
    const [, first = '', second] = pathname.split('/');
    const param =
      first === 'a'
        ? { locator: second }
        : first === 'approvals' && second !== undefined
          ? { id: second }
          : {};
    const event = {
      rawPath: pathname,
      rawQueryString: search.slice(1),
      headers: {
        ...(call.body === undefined ? {} : { 'content-type': call.type ?? 'application/json' }),
        ...call.headers,
      },
      cookies: Object.entries(call.cookies ?? {}).map(([name, value]) => `${name}=${value}`),
      pathParameters: param,
      ...(call.body === undefined ? {} : { body: call.body }),
      requestContext: {
        requestId: 'request-1',
        http: { method, path: pathname, sourceIp: call.sourceIp ?? '198.51.100.7' },
        ...(call.principal === undefined
          ? {}
          : { authorizer: { lambda: { principal: JSON.stringify(call.principal) } } }),
      },
    };
    if (first === 'approvals') return method === 'POST' ? decideApi(event) : readApi(event);
    if (first === 'a' && method === 'POST') return decide(event);
    return pages(event);
  };

  return {
    state,
    store,
    policies,
    ledger,
    mails,
    told,
    failed,
    logs,
    counters,
    deps,
    http,
    row: () => ledger.get('demo#order-1') as Action,
    ask: (taskToken = 'token-1') =>
      requestApproval({ action: { project: 'demo', key: 'order-1' }, taskToken }, deps),
    close: () => closeApproval({ action: { project: 'demo', key: 'order-1' } }, deps),
    /** Cookies of a person who signed in now. */
    signIn: (row: PersonRow): Record<string, string> => {
      const token = Buffer.from(randomBytes(32)).toString('base64url');
      sessions.set(
        sessionDigest(token),
        newSession(
          {
            kind: 'person',
            email: row.email,
            issuerSubject: row.issuerSubject ?? '',
            inOperatorGroup: true,
            authTimeMs: state.now,
          },
          state.now,
        ),
      );
      return { [SESSION_COOKIE]: token };
    },
    /** Everything that a decision or a mail could change. */
    dump: () => JSON.stringify([store.dump(), [...ledger], mails.length, told, failed, [...counters]]),
  };
};

export type World = ReturnType<typeof world>;
