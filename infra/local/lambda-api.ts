import { FunctionNotFoundError, type LambdaRunner } from './lambda-runner.ts';
import { awsJsonError, type AwsReply, type LocalService } from './service.ts';

const INVOCATIONS = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;

/** The Lambda API, as far as it invokes: `aws lambda invoke` and SDK clients reach the functions of the template. */
export const createLambdaApi = (runner: LambdaRunner): LocalService => ({
  signingNames: ['lambda'],
  async handle(request): Promise<AwsReply> {
    const name = INVOCATIONS.exec(request.path)?.[1];
    if (request.method !== 'POST' || name === undefined)
      return awsJsonError(
        501,
        'NotImplemented',
        `The local host does not have ${request.method} ${request.path}`,
      );
    let payload: unknown;
    try {
      payload = request.body.byteLength === 0 ? {} : JSON.parse(request.body.toString('utf8'));
    } catch {
      return awsJsonError(400, 'InvalidRequestContentException', 'Could not parse request body into json');
    }
    const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
    try {
      const running = runner.invoke(decodeURIComponent(name), payload);
      if (type === 'Event') {
        running.catch(() => undefined);
        return { status: 202, body: '' };
      }
      const { payload: answer, functionError } = await running;
      return {
        status: 200,
        headers: {
          'content-type': 'application/json',
          'x-amz-executed-version': '$LATEST',
          ...(functionError === undefined ? {} : { 'x-amz-function-error': functionError }),
        },
        body: JSON.stringify(answer),
      };
    } catch (error) {
      if (!(error instanceof FunctionNotFoundError)) throw error;
      return awsJsonError(404, 'ResourceNotFoundException', error.message);
    }
  },
});
