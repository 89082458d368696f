import { canonicalJson, sha256 } from './canonical-json.ts';
import type { RenderedRequest } from './dry-run.ts';
import { type ActionId, actionPk } from './identity.ts';

/**
 * The two hashes of DESIGN §2 rule 2 and the digests that are derived from an action's identity. Every input is
 * a canonical JSON object with a domain and a version, so that no two kinds of digest can be confused.
 */

/**
 * Decides whether a key is used again for the same thing. The adapter's version is left out on purpose: a
 * deployment between two tries of a proposer must not turn a replay into a conflict.
 */
export const payloadHash = (operation: string, payload: unknown): string =>
  sha256(canonicalJson({ domain: 'autopack.payload', v: 1, operation, payload }));

/** What is shown, voted on, claimed and re-computed before the bytes are handed over. Authentication is excluded. */
export const requestHash = (request: RenderedRequest): string => {
  const url = new URL(request.url);
  return sha256(
    canonicalJson({
      domain: 'autopack.request',
      v: 1,
      method: request.method,
      scheme: url.protocol,
      host: url.host,
      path: `${url.pathname}${url.search}`,
      headers: request.headers,
      body: request.body === null ? null : sha256(request.body),
      credential: request.credential,
      operation: request.operation,
      adapterVersion: request.adapterVersion,
      media: request.media,
    }),
  );
};

/** Sent to the provider as our key: the same for every attempt of an action. */
export const providerKey = (id: ActionId): string =>
  `ap-${sha256(canonicalJson({ domain: 'autopack.provider-key', v: 1, id: actionPk(id) })).slice(0, 40)}`;

/** Names what belongs to an action in stores where the key itself must not appear. */
export const actionDigest = (id: ActionId): string =>
  sha256(canonicalJson({ domain: 'autopack.action', v: 1, id: actionPk(id) }));

/** Name of the execution of one generation (Step Functions allows 80 characters). */
export const executionName = (id: ActionId, generation: number): string =>
  `${actionDigest(id).slice(0, 60)}-${generation}`;

/** Id of the approval of one round. */
export const approvalId = (id: ActionId, round: number): string =>
  sha256(canonicalJson({ domain: 'autopack.approval', v: 1, id: actionPk(id), round })).slice(0, 32);
