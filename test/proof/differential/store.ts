import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { ACTION_INDEXES, realTables } from '../../support/real-tables.ts';

/** What goes wrong with one write, chosen by what is written. */
export interface StoreFault {
  /** `claim`: before the effect. `completion`: after it. */
  readonly on: 'claim' | 'completion';
  /** `fails`: nothing is stored. `replyLost`: it is stored, and the answer never comes. */
  readonly how: 'fails' | 'replyLost';
}

interface Wire {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** Which role a request plays; both contenders are told apart by their own table. */
const roleOf = (operation: string, body: string): StoreFault['on'] | undefined => {
  if (operation === 'UpdateItem') return 'completion';
  if (operation !== 'PutItem') return undefined;
  const { TableName, Item } = JSON.parse(body) as {
    TableName: string;
    Item: Record<string, { S?: string }>;
  };
  if (TableName === 'peer') return 'claim';
  const status = Item['status']?.S;
  if (status === 'EXECUTING') return 'claim';
  return status === 'SUCCEEDED' ? 'completion' : undefined;
};

const textOf = (body: string | Uint8Array): string =>
  typeof body === 'string' ? body : Buffer.from(body).toString();

const failure = (name: string): Error => Object.assign(new Error(name), { name });

/** One engine with the tables of both; every request on the wire is counted, retries of the SDK too. */
export const openStore = async () => {
  const tables = await realTables({ actions: ACTION_INDEXES, registry: [['byKind', 'kind', 'sortKey']] });
  await tables.client.send(
    new CreateTableCommand({
      TableName: 'peer',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    }),
  );
  const state = { requests: 0, faults: [] as StoreFault[] };
  const { endpoint, credentials, region } = tables.client.config;
  const place = await endpoint?.();
  if (place === undefined) throw new Error('the engine has no address');
  const watched = new DynamoDBClient({
    region: await region(),
    endpoint: `${place.protocol}//${place.hostname}:${place.port}`,
    credentials: await credentials(),
    // A kept connection that the engine closed would be one more attempt, now and then.
    requestHandler: { httpAgent: { keepAlive: false } },
  });
  watched.middlewareStack.add(
    (next) => async (args) => {
      state.requests += 1;
      const wire = args.request as Wire;
      const operation = wire.headers['x-amz-target']?.split('.')[1] ?? '';
      const role = roleOf(operation, textOf(wire.body));
      const index = state.faults.findIndex(({ on }) => on === role);
      const [fault] = index === -1 ? [] : state.faults.splice(index, 1);
      // Not one of the errors that the SDK tries again by itself: the write fails for good.
      if (fault?.how === 'fails') throw failure('AccessDeniedException');
      const answer = await next(args);
      if (fault?.how === 'replyLost') throw failure('TimeoutError');
      return answer;
    },
    // Inside the SDK's own retries, so that each attempt is seen.
    { step: 'finalizeRequest', priority: 'low', name: 'countAndDisturb' },
  );
  watched.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      const { headers } = answer.response as { headers?: Record<string, string> };
      // The engine lives in real time: without this the SDK takes the difference for a wrong clock and tries again.
      delete headers?.['date'];
      return answer;
    },
    { step: 'deserialize', priority: 'low', name: 'forgetRealTime' },
  );
  return {
    client: watched,
    db: DynamoDBDocumentClient.from(watched, { marshallOptions: { removeUndefinedValues: true } }),
    /** The same tables, unseen: for looking at the end. */
    unseen: tables.db,
    state,
    stop: async () => {
      watched.destroy();
      await tables.stop();
    },
  };
};
export type Store = Awaited<ReturnType<typeof openStore>>;
