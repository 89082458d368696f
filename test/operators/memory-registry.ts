import type { ClientRow, PersonRow } from '#shared/operators/principal.ts';
import type { BindPersonSubject, ReadClient, ReadPerson } from '#shared/operators/registry.ts';
import type {
  CreateSession,
  ReadSession,
  RevokeSession,
  Session,
  TouchSession,
} from '#shared/operators/sessions.ts';

export interface MemoryRegistry {
  readonly people: Map<string, PersonRow>;
  readonly clients: Map<string, ClientRow>;
  readonly sessions: Map<string, Session>;
  readonly readPerson: ReadPerson;
  readonly readClient: ReadClient;
  readonly bindPersonSubject: BindPersonSubject;
  readonly readSession: ReadSession;
  readonly createSession: CreateSession;
  readonly touchSession: TouchSession;
  readonly revokeSession: RevokeSession;
}

export const person = (email: string, more: Partial<PersonRow> = {}): PersonRow => ({
  schemaVersion: 1,
  email,
  name: email.split('@')[0] ?? email,
  projects: ['demo'],
  roles: ['operator', 'viewer'],
  active: true,
  createdAt: '2026-01-01T00:00:00.000Z',
  ...more,
});

/** The registry in memory, with the conditions of the real one. */
export const memoryRegistry = (
  people: readonly PersonRow[] = [],
  clients: readonly ClientRow[] = [],
): MemoryRegistry => {
  const registry: MemoryRegistry = {
    people: new Map(people.map((row) => [row.email, row])),
    clients: new Map(clients.map((row) => [row.clientId, row])),
    sessions: new Map(),
    readPerson: async (email) => registry.people.get(email.toLowerCase()),
    readClient: async (clientId) => registry.clients.get(clientId),
    bindPersonSubject: async (email, issuerSubject) => {
      const row = registry.people.get(email);
      if (row === undefined || (row.issuerSubject ?? issuerSubject) !== issuerSubject) return 'refused';
      registry.people.set(email, { ...row, issuerSubject });
      return 'bound';
    },
    readSession: async (digest) => registry.sessions.get(digest),
    createSession: async (digest, session) => {
      if (registry.sessions.has(digest)) throw new Error('the digest is taken');
      registry.sessions.set(digest, session);
    },
    touchSession: async (digest, lastSeenAt) => {
      const session = registry.sessions.get(digest);
      if (session !== undefined) registry.sessions.set(digest, { ...session, lastSeenAt });
    },
    revokeSession: async (digest, revokedAt) => {
      const session = registry.sessions.get(digest);
      if (session !== undefined) registry.sessions.set(digest, { ...session, revokedAt });
    },
  };
  return registry;
};
