import type { CredentialStanding } from './condition.ts';
import type { Credential } from './credential.ts';
import { oauthProviderOf } from './oauth/endpoints.ts';
import { OAUTH } from './oauth/providers.ts';
import { hostIsListed } from '../providers/guard-url.ts';

/** What people write down to register a credential, replace its registration or retire it. */
export type Registration = Omit<Credential, 'schemaVersion' | 'project' | 'createdAt'>;

export interface RegistrationCheck {
  /** Field, and what is wrong with it and how to mend it. */
  readonly faults: readonly (readonly [field: string, detail: string])[];
  /** Worth a look of both operators; nothing that stops. */
  readonly warnings: readonly string[];
}

const isUnique = (words: readonly string[]): boolean => new Set(words).size === words.length;

const faultsOf = (
  next: Registration,
  production: boolean,
  allowedHosts: readonly string[],
): RegistrationCheck['faults'] => {
  const found: [string, string][] = [];
  if (production && next.standIn) found.push(['standIn', 'production has no stand-ins; say false.']);
  if (!isUnique(next.scopes)) found.push(['scopes', 'a scope is there twice; name each once.']);
  if (!isUnique(next.operations)) found.push(['operations', 'an operation is there twice; name each once.']);
  const { renewal } = next;
  if (renewal !== undefined && !hostIsListed(new URL(renewal.url), allowedHosts))
    found.push([
      'renewal.url',
      `${new URL(renewal.url).host} is not among the hosts that this project may call; add it to allowedHosts first.`,
    ]);
  if (renewal !== undefined && next.standIn)
    found.push(['standIn', 'a key of a stand-in is not renewed by a real API; say false.']);
  const connects = next.kind === 'oauth' || next.kind === 'client-credentials';
  const name = oauthProviderOf(next);
  if (connects && name === undefined)
    found.push([
      'oauthProvider',
      `say whose OAuth renews it (${Object.keys(OAUTH).join(', ')}), or choose another kind.`,
    ]);
  if (next.kind === 'client-credentials' && name !== undefined && !OAUTH[name].clientCredentialsGrant)
    found.push(['kind', `${OAUTH[name].title} has no grant of client credentials; choose "oauth".`]);
  if (!connects && next.oauthProvider !== undefined)
    found.push(['oauthProvider', `is for the kinds "oauth" and "client-credentials"; leave it out.`]);
  return found;
};

const added = (before: readonly string[], after: readonly string[]): readonly string[] =>
  after.filter((each) => !before.includes(each));

const warningsOf = (next: Registration, standing: CredentialStanding | undefined): readonly string[] => {
  const found: string[] = [];
  const before = standing?.grant;
  const account = standing?.condition?.providerAccount ?? null;
  if (!next.retired && next.scopes.length === 0) found.push('It has no scopes, so nothing may use it yet.');
  if (!next.retired && next.operations.length === 0)
    found.push('It names no operations, so nothing may use it yet.');
  const foreign = next.operations.filter((operation) => !operation.startsWith(`${next.provider}/`));
  if (foreign.length > 0)
    found.push(
      `${foreign.join(', ')}: only operations of ${next.provider} use a credential of ${next.provider}.`,
    );
  if (before === undefined) return found;
  found.push(`It replaces the registration of ${before.createdAt}.`);
  if (before.secretId !== next.secretId)
    found.push(
      account === null
        ? `Another secret than before (${before.secretId}): its account is not known yet.`
        : `Another secret than before (${before.secretId}). The account was ${account}: make sure that the new value belongs to it, or that another account is meant.`,
    );
  const more = [...added(before.scopes, next.scopes), ...added(before.operations, next.operations)];
  if (more.length > 0) found.push(`It may do more than before: ${more.join(', ')}.`);
  const [renewedBefore, renewedNext] = [before.renewal, next.renewal].map((each) => JSON.stringify(each));
  if (renewedNext !== undefined && renewedBefore !== renewedNext)
    found.push(`Its key goes to ${next.renewal?.url ?? ''} to be renewed from now on.`);
  if (before.standIn !== next.standIn)
    found.push(`It goes to ${next.standIn ? 'stand-ins' : 'the real provider'} from now on.`);
  if (before.kind !== next.kind) found.push(`It was of the kind ${before.kind}.`);
  if (!before.retired && next.retired)
    found.push('Nothing uses it from then on, and actions that wait for it are denied.');
  if (before.retired && !next.retired) found.push('It was retired, and is in use again.');
  return found;
};

/**
 * Holds a registration against the rules and against what is registered. Runs when it is proposed and again when it is
 * confirmed, so that both operators see the same warnings.
 * @param allowedHosts hosts that the project may call: a key is renewed at one of them or nowhere
 */
export const checkRegistration = (
  next: Registration,
  standing: CredentialStanding | undefined,
  production: boolean,
  allowedHosts: readonly string[],
): RegistrationCheck => ({
  faults: faultsOf(next, production, allowedHosts),
  warnings: warningsOf(next, standing),
});

/** The grant that is stored: a new secret is a new beginning, the same one keeps its age. */
export const registeredAs = (
  next: Registration,
  before: Credential | undefined,
  project: string,
  at: string,
): Credential => ({
  schemaVersion: 1,
  project,
  ...next,
  createdAt: before?.secretId === next.secretId ? before.createdAt : at,
});
