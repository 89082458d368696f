import { epochMs } from '#shared/actions/identity.ts';
import { type Credential, credentialPk, type ListCredentials } from '#shared/credentials/credential.ts';
import { connectionOwner, oauthProviderOf } from '#shared/credentials/oauth/endpoints.ts';
import {
  refreshCredential,
  type RefreshDeps,
  type RefreshOutcome,
} from '#shared/credentials/oauth/refresh-credential.ts';
import { refreshGauges } from '#shared/credentials/oauth/refresh-gauges.ts';
import { readersOf, tellOwner, tellReaders } from '#shared/credentials/oauth/shared-connection.ts';

export interface RefreshCredentialsDeps extends RefreshDeps {
  readonly listCredentials: ListCredentials;
  readonly stage: string;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

/** Nothing new is begun after this long; the next run goes on. */
const BEGIN_WITHIN_MS = 30_000;
const AT_ONCE = 4;

type Result = RefreshOutcome | 'failed' | 'left';

/** What is renewed: each connection once, by the grant that owns it. */
export const renewable = (grants: readonly Credential[]): Credential[] =>
  grants.filter(
    (grant) =>
      !grant.retired &&
      oauthProviderOf(grant) !== undefined &&
      connectionOwner(grants, grant.secretId) === grant,
  );

/**
 * Every five minutes: renews the connections whose access ends within fifteen. One that fails stops no other; what
 * could not be done is tried again by the next run.
 */
export const refreshCredentials = async (
  deps: RefreshCredentialsDeps,
): Promise<Readonly<Partial<Record<Result, number>>>> => {
  const startedAt = deps.now();
  const grants = await deps.listCredentials();
  const queue = renewable(grants);
  const counts: Partial<Record<Result, number>> = {};
  let overdue = 0;

  const refresh = async (grant: Credential): Promise<Result> => {
    if (deps.now() - startedAt > BEGIN_WITHIN_MS) return 'left';
    try {
      const readers = readersOf(grants, grant);
      await tellOwner(grant, readers, deps);
      const outcome = await refreshCredential(grant, deps);
      await tellReaders(grant, readers, deps);
      return outcome;
    } catch (error) {
      deps.log({
        level: 'ERROR',
        event: 'credential-refresh-failed',
        credential: credentialPk(grant.project, grant),
        error: error instanceof Error ? error.name : 'unknown',
      });
      return 'failed';
    }
  };
  const isOverdue = async (grant: Credential): Promise<boolean> => {
    const row = await deps.readExchange(grant.project, grant).catch(() => undefined);
    const end = row?.accessExpiresAt ?? null;
    return row?.status === 'STARTED' || (end !== null && epochMs(end) <= deps.now());
  };
  const worker = async (): Promise<void> => {
    for (let grant = queue.shift(); grant !== undefined; grant = queue.shift()) {
      const result = await refresh(grant);
      counts[result] = (counts[result] ?? 0) + 1;
      const open = result === 'waiting' || result === 'failed' || result === 'left';
      if (open && (await isOverdue(grant))) overdue += 1;
      if (result !== 'fresh')
        deps.log({ event: 'credential-refresh', credential: credentialPk(grant.project, grant), result });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  deps.log(refreshGauges(overdue, deps.stage, deps.now()));
  return counts;
};
