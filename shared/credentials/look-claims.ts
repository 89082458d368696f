import { createHash } from 'node:crypto';
import type { CredentialRef } from '../actions/dry-run.ts';
import { credentialPk } from './credential.ts';

/**
 * How long nobody else may ask for a look at the same credential: providers count these reads. Longer than the function
 * that looks may run, so that two looks that people asked for never run at once either.
 */
export const LOOK_EVERY_MS = 60_000;

/** Key in the table of limits. What it is about is hashed, as everything there is. */
export const lookKey = (project: string, ref: CredentialRef): string =>
  `look#${createHash('sha256')
    .update(`autopack.look.v1\n${credentialPk(project, ref)}`)
    .digest('hex')}`;

/** One conditional write. `taken`: somebody asked within `LOOK_EVERY_MS`, and may be looking at this moment. */
export type ClaimLook = (project: string, ref: CredentialRef, now: number) => Promise<'claimed' | 'taken'>;
