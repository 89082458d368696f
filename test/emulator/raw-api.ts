import { ACCOUNT, REGION } from './ministack.ts';

/** MiniStack looks up the service in the credential scope and checks no signature. */
const authorization = (service: string): string =>
  `AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/${service}/aws4_request, SignedHeaders=host, Signature=0`;

/** Calls of the few services whose SDK client the product does not have. */
export interface RawApi {
  /** A Cognito user pool operation. @throws Error with what Cognito said */
  cognito(operation: string, input: object): Promise<Record<string, unknown>>;
  /** A CloudFormation operation. @returns its XML */
  cloudFormation(operation: string, parameters: Readonly<Record<string, string>>): Promise<string>;
}

export const rawApi = (url: string): RawApi => ({
  async cognito(operation, input) {
    const reply = await fetch(url, {
      method: 'POST',
      headers: {
        authorization: authorization('cognito-idp'),
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `AWSCognitoIdentityProviderService.${operation}`,
      },
      body: JSON.stringify(input),
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${operation}: HTTP ${reply.status} ${text.slice(0, 300)}`);
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  },
  async cloudFormation(operation, parameters) {
    const reply = await fetch(url, {
      method: 'POST',
      headers: { authorization: authorization('cloudformation') },
      body: new URLSearchParams({ Action: operation, Version: '2010-05-15', ...parameters }),
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${operation} in ${ACCOUNT}: HTTP ${reply.status} ${text.slice(0, 300)}`);
    return text;
  },
});
