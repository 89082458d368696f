/** An action that proves that everything works: a small limit order on the paper account. */
export const EXAMPLE_ORDER = {
  operation: 'alpaca/order.submit',
  payload: {
    symbol: 'AAPL',
    side: 'buy',
    type: 'limit',
    time_in_force: 'day',
    qty: '1',
    limit_price: '100.00',
  },
} as const;

export interface ProposedExample {
  readonly status: number;
  readonly location: string | null;
  readonly body: Record<string, unknown>;
}

/** Access token of a machine, by client credentials, from the issuer's discovery document. */
export const agentToken = async (
  issuer: string,
  agent: { readonly clientId: string; readonly clientSecret: string },
): Promise<string> => {
  const discovery = await fetch(`${issuer}/.well-known/openid-configuration`);
  const { token_endpoint: endpoint } = (await discovery.json()) as { token_endpoint: string };
  const reply = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`${agent.clientId}:${agent.clientSecret}`).toString('base64')}`,
    },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  const { access_token: token } = (await reply.json()) as { access_token?: string };
  if (!reply.ok || token === undefined)
    throw new Error(`The local issuer gave no token (HTTP ${reply.status})`);
  return token;
};

/** Proposes the example order in the project `demo` as the demo agent, over HTTP like everybody else. */
export const proposeExample = async (
  host: {
    readonly apiUrl: string;
    readonly issuer: string;
    readonly clients: { readonly agent: { readonly clientId: string; readonly clientSecret: string } };
  },
  key: string,
): Promise<ProposedExample> => {
  const token = await agentToken(host.issuer, host.clients.agent);
  const reply = await fetch(`${host.apiUrl}/projects/demo/actions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key, authorization: `Bearer ${token}` },
    body: JSON.stringify(EXAMPLE_ORDER),
  });
  const body = (await reply.json()) as Record<string, unknown>;
  if (reply.status !== 202 && reply.status !== 200)
    throw new Error(
      `The example was not accepted (HTTP ${reply.status}): ${JSON.stringify(body).slice(0, 300)}`,
    );
  return { status: reply.status, location: reply.headers.get('location'), body };
};
