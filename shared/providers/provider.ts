import type * as z from 'zod';
import type { RenderedRequest } from '../actions/dry-run.ts';
import type { EffectType, PredictedSideEffect, RecoveryClass } from '../actions/effects.ts';
import type { Timestamp } from '../actions/identity.ts';
import type { Secret } from '../credentials/secret.ts';
import type { ProjectConfig } from '../governance/project-config.ts';

/** What a render may know beside the payload. Gathered by the caller, so that `render` stays pure. */
export interface RenderFacts {
  readonly project: ProjectConfig;
  /** Replaces the provider's base URL in non-production stages (AUTOPACK_PROVIDER_URL_<PROVIDER>). */
  readonly baseUrlOverride?: string;
  /** The provider key of the action: for providers that carry it inside the body. */
  readonly providerKey: string;
}

export interface Rendered {
  readonly request: RenderedRequest;
  readonly effects: readonly PredictedSideEffect[];
  readonly recoveryClass: RecoveryClass;
  readonly title: string;
  readonly summary: readonly { readonly label: string; readonly value: string }[];
  readonly files: readonly string[];
  /** The part of the facts that the result depends on, stored with the dry run. */
  readonly facts: Readonly<Record<string, z.core.util.JSONType>>;
}

/** The reply of a provider, capped and decoded by the guarded client. Header names are lower case. */
export interface ProviderReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Sends one request once: no retry, no redirect. Throws `OutboundError`, whose `sent` says whether a byte
 * of the request may have left this machine.
 */
export type Send = (request: OutgoingRequest) => Promise<ProviderReply>;

export interface OutgoingRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly timeoutMs: number;
}

/** What is known after an attempt. Only `notApplied` proves that nothing happened. */
export type Verdict =
  | {
      readonly kind: 'applied';
      readonly code: string;
      readonly summary: string;
      readonly resourceId?: string;
      readonly resourceStatus?: string;
    }
  | {
      /** Proven: no effect. `retryable`: the same request may be sent again later. */
      readonly kind: 'notApplied';
      readonly retryable: boolean;
      readonly code: string;
      readonly summary: string;
      readonly retryAfterSeconds?: number;
    }
  | { readonly kind: 'ambiguous'; readonly code: string; readonly summary: string };

/** What the provider says when it is asked by our key. */
export type Finding =
  | Extract<Verdict, { kind: 'applied' }>
  /** It exists and is definitely without effect (a rejected order): FAILED, with evidence. */
  | { readonly kind: 'failed'; readonly code: string; readonly summary: string; readonly resourceId?: string }
  /** It is not there. Counts as evidence only after the settle window. */
  | { readonly kind: 'absent' }
  /** The provider has no way to be asked: recovery class `none`. */
  | { readonly kind: 'cannotAsk' }
  /** Asking failed; ask again later. */
  | { readonly kind: 'unreadable'; readonly code: string };

export interface OperationDescription {
  /** `provider/operation`, as an action names it. */
  readonly operation: string;
  readonly adapterVersion: string;
  readonly title: string;
  readonly payload: z.ZodType;
  /** Effect classes that the operation can have at worst; gates use these before a render exists. */
  readonly effects: readonly EffectType[];
  /** Recovery class at best; the rendered one counts. */
  readonly recoveryClass: RecoveryClass;
  /** Longest that one dispatch may take on the wire. */
  readonly transportTimeoutMs: number;
  /** How long a thing that was made may stay invisible to a lookup. */
  readonly lagMs: number;
  /** How long the provider remembers a key, from the first attempt. Absent: for good. */
  readonly keyRetentionMs?: number;
}

export interface DispatchInput {
  readonly request: RenderedRequest;
  readonly secret: Secret | null;
  readonly providerKey: string;
  readonly facts: Readonly<Record<string, z.core.util.JSONType>>;
}

/**
 * One operation of a provider. Everything that can fail before the wire fails in `prepare`, which returns
 * the very request that `send` is given, so that claim and send stay adjacent (rule 10).
 */
export interface ProviderOperation {
  describe(): OperationDescription;
  /** Pure. Throws `ProblemError` (PAYLOAD_DOES_NOT_FIT, with `field`) where payload and facts do not go together. */
  render(payload: unknown, facts: RenderFacts): Rendered;
  /** Adds authentication and idempotency headers to the stored request; nothing else may differ. */
  prepare(input: DispatchInput, now: Timestamp): OutgoingRequest;
  /** Reads a reply (or the error of the transport) to the dispatched request. */
  classify(outcome: ProviderReply | Error): Verdict;
  /** How long the key of this very request is remembered, where that depends on its facts. Absent: as described. */
  keyRetentionMs?(facts: DispatchInput['facts']): number | undefined;
  /** Asks the provider by our key. May only read. */
  reconcile(input: DispatchInput, send: Send, now: Timestamp): Promise<Finding>;
}
