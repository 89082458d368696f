import assert from 'node:assert/strict';
import { DecryptCommand, EncryptCommand } from '@aws-sdk/client-kms';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { SendEmailCommand } from '@aws-sdk/client-sesv2';
import { type Case, eventually, fresh, type Place, PRELUDE, refused, REGION, ROLE } from '../place.ts';

const valueOf = async ({ secrets }: Place, SecretId: string, VersionStage = 'AWSCURRENT'): Promise<string> =>
  String((await secrets.send(new GetSecretValueCommand({ SecretId, VersionStage }))).SecretString);

const ROTATES = `${PRELUDE}
const on = (operation, body) => aws('secretsmanager', 'secretsmanager.' + operation, body);
const trail = async (SecretId, step) => {
  const Name = SecretId.split(':secret:')[1].split('-rotated')[0] + '-trail';
  const { SecretString } = await on('GetSecretValue', { SecretId: Name });
  await on('PutSecretValue', { SecretId: Name, SecretString: SecretString + ' ' + step });
};
export const handler = async ({ SecretId, ClientRequestToken, Step }) => {
  await trail(SecretId, Step);
  if (Step === 'createSecret')
    await on('PutSecretValue', { SecretId, ClientRequestToken, SecretString: 'second', VersionStages: ['AWSPENDING'] });
  if (Step === 'finishSecret') {
    const { VersionIdsToStages } = await on('DescribeSecret', { SecretId });
    const [current] = Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes('AWSCURRENT'));
    await on('UpdateSecretVersionStage', { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: ClientRequestToken, RemoveFromVersionId: current });
  }
};`;

/** What artifacts, credentials, mail and task tokens rely on. */
export const SERVICE_CASES: readonly Case[] = [
  {
    id: 'S3: If-None-Match keeps the first object of a key',
    async run(place) {
      const Bucket = fresh('artifacts');
      await place.bucket(Bucket);
      const put = (Body: string) =>
        place.s3.send(new PutObjectCommand({ Bucket, Key: 'dry-runs/a.json', Body, IfNoneMatch: '*' }));
      await put('first');
      const error = await refused(put('second'));
      assert.equal((error['$metadata'] as { httpStatusCode?: number }).httpStatusCode, 412);
      assert.equal(error.name, 'PreconditionFailed');
      const found = await place.s3.send(new GetObjectCommand({ Bucket, Key: 'dry-runs/a.json' }));
      assert.equal(await found.Body?.transformToString(), 'first');
    },
  },
  {
    id: 'S3: an object that is not there is NoSuchKey, and NotFound for HEAD',
    async run(place) {
      const Bucket = fresh('artifacts');
      await place.bucket(Bucket);
      assert.equal(
        (await refused(place.s3.send(new GetObjectCommand({ Bucket, Key: 'x' })))).name,
        'NoSuchKey',
      );
      assert.equal(
        (await refused(place.s3.send(new HeadObjectCommand({ Bucket, Key: 'x' })))).name,
        'NotFound',
      );
    },
  },
  {
    id: 'KMS: what was encrypted with a context opens with that context only',
    async run(place) {
      const KeyId = await place.key();
      const EncryptionContext = { action: 'demo#order-1' };
      const { CiphertextBlob } = await place.kms.send(
        new EncryptCommand({ KeyId, Plaintext: Buffer.from('token'), EncryptionContext }),
      );
      const open = (context: Record<string, string> | undefined) =>
        place.kms.send(
          new DecryptCommand({
            KeyId,
            CiphertextBlob,
            ...(context === undefined ? {} : { EncryptionContext: context }),
          }),
        );
      assert.equal(Buffer.from((await open(EncryptionContext)).Plaintext ?? []).toString(), 'token');
      for (const other of [undefined, { action: 'demo#order-2' }])
        assert.equal((await refused(open(other))).name, 'InvalidCiphertextException');
    },
  },
  {
    id: 'KMS: a changed byte does not open',
    async run(place) {
      const KeyId = await place.key();
      const { CiphertextBlob } = await place.kms.send(
        new EncryptCommand({ KeyId, Plaintext: Buffer.from('token') }),
      );
      const changed = Buffer.from(CiphertextBlob ?? []);
      changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
      const error = await refused(place.kms.send(new DecryptCommand({ KeyId, CiphertextBlob: changed })));
      assert.equal(error.name, 'InvalidCiphertextException');
    },
  },
  {
    id: 'Secrets Manager: stages move, and the former value stays readable as AWSPREVIOUS',
    async run(place) {
      const Name = fresh('secret');
      await place.secrets.send(new CreateSecretCommand({ Name, SecretString: 'first' }));
      const { VersionId } = await place.secrets.send(
        new PutSecretValueCommand({ SecretId: Name, SecretString: 'second', VersionStages: ['AWSPENDING'] }),
      );
      assert.equal(await valueOf(place, Name), 'first');
      assert.equal(await valueOf(place, Name, 'AWSPENDING'), 'second');
      const { VersionIdsToStages = {} } = await place.secrets.send(
        new DescribeSecretCommand({ SecretId: Name }),
      );
      const [current] =
        Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes('AWSCURRENT')) ?? [];
      await place.secrets.send(
        new UpdateSecretVersionStageCommand({
          SecretId: Name,
          VersionStage: 'AWSCURRENT',
          MoveToVersionId: VersionId,
          RemoveFromVersionId: current,
        }),
      );
      assert.equal(await valueOf(place, Name), 'second');
      assert.equal(await valueOf(place, Name, 'AWSPREVIOUS'), 'first');
    },
  },
  {
    id: 'Secrets Manager: a secret that is not there is ResourceNotFoundException',
    async run(place) {
      assert.equal((await refused(valueOf(place, fresh('absent')))).name, 'ResourceNotFoundException');
    },
  },
  {
    id: 'Secrets Manager: a version token is used for one value',
    async run(place) {
      const SecretId = fresh('secret');
      await place.secrets.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'first' }));
      const ClientRequestToken = crypto.randomUUID();
      const put = (SecretString: string) =>
        place.secrets.send(new PutSecretValueCommand({ SecretId, ClientRequestToken, SecretString }));
      await put('second');
      await put('second');
      assert.equal((await refused(put('third'))).name, 'ResourceExistsException');
    },
  },
  {
    id: 'Secrets Manager: a rotation goes through its four steps in order',
    async run(place) {
      const prefix = fresh('rotation');
      const Name = `${prefix}-rotated`;
      await place.secrets.send(new CreateSecretCommand({ Name: `${prefix}-trail`, SecretString: 'steps:' }));
      await place.secrets.send(new CreateSecretCommand({ Name, SecretString: 'first' }));
      const RotationLambdaARN = await place.fn(fresh('rotates'), ROTATES);
      await place.secrets.send(
        new RotateSecretCommand({
          SecretId: Name,
          RotationLambdaARN,
          RotationRules: { AutomaticallyAfterDays: 30 },
        }),
      );
      await eventually(
        'the new value',
        async () => ((await valueOf(place, Name)) === 'second' ? true : undefined),
        8,
      );
      assert.equal(
        await valueOf(place, `${prefix}-trail`),
        'steps: createSecret setSecret testSecret finishSecret',
      );
      assert.equal(await valueOf(place, Name, 'AWSPREVIOUS'), 'first');
    },
  },
  {
    id: 'SES: a mail with text and HTML goes from a verified sender to its recipient',
    async run(place) {
      const from = `${fresh('sender')}@example.test`;
      await place.sender(from);
      const sent = await place.ses.send(
        new SendEmailCommand({
          FromEmailAddress: from,
          Destination: { ToAddresses: ['olivia@example.test'] },
          Content: {
            Simple: {
              Subject: { Data: 'Decision needed: ½ lot' },
              Body: { Text: { Data: 'See the page.' }, Html: { Data: '<p>See the page.</p>' } },
            },
          },
        }),
      );
      assert.ok(sent.MessageId);
      const mail = (await place.mails()).find((one) => one.from.includes(from));
      assert.deepEqual([mail?.to, mail?.subject], [['olivia@example.test'], 'Decision needed: ½ lot']);
      assert.match(mail?.text ?? '', /See the page/);
    },
  },
  {
    id: 'SES: a sender that nobody verified is refused',
    async run(place) {
      const error = await refused(
        place.ses.send(
          new SendEmailCommand({
            FromEmailAddress: `${fresh('stranger')}@elsewhere.test`,
            Destination: { ToAddresses: ['olivia@example.test'] },
            Content: { Simple: { Subject: { Data: 'x' }, Body: { Text: { Data: 'x' } } } },
          }),
        ),
      );
      assert.equal(error.name, 'MessageRejected');
    },
  },
  {
    id: 'Scheduler: at() calls its function once, with its input',
    async run(place) {
      const Name = fresh('called');
      await place.secrets.send(new CreateSecretCommand({ Name, SecretString: 'calls:' }));
      const fn = await place.fn(
        fresh('ticked'),
        `${PRELUDE}
        const on = (operation, body) => aws('secretsmanager', 'secretsmanager.' + operation, body);
        export const handler = async (event) => {
          const { SecretString } = await on('GetSecretValue', { SecretId: '${Name}' });
          await on('PutSecretValue', { SecretId: '${Name}', SecretString: SecretString + ' ' + event.says });
        };`,
      );
      const at = new Date(Date.now() + 1000).toISOString().slice(0, 19);
      const reply = await fetch(`${place.url}/schedules/${fresh('schedule')}`, {
        method: 'POST',
        headers: {
          authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/scheduler/aws4_request, SignedHeaders=host, Signature=0`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({
          ScheduleExpression: `at(${at})`,
          FlexibleTimeWindow: { Mode: 'OFF' },
          ActionAfterCompletion: 'DELETE',
          Target: { Arn: fn, RoleArn: ROLE, Input: '{"says":"tick"}' },
        }),
      });
      assert.equal(reply.status, 200, await reply.text());
      await eventually('the call', async () =>
        (await valueOf(place, Name)) === 'calls: tick' ? true : undefined,
      );
    },
  },
];

const ANSWERS = `export const handler = async (event) => ({
  statusCode: 200,
  headers: { 'content-type': 'application/json' },
  cookies: ['a=1; Path=/', 'b=2; Path=/'],
  body: JSON.stringify({
    version: event.version,
    route: event.routeKey,
    id: event.pathParameters?.id,
    query: event.queryStringParameters,
    cookies: event.cookies,
    body: event.isBase64Encoded ? Buffer.from(event.body, 'base64').toString() : event.body,
    who: event.requestContext.authorizer?.lambda?.principal,
  }),
});`;
const GUARDS = `export const handler = async ({ headers }) =>
  headers.authorization === 'Bearer good'
    ? { isAuthorized: true, context: { principal: '{"kind":"client"}' } }
    : { isAuthorized: false };`;

/** What the HTTP edge and the authorizer rely on. */
export const HTTP_API_CASES: readonly Case[] = [
  {
    id: 'HTTP API: the authorizer decides, its context reaches the function, and payload 2.0 has cookies',
    async run(place) {
      const base = await place.api(
        await place.fn(fresh('answers'), ANSWERS),
        await place.fn(fresh('guards'), GUARDS),
      );
      const send = (path: string, headers: Record<string, string>) =>
        fetch(`${base}${path}`, { method: 'POST', headers, body: '{"n":1}' });
      const good = {
        authorization: 'Bearer good',
        cookie: 'one=1; two=2',
        'content-type': 'application/json',
      };
      const reply = await send('/things/a%20b?x=1', good);
      assert.equal(reply.status, 200);
      assert.deepEqual(reply.headers.getSetCookie(), ['a=1; Path=/', 'b=2; Path=/']);
      assert.deepEqual(await reply.json(), {
        version: '2.0',
        route: 'POST /things/{id}',
        id: 'a b',
        query: { x: '1' },
        cookies: ['one=1', 'two=2'],
        body: '{"n":1}',
        who: '{"kind":"client"}',
      });
    },
  },
  {
    id: 'HTTP API: 401 without a token, 403 with one that is not allowed, 404 without a route',
    async run(place) {
      const base = await place.api(
        await place.fn(fresh('answers'), ANSWERS),
        await place.fn(fresh('guards'), GUARDS),
      );
      const status = async (path: string, headers: Record<string, string> = {}) =>
        (await fetch(`${base}${path}`, { method: 'POST', headers })).status;
      assert.equal(await status('/things/1'), 401);
      assert.equal(await status('/things/1', { authorization: 'Bearer bad' }), 403);
      assert.equal(await status('/nothing', { authorization: 'Bearer good' }), 404);
    },
  },
];
