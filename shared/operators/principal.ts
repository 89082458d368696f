import * as z from 'zod';
import { ProjectId, Subject, Timestamp } from '../actions/identity.ts';

export const Role = z.enum(['agent', 'operator', 'viewer']);
export type Role = z.infer<typeof Role>;

/** Registry row of a person: keyed by the verified e-mail address, bound to the issuer's subject on first use. */
export const PersonRow = z.strictObject({
  schemaVersion: z.literal(1),
  email: z.email().transform((value) => value.toLowerCase()),
  name: z.string().min(1).max(120),
  /** The issuer's `sub`, once seen. A different one is refused. */
  issuerSubject: z.string().optional(),
  projects: z.array(ProjectId),
  roles: z.array(Role),
  /** Absent or true; false revokes without deleting. */
  active: z.boolean(),
  createdAt: Timestamp,
});
export type PersonRow = z.infer<typeof PersonRow>;

/** Registry row of a machine: keyed by its OAuth client id. */
export const ClientRow = z.strictObject({
  schemaVersion: z.literal(1),
  clientId: z.string().min(1).max(128),
  name: z.string().min(1).max(120),
  projects: z.array(ProjectId),
  roles: z.array(Role),
  /** The person who answers for it; may not approve what it proposes. */
  owner: Subject,
  active: z.boolean(),
  createdAt: Timestamp,
});
export type ClientRow = z.infer<typeof ClientRow>;

/** Who is calling, as the authorizer or the console session established it. */
export type Principal =
  | {
      readonly kind: 'person';
      readonly subject: Subject;
      readonly email: string;
      readonly name: string;
      readonly projects: readonly string[];
      readonly roles: readonly Role[];
      /** When the person last proved who they are, in milliseconds since the epoch. */
      readonly authTimeMs: number;
    }
  | {
      readonly kind: 'client';
      readonly subject: Subject;
      readonly name: string;
      readonly projects: readonly string[];
      readonly roles: readonly Role[];
      readonly owner: Subject;
    }
  /** Development only, with AUTOPACK_PUBLIC_READ=1: may read, nothing else. */
  | { readonly kind: 'public'; readonly subject: 'system:public' };

/** A fresh sign-in is at most this old. */
export const FRESH_SIGN_IN_MS = 5 * 60_000;
