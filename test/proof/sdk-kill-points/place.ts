import { join } from 'node:path';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { createKms } from '#infra/local/kms.ts';
import { createS3 } from '#infra/local/s3/s3.ts';
import { createSecretsManager } from '#infra/local/secrets-manager/secrets-manager.ts';
import type { AwsRequest } from '#infra/local/service.ts';
import { createSes } from '#infra/local/ses/ses.ts';
import { projectItem } from '#shared/governance/project-config.aws.ts';
import { type EndpointDefinition, strictProjectConfig } from '#shared/governance/project-config.ts';
import { SeedProperties, seedItems } from '#shared/operators/seed.ts';
import { READ_RULE } from '../../governance/facts.ts';
import { hostDouble } from '../../local/local-host-double.ts';
import { ACTION_INDEXES, type IndexLayout, realTables } from '../../support/real-tables.ts';
import { functions, type Places } from './functions.ts';
import { providerServer } from './provider-server.ts';
import { wire } from './wire.ts';

export const OLIVIA = 'olivia@example.test';
export const SENDER = 'autopack@example.test';
const REGION_ACCOUNT = 'us-east-1:000000000000';
const SECRET_NAME = 'autopack/alpaca/paper-demo';
const SECRET = '{"keyId":"PK-MADE-UP","secretKey":"made-up-for-the-proof"}';
const TABLES: Readonly<Record<keyof Places['tables'], readonly IndexLayout[]>> = {
  actions: ACTION_INDEXES,
  approvals: [
    ['byProject', 'project', 'createdAt'],
    ['open', 'open', 'createdAt'],
  ],
  registry: [['byKind', 'kind', 'sortKey']],
  credentials: [],
  controls: [],
};

const endpoint = (host: string, name: string, over: Partial<EndpointDefinition>): EndpointDefinition => ({
  name,
  host,
  methods: ['POST'],
  pathPrefix: `/${name}`,
  effects: ['write'],
  reversibility: 'irreversible',
  recoveryClass: 'none',
  idempotencyHeader: 'idempotency-key',
  auth: null,
  ...over,
});

/** What is written to the ledger, whatever stands there. */
const withoutConditions = (request: AwsRequest): AwsRequest => {
  if (request.target !== 'DynamoDB_20120810.PutItem') return request;
  const { TableName, Item } = JSON.parse(request.body.toString()) as { TableName: string; Item: object };
  return TableName === 'actions'
    ? { ...request, body: Buffer.from(JSON.stringify({ TableName, Item })) }
    : request;
};

/** Everything that a sweep needs once: the engine with its tables, the local services, the provider, the functions. */
export const openPlace = async (options: { readonly withoutConditions?: boolean } = {}) => {
  const host = hostDouble();
  const engine = await realTables(TABLES);
  const provider = await providerServer();
  const { db } = engine;
  const [s3, kms, ses, secrets] = [
    createS3(host),
    createKms(host),
    createSes(host, join(host.dataDir, 'outbox')),
    createSecretsManager(host),
  ];
  const tokenKeyArn = `arn:aws:kms:${REGION_ACCOUNT}:key/3b1f0c3e-0000-4000-8000-000000000001`;
  await Promise.all([
    s3.ensureBucket('artifacts', { versioned: true }),
    kms.ensureKey(tokenKeyArn),
    ses.ensureIdentity(SENDER),
    secrets.ensureSecret({
      arn: `arn:aws:secretsmanager:${REGION_ACCOUNT}:secret:${SECRET_NAME}-a1b2c3`,
      name: SECRET_NAME,
      secretString: SECRET,
    }),
  ]);

  const providerHost = new URL(provider.url).host;
  const person = (name: string) => ({
    email: `${name.toLowerCase()}@example.test`,
    name,
    projects: ['demo'],
    roles: ['operator' as const],
  });
  const rows = {
    people: [
      person('Olivia'),
      person('Sam'),
      { email: 'ada@example.test', name: 'Ada', projects: ['demo'], roles: ['viewer'] },
    ],
    clients: [
      {
        clientId: 'agent',
        name: 'Agent',
        projects: ['demo'],
        roles: ['agent'],
        owner: 'person:ada@example.test',
      },
    ],
    credentials: [
      {
        project: 'demo',
        provider: 'alpaca',
        account: 'paper-demo',
        environment: 'PAPER',
        secretId: SECRET_NAME,
        standIn: true,
        scopes: ['READ', 'TRADE', 'DELETE'],
        operations: ['alpaca/*'],
      },
    ],
  };
  const { seed } = SeedProperties.parse({ seed: JSON.stringify(rows) });
  const at = '2026-11-01T00:00:00.000Z';
  for (const { store, item } of seedItems(seed, at))
    await db.send(new PutCommand({ TableName: store, Item: item }));
  await db.send(
    new PutCommand({
      TableName: 'registry',
      Item: projectItem({
        ...strictProjectConfig('demo'),
        version: 1,
        settings: {
          allowedHosts: [providerHost],
          approvalTtlSeconds: 86_400,
          providers: ['alpaca', 'http'],
          alpaca: { account: 'paper-demo', environment: 'PAPER' },
        },
        policy: READ_RULE,
        endpoints: [
          endpoint(providerHost, 'reports', {
            methods: ['GET'],
            effects: ['read'],
            reversibility: 'none',
            recoveryClass: 'lookup',
            lookupPath: '/made/{key}',
          }),
          endpoint(providerHost, 'keyed', { recoveryClass: 'keyed', lookupPath: '/made/{key}' }),
          endpoint(providerHost, 'blind', {}),
        ],
        updatedAt: at,
        updatedBy: ['person:olivia@example.test', 'person:sam@example.test'],
      }),
    }),
  );

  const address = await engine.client.config.endpoint?.();
  const clients = wire(
    address?.port ?? 0,
    {
      s3: s3.handle,
      kms: kms.handle,
      ses: ses.handle,
      secretsmanager: secrets.handle,
    },
    options.withoutConditions === true ? withoutConditions : undefined,
  );
  const places: Places = {
    tables: {
      actions: 'actions',
      approvals: 'approvals',
      registry: 'registry',
      credentials: 'credentials',
      controls: 'controls',
    },
    bucket: 'artifacts',
    tokenKeyArn,
    stateMachineArn: `arn:aws:states:${REGION_ACCOUNT}:stateMachine:action`,
    sender: SENDER,
    alpacaUrl: provider.url,
  };
  let secretIsWhole = true;
  /** With or without the fields that the provider's client needs. */
  const setSecret = async (whole: boolean): Promise<void> => {
    if (whole === secretIsWhole) return;
    secretIsWhole = whole;
    const reply = await secrets.handle({
      target: 'secretsmanager.PutSecretValue',
      method: 'POST',
      path: '/',
      query: new URLSearchParams(),
      headers: {},
      body: Buffer.from(JSON.stringify({ SecretId: SECRET_NAME, SecretString: whole ? SECRET : '{}' })),
    });
    if (reply.status !== 200) throw new Error(`the secret cannot be set: ${reply.body.toString()}`);
  };
  return {
    /** The engine itself, for a look from outside: nothing of it stands at the simulation. */
    db,
    ses,
    setSecret,
    provider,
    wire: clients,
    functions: functions(clients, places),
    close: async () => {
      clients.close();
      await provider.close();
      await secrets.close?.();
      await engine.stop();
      host.removeData();
    },
  };
};
export type Place = Awaited<ReturnType<typeof openPlace>>;
