export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Bearer token; absent on open routes. */
  readonly token?: string | undefined;
}
export interface ApiReply {
  readonly status: number;
  readonly json: unknown;
}
/**
 * Calls the API once. Throws CliError `unreachable` or `refused`; the latter carries the problem document.
 */
export type CallApi = (request: ApiRequest) => Promise<ApiReply>;
