import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serveAlpacaStandIn, STAND_IN_KEYS } from '#infra/local/alpaca-stand-in/serve.ts';
import { createS3 } from '#infra/local/s3/s3.ts';
import { type HostDouble, hostDouble } from './local-host-double.ts';

let host: HostDouble;
beforeEach(() => {
  host = hostDouble();
});
afterEach(() => host.removeData());

/** Writes with six writers until the process is killed in the middle; answers what was acknowledged. */
const killedWhileWriting = async (round: number): Promise<{ objects: string[]; orders: string[] }> => {
  const target = fileURLToPath(new URL('kill-target.ts', import.meta.url));
  const child = spawn(process.execPath, [target, host.dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const objects: string[] = [];
  const orders: string[] = [];
  const put = async (key: string): Promise<void> => {
    const reply = await fetch(`${url}/killed/${key}`, {
      method: 'PUT',
      body: `body of ${key}`.repeat(200),
      headers: { 'if-none-match': '*' },
    });
    if (reply.status === 200) objects.push(key);
  };
  const order = async (id: string): Promise<void> => {
    const reply = await fetch(`${url}/_stand-in/alpaca/v2/orders`, {
      method: 'POST',
      headers: { 'apca-api-key-id': STAND_IN_KEYS.keyId, 'apca-api-secret-key': STAND_IN_KEYS.secretKey },
      body: JSON.stringify({
        symbol: 'AAPL',
        qty: '0.001',
        side: 'buy',
        type: 'market',
        time_in_force: 'day',
        client_order_id: id,
      }),
    });
    if (reply.status === 200) orders.push(id);
  };
  const writer = async (name: number): Promise<void> => {
    for (let turn = 0; ; turn += 1)
      await (name < 4 ? put(`r${round}-w${name}-${turn}`) : order(`r${round}-w${name}-${turn}`));
  };
  const writers = Array.from({ length: 6 }, (_, name) => writer(name).catch(() => undefined));
  const died = once(child, 'exit');
  while (objects.length < 40 + round * 7 || orders.length < 5)
    await new Promise((resolve) => setImmediate(resolve));
  child.kill('SIGKILL');
  await died;
  await Promise.all(writers);
  return { objects, orders };
};

test('nothing that was acknowledged is lost by kill -9, and nothing half-written is shown', async () => {
  const acknowledged: { objects: string[]; orders: string[] }[] = [];
  for (let round = 0; round < 3; round += 1) acknowledged.push(await killedWhileWriting(round));

  const s3 = createS3(host);
  for (const key of acknowledged.flatMap(({ objects }) => objects)) {
    const reply = await s3.handle({
      target: undefined,
      method: 'GET',
      path: `/killed/${key}`,
      query: new URLSearchParams(),
      headers: {},
      body: Buffer.alloc(0),
    });
    expect(reply.status).toBe(200);
    expect(reply.body.toString()).toBe(`body of ${key}`.repeat(200));
  }
  const alpaca = await serveAlpacaStandIn({ dataDir: host.dataDir, clock: host.clock });
  const kept = alpaca.control.orders().map((order) => order.client_order_id);
  await alpaca.stop();
  expect(acknowledged.flatMap(({ orders }) => orders).filter((id) => !kept.includes(id))).toEqual([]);
  expect(new Set(kept).size).toBe(kept.length);
  expect(readdirSync(host.dataDir).toSorted()).toEqual(['alpaca-stand-in', 's3']);
});
