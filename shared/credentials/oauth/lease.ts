import * as z from 'zod';
import type { CredentialRef } from '../../actions/dry-run.ts';
import { epochMs, Timestamp, timestamp } from '../../actions/identity.ts';
import { credentialPk } from '../credential.ts';

/** Who writes a connection: one at a time. `fence` rises with every holder, and late writers are told by it. */
export const Lease = z.strictObject({
  schemaVersion: z.literal(1),
  owner: z.string().min(1).max(64),
  fence: z.int().positive(),
  until: Timestamp,
});
export type Lease = z.infer<typeof Lease>;

/** A holder that takes longer than this has died; functions that hold one are stopped before. */
export const LEASE_MS = 120_000;

export const leasePk = (project: string, ref: CredentialRef): string =>
  `lease#oauth#${credentialPk(project, ref)}`;

/** Strongly consistent. */
export type ReadLease = (project: string, ref: CredentialRef) => Promise<Lease | undefined>;
/** One conditional write: absent as read, or the fence as read. */
export type PutLease = (
  project: string,
  ref: CredentialRef,
  from: Lease | undefined,
  to: Lease,
) => Promise<'stored' | 'refused'>;

export interface LeaseDeps {
  readonly readLease: ReadLease;
  readonly putLease: PutLease;
  readonly newId: () => string;
  readonly now: () => number;
}

/** Takes the lease of a connection. Undefined where another holds it, or was faster. */
export const takeLease = async (
  project: string,
  ref: CredentialRef,
  deps: LeaseDeps,
): Promise<Lease | undefined> => {
  const held = await deps.readLease(project, ref);
  const now = deps.now();
  if (held !== undefined && now < epochMs(held.until)) return undefined;
  const lease: Lease = {
    schemaVersion: 1,
    owner: deps.newId(),
    fence: (held?.fence ?? 0) + 1,
    until: timestamp(now + LEASE_MS),
  };
  return (await deps.putLease(project, ref, held, lease)) === 'stored' ? lease : undefined;
};

/** Gives it back, so that the next one need not wait for its end. The fence stays. */
export const giveLeaseBack = async (
  project: string,
  ref: CredentialRef,
  lease: Lease,
  deps: LeaseDeps,
): Promise<void> => {
  await deps.putLease(project, ref, lease, { ...lease, until: timestamp(deps.now()) });
};
