import type { Health } from '#shared/operators/api-schemas.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';
import { openApiDocument } from '#shared/operators/openapi.ts';

export interface DescribeDeps {
  readonly version: string;
  readonly stage: Health['stage'];
  readonly issuer: string;
  readonly cliClientId: string;
}

/** `GET /health` and `GET /openapi.json`: public, and nothing of a project. */
export const describeApi = (request: Pick<HttpRequest, 'path'>, deps: DescribeDeps): HttpReply => {
  const { version, stage, issuer, cliClientId } = deps;
  if (request.path === '/openapi.json') return { status: 200, json: openApiDocument({ version, issuer }) };
  const health: Health = { status: 'ok', version, stage, signIn: { issuer, cliClientId } };
  return { status: 200, json: health };
};
