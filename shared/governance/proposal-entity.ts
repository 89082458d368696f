import type { EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { Assessment } from './assess.ts';
import { matchEndpoint } from './endpoint-match.ts';
import type { GovernanceFacts } from './gate.ts';
import type { ProjectConfig } from './project-config.ts';
import type { Principal } from '../operators/principal.ts';
import type { Subject } from '../actions/identity.ts';
import type { DryRun } from '../actions/dry-run.ts';
import { hostIsListed } from '../providers/guard-url.ts';
import { touchedPaths } from './protected-paths.ts';
import { predictedCost } from './risk-score.ts';
import { providerOf } from './unattended-wall.ts';

/** Registry addresses are lower case; what an agent names as originator may not be. */
const personId = (subject: Subject): string => subject.toLowerCase().toWellFormed();

export const providerIsOn = (project: ProjectConfig, provider: string): boolean =>
  project.settings.providers.some((each) => each === provider);

/** Only the `http` provider calls hosts that a project names; the others know theirs. */
export const hostIsAllowed = (project: ProjectConfig, dryRun: DryRun): boolean => {
  if (!URL.canParse(dryRun.request.url)) return false;
  return (
    providerOf(dryRun) !== 'http' || hostIsListed(new URL(dryRun.request.url), project.settings.allowedHosts)
  );
};

/** The proposal as policies see it: everything from the dry run and the confirmed project, nothing from the agent's word. */
export const proposalEntity = (facts: GovernanceFacts, assessment: Assessment): EntityJson => {
  const { dryRun, project } = facts;
  const { request } = dryRun;
  const url = new URL(URL.canParse(request.url) ? request.url : 'https://unreadable.invalid/');
  const endpoint = matchEndpoint(project.endpoints, request);
  const cost = predictedCost(dryRun.effects);
  const text = (value: string): string => value.toWellFormed();
  return {
    uid: { type: 'Autopack::Proposal', id: `${dryRun.project}#${text(dryRun.key)}` },
    parents: [],
    attrs: {
      project: dryRun.project,
      provider: providerOf(dryRun),
      operation: text(dryRun.operation),
      effects: [...new Set(dryRun.effects.map((effect) => effect.type))],
      reversibility: [...new Set(dryRun.effects.map((effect) => effect.reversibility))],
      recoveryClass: dryRun.recoveryClass,
      method: request.method,
      scheme: url.protocol.slice(0, -1),
      host: url.host,
      path: url.pathname,
      defined: endpoint !== undefined,
      endpoint: endpoint?.name ?? '',
      account: text(request.credential?.account ?? ''),
      environment: request.credential?.environment ?? '',
      paths: [...touchedPaths(dryRun.files)],
      costKnown: cost.known,
      costMinorUnits: cost.minorUnits,
      currency: cost.currency,
      riskScore: assessment.riskScore,
      tier: assessment.tier,
      originators: facts.originators.map((subject) => ({
        __entity: { type: 'Autopack::Person', id: personId(subject) },
      })),
      providerOn: providerIsOn(project, providerOf(dryRun)),
      hostAllowed: hostIsAllowed(project, dryRun),
    },
  };
};

export const proposerEntity = (subject: Subject): EntityJson => ({
  uid: { type: 'Autopack::Proposer', id: subject.toWellFormed() },
  parents: [],
  attrs: { kind: subject.split(':')[0] ?? '' },
});

export const personEntity = (person: Extract<Principal, { kind: 'person' }>): EntityJson => ({
  uid: { type: 'Autopack::Person', id: personId(person.subject) },
  parents: [],
  attrs: { roles: [...person.roles], projects: [...person.projects] },
});

/** True where the person is one of those who made the action, in whatever spelling. */
export const isOriginator = (subject: Subject, originators: readonly Subject[]): boolean =>
  originators.some((each) => personId(each) === personId(subject));
