import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { ENTRIES, environmentSchema } from '#infra/entries.ts';
import { CONFIG_SECRETS, referenceVariable } from '#shared/config/config-secrets.ts';
import { ENV } from '#shared/config/env.ts';
import { functionsByEntry, ofType, referenced, removeFolders, synthesize } from './assembly.ts';

afterAll(removeFolders);

const STAGES = (['dev', 'prod'] as const).map(
  (stage) => [stage, synthesize(stage, { bundle: false, rules: false })] as const,
);
const OF_FUNCTIONS = (Object.keys(CONFIG_SECRETS) as (keyof typeof CONFIG_SECRETS)[]).filter(
  (name): name is 'KEYRING' | 'SIGNING' => CONFIG_SECRETS[name].reader === 'functions',
);
const REFERENCES = OF_FUNCTIONS.map(referenceVariable);

/** Variables of all functions that a secret could come through, by name. */
const secretVariables = (names: readonly string[]): readonly string[] =>
  [
    ...new Set(
      names.filter(
        (name) =>
          /_SECRET_ARN$|_FILE$|SECRET|PASSWORD|PRIVATE_KEY|API_KEY/.test(name) || name in CONFIG_SECRETS,
      ),
    ),
  ].toSorted();

describe('the template and the loader agree on every secret (SEC-08)', () => {
  it.each(STAGES)(
    '%s injects exactly the secrets that the loader knows, each as a reference',
    (_stage, stacks) => {
      const injected = [...functionsByEntry(stacks.controlPlane).values()].flatMap(([, fn]) =>
        Object.keys(fn.Properties['Environment'].Variables),
      );
      expect(secretVariables(injected)).toEqual(REFERENCES.toSorted());
      expect(secretVariables(Object.keys(ENV))).toEqual(REFERENCES.toSorted());
    },
  );

  it.each(STAGES)(
    '%s: every reference is one of a secret of the stack, and every such secret is injected',
    (_stage, stacks) => {
      const made = ofType(stacks.state, 'AWS::SecretsManager::Secret').map(([id]) => id);
      const named = new Set<string>();
      for (const [entry, [, fn]] of functionsByEntry(stacks.controlPlane))
        for (const [name, value] of Object.entries(fn.Properties['Environment'].Variables))
          if ((REFERENCES as readonly string[]).includes(name)) {
            const secret = made.find((id) => referenced(value).includes(id));
            expect(secret, `${entry}: ${name}`).toBeDefined();
            named.add(secret ?? '');
          }
      expect([...named].toSorted()).toEqual(made.toSorted());
    },
  );

  it('every function that is told of a secret uses it, and no other names it', () => {
    for (const entry of ENTRIES) {
      const handler = readFileSync(new URL(`../../functions/${entry}.handler.ts`, import.meta.url), 'utf8');
      for (const name of REFERENCES)
        expect(handler.includes(`env.${name}`), `${entry}: ${name}`).toBe(
          name in environmentSchema(entry).shape,
        );
    }
  });

  it.each(STAGES)(
    '%s holds no value of a secret: none is written, none is resolved into it (SEC-07)',
    (_stage, stacks) => {
      for (const template of [stacks.state, stacks.controlPlane]) {
        const text = JSON.stringify(template);
        expect(text).not.toContain('{{resolve:');
        expect(text).not.toMatch(/"SecretString"\s*:/);
      }
      for (const [id, { Properties }] of ofType(stacks.state, 'AWS::SecretsManager::Secret'))
        expect(Object.keys(Properties['GenerateSecretString']), id).toContain('GenerateStringKey');
    },
  );

  it.each(STAGES)(
    '%s: nobody may read every secret (CRE-21), nor the stack’s own among those of providers',
    (_stage, stacks) => {
      for (const [id, { Properties }] of ofType(stacks.controlPlane, 'AWS::IAM::Policy'))
        for (const statement of Properties['PolicyDocument'].Statement as any[]) {
          const actions = [statement.Action].flat() as string[];
          if (!actions.some((action) => action.startsWith('secretsmanager:'))) continue;
          for (const resource of [statement.Resource].flat()) {
            expect(referenced(resource), id).not.toBe('*');
            expect(referenced(resource), id).not.toMatch(
              /secret:\*|secret:autopack\*|secret:autopack-house\/[^-]*\*/,
            );
          }
        }
      for (const [, { Properties }] of ofType(stacks.state, 'AWS::SecretsManager::Secret'))
        expect(Properties['Name']).toMatch(/^autopack-house\//);
    },
  );

  it.each(STAGES)(
    '%s rotates nothing when it is deployed, and by the days of the policy table',
    (_stage, stacks) => {
      const schedules = ofType(stacks.controlPlane, 'AWS::SecretsManager::RotationSchedule');
      expect(
        schedules.map(([, { Properties }]) => [
          Properties['RotateImmediatelyOnUpdate'],
          Properties['RotationRules'].AutomaticallyAfterDays,
        ]),
      ).toEqual([
        [false, 30],
        [false, 365],
      ]);
      const allowed = ofType(stacks.controlPlane, 'AWS::Lambda::Permission').filter(
        ([, { Properties }]) => Properties['Principal'] === 'secretsmanager.amazonaws.com',
      );
      expect(allowed).toHaveLength(1);
      expect(referenced(allowed[0]?.[1].Properties['SourceAccount'])).toContain('AWS::AccountId');
      // CloudFormation makes the schedule only when Secrets Manager may invoke the function.
      for (const [, schedule] of schedules)
        expect([(schedule as { DependsOn?: unknown }).DependsOn].flat()).toContain(allowed[0]?.[0]);
    },
  );
});
