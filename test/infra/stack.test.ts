import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Validations } from 'aws-cdk-lib';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleFunctions } from '#infra/constructs/function.ts';
import { ENTRIES, environmentSchema } from '#infra/entries.ts';
import { EXECUTE_TIMEOUT_SECONDS } from '#infra/stages.ts';
import { ROUTES } from '#shared/operators/routes.ts';
import { LEASE_MS } from '#shared/credentials/oauth/lease.ts';
import { SeedProperties } from '#shared/operators/seed.ts';
import action from '#statemachines/action.asl.json' with { type: 'json' };
import policyCheck from '#statemachines/policy-check.asl.json' with { type: 'json' };
import reviewed from './acknowledged.json' with { type: 'json' };
import {
  folder,
  functionsByEntry,
  ofType,
  referenced,
  removeFolders,
  type Resource,
  synthesize,
  type Template,
} from './assembly.ts';

afterAll(removeFolders);

const dev = synthesize('dev');
const prod = synthesize('prod', { bundle: false });
const STAGES = [
  ['dev', dev],
  ['prod', prod],
] as const;

const filesUnder = (path: string): readonly string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const only = (template: Template, type: string): Resource => {
  const found = ofType(template, type);
  if (found.length !== 1) throw new Error(`${found.length} resources of type ${type}`);
  return (found[0] as readonly [string, Resource])[1];
};

/** Properties of the one schedule of this expression, of those that invoke a function where one is named. */
const scheduleOf = (template: Template, expression: string, invoked?: string): Resource['Properties'] => {
  const found = ofType(template, 'AWS::Scheduler::Schedule').filter(
    ([, { Properties }]) =>
      Properties['ScheduleExpression'] === expression &&
      (invoked === undefined || referenced(Properties['Target'].Arn) === invoked),
  );
  if (found.length !== 1) throw new Error(`${found.length} schedules of ${expression}`);
  return (found[0] as readonly [string, Resource])[1].Properties;
};

describe.each(STAGES)('%s', (stage, { app, state, controlPlane, findings, acknowledged, failed }) => {
  it('has no finding of cdk-nag, of the built-in rules or of our own', () => {
    expect(findings).toEqual([]);
    expect(failed).toBe(false);
  });

  it('acknowledges exactly what was reviewed, with a reason and under the prefix of its pack', () => {
    const stageless = (text: string): string =>
      text.replaceAll(`Autopack-${stage}-`, '').replaceAll(`autopack/${stage}/`, 'autopack/<stage>/');
    const found: Record<string, string[]> = {};
    for (const { rule, path, reason } of acknowledged) {
      expect(reason?.length ?? 0, rule).toBeGreaterThan(20);
      (found[stageless(rule)] ??= []).push(stageless(path).replace(/\/Resource$/, ''));
    }
    for (const paths of Object.values(found)) paths.sort();
    expect(found).toEqual({ ...reviewed.both, ...reviewed[stage] });
  });

  it('has no acknowledgement that silences nothing', () => {
    const used = new Set(acknowledged.map(({ rule, acknowledgedAt }) => `${acknowledgedAt} ${rule}`));
    const said = app.node
      .findAll()
      .flatMap((construct) =>
        construct.node.metadata
          .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
          .flatMap(({ data }) =>
            Object.keys(data).map((id) => `${construct.node.path} ${id.slice(id.indexOf('::') + 2)}`),
          ),
      );
    expect(said.filter((one) => !used.has(one))).toEqual([]);
  });

  it('wires every route to its function, declares who may call it, and shadows none (DEP-01, API-14)', () => {
    const functions = functionsByEntry(controlPlane);
    const wired = ofType(controlPlane, 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) => {
      const integration = controlPlane.Resources[
        referenced(Properties['Target']).match(/\{(\w+)\}$/)?.[1] ?? ''
      ] as Resource;
      expect(integration.Properties['PayloadFormatVersion']).toBe('2.0');
      return [
        Properties['RouteKey'],
        Properties['AuthorizationType'],
        referenced(integration.Properties['IntegrationUri']),
      ];
    });
    const wanted = ROUTES.map((route) => [
      `${route.method} ${route.path}`,
      route.auth === 'bearer' ? 'CUSTOM' : 'NONE',
      functions.get(route.entry)?.[0],
    ]);
    expect(wired.toSorted()).toEqual(wanted.toSorted());
    for (const [key] of wired) expect(key).not.toMatch(/\+\}|\$default|^ANY /);
  });

  it('lets the gateway call each function on its own routes only', () => {
    const functions = functionsByEntry(controlPlane);
    const granted = ofType(controlPlane, 'AWS::Lambda::Permission')
      .filter(([, { Properties }]) => Properties['Principal'] === 'apigateway.amazonaws.com')
      .map(
        ([, { Properties }]) =>
          `${referenced(Properties['FunctionName'])} ${referenced(Properties['SourceArn']).replace(/^arn:.*?:execute-api:[^/]*/, '')}`,
      );
    const wanted = ROUTES.map((route) => `${functions.get(route.entry)?.[0]} /*/*${route.path}`);
    const authorizer = granted.filter((one) => one.includes('/authorizers/'));
    expect(authorizer).toHaveLength(1);
    expect(authorizer[0]).toContain(functions.get('operators/authorize')?.[0]);
    expect(granted.filter((one) => !one.includes('/authorizers/')).toSorted()).toEqual(wanted.toSorted());
  });

  it('caches an authorization for a minute by its token, and never without one', () => {
    expect(only(controlPlane, 'AWS::ApiGatewayV2::Authorizer').Properties).toMatchObject({
      AuthorizerResultTtlInSeconds: 60,
      IdentitySource: ['$request.header.Authorization'],
      AuthorizerPayloadFormatVersion: '2.0',
      EnableSimpleResponses: true,
    });
  });

  it('throttles everything, and the mail link more, and logs routes without paths', () => {
    const { Properties } = only(controlPlane, 'AWS::ApiGatewayV2::Stage');
    const api = Properties['DefaultRouteSettings'];
    for (const key of ['GET /a/{locator}', 'POST /a/{locator}'])
      expect(Properties['RouteSettings'][key].ThrottlingRateLimit).toBeLessThan(api.ThrottlingRateLimit);
    const format = Properties['AccessLogSettings'].Format as string;
    expect(Object.keys(JSON.parse(format))).toContain('route');
    expect(format).not.toMatch(
      /\$context\.(path|resourcePath|domain|http\.path|identity\.caller|authorizer\.principal)/,
    );
  });

  it('gives every function exactly the variables of its schema, with values that fit it (SEC-08)', () => {
    const functions = functionsByEntry(controlPlane);
    expect([...functions.keys()].toSorted()).toEqual([...ENTRIES].toSorted());
    for (const entry of ENTRIES) {
      const { NODE_OPTIONS, ...variables } = (functions.get(entry) as readonly [string, Resource])[1]
        .Properties['Environment'].Variables;
      expect(NODE_OPTIONS).toBe('--enable-source-maps');
      const schema = environmentSchema(entry);
      const names = Object.entries(schema.shape)
        .filter(
          ([name, field]) =>
            stage === 'dev' ||
            !(field as { safeParse(value: unknown): { success: boolean } }).safeParse(undefined).success ||
            name in variables,
        )
        .map(([name]) => name);
      expect(Object.keys(variables).toSorted(), entry).toEqual(names.toSorted());
      const deployed = Object.fromEntries(
        Object.entries(variables).map(([name, value]) => [name, deployedValue(name, value, controlPlane)]),
      );
      expect(schema.safeParse(deployed).error, entry).toBeUndefined();
    }
  });

  it('retains everything stateful under pinned logical ids (MIG-02)', () => {
    const stateful =
      /^AWS::(DynamoDB::GlobalTable|DynamoDB::Table|S3::Bucket|KMS::Key|Cognito::UserPool|SecretsManager::Secret)$/;
    const kept = Object.entries(state.Resources).filter(([, { Type }]) => stateful.test(Type));
    expect(kept.map(([id]) => id).toSorted()).toEqual([
      'ActionsTable',
      'ApprovalsTable',
      'ArtifactsBucket',
      'ControlsTable',
      'CredentialsTable',
      'DataKey',
      'KeyringSecret',
      'PoliciesTable',
      'RegistryTable',
      'RunsTable',
      'SigningKeysSecret',
      'TokenKey',
      'UserPool',
    ]);
    for (const [id, resource] of kept) {
      expect(resource.DeletionPolicy, id).toBe('Retain');
      expect(resource.UpdateReplacePolicy, id).toBe('Retain');
    }
    expect(Object.values(controlPlane.Resources).filter(({ Type }) => stateful.test(Type))).toEqual([]);
  });

  it('can get back every row of every table, and lose no table by mistake (EXS-13)', () => {
    for (const [id, { Properties }] of ofType(state, 'AWS::DynamoDB::GlobalTable')) {
      expect(Properties['BillingMode'], id).toBe('PAY_PER_REQUEST');
      expect(Properties['Replicas'].length, id).toBeGreaterThan(0);
      for (const replica of Properties['Replicas'])
        expect(replica, id).toMatchObject({
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        });
    }
  });

  it('never forgets a row of the ledger: no time to live, keys-only indexes, at most three', () => {
    const tables = Object.fromEntries(
      ofType(state, 'AWS::DynamoDB::GlobalTable').map(([id, { Properties }]) => [id, Properties]),
    );
    const forgetting = Object.keys(tables).filter(
      (id) => tables[id]?.['TimeToLiveSpecification'] !== undefined,
    );
    expect(forgetting.toSorted()).toEqual(['ControlsTable', 'RegistryTable']);
    expect(
      Object.fromEntries(
        Object.entries(tables).map(([id, { GlobalSecondaryIndexes = [] }]) => [
          id,
          GlobalSecondaryIndexes.map(({ IndexName, KeySchema, Projection }: any) => {
            expect(Projection).toEqual({ ProjectionType: 'KEYS_ONLY' });
            return [IndexName, ...KeySchema.map(({ AttributeName }: any) => AttributeName)].join(' ');
          }),
        ]),
      ),
    ).toEqual({
      ActionsTable: ['byTime project timeKey', 'byRun runKey timeKey', 'attention attention attentionAt'],
      ApprovalsTable: ['byProject project createdAt', 'open open createdAt'],
      ControlsTable: [],
      CredentialsTable: ['byKind rowKind sortKey'],
      PoliciesTable: ['byKind kind sortKey'],
      RegistryTable: ['byKind kind sortKey'],
      RunsTable: [],
    });
  });

  it('keeps execution data out of the logs and encrypts the history with the token key', () => {
    const machines = new Map(
      ofType(controlPlane, 'AWS::StepFunctions::StateMachine').map(([, { Properties }]) => [
        Properties['StateMachineName'] as string,
        Properties,
      ]),
    );
    const definitions = { Action: action, PolicyCheck: policyCheck };
    expect(machines.size).toBe(Object.keys(definitions).length);
    for (const [name, definition] of Object.entries(definitions)) {
      const Properties = machines.get(`Autopack-${stage}-ControlPlane-${name}`);
      expect(Properties, name).toMatchObject({
        StateMachineType: 'STANDARD',
        LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
        TracingConfiguration: { Enabled: true },
        EncryptionConfiguration: { Type: 'CUSTOMER_MANAGED_KMS_KEY' },
      });
      expect(referenced(Properties?.['EncryptionConfiguration'].KmsKeyId)).toBe('TokenKey');
      expect(JSON.parse(Properties?.['DefinitionString'])).toEqual(definition);
      const tokens = new Set(
        [...JSON.stringify(definition).matchAll(/\$\{(\w+)\}/g)].map(([, token]) => token),
      );
      expect(Object.keys(Properties?.['DefinitionSubstitutions']).toSorted()).toEqual([...tokens].toSorted());
    }
  });

  it('gives every claim a lease that outlives the execute function', () => {
    const [, { Properties }] = functionsByEntry(controlPlane).get('actions/execute-action') as readonly [
      string,
      Resource,
    ];
    expect(Properties['Timeout']).toBe(EXECUTE_TIMEOUT_SECONDS);
    expect(Number(Properties['Environment'].Variables.LEASE_SECONDS)).toBeGreaterThanOrEqual(
      Properties['Timeout'],
    );
  });

  it('sweeps every minute and whenever an execution ended badly (JOB-04)', () => {
    const sweeper = functionsByEntry(controlPlane).get('actions/sweep-actions')?.[0];
    const schedule = scheduleOf(controlPlane, 'rate(1 minute)', sweeper);
    expect(JSON.parse(schedule['Target'].Input)).toEqual({ scheduledTime: '<aws.scheduler.scheduled-time>' });
    const rule = only(controlPlane, 'AWS::Events::Rule').Properties;
    expect(rule['EventPattern'].detail.status).toEqual(['FAILED', 'ABORTED', 'TIMED_OUT']);
    expect(referenced(rule['Targets'][0].Arn)).toBe(sweeper);
  });

  it('renews connections every five minutes, by writers that are dead before their lease ends (OAU-01, LEA-10)', () => {
    const functions = functionsByEntry(controlPlane);
    const [refresh] = functions.get('credentials/refresh-credentials') ?? [];
    expect(scheduleOf(controlPlane, 'rate(5 minutes)', refresh)['State']).not.toBe('DISABLED');
    for (const entry of ['credentials/refresh-credentials', 'credentials/connect-account'] as const)
      expect(Number(functions.get(entry)?.[1].Properties['Timeout']) * 1000).toBeLessThan(LEASE_MS);
  });

  it('tends the tasks of connecting accounts again every minute (OAU-03)', () => {
    const [tend] = functionsByEntry(controlPlane).get('credentials/tend-reauth-tasks') ?? [];
    expect(scheduleOf(controlPlane, 'rate(1 minute)', tend)['State']).not.toBe('DISABLED');
  });

  it('asks every quarter of an hour which policy pages are due, and mails the week on Mondays (JOB-04)', () => {
    const input = { scheduledTime: '<aws.scheduler.scheduled-time>' };
    const check = scheduleOf(controlPlane, 'rate(15 minutes)');
    expect(JSON.parse(check['Target'].Input)).toEqual(input);
    expect(referenced(check['Target'].Arn)).toMatch(/^PolicyCheckMachine/);
    const week = scheduleOf(controlPlane, 'cron(0 7 ? * MON *)');
    expect(JSON.parse(week['Target'].Input)).toEqual(input);
    expect(referenced(week['Target'].Arn)).toBe(
      functionsByEntry(controlPlane).get('policies/weekly-digest')?.[0],
    );
  });

  it('has a runbook entry for each alarm, and an alarm for each entry', () => {
    const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
    const entries = [...runbook.matchAll(/^## Alarm: (\w+)$/gm)].map(([, name]) => name);
    const alarms = ofType(controlPlane, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => {
      expect(Properties['AlarmActions']).toHaveLength(1);
      expect(Properties['TreatMissingData']).toBeDefined();
      return (Properties['AlarmDescription'] as string).split(':')[0];
    });
    expect(alarms.toSorted()).toEqual(entries.toSorted());
  });

  it('looks as it did when it was last reviewed', async () => {
    await expect(
      `${JSON.stringify({ state: normal(state), controlPlane: normal(controlPlane) }, null, 1)}\n`,
    ).toMatchFileSnapshot(`snapshots/${stage}.snap`);
  });
});

/** What a variable will be once deployed: the literal, or something of the kind that the reference answers. */
const deployedValue = (name: string, value: any, template: Template): string => {
  if (typeof value === 'string') return value;
  if (name === 'PUBLIC_URL' || name === 'OIDC_ISSUER') return 'https://id.example.test';
  const parameter = template.Parameters?.[value.Ref];
  return parameter === undefined ? 'deployed' : String(parameter.Default);
};

/** A template without what changes with the source of functions or with the state machine, which have their own tests. */
const normal = (template: Template): unknown =>
  JSON.parse(
    JSON.stringify(template, (key, value) =>
      key === 'DefinitionString' || key === 'Code' ? `(${key})` : value,
    ),
  );

describe('the assembly', () => {
  it('is the same on two runs: every function keeps its hash (DEP-06, DEP-14)', { timeout: 300_000 }, () => {
    const digest = (root: string): Record<string, string> =>
      Object.fromEntries(
        filesUnder(join(root, 'bundles')).map((path) => [
          path.slice(root.length),
          createHash('sha256').update(readFileSync(path)).digest('hex'),
        ]),
      );
    const again = folder();
    bundleFunctions(again);
    expect(digest(again)).toEqual(digest(dev.outdir));
  });

  it('holds no path of this machine in a bundle', () => {
    const root = join(import.meta.dirname, '../..');
    for (const path of filesUnder(join(dev.outdir, 'bundles')))
      expect(readFileSync(path).includes(root), path).toBe(false);
  });

  it('has Cedar beside every bundle that decides, and nowhere else', () => {
    const withCedar = filesUnder(join(dev.outdir, 'bundles')).filter((path) => path.endsWith('.wasm'));
    for (const path of withCedar)
      expect(readFileSync(join(path, '..', 'index.mjs'), 'utf8')).toContain('cedar_wasm_bg.wasm');
    expect(withCedar.length).toBeGreaterThan(0);
    expect(withCedar.some((path) => path.includes('propose-action'))).toBe(false);
  });

  it('can load every function with the environment of its template', () => {
    const functions = functionsByEntry(dev.controlPlane);
    const bundles = ENTRIES.map((entry) => {
      const { Variables = {} } = functions.get(entry)?.[1].Properties['Environment'] ?? {};
      const variables = Object.entries(Variables).filter(([name]) => name !== 'NODE_OPTIONS');
      return {
        url: pathToFileURL(join(dev.outdir, 'bundles', entry, 'index.mjs')).href,
        env: Object.fromEntries(
          variables.map(([name, value]) => [name, deployedValue(name, value, dev.controlPlane)]),
        ),
      };
    });
    const load = `for (const { url, env } of JSON.parse(process.argv[1])) {
      for (const name of Object.keys(process.env)) if (name !== 'AWS_REGION') delete process.env[name];
      Object.assign(process.env, env);
      const { handler } = await import(url);
      console.log(url + ' ' + typeof handler);
    }`;
    const said = execFileSync(
      process.execPath,
      ['--input-type=module', '--eval', load, JSON.stringify(bundles)],
      {
        encoding: 'utf8',
        env: { AWS_REGION: 'eu-central-1' },
      },
    );
    expect(said.trim().split('\n')).toEqual(bundles.map(({ url }) => `${url} function`));
  });

  it('holds nothing that looks like a secret', () => {
    const secret =
      /AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY|"(SecretString|ClientSecret|Password|TemporaryPassword)"/;
    for (const { outdir } of [dev, prod])
      for (const path of filesUnder(outdir).filter((file) => file.endsWith('.json')))
        expect(secret.exec(readFileSync(path, 'utf8'))?.[0], path).toBeUndefined();
  });
});

describe('stages differ only where they should', () => {
  it('production has no parameter that re-points a provider or allows loopback, and no public reading', () => {
    expect(Object.keys(prod.controlPlane.Parameters ?? {})).toEqual(['BootstrapVersion']);
    expect(JSON.stringify(prod.controlPlane)).not.toMatch(
      /AUTOPACK_(PROVIDER_URL|OAUTH_URL|ALLOW_LOOPBACK|PUBLIC_READ)/,
    );
    expect(Object.keys(dev.controlPlane.Parameters ?? {}).toSorted()).toEqual([
      'AllowLoopback',
      'BootstrapVersion',
      'OAuthUrlEtsy',
      'OAuthUrlShopify',
      'OAuthUrlYouTube',
      'ProviderUrlAlpaca',
    ]);
  });

  it('public reading, in development, asks the authorizer about every call (AUT-01)', () => {
    const open = synthesize('dev', { bundle: false, rules: false, switches: { publicRead: '1' } });
    const { Properties } = only(open.controlPlane, 'AWS::ApiGatewayV2::Authorizer');
    expect(Properties['AuthorizerResultTtlInSeconds']).toBe(0);
    expect(Properties['IdentitySource'] ?? []).toEqual([]);
    const authorize = functionsByEntry(open.controlPlane).get('operators/authorize')?.[1];
    expect(authorize?.Properties['Environment'].Variables.AUTOPACK_PUBLIC_READ).toBe('1');
  });

  it('agents get the client id of the user pool as their registry row', () => {
    for (const { controlPlane } of [dev, prod]) {
      const { seed } = only(controlPlane, 'Custom::RegistryRows').Properties as {
        seed: { 'Fn::Join': [string, (string | Record<string, unknown>)[]] };
      };
      const references = seed['Fn::Join'][1].filter((part) => typeof part !== 'string');
      const rows = SeedProperties.parse({
        seed: seed['Fn::Join'][1].map((part) => (typeof part === 'string' ? part : 'made-later')).join(''),
      });
      expect(rows.seed.clients).toMatchObject([{ clientId: 'made-later' }]);
      expect(references).toHaveLength(1);
      for (const clientId of references)
        expect(controlPlane.Resources[referenced(clientId)]?.Properties['AllowedOAuthFlows']).toEqual([
          'client_credentials',
        ]);
    }
  });
});
