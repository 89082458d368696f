import type { ConnectionVersion, Connection } from './connection.ts';

/** The connection's version with AWSCURRENT; undefined where the secret or its value is not there. */
export type ReadCurrentConnection = (secretId: string) => Promise<ConnectionVersion | undefined>;
/** By version id; undefined where it is not there, perhaps not yet. */
export type ReadConnectionVersion = (
  secretId: string,
  versionId: string,
) => Promise<ConnectionVersion | undefined>;
/**
 * Puts a version under its id with AWSPENDING. The same id with the same value is the same version; `taken` where it
 * has another value.
 */
export type PutPendingConnection = (
  secretId: string,
  versionId: string,
  connection: Connection,
) => Promise<'stored' | 'taken'>;
/** Moves AWSCURRENT; `refused` where it is not on `from`: look again. */
export type MoveCurrent = (secretId: string, to: string, from: string) => Promise<'moved' | 'refused'>;
