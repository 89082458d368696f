import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { expect, it } from 'vitest';
import { RotationEvent, rotateSecret } from '#functions/credentials/rotate-secret.ts';
import { listenOnLoopback } from '#infra/local/loopback.ts';
import type { SecretsFault } from '#infra/local/ports.ts';
import { RETRY_AFTER_MS } from '#infra/local/secrets-manager/rotation.ts';
import { createSecretsManager } from '#infra/local/secrets-manager/secrets-manager.ts';
import {
  describeSecret,
  moveStage,
  putVersion,
  readVersion,
  removeStage,
} from '#shared/credentials/rotation/versions.aws.ts';
import { STAGED } from '#shared/credentials/rotation/versions.ts';
import { clientConfig, hostDouble } from '../../local/local-host-double.ts';
import { recordFigures } from '../figures.ts';
import { Disturbance } from './faults.ts';
import { KINDS } from './kinds.ts';

const FAULTS = ['throttle', 'internalFailure', 'lostReply'] as const;
const LAGS = [0, 1, 2, 3] as const;
const RINGS_AND_KEYS = Object.keys(KINDS).filter((name) => name !== 'hmac-keyring');
const ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:autopack/dev/local-AbCdEf';
const LAMBDA = 'arn:aws:lambda:us-east-1:000000000000:function:rotate';
const TOKEN = 'token-of-the-rotation-00000000000001';

interface Disturbed {
  readonly fault?: { readonly request: number; readonly kind: SecretsFault['kind'] };
  readonly lag?: number;
}

/** One rotation over HTTP: the local Secrets Manager drives the production steps, which ask it by the SDK. */
const rotation = async (name: string, { fault, lag = 0 }: Disturbed) => {
  const tested = await (KINDS[name] as NonNullable<(typeof KINDS)[string]>)(0);
  const problems = new Set<string>();
  const steps: string[] = [];
  let requests = 0;
  let counted = 0;
  let failures = 0;
  let rotated = false;
  // Only the requests of the steps are disturbed, and they are counted from 0.
  let counting = false;
  const host = hostDouble(async (_arn, payload) => {
    const event = RotationEvent.parse(payload);
    counting = true;
    steps.push(event.Step);
    try {
      await rotateSecret(event, deps);
      rotated = event.Step === 'finishSecret';
      return { payload: null };
    } catch {
      failures += 1;
      return { payload: null, functionError: 'Unhandled' };
    }
  });
  const service = createSecretsManager(host);
  const loopback = await listenOnLoopback(async (request) => {
    if (counting && fault?.request === requests) service.faults.inject({ kind: fault.kind });
    if (counting) requests += 1;
    const reply = await service.handle(request);
    const broken = tested.broken(await service.currentValue(ARN));
    if (broken !== undefined) problems.add(broken);
    return reply;
  });
  const rotator = new SecretsManagerClient(clientConfig(loopback.url));
  const ports = {
    describeSecret: describeSecret(rotator),
    readVersion: readVersion(rotator),
    putVersion: putVersion(rotator),
    moveStage: moveStage(rotator),
    removeStage: removeStage(rotator),
  };
  const kind = tested.kind(ports, new Disturbance(undefined, () => undefined));
  const deps = {
    versions: ports,
    targetOf: async () => ({ kind, grants: tested.grants }),
    countRotation: async () => {
      counted += 1;
    },
    sleep: async () => undefined,
    now: () => host.clock.now(),
    log: () => undefined,
  };
  const person = new SecretsManagerClient(clientConfig(loopback.url));
  try {
    const current = tested.secrets.valueOf('AWSCURRENT') ?? '';
    await service.ensureSecret({ arn: ARN, name: 'autopack/dev/local', secretString: current });
    const staged = tested.secrets.valueOf(STAGED);
    if (staged !== undefined)
      await person.send(
        new PutSecretValueCommand({ SecretId: ARN, SecretString: staged, VersionStages: [STAGED] }),
      );
    await service.ensureRotation(ARN, { rotationLambdaArn: LAMBDA, automaticallyAfterDays: 30 });
    service.faults.lagReads(lag);
    const start = new RotateSecretCommand({ SecretId: ARN, ClientRequestToken: TOKEN });
    await person.send(start);
    for (let turn = 0; turn < 1_000 && !rotated; turn += 1) {
      await sleep(1);
      // A step that failed is tried again later, by the service itself.
      host.clock.advance(RETRY_AFTER_MS[0]);
    }
    await service.close?.();
    service.faults.clear();
    counting = false;
    const { VersionIdsToStages: stages = {} } = await person.send(
      new DescribeSecretCommand({ SecretId: ARN }),
    );
    const { VersionId, SecretString = '' } = await person.send(new GetSecretValueCommand({ SecretId: ARN }));
    if (VersionId !== TOKEN) problems.add('the new version is not current');
    if (!tested.isNew(SecretString)) problems.add('the value is not new');
    const holders = (stage: string) => Object.values(stages).filter((labels) => labels.includes(stage));
    if (holders('AWSCURRENT').length !== 1) problems.add('not one version is AWSCURRENT');
    if (holders('AWSPREVIOUS').length !== 1) problems.add('not one version is AWSPREVIOUS');
    if (holders('AWSPENDING').length !== 0) problems.add('something is pending');
    if (holders(STAGED).length !== 0) problems.add('what was promoted still waits');
    if (counted === 0) problems.add('not counted');
    for (const wrong of tested.atProvider?.().problems ?? []) problems.add(wrong);
    return { problems: [...problems], requests, steps, failures };
  } finally {
    rotator.destroy();
    person.destroy();
    await loopback.stop();
    host.removeData();
  }
};

it('CRE-18: every request to the local Secrets Manager is throttled, broken or loses its reply once, for every kind', async () => {
  const problems: string[] = [];
  const kinds: Record<string, unknown> = {};
  let points = 0;
  for (const name of RINGS_AND_KEYS) {
    for (const lag of LAGS) {
      const clean = await rotation(name, { lag });
      for (const wrong of clean.problems) problems.push(`${name}, ${lag} reads behind: ${wrong}`);
      if (lag === 0) expect(clean.steps).toEqual(['createSecret', 'setSecret', 'testSecret', 'finishSecret']);
    }
    const { requests } = await rotation(name, {});
    for (let request = 0; request < requests; request += 1)
      for (const kind of FAULTS) {
        const run = await rotation(name, { fault: { request, kind } });
        points += 1;
        // A fault that no step felt would have tested nothing.
        expect(run.failures, `${name}, request ${request}, ${kind}`).toBe(1);
        for (const wrong of run.problems) problems.push(`${name}, request ${request}, ${kind}: ${wrong}`);
      }
    kinds[name] = { requests };
  }
  console.log(`faults of the local Secrets Manager during rotations: ${points}`);
  expect(problems.slice(0, 20)).toEqual([]);
  recordFigures('rotation-local-host', { points, faults: FAULTS, readsBehind: LAGS, kinds });
}, 300_000);
