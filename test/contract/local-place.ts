import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wallClock } from '#infra/local/clock.ts';
import { startDynamo } from '#infra/local/dynamodb.ts';
import { openEndpoint } from '#infra/local/endpoint.ts';
import { openHttpApi } from '#infra/local/http-api.ts';
import { createKms } from '#infra/local/kms.ts';
import { createLambdaApi } from '#infra/local/lambda-api.ts';
import { createLambdaRunner } from '#infra/local/lambda-runner.ts';
import { readMail } from '#infra/local/outbox/read-mail.ts';
import { createS3 } from '#infra/local/s3/s3.ts';
import { createScheduler } from '#infra/local/scheduler.ts';
import { createSecretsManager } from '#infra/local/secrets-manager/secrets-manager.ts';
import type { Host } from '#infra/local/service.ts';
import { createSes } from '#infra/local/ses/ses.ts';
import { createStepFunctions } from '#infra/local/step-functions/step-functions.ts';
import { clientsOf } from './clients.ts';
import { ACCOUNT, type Place, REGION } from './place.ts';

/** The services of the local host on its endpoint, without the product's template. */
export const openLocalPlace = async (): Promise<Place> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'autopack-contract-'));
  const log = (): void => undefined;
  const clock = wallClock();
  const endpoint = await openEndpoint({ port: 0, log });
  const lambda = createLambdaRunner({ region: REGION, dataDir, awsUrl: () => endpoint.url, log });
  const host: Host = {
    dataDir,
    accountId: ACCOUNT,
    region: REGION,
    clock,
    awsUrl: () => endpoint.url,
    invoke: lambda.invoke,
    log,
  };
  const engine = await startDynamo(dataDir);
  endpoint.useDynamo(engine.port);
  const outbox = join(dataDir, 'outbox');
  const s3 = createS3(host);
  const kms = createKms(host);
  const secrets = createSecretsManager(host);
  secrets.start();
  const ses = createSes(host, outbox);
  const machines = createStepFunctions(host);
  const scheduler = createScheduler(host, {
    startExecution: (request) => machines.startExecution(request),
  });
  for (const service of [s3, kms, secrets, ses, machines, scheduler, createLambdaApi(lambda)])
    endpoint.addService(service);
  await scheduler.start();
  const httpApi = await openHttpApi({ port: 0, now: clock.now, invoke: lambda.invoke, log });

  return {
    name: 'local host',
    url: endpoint.url,
    ...clientsOf(endpoint.url),
    async fn(name, source) {
      const folder = join(dataDir, 'functions', name);
      const arn = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`;
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'index.mjs'), source);
      lambda.ensureFunction({
        name,
        arn,
        folder,
        handler: 'index.handler',
        timeoutSeconds: 10,
        memoryMb: 128,
        environment: {},
      });
      return arn;
    },
    invoke: async (arn, payload) => (await lambda.invoke(arn, payload)).payload,
    async key() {
      const arn = `arn:aws:kms:${REGION}:${ACCOUNT}:key/${randomUUID()}`;
      await kms.ensureKey(arn);
      return arn;
    },
    bucket: (name) => s3.ensureBucket(name, { versioned: true }),
    sender: (address) => ses.ensureIdentity(address),
    mails: async () =>
      readdirSync(outbox)
        .filter((file) => file.endsWith('.eml'))
        .map((file) => {
          const mail = readMail(readFileSync(join(outbox, file)));
          return { from: mail.from, to: mail.to.split(/,\s*/), subject: mail.subject, text: mail.text ?? '' };
        }),
    async api(fn, authorizer) {
      httpApi.serve({
        apiId: 'contract',
        accountId: ACCOUNT,
        region: REGION,
        stage: '$default',
        routes: [
          {
            key: 'POST /things/{id}',
            functionArn: fn,
            timeoutMs: 10_000,
            authorizer: {
              id: 'guard',
              functionArn: authorizer,
              identitySources: ['$request.header.Authorization'],
              ttlSeconds: 0,
            },
          },
        ],
      });
      return httpApi.url;
    },
    async stop() {
      await httpApi.close();
      await scheduler.close();
      await machines.close();
      await lambda.close();
      await engine.stop();
      await endpoint.close();
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
