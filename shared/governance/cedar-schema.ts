/**
 * What policies can talk about. One schema for the product's and the projects' policies; a policy that does not fit
 * it is refused. Attributes are documented in `docs/governance.md`.
 */
export const CEDAR_SCHEMA = `
namespace Autopack {
  entity Proposer { kind: String };
  entity Person { roles: Set<String>, projects: Set<String> };
  entity Proposal {
    project: String,
    provider: String,
    operation: String,
    effects: Set<String>,
    reversibility: Set<String>,
    recoveryClass: String,
    method: String,
    scheme: String,
    host: String,
    path: String,
    defined: Bool,
    endpoint: String,
    account: String,
    environment: String,
    paths: Set<String>,
    costKnown: Bool,
    costMinorUnits: Long,
    currency: String,
    riskScore: Long,
    tier: String,
    originators: Set<Person>,
    providerOn: Bool,
    hostAllowed: Bool
  };
  action "propose", "runUnattended" appliesTo {
    principal: [Proposer], resource: [Proposal], context: { production: Bool }
  };
  action "approve" appliesTo {
    principal: [Person], resource: [Proposal], context: { production: Bool }
  };
}
`;

/** What each attribute of a proposal means; the generated table of `docs/governance.md`. */
export const PROPOSAL_ATTRIBUTES = {
  project: 'project of the action',
  provider: 'part of the operation before the slash, as `http`',
  operation: 'as `alpaca/order.submit`',
  effects: 'all predicted effect classes',
  reversibility: 'of every effect: `none`, `reversible`, `compensable`, `irreversible`',
  recoveryClass: '`keyed`, `upsert`, `resumable`, `lookup` or `none`',
  method: 'HTTP method in capitals',
  scheme: '`https` or `http`',
  host: 'lower case, with the port where it is not the default one',
  path: 'of the URL, without the query',
  defined: 'true where an endpoint definition of the project covers the request',
  endpoint: 'name of that definition, empty without one',
  account: 'credential account, empty where none is used',
  environment: 'environment of the credential, empty where none is used',
  paths: 'every normalised file and folder that is touched, `?` for one that cannot be read',
  costKnown: 'true where every effect knows its cost and there is one currency',
  costMinorUnits: 'sum in minor units; the largest number there is where the cost is not known',
  currency: 'ISO 4217, empty where nothing costs anything',
  riskScore: '0 to 100',
  tier: '`low`, `standard` or `critical`',
  originators: 'people who proposed, own or edited it',
  providerOn: 'true where the provider is switched on',
  hostAllowed: 'true where the host is on the allow list of the project',
} as const;
