import type { OutgoingRequest, ProviderReply } from '../../providers/provider.ts';
import type { Credential } from '../credential.ts';
import type { SecretDocument } from '../secret.ts';

/** What is known of a credential after it was looked at. None of it quotes a value. */
export type ProbeFinding =
  /** The provider lets it in. */
  | {
      readonly kind: 'works';
      /** Who the provider says that it is; null where it does not say. */
      readonly account: string | null;
      /** Scopes in the provider's words, where it says them. */
      readonly scopes?: readonly string[];
    }
  /** The provider knows it and refuses what was asked: it may do less than it should. */
  | { readonly kind: 'limited'; readonly account: string | null }
  /** A definite answer that this value is not a valid one. Of an access token it only says that it is over. */
  | { readonly kind: 'refused' }
  /** Nothing new is known: the provider is busy, out of order, out of reach or not understood. */
  | { readonly kind: 'cannot-tell' }
  /** There is no secret under its name, or nobody connected it. */
  | { readonly kind: 'missing' }
  /** The secret lacks the fields that its provider needs. */
  | { readonly kind: 'malformed' }
  /** The secret is there and has its fields; nothing is known that could be asked without an effect. */
  | { readonly kind: 'readable' }
  /** Its access has ended, and is renewed by the refresher. */
  | { readonly kind: 'lapsed' }
  /** Its environment has no such host here, or it may not meet the one that there is. */
  | { readonly kind: 'wrong-environment' };

export const CANNOT_TELL: ProbeFinding = { kind: 'cannot-tell' };

/** The cheapest real read of a provider that says whether a value lets somebody in, and whom. Pure. */
export interface Probe {
  /**
   * The question, to the provider's own host.
   * @returns undefined where this environment or account has no host
   */
  readonly request: (
    credential: Pick<Credential, 'account' | 'environment'>,
    value: SecretDocument,
  ) => Pick<OutgoingRequest, 'method' | 'url' | 'headers' | 'body'> | undefined;
  readonly classify: (reply: ProviderReply) => ProbeFinding;
}

/** The body as JSON; undefined where it is none, as from a proxy or a page of maintenance. */
export const jsonOf = ({ body }: ProviderReply): unknown => {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
};

/**
 * Looks at a credential: one read at its provider at most. Never throws for what the provider or the way to it did.
 * @param value the current value; undefined where there is no secret
 */
export type ProbeCredential = (
  credential: Credential,
  value: SecretDocument | undefined,
) => Promise<ProbeFinding>;
