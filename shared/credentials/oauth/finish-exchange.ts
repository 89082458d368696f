import type { Credential } from '../credential.ts';
import type { ConnectionVersion } from './connection.ts';
import { conditionAfterTokens, writeCondition } from './connection-condition.ts';
import { done, type Exchange } from './exchange.ts';
import type { ConnectionDeps } from './refresh-credential.ts';

const LOOKS = 6;
const LOOK_PAUSE_MS = 250;

/** The version is stored, and reads do not show it yet. The next call goes on from here. */
const lagging = (): Error => new Error('SECRET_READ_LAG: the stored version cannot be read yet');

/** AWSCURRENT goes to the stored version, from where it is seen to be. */
const promote = async (grant: Credential, to: string, deps: ConnectionDeps): Promise<void> => {
  let moved = false;
  for (let look = 0; look < LOOKS; look += 1) {
    const current = await deps.readCurrent(grant.secretId);
    if (current?.versionId === to) return;
    if (current !== undefined && (await deps.moveCurrent(grant.secretId, to, current.versionId)) === 'moved')
      moved = true;
    // Looked at once more, with patience: what is seen may be older than the move.
    else await deps.pause(LOOK_PAUSE_MS * 2 ** look);
  }
  if (!moved) throw lagging();
};

/** From STORED to DONE: the stage, the condition, the task of the connection before, the row. Repeatable. */
export const finishExchange = async (
  grant: Credential,
  row: Exchange,
  fence: number,
  deps: ConnectionDeps,
): Promise<void> => {
  if (row.stored === null) throw new Error('EXCHANGE_NOT_STORED: nothing to finish');
  let version: ConnectionVersion | undefined;
  for (let look = 0; look < LOOKS && version === undefined; look += 1) {
    if (look > 0) await deps.pause(LOOK_PAUSE_MS * 2 ** look);
    version = await deps.readVersion(grant.secretId, row.stored);
  }
  if (version === undefined) throw lagging();
  const { connection, versionId } = version;
  await promote(grant, versionId, deps);
  const before = await deps.readCondition(grant.project, grant);
  // What was healed or made again has no open task. Asked each time, since a task is opened before the condition says so.
  await deps.closeReauthTask({
    project: grant.project,
    credential: { provider: grant.provider, account: grant.account, environment: grant.environment },
    connectionVersion: before?.connectionVersion ?? 1,
  });
  await writeCondition(
    grant,
    (from) =>
      conditionAfterTokens(grant, from, {
        connection,
        versionId,
        connects: row.connects,
        connectedBy: row.connectedBy,
        now: deps.now(),
      }),
    deps,
  );
  const to = done(row, connection.accessExpiresAt ?? null, { fence, now: deps.now() });
  if ((await deps.putExchange(row, to)) === 'refused') throw new Error('CONFLICT: another writer was faster');
};
