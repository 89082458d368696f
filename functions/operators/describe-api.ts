import type { Health } from '#shared/operators/api-schemas.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';

export interface DescribeDeps {
  readonly version: string;
  readonly stage: Health['stage'];
  readonly issuer: string;
  readonly cliClientId: string;
}

/** `GET /health` and `GET /openapi.json`: public, and nothing of a project. */
export const describeApi = async (
  request: Pick<HttpRequest, 'path'>,
  deps: DescribeDeps,
): Promise<HttpReply> => {
  const { version, stage, issuer, cliClientId } = deps;
  if (request.path === '/openapi.json') {
    // Stands on every schema of the API; a health check needs none of them.
    const { openApiDocument } = await import('#shared/operators/openapi.ts');
    return { status: 200, json: openApiDocument({ version, issuer }) };
  }
  const health: Health = { status: 'ok', version, stage, signIn: { issuer, cliClientId } };
  return { status: 200, json: health };
};
