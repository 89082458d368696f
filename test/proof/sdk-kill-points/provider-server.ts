import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the provider does with one request that would have an effect. */
export type Answer =
  | 'does it'
  | 'does it, the reply is lost'
  | 'never hears of it'
  | 'is busy'
  | 'refuses it';

const order = (key: string) => ({ id: `order-of-${key}`, client_order_id: key, status: 'accepted' });

/**
 * A provider on a real socket, in the words of Alpaca and of a plain HTTP API. It counts what it did for each key. Orders,
 * things of class `none` and reports are never deduplicated, so that nothing but the ledger keeps them from
 * happening twice; `/keyed` does what it promises.
 */
export const providerServer = async () => {
  const effects = new Map<string, number>();
  const state = {
    answers: [] as Answer[],
    /** The connection is cut instead of a reply, whatever was done. */
    mute: 'never' as 'never' | 'once' | 'always',
  };
  const land = (key: string, once = false): void =>
    void effects.set(key, once ? 1 : (effects.get(key) ?? 0) + 1);

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const isMute = state.mute !== 'never';
    if (state.mute === 'once') state.mute = 'never';
    const say = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
      if (isMute) return void incoming.socket.destroy();
      outgoing.writeHead(status, { 'content-type': 'application/json', ...headers });
      outgoing.end(JSON.stringify(body));
    };
    const url = new URL(incoming.url ?? '/', 'http://provider');
    const found = (key: string): void =>
      (effects.get(key) ?? 0) > 0 ? say(200, order(key)) : say(404, { message: 'there is no such thing' });
    if (url.pathname === '/v2/orders:by_client_order_id')
      return found(url.searchParams.get('client_order_id') ?? '');
    if (url.pathname.startsWith('/made/'))
      return found(decodeURIComponent(url.pathname.slice('/made/'.length)));
    const key =
      url.pathname === '/v2/orders'
        ? (JSON.parse(Buffer.concat(chunks).toString()) as { client_order_id: string }).client_order_id
        : String(incoming.headers['idempotency-key']);
    const answer = state.answers.shift() ?? 'does it';
    if (answer === 'is busy') return say(429, { message: 'later' }, { 'retry-after': '7' });
    if (answer === 'refuses it') return say(422, { message: 'insufficient buying power' });
    if (answer !== 'never hears of it') land(key, url.pathname.startsWith('/keyed'));
    if (answer !== 'does it') return void incoming.socket.destroy();
    say(200, order(key));
  };
  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    state,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    effects: (key: string): number => effects.get(key) ?? 0,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
export type ProviderServer = Awaited<ReturnType<typeof providerServer>>;
