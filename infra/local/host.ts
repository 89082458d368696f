import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createAlpacaStandIn } from './alpaca-stand-in/stand-in.ts';
import { readAssembly } from './assembly.ts';
import { cachedAssembly } from './assembly-cache.ts';
import { wallClock } from './clock.ts';
import { lockDataFolder } from './data-lock.ts';
import { createCustomResources } from './deploy/custom-resource.ts';
import { deploy, type Deployed } from './deploy/deploy.ts';
import { startDynamo } from './dynamodb.ts';
import { openEndpoint } from './endpoint.ts';
import { createEvents, statusChangeEvent } from './events.ts';
import { openHttpApi } from './http-api.ts';
import { createIdentity } from './identity/identity.ts';
import { createKms } from './kms.ts';
import { createLambdaApi } from './lambda-api.ts';
import { createLambdaRunner } from './lambda-runner.ts';
import { oauthClients } from './oauth-stand-in/clients.ts';
import type { OAuthControl } from './oauth-stand-in/ports.ts';
import { createOAuthStandIn } from './oauth-stand-in/stand-in.ts';
import { keepPorts, onPort, portsBefore } from './ports-before.ts';
import type { AlpacaControl, SecretsFaults } from './ports.ts';
import { createS3 } from './s3/s3.ts';
import { createScheduler } from './scheduler.ts';
import { createSecretsManager } from './secrets-manager/secrets-manager.ts';
import type { Clock, Host } from './service.ts';
import { createOutboxSite } from './outbox/outbox-site.ts';
import { createSes } from './ses/ses.ts';
import { standInKeys } from './stand-in-keys.ts';
import { createStepFunctions } from './step-functions/step-functions.ts';

export interface LocalHostOptions {
  readonly dataDir: string;
  /** Port of the HTTP API; 0 takes any free one. */
  readonly port: number;
  /** Port of the AWS endpoint; 0 takes any free one. */
  readonly awsPort: number;
  readonly log?: (line: string) => void;
  readonly clock?: Clock;
  /** Where assemblies are kept. @default `<dataDir>/assembly` */
  readonly assemblyDir?: string;
  /** Replaces variables of functions that have them, by name: shorter times in tests. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Functions that may stay warm, over all of them; see `RunnerOptions`. */
  readonly idleWorkers?: number;
  /** Stops a start that is under way. */
  readonly signal?: AbortSignal;
}

/** A machine of the stage record with the secret that the local issuer gave it. */
export interface LocalClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface LocalHost {
  readonly apiUrl: string;
  readonly awsUrl: string;
  readonly outboxDir: string;
  readonly issuer: string;
  /** The agent `demo-agent` and the public client of the CLI. */
  readonly clients: { readonly agent: LocalClient; readonly cliClientId: string };
  /** The stand-in of the Alpaca paper API: its orders, requests, and faults on demand. */
  readonly alpaca: AlpacaControl;
  /** The stand-ins of the OAuth providers: consents, calls, revocation, and faults on demand. */
  readonly oauth: OAuthControl;
  /** Faults of Secrets Manager on demand. */
  readonly secretsFaults: SecretsFaults;
  readonly deployed: Deployed;
  invoke: Host['invoke'];
  /** Ends everything in order. What is waiting waits on at the next start. */
  stop(): Promise<void>;
}

/** No new work, then let what runs come to its end, then the machines that wait for it, then what it works with. */
const STOP_ORDER = [
  'api',
  'scheduler',
  'running work',
  'machines',
  'services',
  'functions',
  'dynamo',
  'endpoint',
  'lock',
] as const;

const REGION = 'us-east-1';
const ACCOUNT = '000000000000';

/**
 * Hosts the synthesized development stage on this machine.
 * @throws PortInUseError, DataFolderInUseError, EngineMissingError, SynthesisError, NotImplementedError
 */
export const startLocalHost = async (options: LocalHostOptions): Promise<LocalHost> => {
  const dataDir = resolve(options.dataDir);
  const log = options.log ?? (() => undefined);
  const clock = options.clock ?? wallClock();
  const closers: {
    readonly step: (typeof STOP_ORDER)[number];
    readonly close: () => Promise<void> | void;
  }[] = [];
  const stop = async (): Promise<void> => {
    const all = closers.splice(0);
    for (const step of STOP_ORDER)
      for (const { close } of all.filter((closer) => closer.step === step))
        await Promise.resolve()
          .then(close)
          .catch((error: unknown) =>
            log(`while stopping: ${error instanceof Error ? error.message : String(error)}`),
          );
  };
  /** Whatever was opened is closed again, also when a later step of the start fails. */
  const opened = <Thing>(
    step: (typeof STOP_ORDER)[number],
    thing: Thing,
    close: (thing: Thing) => Promise<void> | void,
  ): Thing => {
    closers.push({ step, close: () => close(thing) });
    return thing;
  };

  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  try {
    opened('lock', lockDataFolder(dataDir), (unlock) => unlock());
    const before = portsBefore(dataDir);
    const endpoint = opened(
      'endpoint',
      await onPort(options.awsPort, before.awsPort, (port) => openEndpoint({ port, log })),
      (it) => it.close(),
    );
    const lambda = opened(
      'functions',
      createLambdaRunner({
        region: REGION,
        dataDir,
        awsUrl: () => endpoint.url,
        log,
        ...(options.idleWorkers === undefined ? {} : { idleWorkers: options.idleWorkers }),
      }),
      (it) => it.close(),
    );
    const host: Host = {
      dataDir,
      accountId: ACCOUNT,
      region: REGION,
      clock,
      awsUrl: () => endpoint.url,
      invoke: lambda.invoke,
      log,
    };
    const httpApi = opened(
      'api',
      await onPort(options.port, before.port, (port) =>
        openHttpApi({ port, now: clock.now, invoke: lambda.invoke, log }),
      ),
      (it) => it.close(),
    );
    keepPorts(dataDir, { port: httpApi.port, awsPort: endpoint.port });
    opened('running work', lambda, (it) => it.drain());

    const [dynamo, assembly] = await bothOrNeither(
      startDynamo(dataDir).then((engine) => opened('dynamo', engine, (it) => it.stop())),
      cachedAssembly({
        folder: options.assemblyDir ?? join(dataDir, 'assembly'),
        log,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      }),
    );
    options.signal?.throwIfAborted();
    endpoint.useDynamo(dynamo.port);

    const outboxDir = join(dataDir, 'outbox');
    const s3 = createS3(host);
    const kms = createKms(host);
    const secrets = createSecretsManager(host);
    const ses = createSes(host, outboxDir);
    const identity = createIdentity(host);
    const stepFunctions = opened('machines', createStepFunctions(host), (it) => it.close());
    const scheduler = opened(
      'scheduler',
      createScheduler(host, { startExecution: (request) => stepFunctions.startExecution(request) }),
      (it) => it.close(),
    );
    const events = createEvents(host);
    const customResources = createCustomResources(host);
    for (const service of [
      s3,
      kms,
      secrets,
      ses,
      stepFunctions,
      scheduler,
      events,
      createLambdaApi(lambda),
    ]) {
      endpoint.addService(service);
      if (service !== stepFunctions && service !== scheduler)
        opened('services', service, (it) => it.close?.());
    }
    for (const site of [identity, createOutboxSite(host, outboxDir), customResources.site])
      endpoint.addSite(site);

    const standIn = opened(
      'services',
      createAlpacaStandIn(host, { keys: await standInKeys(secrets, host) }),
      (it) => it.close(),
    );
    endpoint.addSite(standIn);
    const oauth = opened('services', createOAuthStandIn(host), (it) => it.close());
    endpoint.addSite(oauth);
    await oauthClients(oauth, secrets, host, httpApi.url);

    const deployed = await deploy(
      readAssembly(assembly.folder),
      {
        host,
        lambda,
        s3,
        kms,
        secrets,
        ses,
        identity,
        stepFunctions,
        scheduler,
        events,
        customResources,
        dynamoUrl: `http://127.0.0.1:${dynamo.port}`,
        apiUrl: httpApi.url,
        environment: options.environment ?? {},
      },
      {
        ProviderUrlAlpaca: `${endpoint.url}${standIn.prefix}`,
        OAuthUrlYouTube: `${endpoint.url}${oauth.pathOf('youtube')}`,
        OAuthUrlEtsy: `${endpoint.url}${oauth.pathOf('etsy')}`,
        OAuthUrlShopify: `${endpoint.url}${oauth.pathOf('shopify')}`,
        AllowLoopback: '1',
      },
    );
    if (deployed.api === undefined) throw new Error('The template has no HTTP API');
    stepFunctions.onStatusChange(async (change, at) => {
      await events.put(statusChangeEvent(change, at));
    });
    httpApi.serve(deployed.api);
    await stepFunctions.resume();
    secrets.start();
    await scheduler.start();

    const [agent] = deployed.clients;
    const [poolId] = deployed.poolIds;
    if (agent === undefined || poolId === undefined)
      throw new Error('The template has no agent or no user pool');
    return {
      apiUrl: httpApi.url,
      awsUrl: endpoint.url,
      outboxDir,
      issuer: identity.issuer(poolId),
      clients: {
        agent: { clientId: agent.clientId, clientSecret: agent.clientSecret },
        cliClientId: String([...deployed.outputs].find(([name]) => name.endsWith('/CliClientId'))?.[1] ?? ''),
      },
      alpaca: standIn.control,
      oauth: oauth.control,
      secretsFaults: secrets.faults,
      deployed,
      invoke: lambda.invoke,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** Both results; when one fails the other one is awaited first, so that what it opened can be closed. */
const bothOrNeither = async <A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> => {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
};
