import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { discover, requestTokens, verifyToken } from '../operators/oidc.http.ts';
import { authorizationUrl } from '../operators/oidc.ts';
import { pagePolicy, plainPage } from '../operators/problem-page.ts';
import { sameText } from '../operators/sign-in-transaction.ts';
import { IdTokenClaims } from '../operators/tokens.ts';
import { CliError } from './exit.ts';
import { fromIssuer, type SavedPerson } from './tokens.http.ts';

/** The redirect addresses that the CLI's OAuth client has. */
export const LOOPBACK_PORTS = [47_771, 47_772, 47_773] as const;
const PATIENCE_MS = 5 * 60_000;

const listen = (server: Server, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });

interface Callback {
  readonly port: number;
  /** The code that comes back with our state. */
  readonly code: Promise<string>;
  close(): void;
}

const waitForCallback = async (state: string, patienceMs: number): Promise<Callback> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const ours = url.pathname === '/callback' && sameText(url.searchParams.get('state') ?? '', state);
    const code = url.searchParams.get('code');
    const page = ours
      ? plainPage(code === null ? 'Signing in did not work' : 'You are signed in', [
          'You can close this window and go back to the terminal.',
        ])
      : plainPage('Nothing here', [
          'This address only waits for the answer of a sign-in that the Autopack CLI started.',
        ]);
    response.writeHead(ours ? 200 : 404, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': pagePolicy(page),
      connection: 'close',
    });
    response.end(page);
    if (!ours) return;
    if (code !== null) resolve(code);
    else reject(new CliError('refused', 'The identity provider did not sign you in.'));
  });
  for (const port of LOOPBACK_PORTS) {
    if (!(await listen(server, port))) continue;
    const timer = setTimeout(() => reject(new CliError('open', 'Nobody signed in.')), patienceMs);
    return {
      port: (server.address() as AddressInfo).port,
      code: promise,
      close: () => {
        clearTimeout(timer);
        server.close();
        server.closeAllConnections();
      },
    };
  }
  throw new CliError(
    'usage',
    `The ports ${LOOPBACK_PORTS.join(', ')} are all taken; another sign-in may be waiting.`,
  );
};

export interface SignInOptions {
  readonly apiUrl: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly now: () => number;
  /** Tells the person where to go. */
  readonly show: (url: string) => void;
  readonly patienceMs?: number;
}

/** Signs a person in by code and PKCE over a loopback redirect (RFC 8252); answers what is to be saved. */
export const signInOverLoopback = async (options: SignInOptions): Promise<SavedPerson> => {
  const { issuer, clientId, now } = options;
  const find = discover(issuer, now);
  const [state, nonce, verifier] = [32, 32, 32].map((bytes) => randomBytes(bytes).toString('base64url')) as [
    string,
    string,
    string,
  ];
  const callback = await waitForCallback(state, options.patienceMs ?? PATIENCE_MS);
  try {
    const redirectUri = `http://127.0.0.1:${callback.port}/callback`;
    const discovery = await find().catch((error: unknown) => {
      throw new CliError('unreachable', 'The identity provider does not answer.', { cause: error });
    });
    options.show(authorizationUrl(discovery, { clientId, redirectUri, state, nonce, verifier, fresh: true }));
    const code = await callback.code;
    const tokens = await fromIssuer(
      requestTokens(find, {
        grant_type: 'authorization_code',
        client_id: clientId,
        code,
        redirect_uri: redirectUri,
        code_verifier: verifier,
      }),
    );
    const claims = IdTokenClaims.safeParse(await verifyToken(issuer, find, now)(tokens.id_token)).data;
    if (claims === undefined || claims.aud !== clientId || !sameText(claims.nonce ?? '', nonce))
      throw new CliError('refused', 'The identity provider sent a token that is not for this sign-in.');
    const refreshToken = tokens.refresh_token ?? null;
    return { apiUrl: options.apiUrl, issuer, clientId, idToken: tokens.id_token, refreshToken };
  } finally {
    callback.close();
  }
};
