import { CreateKeyCommand } from '@aws-sdk/client-kms';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { CreateEmailIdentityCommand } from '@aws-sdk/client-sesv2';
import { clientsOf } from './clients.ts';
import { fresh, type Place, REGION, ROLE, type SentMail } from './place.ts';
import { zipOf } from './zip.ts';

/** MiniStack that answers at `url`; whoever started it stops it. */
export const openMinistackPlace = (url: string): Place => {
  const clients = clientsOf(url);
  const rest = async (service: string, path: string, body: object): Promise<Record<string, unknown>> => {
    const reply = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${path}: HTTP ${reply.status} ${text.slice(0, 300)}`);
    return JSON.parse(text) as Record<string, unknown>;
  };
  return {
    name: 'MiniStack',
    url,
    ...clients,
    async fn(name, source) {
      const made = await rest('lambda', '/2015-03-31/functions', {
        FunctionName: name,
        Runtime: 'nodejs24.x',
        Role: ROLE,
        Handler: 'index.handler',
        Timeout: 10,
        Code: { ZipFile: zipOf('index.mjs', source).toString('base64') },
      });
      return String(made['FunctionArn']);
    },
    async invoke(arn, payload) {
      return rest('lambda', `/2015-03-31/functions/${arn}/invocations`, payload as object);
    },
    key: async () => String((await clients.kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn),
    bucket: async (Bucket) => void (await clients.s3.send(new CreateBucketCommand({ Bucket }))),
    sender: async (EmailIdentity) =>
      void (await clients.ses.send(new CreateEmailIdentityCommand({ EmailIdentity }))),
    async mails() {
      const reply = await fetch(`${url}/_ministack/ses/messages`);
      const { messages } = (await reply.json()) as {
        messages: Record<string, { Source: string; To: string[]; Subject: string; BodyText: string }[]>;
      };
      return Object.values(messages)
        .flat()
        .map(({ Source, To, Subject, BodyText }): SentMail => ({
          from: Source,
          to: To,
          subject: Subject,
          text: BodyText,
        }));
    },
    async api(fn, authorizer) {
      const api = await rest('apigateway', '/v2/apis', { name: fresh('api'), protocolType: 'HTTP' });
      const at = `/v2/apis/${String(api['apiId'])}`;
      const guard = await rest('apigateway', `${at}/authorizers`, {
        name: 'guard',
        authorizerType: 'REQUEST',
        authorizerPayloadFormatVersion: '2.0',
        enableSimpleResponses: true,
        authorizerResultTtlInSeconds: 0,
        identitySource: ['$request.header.Authorization'],
        authorizerUri: `arn:aws:apigateway:${REGION}:lambda:path/2015-03-31/functions/${authorizer}/invocations`,
      });
      const integration = await rest('apigateway', `${at}/integrations`, {
        integrationType: 'AWS_PROXY',
        integrationUri: fn,
        payloadFormatVersion: '2.0',
      });
      await rest('apigateway', `${at}/routes`, {
        routeKey: 'POST /things/{id}',
        authorizationType: 'CUSTOM',
        authorizerId: guard['authorizerId'],
        target: `integrations/${String(integration['integrationId'])}`,
      });
      await rest('apigateway', `${at}/stages`, { stageName: '$default', autoDeploy: true });
      return String(api['apiEndpoint']);
    },
    stop: async () => undefined,
  };
};
