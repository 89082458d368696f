import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wallClock } from '#infra/local/clock.ts';
import type { Services } from '#infra/local/deploy/context.ts';
import { createCustomResources } from '#infra/local/deploy/custom-resource.ts';
import { deploy, type Deployed } from '#infra/local/deploy/deploy.ts';
import { callDynamo, startDynamo, type DynamoEngine } from '#infra/local/dynamodb.ts';
import { openEndpoint, type Endpoint } from '#infra/local/endpoint.ts';
import { createEvents } from '#infra/local/events.ts';
import { createLambdaRunner, type LambdaRunner } from '#infra/local/lambda-runner.ts';
import type { Host } from '#infra/local/service.ts';
import type { Template } from '#infra/local/template.ts';

/** Answers custom resources as the event asks, and echoes everything else. */
const CODE = `
export const handler = async (event) => {
  if (event.ResponseURL === undefined) return { env: process.env.TABLE, event };
  if (event.ResourceProperties.Mood === 'throw') throw new Error('no mood');
  const answer = event.ResourceProperties.Mood === 'bad'
    ? { Status: 'FAILED', Reason: 'bad mood' }
    : { Status: 'SUCCESS', PhysicalResourceId: 'thing', Data: { Saw: event.RequestType + JSON.stringify(event.ResourceProperties.Facts) } };
  await fetch(event.ResponseURL, { method: 'PUT', body: JSON.stringify(answer) });
};`;

let root: string;
let dynamo: DynamoEngine;
let lambda: LambdaRunner;
let endpoint: Endpoint;
let services: Services;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'host-deploy-'));
  mkdirSync(join(root, 'code'));
  writeFileSync(join(root, 'code', 'index.mjs'), CODE);
  dynamo = await startDynamo(root);
  endpoint = await openEndpoint({ port: 0, log: () => undefined });
  lambda = createLambdaRunner({
    region: 'us-east-1',
    dataDir: root,
    awsUrl: () => endpoint.url,
    log: () => undefined,
  });
  const host: Host = {
    dataDir: root,
    accountId: '000000000000',
    region: 'us-east-1',
    clock: wallClock(),
    awsUrl: () => endpoint.url,
    invoke: lambda.invoke,
    log: () => undefined,
  };
  const customResources = createCustomResources(host);
  endpoint.addSite(customResources.site);
  const parts: Partial<Services> = {
    host,
    lambda,
    customResources,
    events: createEvents(host),
    dynamoUrl: `http://127.0.0.1:${dynamo.port}`,
    apiUrl: 'http://127.0.0.1:1',
    environment: {},
  };
  services = parts as Services;
});
afterAll(async () => {
  await lambda.close();
  await endpoint.close();
  await dynamo.stop();
  rmSync(root, { recursive: true, force: true });
});

const STATE: Template = {
  Resources: {
    Things: {
      Type: 'AWS::DynamoDB::GlobalTable',
      Properties: {
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
      },
    },
  },
  Outputs: { Name: { Value: { Ref: 'Things' }, Export: { Name: 'State:Things' } } },
};

const controlPlane = (mood = 'good', more: Template['Resources'] = {}): Template => ({
  Parameters: { Extra: { Type: 'String', Default: '' } },
  Conditions: { HasExtra: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'Extra' }, ''] }] } },
  Resources: {
    Seed: {
      Type: 'Custom::Seed',
      Properties: {
        ServiceToken: { 'Fn::GetAtt': ['Function', 'Arn'] },
        Mood: mood,
        Facts: { on: true, days: [30] },
      },
    },
    Function: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Code: { S3Bucket: { 'Fn::Sub': 'assets-${AWS::AccountId}' }, S3Key: 'abc.zip' },
        Handler: 'index.handler',
        Runtime: 'nodejs24.x',
        Environment: { Variables: { TABLE: { 'Fn::ImportValue': 'State:Things' } } },
      },
    },
    Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'HTTP', Name: 'api' } },
    Integration: {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: {
        ApiId: { Ref: 'Api' },
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: { 'Fn::GetAtt': ['Function', 'Arn'] },
        PayloadFormatVersion: '2.0',
      },
    },
    Route: {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: {
        ApiId: { Ref: 'Api' },
        RouteKey: 'GET /x',
        Target: { 'Fn::Join': ['/', ['integrations', { Ref: 'Integration' }]] },
      },
    },
    Maybe: { Type: 'AWS::SNS::Topic', Condition: 'HasExtra' },
    ...more,
  },
  Outputs: { Saw: { Value: { 'Fn::GetAtt': ['Seed', 'Saw'] } } },
});

const run = (state: Template, plane: Template, parameters = {}): Promise<Deployed> =>
  deploy(
    [
      { name: 'State', template: state, assets: new Map() },
      { name: 'Plane', template: plane, assets: new Map([['abc.zip', join(root, 'code')]]) },
    ],
    services,
    parameters,
  );

describe('deploying a template on this machine', () => {
  it('makes its resources under names that stay, and finds them at the next start', async () => {
    const first = await run(STATE, controlPlane());
    const table = first.resources.get('State/Things')?.ref ?? '';
    expect(table).toMatch(/^State-Things-[0-9A-F]{8}$/);
    expect(first.outputs.get('Plane/Saw')).toBe('Create{"on":"true","days":["30"]}');
    expect(first.resources.has('Plane/Maybe')).toBe(false);
    const functionArn = first.api?.routes[0]?.functionArn ?? '';
    expect(first.api?.routes).toMatchObject([{ key: 'GET /x', authorizer: undefined, timeoutMs: 30_000 }]);
    expect((await services.host.invoke(functionArn, {})).payload).toMatchObject({ env: table });

    await callDynamo(services.dynamoUrl, 'PutItem', { TableName: table, Item: { pk: { S: 'kept' } } });
    const second = await run(STATE, controlPlane(), { Extra: 'yes' });
    expect(second.resources.get('State/Things')).toEqual(first.resources.get('State/Things'));
    expect(second.outputs.get('Plane/Saw')).toBe('Create{"on":"true","days":["30"]}');
    expect(second.resources.has('Plane/Maybe')).toBe(true);
    expect(
      await callDynamo(services.dynamoUrl, 'GetItem', { TableName: table, Key: { pk: { S: 'kept' } } }),
    ).toHaveProperty('Item');
  });

  it('adds an index to a table that has rows, and refuses other keys', async () => {
    const properties = STATE.Resources?.['Things']?.Properties ?? {};
    const changed = (change: object): Template => ({
      ...STATE,
      Resources: { Things: { Type: 'AWS::DynamoDB::GlobalTable', Properties: { ...properties, ...change } } },
    });
    const deployed = await run(
      changed({
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'kind', AttributeType: 'S' },
        ],
        GlobalSecondaryIndexes: [
          {
            IndexName: 'byKind',
            KeySchema: [{ AttributeName: 'kind', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'KEYS_ONLY' },
          },
        ],
      }),
      controlPlane(),
    );
    const table = deployed.resources.get('State/Things')?.ref;
    const { Table } = (await callDynamo(services.dynamoUrl, 'DescribeTable', { TableName: table })) as {
      Table: { GlobalSecondaryIndexes: unknown[] };
    };
    expect(Table.GlobalSecondaryIndexes).toHaveLength(1);
    const otherKeys = {
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    };
    await expect(run(changed(otherKeys), controlPlane())).rejects.toThrow(
      /State\/Things: the table .* is there with other keys/,
    );
  });

  it('tells a custom resource when its properties change, and fails loudly when it does', async () => {
    expect((await run(STATE, controlPlane('better'))).outputs.get('Plane/Saw')).toBe(
      'Update{"on":"true","days":["30"]}',
    );
    await expect(run(STATE, controlPlane('bad'))).rejects.toThrow(
      'Plane/Seed: the custom resource failed: bad mood',
    );
    await expect(run(STATE, controlPlane('throw'))).rejects.toThrow(
      /Plane\/Seed: the custom resource failed: .*no mood/,
    );
  });

  it.each<[string, Template['Resources'], RegExp]>([
    [
      'an unknown type',
      { Queue: { Type: 'AWS::Kinesis::Stream' } },
      /NotImplemented: .*AWS::Kinesis::Stream \(Plane\/Queue\)/,
    ],
    [
      'a WebSocket API',
      { Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'WEBSOCKET' } } },
      /NotImplemented: Plane\/Api/,
    ],
    [
      'another stage',
      { Stage: { Type: 'AWS::ApiGatewayV2::Stage', Properties: { ApiId: { Ref: 'Api' }, StageName: 'v1' } } },
      /NotImplemented: Plane\/Stage/,
    ],
    [
      'an open route whose authorizer is missing',
      {
        Guarded: {
          Type: 'AWS::ApiGatewayV2::Route',
          Properties: { ApiId: 'x', RouteKey: 'GET /y', AuthorizationType: 'JWT', Target: 'integrations/x' },
        },
      },
      /NotImplemented: Plane\/Guarded: .*authorization of type JWT/,
    ],
    [
      'code that is no asset',
      {
        Other: {
          Type: 'AWS::Lambda::Function',
          Properties: { Code: { ZipFile: '' }, Handler: 'x.y', Runtime: 'nodejs24.x' },
        },
      },
      /NotImplemented: Plane\/Other/,
    ],
    [
      'an attribute that is not there',
      { Policy: { Type: 'AWS::IAM::Policy', Properties: { x: { 'Fn::GetAtt': ['Function', 'Nope'] } } } },
      /Plane\/Function: has no attribute Nope/,
    ],
  ])('refuses %s and names it', async (_name, more, message) => {
    await expect(run(STATE, controlPlane('better', more))).rejects.toThrow(message);
  });
});
