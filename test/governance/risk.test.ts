import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DryRun } from '#shared/actions/dry-run.ts';
import { EFFECT_TYPES, NEVER_UNATTENDED } from '#shared/actions/effects.ts';
import { assessAction } from '#shared/governance/assess.ts';
import { decideAction } from '#shared/governance/decide.ts';
import { REASONS } from '#shared/governance/reasons.ts';
import { predictedCost, scoreRisk } from '#shared/governance/risk-score.ts';
import { CRITICAL_FROM, EFFECT_POINTS, STANDARD_FROM, tierOf } from '#shared/governance/safety-profile.ts';
import { dryRun, effect, facts, order, projectConfig, READ_RULE } from './facts.ts';

const usd = (minorUnits: number) => ({ minorUnits, currency: 'USD' });

describe('the safety profile (GOV-05)', () => {
  test.each([
    [0, 'low'],
    [STANDARD_FROM - 1, 'low'],
    [STANDARD_FROM, 'standard'],
    [CRITICAL_FROM - 1, 'standard'],
    [CRITICAL_FROM, 'critical'],
    [100, 'critical'],
  ] as const)('a score of %i is %s', (score, tier) => {
    expect(tierOf(score)).toBe(tier);
  });

  test('every class that never runs unattended is at least standard by itself', () => {
    for (const type of NEVER_UNATTENDED) expect(EFFECT_POINTS[type]).toBeGreaterThanOrEqual(STANDARD_FROM);
  });

  const table: readonly (readonly [string, DryRun, number, string])[] = [
    ['a read', dryRun(), 0, 'low'],
    ['a read of unknown cost', dryRun({ effects: [effect('read', { cost: 'unknown' })] }), 0, 'low'],
    ['a notice', dryRun({ effects: [effect('notify')], recoveryClass: 'keyed' }), 20, 'standard'],
    [
      'a write that can be taken back',
      dryRun({ effects: [effect('write')], recoveryClass: 'keyed' }),
      20,
      'standard',
    ],
    [
      'a small paper order',
      order({ effects: [effect('trade', { reversibility: 'irreversible', cost: usd(900) })] }),
      60,
      'standard',
    ],
    ['a paper order of unknown cost', order(), 65, 'standard'],
    [
      'a dear paper order',
      order({ effects: [effect('trade', { reversibility: 'irreversible', cost: usd(1_000_000) })] }),
      90,
      'critical',
    ],
    [
      'a real order of some size',
      order(
        { effects: [effect('trade', { reversibility: 'irreversible', cost: usd(20_000) })] },
        { credential: { provider: 'alpaca', account: 'live', environment: 'PRODUCTION' } },
      ),
      75,
      'critical',
    ],
    [
      'an undefined call',
      dryRun({ effects: [effect('destructive', { reversibility: 'irreversible', cost: 'unknown' })] }),
      95,
      'critical',
    ],
    [
      'a change of the documentation',
      dryRun({ effects: [effect('write')], recoveryClass: 'keyed', files: ['docs/a.md'] }),
      60,
      'standard',
    ],
    [
      'two currencies, the dearer counts',
      dryRun({
        effects: [
          effect('payment', { cost: usd(100_000) }),
          effect('payment', { cost: { minorUnits: 20_000, currency: 'EUR' } }),
        ],
        recoveryClass: 'keyed',
      }),
      70,
      'standard',
    ],
  ];
  test.each(table)('%s scores %# as the table says', (_, run, score, tier) => {
    const assessed = assessAction({ dryRun: run, project: projectConfig() });
    expect([assessed.riskScore, assessed.tier]).toEqual([score, tier]);
  });

  test('every part of a score has its reason, and the same facts give the same score', () => {
    const run = order(
      { files: ['docs/a.md'] },
      { credential: { provider: 'alpaca', account: 'live', environment: 'PRODUCTION' } },
    );
    const first = scoreRisk(run);
    expect(first).toEqual(scoreRisk(structuredClone(run)));
    expect(first.reasons.map((each) => each.code)).toEqual([
      'RISK_EFFECT',
      'RISK_REVERSIBILITY',
      'RISK_COST',
      'RISK_PRODUCTION',
      'RISK_PROTECTED_PATH',
    ]);
    const points = first.reasons.map((each) => Number(/^\+(\d+): /.exec(each.detail)?.[1]));
    expect(
      Math.min(
        100,
        points.reduce((sum, each) => sum + each, 0),
      ),
    ).toBe(first.score);
  });

  test.each([
    [[usd(10_000)], 'It costs 100.00 USD.'],
    [
      [usd(100_000), usd(50), { minorUnits: 20_000, currency: 'JPY' }],
      'It costs 1,000.50 USD and 20,000 JPY.',
    ],
    [[usd(100_000), 'unknown' as const], 'A cost is not known.'],
  ])('says what %j cost in words that people use', (costs, words) => {
    const run = dryRun({ effects: costs.map((cost) => effect('payment', { cost })) });
    const said = scoreRisk(run).reasons.find(({ code }) => code === 'RISK_COST');
    expect(said?.detail.replace(/^\+\d+: /, '')).toBe(words);
  });
});

const effects = fc.array(
  fc.record({
    type: fc.constantFrom(...EFFECT_TYPES),
    target: fc.constant('x'),
    reversibility: fc.constantFrom(
      'none' as const,
      'reversible' as const,
      'compensable' as const,
      'irreversible' as const,
    ),
    cost: fc.oneof(
      fc.constant('unknown' as const),
      fc.record({ minorUnits: fc.nat({ max: 3_000_000 }), currency: fc.constantFrom('USD', 'EUR') }),
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

describe('the score only raises scrutiny (GOV-08)', () => {
  test('more effects or files never lower it, nor open what was closed', () => {
    fc.assert(
      fc.property(effects, effects, fc.subarray(['docs/x', 'src/free.ts', '../x']), (some, more, files) => {
        const project = projectConfig({ policy: READ_RULE });
        const before = dryRun({ effects: some });
        const after = dryRun({ effects: [...some, ...more], files });
        expect(scoreRisk(after).score).toBeGreaterThanOrEqual(scoreRisk(before).score);
        const was = decideAction(facts({ dryRun: before, project })).verdict;
        if (was === 'NEEDS_PERSON')
          expect(decideAction(facts({ dryRun: after, project })).verdict).toBe('NEEDS_PERSON');
      }),
      { numRuns: 200 },
    );
  });

  test('a critical action waits for a person though a rule allows it', () => {
    const base = projectConfig({
      policy: `permit(principal, action == Autopack::Action::"runUnattended", resource) when { resource.effects == ["notify"] && resource.provider == "mail" };`,
    });
    const project = { ...base, settings: { ...base.settings, providers: ['mail'] as never } };
    const notice = (cost: number) =>
      dryRun(
        {
          operation: 'mail/send',
          effects: [effect('notify', { reversibility: 'irreversible', cost: usd(cost) })],
          recoveryClass: 'keyed',
        },
        { credential: { provider: 'mail', account: 'a', environment: 'PRODUCTION' } },
      );
    expect(decideAction(facts({ dryRun: notice(1), project })).verdict).toBe('UNATTENDED');
    const dear = decideAction(facts({ dryRun: notice(1_000_000), project }));
    expect(dear).toMatchObject({ verdict: 'NEEDS_PERSON', tier: 'critical' });
    expect(dear.reasons[0]?.code).toBe('CRITICAL_TIER');
  });

  test('a cost that nobody knows meets no limit of a rule', () => {
    expect(predictedCost([effect('write', { cost: 'unknown' })])).toEqual({
      known: false,
      minorUnits: Number.MAX_SAFE_INTEGER,
      currency: '',
    });
    expect(
      predictedCost([
        effect('write', { cost: usd(1) }),
        effect('write', { cost: { minorUnits: 1, currency: 'EUR' } }),
      ]).known,
    ).toBe(false);
    expect(predictedCost([effect('write', { cost: usd(1) }), effect('write', { cost: usd(2) })])).toEqual({
      known: true,
      minorUnits: 3,
      currency: 'USD',
    });
  });

  test('every reason has a code of the published table', () => {
    const decision = decideAction(facts({ dryRun: order({ files: ['docs/x'] }) }));
    for (const { code, detail } of decision.reasons) {
      expect(Object.keys(REASONS)).toContain(code);
      expect(detail).not.toBe('');
    }
  });
});
