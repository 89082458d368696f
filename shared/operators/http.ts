import type { Principal } from './principal.ts';

/** A request as use cases see it: decoded, size-checked, header names in lower case. */
export interface HttpRequest {
  /** Upper case. HEAD is shown as GET. */
  readonly method: string;
  /** The client asked with HEAD: the reply's body is dropped at the edge, and nothing may be written. */
  readonly isHead?: boolean;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: Readonly<Record<string, string>>;
  /** UTF-8 text of the body; undefined where there is none. */
  readonly body: string | undefined;
  /** The client's own X-Request-ID where it fits, else the gateway's. */
  readonly requestId: string;
  /** From the authorizer; null on `page` and `open` routes. */
  readonly principal: Principal | null;
  readonly sourceIp: string;
}

/** Exactly one of `json`, `html` and `location` says what the reply is. */
export interface HttpReply {
  readonly status: number;
  readonly json?: unknown;
  readonly html?: string;
  /** Redirect target; a path of our own or the identity provider's authorization endpoint. */
  readonly location?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Complete Set-Cookie values. */
  readonly cookies?: readonly string[];
}
