import type { CredentialCondition } from '#shared/credentials/condition.ts';
import { type Credential, credentialPk } from '#shared/credentials/credential.ts';
import { type Connection, connectionOf, documentOf } from '#shared/credentials/oauth/connection.ts';
import type { Exchange } from '#shared/credentials/oauth/exchange.ts';
import type { Lease } from '#shared/credentials/oauth/lease.ts';
import { reauthPk, ReauthTask } from '#shared/credentials/reauth.ts';
import type { SecretDocument } from '#shared/credentials/secret.ts';
import { timestamp } from '#shared/actions/identity.ts';
import type { ConnectDeps } from '#shared/credentials/oauth/connect-credential.ts';
import { type Told, toldPk } from '#shared/policies/ports.ts';

interface Version {
  readonly versionId: string;
  readonly document: SecretDocument;
  readonly createdAt: number;
}

/** Rows and secrets with the conditions of the real adapters, in memory, so that a month takes seconds. */
export const memoryStore = (now: () => number) => {
  const grants = new Map<string, Credential>();
  const conditions = new Map<string, CredentialCondition>();
  const exchanges = new Map<string, Exchange>();
  const leases = new Map<string, Lease>();
  const tasks = new Map<string, ReauthTask>();
  const told = new Map<string, Told>();
  const secrets = new Map<string, { current: string; readonly versions: Map<string, Version> }>();
  let serial = 0;

  const connectionVersion = (found: Version | undefined) => {
    const connection: Connection | undefined = found === undefined ? undefined : connectionOf(found.document);
    return found === undefined || connection === undefined
      ? undefined
      : { versionId: found.versionId, connection, createdAt: found.createdAt };
  };
  const put = (secretId: string, versionId: string, document: SecretDocument): void => {
    const secret = secrets.get(secretId) ?? { current: versionId, versions: new Map<string, Version>() };
    secret.versions.set(versionId, { versionId, document, createdAt: now() });
    secrets.set(secretId, secret);
  };

  const ports: Omit<ConnectDeps, 'now' | 'pause' | 'askTokens' | 'askAccount'> = {
    newId: () => `id-${(serial += 1)}`,
    readLease: async (project, ref) => leases.get(credentialPk(project, ref)),
    putLease: async (project, ref, from, to) => {
      const held = leases.get(credentialPk(project, ref));
      if (held?.fence !== from?.fence || held?.until !== from?.until) return 'refused';
      leases.set(credentialPk(project, ref), to);
      return 'stored';
    },
    readExchange: async (project, ref) => exchanges.get(credentialPk(project, ref)),
    putExchange: async (from, to) => {
      const row = exchanges.get(credentialPk(to.project, to));
      if (row?.version !== from?.version || (row?.fence ?? 0) > to.fence) return 'refused';
      exchanges.set(credentialPk(to.project, to), to);
      return 'stored';
    },
    readCondition: async (project, ref) => conditions.get(credentialPk(project, ref)),
    putCondition: async (from, to) => {
      const pk = credentialPk(to.project, to);
      if (conditions.get(pk)?.version !== from?.version) return 'refused';
      conditions.set(pk, to);
      return 'stored';
    },
    readCurrent: async (secretId) => {
      const secret = secrets.get(secretId);
      return connectionVersion(secret?.versions.get(secret.current));
    },
    readVersion: async (secretId, versionId) =>
      connectionVersion(secrets.get(secretId)?.versions.get(versionId)),
    putPending: async (secretId, versionId, connection) => {
      put(secretId, versionId, documentOf(connection));
      return 'stored';
    },
    moveCurrent: async (secretId, to, from) => {
      const secret = secrets.get(secretId);
      if (secret?.current !== from) return 'refused';
      secret.current = to;
      // Secrets Manager forgets versions without a stage; the one before keeps AWSPREVIOUS.
      for (const id of secret.versions.keys()) if (id !== to && id !== from) secret.versions.delete(id);
      return 'moved';
    },
    openReauthTask: async ({ project, credential, connectionVersion: version, reason }) => {
      const pk = reauthPk(project, credential, version);
      if (tasks.get(pk)?.status === 'OPEN') return;
      const { provider, account, environment } = credential;
      const task = ReauthTask.parse({
        schemaVersion: 1,
        project,
        provider,
        account,
        environment,
        connectionVersion: version,
        status: 'OPEN',
        reason,
        openedAt: timestamp(now()),
        closedAt: null,
      });
      tasks.set(pk, task);
    },
    closeReauthTask: async ({ project, credential, connectionVersion: version }) => {
      const pk = reauthPk(project, credential, version);
      const task = tasks.get(pk);
      if (task?.status === 'OPEN') tasks.set(pk, { ...task, status: 'CLOSED', closedAt: timestamp(now()) });
    },
  };

  return {
    ports,
    tasks,
    grantOf: (pk: string) => grants.get(pk),
    register(grant: Credential): void {
      grants.set(credentialPk(grant.project, grant), grant);
    },
    /** What an operator puts there. */
    putSecret(secretId: string, document: SecretDocument): void {
      const id = `put-${(serial += 1)}`;
      put(secretId, id, document);
      (secrets.get(secretId) ?? { current: '' }).current = id;
    },
    document: (secretId: string): SecretDocument | undefined => {
      const secret = secrets.get(secretId);
      return secret?.versions.get(secret.current)?.document;
    },
    listCredentials: async () => [...grants.values()],
    readStanding: async (project: string, ref: Parameters<typeof credentialPk>[1]) => {
      const pk = credentialPk(project, ref);
      return { grant: grants.get(pk), condition: conditions.get(pk) };
    },
    readTold: async (keys: readonly Parameters<typeof toldPk>[0][]) =>
      new Set(keys.map(toldPk).filter((pk) => told.has(pk))),
    putTold: async (row: Told) => {
      if (!told.has(toldPk(row))) told.set(toldPk(row), row);
    },
  };
};
