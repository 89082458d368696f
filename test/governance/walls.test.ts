import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EFFECT_TYPES, NEVER_UNATTENDED } from '#shared/actions/effects.ts';
import { assessAction } from '#shared/governance/assess.ts';
import { decideAction, decideWith, mayApproveWith } from '#shared/governance/decide.ts';
import type { Ask } from '#shared/governance/policy-set.ts';
import { openPolicySet } from '#shared/governance/policy-set.ts';
import { checkProjectPolicy } from '#shared/governance/policy-check.ts';
import { readPolicy } from '#shared/governance/policy-text.ts';
import { proposalEntity, proposerEntity } from '#shared/governance/proposal-entity.ts';
import { unattendedWall } from '#shared/governance/unattended-wall.ts';
import { BLANKET, definition, dryRun, effect, facts, order, projectConfig, READ_RULE, RUN } from './facts.ts';

const kinds = EFFECT_TYPES.map((type) => [type, NEVER_UNATTENDED.includes(type)] as const);
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
/** An engine that allows everything: what is left standing is the wall outside Cedar. */
const permissive = (): Ask => () => ({ allowed: true, policies: ['project.everything'], failed: false });

const askRun = (policy: string, of: ReturnType<typeof facts>): boolean => {
  const asked = {
    principal: proposerEntity(of.proposer),
    proposal: proposalEntity(of, assessAction(of)),
    production: of.stageIsProduction,
  };
  return openPolicySet(policy)?.('runUnattended', asked).allowed ?? false;
};

describe('what never runs unattended (GOV-04)', () => {
  test.each(kinds)('the product forbids inside Cedar: %s', (type, never) => {
    const run = dryRun({ operation: 'mail/send', effects: [effect(type)] });
    const base = projectConfig({ policy: BLANKET });
    const project = { ...base, settings: { ...base.settings, providers: ['mail' as never] } };
    expect(askRun(BLANKET, facts({ dryRun: run, project }))).toBe(!never);
  });

  test.each(kinds)('the wall outside Cedar stands where every rule allows: %s', (type, never) => {
    const run = dryRun({ operation: 'mail/send', effects: [effect('read'), effect(type)] });
    expect(decideWith(permissive)(facts({ dryRun: run })).verdict).toBe(
      never ? 'NEEDS_PERSON' : 'UNATTENDED',
    );
  });

  test.each(METHODS)('http %s: only a defined GET or HEAD gets past either wall', (method) => {
    const reads = method === 'GET' || method === 'HEAD';
    const project = projectConfig({ endpoints: [definition({ methods: [...METHODS] })], policy: BLANKET });
    const bare = { ...project, endpoints: [] };
    const asked = (config: typeof project) =>
      facts({ project: config, dryRun: dryRun({}, { method }, config) });
    expect(askRun(BLANKET, asked(project))).toBe(reads);
    expect(askRun(BLANKET, asked(bare))).toBe(false);
    expect(decideWith(permissive)(asked(project)).verdict).toBe(reads ? 'UNATTENDED' : 'NEEDS_PERSON');
    expect(decideWith(permissive)(asked(bare)).verdict).toBe('NEEDS_PERSON');
  });

  test('an action without effects is not harmless, it is unknown', () => {
    const run = { ...dryRun(), effects: [] };
    expect(askRun(BLANKET, facts({ dryRun: run }))).toBe(false);
    expect(unattendedWall(run, projectConfig()).map((found) => found.code)).toContain('EFFECTS_UNKNOWN');
  });

  test('a path that could mean another one to the server is not covered by a definition', () => {
    for (const url of [
      'https://api.example.test/reports/%2e%2e%2fadmin',
      'https://api.example.test/reports//x',
      'https://api.example.test/reportsx',
      'https://api.example.test:8443/reports/7',
      'https://api.example.test/REPORTS/7',
    ]) {
      expect(decideWith(permissive)(facts({ dryRun: dryRun({}, { url }) })).verdict, url).not.toBe(
        'UNATTENDED',
      );
    }
  });
});

describe('the wall of the write (GOV-04)', () => {
  const refused: readonly (readonly [string, string])[] = [
    ['a blanket permit', BLANKET],
    ['a permit by host', `permit(principal, ${RUN}, resource) when { resource.host == "api.example.test" };`],
    ['a permit for one agent', `permit(principal == Autopack::Proposer::"client:x", ${RUN}, resource);`],
    [
      'a permit by operation',
      `permit(principal, ${RUN}, resource) when { resource.operation == "alpaca/order.submit" };`,
    ],
    ['a permit by price', `permit(principal, ${RUN}, resource) when { resource.costMinorUnits < 100 };`],
    ['a permit for low risk', `permit(principal, ${RUN}, resource) when { resource.tier == "low" };`],
    [
      'reads among other things',
      `permit(principal, ${RUN}, resource) when { resource.effects.contains("read") };`,
    ],
    ['reads by POST', `permit(principal, ${RUN}, resource) when { resource.effects == ["read"] };`],
    [
      'an undefined GET',
      `permit(principal, ${RUN}, resource) when { resource.effects == ["read"] && resource.method == "GET" };`,
    ],
    [
      'empty effects',
      `permit(principal, ${RUN}, resource) when { ["read"].containsAll(resource.effects) && resource.provider == "mail" };`,
    ],
    [
      'trades on Sundays only',
      `permit(principal, ${RUN}, resource) when { resource.effects == ["trade"] && resource.path like "/sunday/*" };`,
    ],
    [
      'production only',
      `permit(principal, ${RUN}, resource) when { context.production && resource.effects == ["payment"] };`,
    ],
    [
      'a permit behind a condition of its own',
      `permit(principal, ${RUN}, resource) when { if resource.host == "a.test" then true else resource.effects == ["read"] };`,
    ],
    [
      'all but one host',
      `permit(principal, ${RUN}, resource) when { if resource.host == "a.test" then false else true };`,
    ],
    ['a permit to approve', `permit(principal, action == Autopack::Action::"approve", resource);`],
    ['a permit to propose', `permit(principal, action == Autopack::Action::"propose", resource);`],
    ['a permit for all actions', `permit(principal, action, resource);`],
    [
      'a permit for a list of actions',
      `permit(principal, action in [Autopack::Action::"runUnattended"], resource);`,
    ],
    [
      'a placeholder instead of a value',
      `permit(principal, ${RUN}, resource) when { resource.effects == ["read"] && resource.defined && resource.method == "GET" && resource.host == unknown("host") };`,
    ],
    ['a template', `permit(principal == ?principal, ${RUN}, resource);`],
    [
      'an attribute that does not exist',
      `forbid(principal, ${RUN}, resource) when { resource.hots == "x" };`,
    ],
    ['text that is not Cedar', 'permit everything'],
    ['half a character', `forbid(principal, action, resource) when { resource.host == "\ud800" };`],
    [
      'the same id twice',
      `@id("a") forbid(principal, action, resource); @id("a") forbid(principal, action, resource);`,
    ],
    ['an id of the product', `@id("autopack.http") forbid(principal, action, resource);`],
  ];
  test.each(refused)('refuses %s', (_, text) => {
    expect(checkProjectPolicy(text)).not.toEqual([]);
  });

  const accepted: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['a comment', '// nothing yet'],
    ['defined reads', READ_RULE],
    [
      'defined reads of one host',
      `permit(principal, ${RUN}, resource) when { resource.host == "a.test" && resource.effects == ["read"] && resource.method == "GET" && resource.defined };`,
    ],
    [
      'a notice of another provider',
      `permit(principal, ${RUN}, resource) when { resource.effects == ["notify"] && resource.provider == "mail" };`,
    ],
    [
      'forbids of all three questions',
      'forbid(principal, action, resource) when { resource.tier == "critical" };',
    ],
    [
      'a forbid for approvers',
      'forbid(principal, action == Autopack::Action::"approve", resource) unless { principal == Autopack::Person::"person:olivia@example.test" };',
    ],
  ];
  test.each(accepted)('accepts %s', (_, text) => {
    expect(checkProjectPolicy(text)).toEqual([]);
  });

  test('names the statement, what it could let through and a narrower form', () => {
    const [found] = checkProjectPolicy(`@id("wide") ${BLANKET}`);
    expect(found?.policy).toBe('project.wide');
    expect(found?.message).toMatch(/could let .* run without a person\. Narrow it/);
    expect(checkProjectPolicy('\n\npermit(principal')[0]?.message).toMatch(/^line 3: /);
  });
});

/** Conditions that people and their accidents write: any mix of the attributes that there are. */
const condition = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom(...EFFECT_TYPES).map((type) => `resource.effects.contains("${type}")`),
    fc
      .subarray([...EFFECT_TYPES], { minLength: 1 })
      .map((types) => `resource.effects == ${JSON.stringify(types)}`),
    fc
      .subarray([...EFFECT_TYPES])
      .map((types) => `${JSON.stringify(types)}.containsAll(resource.effects)`.replace('[].', '["x"].')),
    fc.constantFrom(...METHODS).map((method) => `resource.method == "${method}"`),
    fc.constantFrom(
      'resource.defined',
      '["GET", "HEAD"].contains(resource.method)',
      'resource.provider == "http"',
      'resource.provider == "mail"',
      'context.production',
      'resource.costKnown',
      'resource.host like "*.test"',
      'resource.riskScore < 20',
      'resource.effects.isEmpty()',
      'resource.costMinorUnits + 9223372036854775807 > 0',
      'true',
      'false',
    ),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => `(${a} && ${b})`),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => `(${a} || ${b})`),
    tie('any').map((a) => `!(${a})`),
    fc.tuple(tie('any'), tie('any'), tie('any')).map(([a, b, c]) => `(if ${a} then ${b} else ${c})`),
  ),
})).any;
const statement = fc
  .tuple(fc.constantFrom('permit', 'permit', 'forbid'), fc.constantFrom('when', 'unless'), condition)
  .map(([kind, word, text]) => `${kind}(principal, ${RUN}, resource) ${word} { ${text} };`);
/** What a careful person writes, and gets past the write: chance alone seldom finds it. */
const narrow = fc
  .tuple(
    fc.constantFrom(
      'resource.defined && resource.method == "GET" && resource.effects == ["read"]',
      'resource.provider == "mail" && resource.effects == ["notify"]',
    ),
    fc.option(condition, { nil: 'true' }),
  )
  .map(([safe, text]) => `permit(principal, ${RUN}, resource) when { ${safe} && ${text} };`);
const policy = fc
  .oneof(
    fc.array(statement, { minLength: 1, maxLength: 3 }),
    fc.tuple(narrow),
    fc.tuple(narrow, statement),
    fc.tuple(narrow, narrow),
  )
  .map((all) => all.join('\n'));
const anyRun = fc
  .record({
    operation: fc.constantFrom('http/request', 'mail/send', 'alpaca/order.submit'),
    types: fc.subarray([...EFFECT_TYPES]),
    method: fc.constantFrom(...METHODS),
    url: fc.constantFrom('https://api.example.test/reports/7', 'https://api.example.test/other'),
  })
  .map(({ operation, types, method, url }) =>
    dryRun({ operation, effects: types.map((type) => effect(type)) }, { method, url, operation }),
  );
/** Every third is one that a rule may let through. */
const runs = fc.oneof(
  { weight: 4, arbitrary: anyRun },
  { weight: 1, arbitrary: fc.constant(dryRun()) },
  {
    weight: 1,
    arbitrary: fc.constant(
      dryRun({ operation: 'mail/send', effects: [effect('notify')] }, { operation: 'mail/send' }),
    ),
  },
);

const mustWait = (run: ReturnType<typeof dryRun>): boolean => {
  const http = run.operation === 'http/request';
  const reads = run.request.method === 'GET' || run.request.method === 'HEAD';
  return (
    run.effects.length === 0 ||
    run.effects.some(({ type }) => NEVER_UNATTENDED.includes(type)) ||
    (http && (!reads || !run.request.url.includes('/reports/')))
  );
};

const wideConfig = (text: string) => {
  const base = projectConfig({ policy: text, endpoints: [definition({ methods: [...METHODS] })] });
  return { ...base, settings: { ...base.settings, providers: ['alpaca', 'http', 'mail'] as never } };
};

describe('whatever a project writes (GOV-04)', () => {
  test('a policy that can be read never lets a never-class or a writing http request run unattended', () => {
    let unattended = 0;
    fc.assert(
      fc.property(policy, runs, fc.boolean(), (text, run, production) => {
        fc.pre(readPolicy(text).kind === 'readable');
        const decision = decideAction(
          facts({ dryRun: run, project: wideConfig(text), stageIsProduction: production }),
        );
        if (decision.verdict === 'UNATTENDED') unattended += 1;
        if (mustWait(run)) expect(decision.verdict).not.toBe('UNATTENDED');
      }),
      { numRuns: 250 },
    );
    expect(unattended).toBeGreaterThan(5);
  });

  test('a policy that gets past the write permits none of it even alone, without the forbids of the product', () => {
    let written = 0;
    fc.assert(
      fc.property(policy, fc.array(runs, { minLength: 8, maxLength: 8 }), (text, many) => {
        if (checkProjectPolicy(text).length > 0) return;
        written += 1;
        for (const run of many.filter((each) => mustWait(each))) {
          expect(aloneAllows(text, run), text).toBe(false);
        }
      }),
      { numRuns: 40 },
    );
    expect(written).toBeGreaterThan(3);
  });
});

const aloneAllows = (text: string, run: ReturnType<typeof dryRun>): boolean => {
  const of = facts({ dryRun: run, project: wideConfig('') });
  const principal = proposerEntity(of.proposer);
  const proposal = proposalEntity(of, assessAction(of));
  const answer = cedar.isAuthorized({
    principal: principal.uid,
    action: { type: 'Autopack::Action', id: 'runUnattended' },
    resource: proposal.uid,
    context: { production: false },
    entities: [principal, proposal],
    policies: { staticPolicies: text },
  });
  return answer.type === 'success' && answer.response.decision === 'allow';
};

describe('a policy that cannot be read (GOV-03)', () => {
  test.each(['permit(', 'permit(principal, action, resource);', '\ud800'])(
    '%j refuses everything',
    (text) => {
      const project = projectConfig({ policy: text });
      expect(decideAction(facts({ project }))).toMatchObject({ verdict: 'REFUSE' });
      const person = {
        kind: 'person' as const,
        subject: 'person:olivia@example.test',
        email: 'olivia@example.test',
        name: 'O',
        projects: ['demo'],
        roles: ['operator' as const],
        authTimeMs: 0,
      };
      expect(mayApproveWith(openPolicySet)(person, facts({ project })).kind).toBe('refuse');
    },
  );

  test('a rule that fails to evaluate allows nothing, even where another one would', () => {
    const text = `${READ_RULE}\nforbid(principal, ${RUN}, resource) when { resource.riskScore + 9223372036854775807 + resource.costMinorUnits > 0 };`;
    const run = dryRun({ effects: [effect('read', { cost: { minorUnits: 5, currency: 'USD' } })] });
    const decision = decideAction(facts({ dryRun: run, project: projectConfig({ policy: text }) }));
    expect(decision.verdict).toBe('NEEDS_PERSON');
    expect(decision.reasons[0]?.code).toBe('POLICY_ERROR');
  });

  test('an order is for a person, whatever the project wrote', () => {
    for (const text of ['', READ_RULE, BLANKET]) {
      expect(decideAction(facts({ dryRun: order(), project: projectConfig({ policy: text }) })).verdict).toBe(
        'NEEDS_PERSON',
      );
    }
  });
});
