import type { CredentialCondition } from '#shared/credentials/condition.ts';
import type { Connection } from '#shared/credentials/oauth/connection.ts';
import type { Exchange } from '#shared/credentials/oauth/exchange.ts';
import type { Lease } from '#shared/credentials/oauth/lease.ts';
import type { OAuthProvider } from '#shared/credentials/oauth/providers.ts';
import { refreshCredential, type RefreshDeps } from '#shared/credentials/oauth/refresh-credential.ts';
import { connectCredential, type ConnectDeps } from '#shared/credentials/oauth/connect-credential.ts';
import { endpointsOf } from '#shared/credentials/oauth/endpoints.ts';
import { aCredential } from '../rows.ts';
import { providerModel } from './provider-model.ts';

/** The process dies: nothing after this call runs, and nobody catches it. */
export class Crash extends Error {}
/** The call was made and its answer did not arrive. */
class LostReply extends Error {}

export type Fault = 'before' | 'after' | 'lost-reply';

const GRANTS = {
  never: 'youtube',
  'single-use': 'etsy',
  grace: 'shopify',
  'client-credentials': 'shopify',
} as const;
/** What a refresh does to the refresh token, or that there is none. */
export type Rule = OAuthProvider['rotation'] | 'client-credentials';
export const RULES = Object.keys(GRANTS) as readonly Rule[];
export const CONNECTABLE = RULES.filter((rule) => rule !== 'client-credentials');

interface Stored {
  readonly connection: Connection;
  readonly createdAt: number;
}

/**
 * Rows, a secret with stages, a provider and a clock that only pauses and the test move. Every call of a port has a
 * number; a fault hits the call with its number. Reads of the secret can lag behind its writes.
 */
export const world = (rule: Rule, lagReads = 0) => {
  const isMinted = rule === 'client-credentials';
  let now = Date.parse('2026-11-21T10:00:00.000Z');
  let ids = 0;
  const grant = aCredential({
    provider: GRANTS[rule],
    account: 'shop-one',
    environment: 'PRODUCTION',
    kind: isMinted ? 'client-credentials' : 'oauth',
    secretId: 'autopack/dev/connection',
    scopes: [],
  });
  const provider = providerModel(isMinted ? 'never' : rule, () => now);
  const rows: { lease?: Lease; exchange?: Exchange; condition?: CredentialCondition } = {};
  const versions = new Map<string, Stored>([
    [
      'version-0',
      {
        connection: {
          clientId: 'client',
          clientSecret: 'quiet',
          ...(isMinted ? {} : { refreshToken: 'refresh-0' }),
        },
        createdAt: now,
      },
    ],
  ]);
  let current = 'version-0';
  let stale = { current, known: new Set(versions.keys()), left: 0 };
  const touched = (): void => {
    stale = { ...stale, left: lagReads };
  };
  const settle = (): void => {
    stale = { current, known: new Set(versions.keys()), left: 0 };
  };
  const view = () => {
    if (stale.left === 0) settle();
    else stale.left -= 1;
    return stale;
  };
  const tasks = new Map<string, string>();
  const calls: string[] = [];
  const faults = new Map<number, Fault>();
  /** Answers with tokens that the provider gave and nobody kept: lost on the way, or with the process. */
  const lostAnswers: string[] = [];

  const process_ = () => {
    let dead = false;
    const port =
      <Args extends unknown[], Result>(name: string, run: (...args: Args) => Result) =>
      async (...args: Args): Promise<Result> => {
        // Other processes get their turn at every call.
        await Promise.resolve();
        if (dead) throw new Crash(name);
        calls.push(name);
        const fault = faults.get(calls.length);
        if (fault === 'before') {
          // The answer was in this process alone, and dies with it: no order of calls can help that.
          if (name === 'putPending') lostAnswers.push(name);
          dead = true;
          throw new Crash(name);
        }
        const result = run(...args);
        if (fault === undefined) return result;
        if (name === 'askTokens' && (result as { kind: string }).kind === 'tokens') lostAnswers.push(name);
        if (fault === 'after') {
          dead = true;
          throw new Crash(name);
        }
        if (name === 'askTokens')
          return { kind: 'ambiguous', code: 'SEND_TIMEOUT', retryAfterMs: null } as Result;
        throw new LostReply(name);
      };
    const deps: ConnectDeps = {
      now: () => now,
      newId: () => `id-${(ids += 1)}`,
      pause: async (ms) => {
        now += ms;
        await Promise.resolve();
      },
      readLease: port('readLease', () => rows.lease),
      putLease: port('putLease', (_project, _ref, from, to) => {
        if (rows.lease?.fence !== from?.fence || rows.lease?.until !== from?.until) return 'refused';
        rows.lease = to;
        return 'stored';
      }),
      readExchange: port('readExchange', () => rows.exchange),
      putExchange: port('putExchange', (from, to) => {
        if (rows.exchange?.version !== from?.version) return 'refused';
        if ((rows.exchange?.fence ?? 0) > to.fence) return 'refused';
        rows.exchange = to;
        return 'stored';
      }),
      readCondition: port('readCondition', () => rows.condition),
      putCondition: port('putCondition', (from, to) => {
        if (rows.condition?.version !== from?.version) return 'refused';
        rows.condition = to;
        return 'stored';
      }),
      readCurrent: port('readCurrent', () => {
        const versionId = view().current;
        const found = versions.get(versionId);
        return found === undefined ? undefined : { versionId, ...found };
      }),
      readVersion: port('readVersion', (_secretId, versionId) => {
        const found = view().known.has(versionId) ? versions.get(versionId) : undefined;
        return found === undefined ? undefined : { versionId, ...found };
      }),
      putPending: port('putPending', (_secretId, versionId, connection) => {
        const known = versions.get(versionId);
        if (known !== undefined)
          return JSON.stringify(known.connection) === JSON.stringify(connection) ? 'stored' : 'taken';
        touched();
        versions.set(versionId, { connection, createdAt: now });
        return 'stored';
      }),
      moveCurrent: port('moveCurrent', (_secretId, to, from) => {
        if (current !== from) return 'refused';
        touched();
        current = to;
        return 'moved';
      }),
      openReauthTask: port('openReauthTask', ({ connectionVersion, reason }) => {
        const id = `reauth#${connectionVersion}`;
        if (!tasks.has(id)) tasks.set(id, reason);
      }),
      closeReauthTask: port('closeReauthTask', ({ connectionVersion }) => {
        tasks.delete(`reauth#${connectionVersion}`);
      }),
      askTokens: port('askTokens', (_grant, client, token) => {
        if (client.clientSecret !== 'quiet') return { kind: 'refused', code: 'invalid_client' } as const;
        if (token.kind === 'refresh') return provider.exchange(token.refreshToken);
        return token.kind === 'code' ? provider.consent() : provider.mint();
      }),
      askAccount: port('askAccount', () => 'account-1'),
    };
    return deps;
  };

  return {
    grant,
    provider,
    rows,
    versions,
    tasks,
    calls,
    faults,
    lostAnswers,
    process: process_,
    now: () => now,
    later(ms: number): void {
      now += ms;
      settle();
    },
    current: (): Connection => (versions.get(current) as Stored).connection,
    /** An operator puts another version there. */
    stage(change: Partial<Connection>): void {
      now += 1000;
      const id = `staged-${(ids += 1)}`;
      versions.set(id, {
        connection: { ...(versions.get(current) as Stored).connection, ...change },
        createdAt: now,
      });
      current = id;
      settle();
    },
    /** A person consents and comes back with a code; a crash or a lost reply ends it as it ends a Lambda. */
    async connect(deps: ConnectDeps = process_()): Promise<string> {
      const endpoints = endpointsOf(grant, {});
      if (endpoints === undefined) throw new Error('no endpoints');
      const consent = {
        code: 'code',
        redirectUri: '',
        verifier: '',
        query: {},
        replace: false,
        by: 'person:olivia@example.test',
      };
      try {
        // Shopify signs its callback, which is none of this world's business.
        const signed = { ...endpoints, provider: { ...endpoints.provider, signsCallback: false } };
        return (await connectCredential(grant, signed, consent, deps)).kind;
      } catch (error) {
        if (error instanceof Crash) return 'crashed';
        if (error instanceof LostReply) return 'threw';
        if (error instanceof Error && /^(SECRET_READ_LAG|CONFLICT)/.test(error.message)) return 'threw';
        throw error;
      }
    },
    /** One run of the schedule; a crash or a lost reply ends it, as it ends a Lambda. */
    async run(deps: RefreshDeps = process_()): Promise<string> {
      try {
        return await refreshCredential(grant, deps);
      } catch (error) {
        if (error instanceof Crash) return 'crashed';
        if (error instanceof LostReply) return 'threw';
        if (error instanceof Error && /^(SECRET_READ_LAG|CONFLICT)/.test(error.message)) return 'threw';
        throw error;
      }
    },
  };
};

export type World = ReturnType<typeof world>;
