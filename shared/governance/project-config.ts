import * as z from 'zod';
import { EFFECT_TYPES, RecoveryClass, Reversibility } from '../actions/effects.ts';
import { ProjectId, Subject, Timestamp } from '../actions/identity.ts';
import { BreakGlass, MOST_BREAK_GLASS } from '../policies/break-glass.ts';
import { SourceId } from '../policies/source-id.ts';

const HostName = z
  .string()
  .max(253)
  .regex(/^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:\d{1,5})?$/, {
    message: 'a host is lower case, without scheme or path, optionally with ":port"',
  });

const PolicySources = z.array(SourceId).min(1).max(50);

/** What two operators agreed about one endpoint of an HTTP API. Without one it is destructive and `none`. */
export const EndpointDefinition = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
  host: HostName,
  methods: z.array(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])).min(1),
  /** Paths that the definition covers: this one and everything below it, on whole segments. */
  pathPrefix: z.string().startsWith('/').max(300),
  effects: z.array(z.enum(EFFECT_TYPES)).min(1),
  reversibility: Reversibility,
  recoveryClass: RecoveryClass,
  /** Header that carries our key where the API accepts one, e.g. `idempotency-key`. Needed for `keyed`. */
  idempotencyHeader: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .optional(),
  /** Hours for which the API remembers a key. Absent: for good. */
  keyRetentionHours: z.int().positive().optional(),
  /** GET that finds the thing by our key; `{key}` is replaced. Needed for `lookup`, and for `keyed` to be certain. */
  lookupPath: z.string().startsWith('/').max(300).optional(),
  auth: z
    .strictObject({
      kind: z.enum(['bearer', 'hmac-sha256']),
      account: z.string().min(1).max(120),
      environment: z.enum(['DEVELOPMENT', 'STAGING', 'PRODUCTION', 'PAPER']),
      /** Header of the signature; only for hmac-sha256. */
      header: z
        .string()
        .regex(/^[a-z0-9-]+$/)
        .optional(),
    })
    .nullable(),
  /** Policy sources that every call requires which is more than a read: fresh, approved, unchanged. Absent: none. */
  policySources: PolicySources.optional(),
});
export type EndpointDefinition = z.infer<typeof EndpointDefinition>;

export const ProjectSettings = z.strictObject({
  /** Hosts that the `http` provider may call. Empty: none. */
  allowedHosts: z.array(HostName).max(100),
  /** How long an approval may take and live; 24 h unless said otherwise (APR-04). */
  approvalTtlSeconds: z
    .int()
    .min(300)
    .max(7 * 86_400),
  /** Providers that are switched on. Absent or misspelt: off (GOV-13). */
  providers: z.array(z.enum(['alpaca', 'http'])),
  /** Alpaca account to trade with, and where. */
  alpaca: z
    .strictObject({ account: z.string().min(1).max(120), environment: z.enum(['PAPER', 'PRODUCTION']) })
    .nullable(),
  /** Policy sources that operations of this project require beside what they always do. Absent: none. */
  policySources: z
    .array(
      z.strictObject({
        /** `provider/operation`, or `provider/*` for all operations of a provider. */
        operation: z
          .string()
          .max(120)
          .regex(/^[a-z][a-z0-9-]*\/([a-z][a-z0-9.-]*|\*)$/, 'use "provider/operation" or "provider/*"'),
        sources: PolicySources,
      }),
    )
    .max(100)
    .optional(),
});
export type ProjectSettings = z.infer<typeof ProjectSettings>;

/**
 * Everything that two operators confirmed about a project, in one row, so that a decision reads it in one
 * request. Its version is pinned into each approval.
 */
export const ProjectConfig = z.strictObject({
  schemaVersion: z.literal(1),
  project: ProjectId,
  /** 0: nobody confirmed anything yet, everything is at its strict default. */
  version: z.int().nonnegative(),
  settings: ProjectSettings,
  /** The project's own Cedar policies; the product's come on top and cannot be weakened. */
  policy: z.string().max(20_000),
  endpoints: z.array(EndpointDefinition).max(100),
  /** Reasons of the policies gate that two operators set aside for a few hours. What is over counts for nothing. */
  breakGlass: z.array(BreakGlass).max(MOST_BREAK_GLASS).optional(),
  updatedAt: Timestamp,
  updatedBy: z.array(Subject),
});
export type ProjectConfig = z.infer<typeof ProjectConfig>;

/** What a project is before anybody confirmed anything: closed. */
export const strictProjectConfig = (project: string): ProjectConfig => ({
  schemaVersion: 1,
  project,
  version: 0,
  settings: { allowedHosts: [], approvalTtlSeconds: 86_400, providers: [], alpaca: null },
  policy: '',
  endpoints: [],
  updatedAt: '1970-01-01T00:00:00.000Z',
  updatedBy: [],
});

/**
 * Strongly consistent read. An absent or unparsable row answers the strict default, never an open one (GOV-03).
 */
export type ReadProjectConfig = (project: string) => Promise<ProjectConfig>;
