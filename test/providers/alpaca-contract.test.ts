import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { ORDER_TYPES, OrderPayload, TIMES_IN_FORCE } from '#shared/providers/alpaca/order.ts';
import { ORDER_STATUSES } from '#shared/providers/alpaca/replies.ts';
import { submitOrder } from '#shared/providers/alpaca/submit-order.ts';
import { cancelOrder } from '#shared/providers/alpaca/cancel-order.ts';
import { facts, ORDER, ORDER_ID } from './support.ts';

/** The official description lies beside the repository where somebody put it; it is not part of the product. */
const SPEC = new URL('../../../shared/specs/alpaca-trading.json', import.meta.url);
const isThere = existsSync(SPEC);

const Schema = z
  .object({ type: z.string().optional(), enum: z.array(z.string()).optional(), $ref: z.string().optional() })
  .loose();
const Spec = z.object({
  servers: z.array(z.object({ url: z.string() })).optional(),
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  components: z.object({ schemas: z.record(z.string(), Schema) }),
});
const PostOrder = z.object({
  requestBody: z.object({
    content: z.object({
      'application/json': z.object({
        schema: z.object({ required: z.array(z.string()), properties: z.record(z.string(), Schema) }),
      }),
    }),
  }),
});
const read = () => Spec.parse(JSON.parse(readFileSync(SPEC, 'utf8')));

test(`the official description of Alpaca is ${isThere ? 'there and compared' : 'not there: ../shared/specs/alpaca-trading.json was not compared'}`, () => {
  expect(typeof isThere).toBe('boolean');
});

const compare = (): void => {
  const bodies = [
    { ...ORDER },
    { ...ORDER, qty: undefined, notional: '500' },
    { ...ORDER, type: 'limit', limit_price: '1.25', extended_hours: true, order_class: 'simple' },
    { ...ORDER, type: 'stop', stop_price: '9' },
    { ...ORDER, type: 'stop_limit', stop_price: '9', limit_price: '9.5' },
    { ...ORDER, type: 'trailing_stop', trail_price: '1' },
    { ...ORDER, type: 'trailing_stop', trail_percent: '1' },
    { ...ORDER, symbol: 'BTC/USD', time_in_force: 'ioc', qty: '0.01' },
    { ...ORDER, symbol: 'AAPL250620C00100000', type: 'limit', limit_price: '10' },
  ];

  test('statuses, types, sides and times in force are exactly the ones described', () => {
    const { schemas } = read().components;
    expect([...ORDER_STATUSES].toSorted()).toEqual(schemas['OrderStatus']?.enum?.toSorted());
    expect([...ORDER_TYPES].toSorted()).toEqual(schemas['OrderType']?.enum?.toSorted());
    expect([...TIMES_IN_FORCE].toSorted()).toEqual(schemas['TimeInForce']?.enum?.toSorted());
    expect(OrderPayload.shape.side.options.toSorted()).toEqual(schemas['OrderSide']?.enum?.toSorted());
  });

  test.each(bodies)('the body of %j has the described fields and types', (payload) => {
    const spec = read();
    const { required, properties } = PostOrder.parse(spec.paths['/v2/orders']?.['post']).requestBody.content[
      'application/json'
    ].schema;
    const body = z
      .record(z.string(), z.unknown())
      .parse(JSON.parse(submitOrder.render(payload, facts()).request.body ?? ''));
    expect(Object.keys(body)).toEqual(expect.arrayContaining(required));
    for (const [name, value] of Object.entries(body)) {
      const property = properties[name];
      const schema =
        property?.$ref === undefined
          ? property
          : spec.components.schemas[property.$ref.split('/').at(-1) ?? ''];
      expect([name, schema?.type]).toEqual([name, typeof value]);
      if (schema?.enum !== undefined) expect(schema.enum).toContain(value);
    }
  });

  test('every path and method that is called is described', () => {
    const { paths } = read();
    const cancel = new URL(cancelOrder.render({ order_id: ORDER_ID }, facts()).request.url).pathname;
    expect(paths[new URL(submitOrder.render(ORDER, facts()).request.url).pathname]).toHaveProperty('post');
    expect(paths[cancel.replace(ORDER_ID, '{order_id}')]).toHaveProperty('delete');
    expect(paths[cancel.replace(ORDER_ID, '{order_id}')]).toHaveProperty('get');
    expect(paths['/v2/orders:by_client_order_id']).toHaveProperty('get');
  });
};

if (isThere) describe('against the official OpenAPI description', compare);
