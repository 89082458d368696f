import type { CredentialRef } from '../actions/dry-run.ts';
import { epochMs, timestamp } from '../actions/identity.ts';
import type { Verdict } from '../providers/provider.ts';
import type { CredentialCondition, PutCondition, ReadStanding } from './condition.ts';
import { firstCondition } from './oauth/connection-condition.ts';
import { oauthProviderOf } from './oauth/endpoints.ts';

/** One dispatch with a credential, and what the provider made of it. */
export interface CredentialUse {
  readonly project: string;
  readonly credential: CredentialRef;
  /** Epoch milliseconds at which the value was read. */
  readonly readAt: number;
  /** `refused`: the provider does not accept the credential. `sent`: its answer says nothing about it. */
  readonly answer: 'accepted' | 'refused' | 'sent';
  /** It was refused at the attempt before as well. */
  readonly again: boolean;
}

/** Keeps the condition of a credential up to what its use has shown. */
export type NoteUse = (use: CredentialUse) => Promise<void>;

/** What a verdict says about the credential that the request went out with. */
export const answerOf = (verdict: Verdict): CredentialUse['answer'] =>
  verdict.kind === 'applied' ? 'accepted' : verdict.code === 'CREDENTIAL_REFUSED' ? 'refused' : 'sent';

const HOUR_MS = 3_600_000;

/**
 * A refusal alone condemns nothing that a machine can renew: its access counts as ended, the one who renews is next, and
 * only a refusal of the renewal asks for a person. A key that nobody can renew is tried once more, since it may have
 * been rotated in that very moment, and is invalid after the second refusal in a row.
 */
const afterRefusal = (
  from: CredentialCondition,
  use: CredentialUse,
  isOAuth: boolean,
  now: number,
): CredentialCondition | undefined => {
  const provenAt = Math.max(
    from.lastValidatedAt === null ? 0 : epochMs(from.lastValidatedAt),
    from.rotationCount === 0 ? 0 : epochMs(from.rotatedAt),
  );
  // Renewed since it was read: the next attempt has another value.
  if (provenAt > use.readAt || (from.status !== 'PRESENT' && from.status !== 'UNKNOWN')) return undefined;
  if (!isOAuth && !use.again) return undefined;
  return {
    ...from,
    status: isOAuth ? 'EXPIRED' : 'INVALID',
    detail: isOAuth ? 'expired-refreshable' : null,
    since: timestamp(now),
    checkedAt: timestamp(now),
  };
};

const afterUse = (from: CredentialCondition, use: CredentialUse): CredentialCondition | undefined =>
  from.lastUsedAt !== null && use.readAt - epochMs(from.lastUsedAt) < HOUR_MS
    ? undefined
    : {
        ...from,
        lastUsedAt: timestamp(use.readAt),
        ...(use.answer === 'accepted' ? { lastValidatedAt: timestamp(use.readAt) } : {}),
      };

interface NoteUseDeps {
  readonly now: () => number;
  readonly readStanding: ReadStanding;
  readonly putCondition: PutCondition;
}

const ATTEMPTS = 6;

const write = async (use: CredentialUse, deps: NoteUseDeps): Promise<void> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { grant, condition } = await deps.readStanding(use.project, use.credential);
    if (grant === undefined) return;
    const now = deps.now();
    const from = condition ?? firstCondition(grant, now);
    const to =
      use.answer === 'refused'
        ? afterRefusal(from, use, oauthProviderOf(grant) !== undefined, now)
        : afterUse(from, use);
    if (to === undefined) return;
    if ((await deps.putCondition(condition, { ...to, version: from.version + 1 })) === 'stored') return;
  }
  throw new Error('CONFLICT: the condition of this credential keeps changing');
};

/**
 * Notes a use: a refusal at once, everything else at most once an hour (CRE-05). The one who keeps it remembers what was
 * noted, so that a busy credential costs no read.
 * @throws what its ports throw; whoever calls it has recorded the outcome before and may go on without it
 */
export const noteUse = (deps: NoteUseDeps): NoteUse => {
  const noted = new Map<string, number>();
  return async (use) => {
    const { project, credential } = use;
    const name = JSON.stringify([project, credential]);
    if (use.answer !== 'refused' && use.readAt - (noted.get(name) ?? -HOUR_MS) < HOUR_MS) return;
    await write(use, deps);
    noted.set(name, use.readAt);
  };
};
