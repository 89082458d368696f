import { randomBytes, randomUUID } from 'node:crypto';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { DeleteCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { listenOnLoopback } from '#infra/local/loopback.ts';
import type { StandInProvider } from '#infra/local/oauth-stand-in/rules.ts';
import { createSecretsManager } from '#infra/local/secrets-manager/secrets-manager.ts';
import { putCondition, readCondition } from '#shared/credentials/conditions.aws.ts';
import { type Credential, credentialItem } from '#shared/credentials/credential.ts';
import { readCredential } from '#shared/credentials/credentials.aws.ts';
import { listCredentials } from '#shared/credentials/list-credentials.aws.ts';
import {
  moveCurrent,
  putPendingConnection,
  readConnectionVersion,
  readCurrentConnection,
} from '#shared/credentials/oauth/connection-secret.aws.ts';
import { putExchange, putLease, readExchange, readLease } from '#shared/credentials/oauth/exchanges.aws.ts';
import { askAccount, askTokens } from '#shared/credentials/oauth/token.http.ts';
import {
  closeReauthTask,
  listOpenReauthTasks,
  openReauthTask,
} from '#shared/credentials/reauth-tasks.aws.ts';
import { useSignIn } from '#shared/operators/sign-ins.aws.ts';
import { clientConfig, hostDouble } from '../../local/local-host-double.ts';
import { realTables } from '../../support/real-tables.ts';
import { aCredential } from '../rows.ts';
import { CLIENT, openStandIn } from './stand-in-client.ts';

const ACCOUNTS = { youtube: 'channel', etsy: 'shop', shopify: 'shop-one' } as const;

/** A grant of the demo project that is connected at the stand-in. */
export const grantOf = (provider: StandInProvider, over: Partial<Credential> = {}): Credential =>
  aCredential({
    provider,
    account: ACCOUNTS[provider],
    environment: 'DEVELOPMENT',
    kind: 'oauth',
    secretId: `autopack/dev/${provider}`,
    standIn: true,
    scopes: ['READ', 'WRITE', 'PUBLISH'],
    ...over,
  });

const TABLES = { credentials: [['byKind', 'rowKind', 'sortKey']], registry: [] } as const;
type Tables = Awaited<ReturnType<typeof realTables>>;
let engine: Promise<Tables> | undefined;

/** One engine for all rooms of a test file, with empty tables for each. */
const emptyTables = async (): Promise<Tables> => {
  engine ??= realTables(TABLES);
  const tables = await engine;
  for (const TableName of Object.keys(TABLES)) {
    const { Items = [] } = await tables.db.send(new ScanCommand({ TableName }));
    for (const { pk } of Items) await tables.db.send(new DeleteCommand({ TableName, Key: { pk } }));
  }
  return tables;
};
/** After the last room of a test file. */
export const stopEngine = async (): Promise<void> => (await engine)?.stop();

/**
 * What connects and renews accounts, on the real table engine, the local Secrets Manager and the stand-in providers,
 * each over its own wire. Time is the stand-in's clock; a pause moves it.
 */
export const openRealRoom = async (redirectUris?: readonly string[]) => {
  const tables = await emptyTables();
  const standIn = await openStandIn({
    inMemory: true,
    ...(redirectUris === undefined ? {} : { redirectUris }),
  });
  const host = { ...hostDouble(), clock: standIn.clock };
  const service = createSecretsManager(host);
  const asked: string[] = [];
  const loopback = await listenOnLoopback((request) => {
    asked.push(request.target ?? '');
    return service.handle(request);
  });
  const secrets = new SecretsManagerClient(clientConfig(loopback.url));
  const { db } = tables;
  const now = (): number => standIn.clock.now();
  const calls = { overrides: standIn.urls, allowLoopback: true, now };
  const logged: Readonly<Record<string, unknown>>[] = [];
  const deps = {
    now,
    newId: randomUUID,
    newToken: () => randomBytes(32).toString('base64url'),
    pause: async (ms: number) => standIn.clock.advance(ms),
    log: (line: Readonly<Record<string, unknown>>) => void logged.push(line),
    stage: 'dev',
    overrides: standIn.urls,
    useTransaction: useSignIn(db, 'registry'),
    readCredential: readCredential(db, 'credentials'),
    listCredentials: listCredentials(db, 'credentials'),
    readLease: readLease(db, 'credentials'),
    putLease: putLease(db, 'credentials'),
    readExchange: readExchange(db, 'credentials'),
    putExchange: putExchange(db, 'credentials'),
    readCondition: readCondition(db, 'credentials'),
    putCondition: putCondition(db, 'credentials'),
    openReauthTask: openReauthTask(db, 'credentials', now),
    closeReauthTask: closeReauthTask(db, 'credentials', now),
    readCurrent: readCurrentConnection(secrets),
    readVersion: readConnectionVersion(secrets),
    putPending: putPendingConnection(secrets),
    moveCurrent: moveCurrent(secrets),
    askTokens: askTokens(calls),
    askAccount: askAccount(calls),
  };
  return {
    deps,
    db,
    secrets,
    standIn,
    logged,
    /** Targets of the calls of Secrets Manager. */
    asked,
    openTasks: listOpenReauthTasks(db, 'credentials'),
    async register(grant: Credential): Promise<Credential> {
      await db.send(new PutCommand({ TableName: 'credentials', Item: credentialItem(grant) }));
      return grant;
    },
    makeSecret: (Name: string, document: Readonly<Record<string, string>> = CLIENT) =>
      secrets.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(document) })),
    putSecret: (SecretId: string, document: Readonly<Record<string, string>>) =>
      secrets.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(document) })),
    close: async () => {
      secrets.destroy();
      await loopback.stop();
      host.removeData();
      await standIn.close();
    },
  };
};
export type RealRoom = Awaited<ReturnType<typeof openRealRoom>>;
