import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AUTO_APPROVE_SWITCHES,
  Deployment,
  DeploymentRefusedError,
  readDeployment,
  resolveStage,
} from '#infra/deployment.ts';
import { EXECUTE_TIMEOUT_SECONDS, STAGES } from '#infra/stages.ts';

const prodExample: Record<string, unknown> = JSON.parse(
  readFileSync(new URL('../../infra/prod.example.json', import.meta.url), 'utf8'),
);
const deployDoc = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8');

const problems = (run: () => unknown): readonly string[] => {
  try {
    run();
  } catch (error) {
    if (error instanceof DeploymentRefusedError) return error.problems;
    throw error;
  }
  return [];
};

describe('production', () => {
  it('names every value that is missing (AUT-02)', () => {
    const said = problems(() => resolveStage({ stage: 'prod' })).join('\n');
    for (const name of ['senderAddress', 'operatorGroup', 'identityDomainPrefix'])
      expect(said).toContain(name);
  });

  it.each(['senderAddress', 'operatorGroup', 'identityDomainPrefix'])(
    'is refused without %s alone',
    (name) => {
      const { [name]: _left, ...rest } = prodExample;
      expect(problems(() => resolveStage(rest))).toHaveLength(1);
      expect(problems(() => resolveStage({ ...rest, [name]: '' })).join()).toContain(name);
    },
  );

  it('accepts the example that is checked in, without a warning', () => {
    expect(resolveStage(prodExample).warnings).toEqual([]);
  });

  it('is refused with any auto-approve switch, whatever it says (APR-09, APR-10)', () => {
    for (const name of AUTO_APPROVE_SWITCHES)
      expect(problems(() => resolveStage(prodExample, { autoApprove: [name] })).join()).toContain(name);
  });

  it('is refused with public reading, whatever it says (AUT-01)', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        expect(problems(() => resolveStage(prodExample, { publicRead: text })).join()).toContain(
          'AUTOPACK_PUBLIC_READ',
        );
      }),
    );
    expect(resolveStage(prodExample, { publicRead: '' }).record.publicRead).toBe(false);
  });

  it('asks for a second factor and has no development switches', () => {
    const { record } = resolveStage(prodExample);
    expect(record.identity.secondFactor).toBe('required');
    expect(record.developmentSwitches).toBe(false);
    expect(record.terminationProtection).toBe(true);
  });
});

describe('development', () => {
  it('needs nothing said', () => {
    expect(resolveStage({ stage: 'dev' }).warnings).toEqual([]);
  });

  it('ignores an auto-approve switch and says so', () => {
    const { record, warnings } = resolveStage({ stage: 'dev' }, { autoApprove: ['AUTO_APPROVE_BUILD113'] });
    expect(warnings.join()).toContain('AUTO_APPROVE_BUILD113');
    expect(JSON.stringify(record)).not.toMatch(/auto.?approve/i);
  });

  it('opens public reading to the exact word only (AUT-01)', () => {
    expect(resolveStage({ stage: 'dev' }, { publicRead: '1' }).record.publicRead).toBe(true);
    for (const text of ['true', '01', ' 1', 'yes', '0', ''])
      expect(resolveStage({ stage: 'dev' }, { publicRead: text }).record.publicRead).toBe(false);
  });

  it('has two operators and an agent whose owner is neither, so that a change can be confirmed', () => {
    const { people, clients } = resolveStage({ stage: 'dev' }).record;
    const operators = people
      .filter(({ roles }) => roles.includes('operator'))
      .map(({ email }) => `person:${email}`);
    expect(operators).toHaveLength(2);
    for (const { owner } of clients) expect(operators).not.toContain(owner);
  });
});

describe('a deployment', () => {
  it.each([
    ['an unknown stage', { stage: 'staging' }, 'stage'],
    ['no stage', {}, 'stage'],
    ['a sender that is no address', { stage: 'dev', senderAddress: 'autopack' }, 'senderAddress'],
    [
      'a domain prefix that Cognito refuses',
      { stage: 'dev', identityDomainPrefix: 'my-aws-login' },
      'identityDomainPrefix',
    ],
    [
      'a role that does not exist',
      { stage: 'dev', people: [{ email: 'a@example.test', name: 'A', projects: [], roles: ['admin'] }] },
      'people.0.roles.0',
    ],
    [
      'a client without an owner',
      { stage: 'dev', clients: [{ name: 'bot', projects: [], roles: ['agent'] }] },
      'clients.0.owner',
    ],
    ['a value that nobody knows', { stage: 'dev', autoApprove: true }, 'autoApprove'],
  ])('with %s is refused by name', (_what, said, name) => {
    expect(problems(() => resolveStage(said)).join()).toContain(name);
  });

  it('with one operator is told that changes will not get through', () => {
    const people = [{ email: 'a@example.test', name: 'A', projects: ['shop'], roles: ['operator'] }];
    expect(resolveStage({ stage: 'dev', people, clients: [] }).warnings.join()).toMatch(
      /shop has 1 operator/,
    );
  });

  it('reads the context before the environment before the file, and the stage from the file first', () => {
    const context: Record<string, unknown> = { senderAddress: 'context@example.test', stage: 'dev' };
    const environment = {
      AUTOPACK_ENV: 'dev',
      AUTOPACK_SENDER_ADDRESS: 'environment@example.test',
      AUTOPACK_OPERATOR_GROUP: 'environment',
      AUTOPACK_ALARM_ADDRESS: '',
    };
    const file = {
      stage: 'prod',
      senderAddress: 'file@example.test',
      operatorGroup: 'file',
      alarmAddress: 'file@example.test',
    };
    const read = readDeployment({ file, context: (name) => context[name], environment });
    expect(read).toEqual({
      stage: 'prod',
      senderAddress: 'context@example.test',
      operatorGroup: 'environment',
      alarmAddress: 'file@example.test',
    });
    expect(readDeployment({ context: () => undefined, environment })['stage']).toBe('dev');
    expect(
      problems(() => readDeployment({ file: [], context: () => undefined, environment: {} })),
    ).toHaveLength(1);
  });
});

describe('stages', () => {
  it.each(Object.values(STAGES))('$stage: a lease outlives the execute function', ({ timing }) => {
    expect(timing.leaseSeconds).toBeGreaterThanOrEqual(EXECUTE_TIMEOUT_SECONDS);
  });
});

describe('docs/deploy.md', () => {
  it('lists every context key that exists, and no other (DEP-04)', () => {
    const rows = [...deployDoc.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name);
    expect(rows.toSorted()).toEqual(['deployment', ...Object.keys(Deployment.shape)].toSorted());
  });

  it('and docs/runbook.md name commands that the CLI has', () => {
    const read = (name: string): string =>
      readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
    const known = [...read('cli.md').matchAll(/^Usage: autopack ([a-z-]+(?: [a-z-]+)?)/gm)].map(
      ([, verb]) => verb,
    );
    for (const text of [deployDoc, read('runbook.md')])
      for (const [, verb = '', flag] of text.matchAll(
        /npx autopack ((?:(?:project|policies|credentials)\s+)?[a-z-]+)(?: (--[a-z]+))?/g,
      )) {
        expect(known).toContain(verb.replaceAll(/\s+/g, ' '));
        if (flag !== undefined) expect(read('cli.md')).toContain(flag);
      }
  });

  it('names stacks, files and scripts that exist (DEP-08, DEP-09, DEP-12)', () => {
    for (const stack of deployDoc.matchAll(/Autopack-<stage>-(\w+)/g))
      expect(['State', 'ControlPlane']).toContain(stack[1]);
    for (const [, path] of deployDoc.matchAll(/deployment=(\S+?)[\s`]/g))
      expect(() => readFileSync(new URL(`../../${path}`, import.meta.url))).not.toThrow();
  });
});
