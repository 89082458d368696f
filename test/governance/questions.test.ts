import { describe, expect, test } from 'vitest';
import { assessAction } from '#shared/governance/assess.ts';
import { decideAction, mayApprove, mayApproveWith } from '#shared/governance/decide.ts';
import { mayPropose } from '#shared/governance/may-propose.ts';
import { openPolicySet } from '#shared/governance/policy-set.ts';
import { personEntity, proposalEntity, proposerEntity } from '#shared/governance/proposal-entity.ts';
import { strictProjectConfig } from '#shared/governance/project-config.ts';
import type { Principal, Role } from '#shared/operators/principal.ts';
import { dryRun, effect, facts, order, projectConfig, READ_RULE, RUN } from './facts.ts';

const person = (
  over: Partial<Extract<Principal, { kind: 'person' }>> = {},
): Extract<Principal, { kind: 'person' }> => ({
  kind: 'person',
  subject: 'person:olivia@example.test',
  email: 'olivia@example.test',
  name: 'Olivia Operator',
  projects: ['demo'],
  roles: ['operator'],
  authTimeMs: 0,
  ...over,
});
const agent = (roles: readonly Role[] = ['agent'], projects = ['demo']): Principal => ({
  kind: 'client',
  subject: 'client:demo-agent',
  name: 'demo-agent',
  projects,
  roles,
  owner: 'person:ada@example.test',
});

const cedarMayPropose = (
  project: ReturnType<typeof projectConfig>,
  run: ReturnType<typeof dryRun>,
): boolean => {
  const of = facts({ project, dryRun: run });
  const asked = {
    principal: proposerEntity(of.proposer),
    proposal: proposalEntity(of, assessAction(of)),
    production: false,
  };
  return openPolicySet(project.policy)?.('propose', asked).allowed ?? false;
};

describe('may this agent propose this', () => {
  test('needs membership, a role that proposes, and the provider switched on (GOV-13)', () => {
    const project = projectConfig();
    expect(mayPropose(agent(), project, 'http/request').kind).toBe('allow');
    expect(mayPropose(person(), project, 'http/request').kind).toBe('allow');
    expect(mayPropose(agent(['viewer']), project, 'http/request').kind).toBe('refuse');
    expect(mayPropose(agent(['agent'], ['other']), project, 'http/request').kind).toBe('refuse');
    expect(mayPropose({ kind: 'public', subject: 'system:public' }, project, 'http/request').kind).toBe(
      'refuse',
    );
    for (const operation of ['HTTP/request', 'httpx/request', '', 'shop/list']) {
      expect(mayPropose(agent(), project, operation).reasons[0]?.code, operation).toBe('PROVIDER_OFF');
    }
    expect(mayPropose(agent(), strictProjectConfig('demo'), 'http/request').reasons[0]?.code).toBe(
      'PROVIDER_OFF',
    );
  });

  test('the light check and the policy set say the same about every provider switch', () => {
    for (const providers of [[], ['alpaca'], ['http'], ['alpaca', 'http']] as const) {
      const base = projectConfig();
      const project = { ...base, settings: { ...base.settings, providers: [...providers] } };
      for (const run of [dryRun(), order(), dryRun({ operation: 'shop/list', effects: [effect('list')] })]) {
        expect(cedarMayPropose(project, run), `${providers.join()} ${run.operation}`).toBe(
          mayPropose(agent(), project, run.operation).kind === 'allow',
        );
      }
    }
  });

  test('a host that is not on the list and a forbid of the project are refused at the gate', () => {
    const elsewhere = dryRun({}, { url: 'https://elsewhere.example.test/reports/7' });
    expect(decideAction(facts({ dryRun: elsewhere })).reasons[0]?.code).toBe('HOST_NOT_ALLOWED');
    const policy =
      '@id("no-demo") forbid(principal == Autopack::Proposer::"client:demo-agent", action == Autopack::Action::"propose", resource);';
    const decision = decideAction(facts({ project: projectConfig({ policy }) }));
    expect(decision.verdict).toBe('REFUSE');
    expect(decision.reasons[0]).toEqual({
      gate: 'governance',
      code: 'PROPOSE_FORBIDDEN',
      detail: 'Forbidden by project.no-demo.',
    });
  });
});

describe('may it run unattended', () => {
  test('not without a rule: a project that says nothing has everything approved (GOV-01)', () => {
    const decision = decideAction(facts());
    expect(decision.verdict).toBe('NEEDS_PERSON');
    expect(decision.permit).toBeUndefined();
    expect(decision.reasons[0]?.code).toBe('NO_RULE_ALLOWS');
  });

  test('an explicit rule gives a permit that names itself and the version of the project', () => {
    const decision = decideAction(facts({ project: projectConfig({ policy: READ_RULE, version: 9 }) }));
    expect(decision).toMatchObject({
      verdict: 'UNATTENDED',
      permit: 'project.reports@9',
      tier: 'low',
      riskScore: 0,
    });
  });

  test('a project that nobody confirmed is closed (GOV-03)', () => {
    expect(decideAction(facts({ project: strictProjectConfig('demo') })).verdict).toBe('REFUSE');
  });

  test('a rule for production holds there only', () => {
    const policy = `permit(principal, ${RUN}, resource) when { context.production && resource.effects == ["read"] && resource.defined && ["GET", "HEAD"].contains(resource.method) };`;
    const project = projectConfig({ policy });
    expect(decideAction(facts({ project, stageIsProduction: false })).verdict).toBe('NEEDS_PERSON');
    expect(decideAction(facts({ project, stageIsProduction: true })).verdict).toBe('UNATTENDED');
  });

  test('more projects than the engine has room for keep their own rules', () => {
    const projects = Array.from({ length: 40 }, (_, i) =>
      projectConfig({ policy: i % 2 === 0 ? `${READ_RULE}\n// ${i}` : `// ${i}` }),
    );
    for (const round of [0, 1]) {
      for (const [i, project] of projects.entries()) {
        expect(decideAction(facts({ project })).verdict, `${round} ${i}`).toBe(
          i % 2 === 0 ? 'UNATTENDED' : 'NEEDS_PERSON',
        );
      }
    }
  });
});

describe('may this person approve it (four eyes)', () => {
  test('an operator of the project who had no hand in it may', () => {
    expect(mayApprove(person(), facts())).toEqual({ kind: 'allow', reasons: [] });
  });

  const refused: readonly (readonly [
    string,
    ReturnType<typeof person>,
    Partial<ReturnType<typeof facts>>,
    string,
  ])[] = [
    ['a viewer', person({ roles: ['viewer'] }), {}, 'NOT_AN_OPERATOR'],
    ['an operator of another project', person({ projects: ['other'] }), {}, 'NOT_AN_OPERATOR'],
    [
      'the owner of the agent',
      person({ subject: 'person:ada@example.test' }),
      {},
      'ORIGINATOR_MAY_NOT_APPROVE',
    ],
    [
      'the owner in another spelling',
      person(),
      { originators: ['person:Olivia@Example.test'] },
      'ORIGINATOR_MAY_NOT_APPROVE',
    ],
    [
      'the proposer, though nobody listed them',
      person(),
      { proposer: 'person:olivia@example.test', originators: [] },
      'ORIGINATOR_MAY_NOT_APPROVE',
    ],
    [
      'whom the project forbids it',
      person(),
      {
        project: projectConfig({
          policy:
            '@id("sam-only") forbid(principal, action == Autopack::Action::"approve", resource) unless { principal == Autopack::Person::"person:sam@example.test" };',
        }),
      },
      'APPROVE_FORBIDDEN',
    ],
  ];
  test.each(refused)('refuses %s', (_, who, over, code) => {
    const answer = mayApprove(who, facts(over));
    expect([answer.kind, answer.reasons[0]?.code]).toEqual(['refuse', code]);
  });

  test('originators and strangers are refused by either wall alone', () => {
    const open = mayApproveWith(() => () => ({ allowed: true, policies: [], failed: false }));
    expect(open(person({ subject: 'person:ada@example.test' }), facts()).kind).toBe('refuse');
    expect(open(person({ roles: [] }), facts()).kind).toBe('refuse');
    const asked = (who: ReturnType<typeof person>) => ({
      principal: personEntity(who),
      proposal: proposalEntity(facts(), assessAction(facts())),
      production: false,
    });
    const ask = openPolicySet('');
    expect(ask?.('approve', asked(person())).allowed).toBe(true);
    expect(ask?.('approve', asked(person({ subject: 'person:ADA@example.test' }))).allowed).toBe(false);
    expect(ask?.('approve', asked(person({ roles: ['viewer'] }))).allowed).toBe(false);
  });
});
