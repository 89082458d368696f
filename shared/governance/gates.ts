import { requestHash } from '../actions/hashes.ts';
import type { CredentialRef } from '../actions/dry-run.ts';
import type { Credential } from '../credentials/credential.ts';
import { fitsHost } from '../credentials/secret-fields.ts';
import { ALPACA_HOSTS } from '../providers/alpaca/hosts.ts';
import { recoveryClassOf, versionWith } from '../providers/http/definition.ts';
import { decideAction } from './decide.ts';
import { matchEndpoint } from './endpoint-match.ts';
import type { DecideAction, Decision, GovernanceFacts, Reason } from './gate.ts';
import { reason } from './reasons.ts';
import { providerOf } from './unattended-wall.ts';

/** The stored request is the one whose hash was recorded, of this project and operation. */
const requestGate = ({ dryRun, project }: GovernanceFacts): readonly Reason[] =>
  dryRun.project !== project.project ||
  dryRun.request.operation !== dryRun.operation ||
  requestHash(dryRun.request) !== dryRun.requestHash
    ? [reason('request', 'HASH_MISMATCH')]
    : [];

const sameAccount = (
  ref: CredentialRef | null,
  agreed: { readonly account: string; readonly environment: string } | null | undefined,
): boolean =>
  ref === null
    ? agreed === null || agreed === undefined
    : agreed?.account === ref.account && agreed.environment === ref.environment;

/** What two operators agreed about this request today is what it was rendered with. */
const agreementGate = ({ dryRun, project }: GovernanceFacts): readonly Reason[] => {
  const { request } = dryRun;
  const provider = providerOf(dryRun);
  if (provider === 'alpaca') {
    const found: Reason[] = [];
    if (!sameAccount(request.credential, project.settings.alpaca))
      found.push(reason('credentials', 'CREDENTIAL_CHANGED'));
    const { hostname } = new URL(request.url);
    const meant = Object.entries(ALPACA_HOSTS).find(([, host]) => host === hostname);
    if (meant !== undefined && meant[0] !== request.credential?.environment) {
      found.push(reason('credentials', 'CREDENTIAL_ENVIRONMENT'));
    }
    return found;
  }
  if (provider !== 'http') return [];
  const endpoint = matchEndpoint(project.endpoints, request);
  const rendered = new Set(dryRun.effects.map((effect) => effect.type));
  const effects = endpoint?.effects ?? ['destructive' as const];
  // The version alone would do; what the render made of the definition is checked as well, since all rests on it.
  const asAgreed =
    request.adapterVersion === versionWith(endpoint ?? null) &&
    effects.every((type) => rendered.has(type)) &&
    dryRun.recoveryClass === recoveryClassOf(endpoint ?? null);
  return [
    ...(asAgreed ? [] : [reason('request', 'ENDPOINT_CHANGED')]),
    ...(sameAccount(request.credential, endpoint?.auth) ? [] : [reason('credentials', 'CREDENTIAL_CHANGED')]),
  ];
};

/**
 * Every gate that facts alone can answer, the very same at "Evaluate the gates" and again right before the claim.
 * A refusal of any gate beats what governance says; its reasons come first.
 */
export const evaluateGatesWith =
  (decide: DecideAction) =>
  (facts: GovernanceFacts): Decision => {
    const refusals = [...requestGate(facts), ...agreementGate(facts)];
    const decision = decide(facts);
    return refusals.length === 0 ? decision : refuse(decision, refusals);
  };

export const evaluateGates: (facts: GovernanceFacts) => Decision = evaluateGatesWith(decideAction);

const refuse = (decision: Decision, refusals: readonly Reason[]): Decision => {
  const { permit: _permit, ...rest } = decision;
  return { ...rest, verdict: 'REFUSE', reasons: [...refusals, ...decision.reasons] };
};

/**
 * The credentials gate: the metadata is there, for this very environment, and a stand-in's secret meets stand-ins
 * only, a real one never. Whether the secret can be read now does not matter here: an approved action
 * waits for it.
 */
export const withCredential = (
  decision: Decision,
  ref: CredentialRef | null,
  credential: Credential | undefined,
  hostIsOverridden: boolean,
): Decision => {
  if (ref === null) return decision;
  if (credential === undefined) {
    return refuse(decision, [
      reason(
        'credentials',
        'CREDENTIAL_UNKNOWN',
        `No credential is registered for ${ref.provider} ${ref.account} (${ref.environment}).`,
      ),
    ]);
  }
  if (
    credential.environment !== ref.environment ||
    credential.account !== ref.account ||
    credential.provider !== ref.provider
  ) {
    return refuse(decision, [reason('credentials', 'CREDENTIAL_ENVIRONMENT')]);
  }
  return fitsHost(credential.standIn, hostIsOverridden)
    ? decision
    : refuse(decision, [reason('credentials', 'CREDENTIAL_STAND_IN')]);
};
