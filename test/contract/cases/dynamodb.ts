import assert from 'node:assert/strict';
import {
  CreateTableCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandOutput,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type Case, type DataPlace, fresh, refused } from '../place.ts';

const table = async ({ db }: DataPlace): Promise<string> => {
  const TableName = fresh('contract');
  await db.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'attention', 'attentionAt'].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S',
      })),
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'attention',
          KeySchema: [
            { AttributeName: 'attention', KeyType: 'HASH' },
            { AttributeName: 'attentionAt', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
    }),
  );
  return TableName;
};
const row = (pk: string, rest: Record<string, string> = {}) =>
  Object.fromEntries(Object.entries({ pk, ...rest }).map(([name, value]) => [name, { S: value }]));
const create = (TableName: string, pk: string, rest: Record<string, string> = {}) =>
  new PutItemCommand({
    TableName,
    Item: row(pk, rest),
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });

/** The writes and reads of the ledger and of the approvals. */
export const DYNAMODB_CASES: readonly Case<DataPlace>[] = [
  {
    id: 'a refused conditional put hands over the item that is there',
    async run(place) {
      const name = await table(place);
      await place.db.send(create(name, 'a', { writeToken: 'first' }));
      const error = await refused(place.db.send(create(name, 'a', { writeToken: 'second' })));
      assert.equal(error.name, 'ConditionalCheckFailedException');
      assert.deepEqual(error['Item'], row('a', { writeToken: 'first' }));
    },
  },
  {
    id: 'a refused conditional update hands over the item with its own write token',
    async run(place) {
      const name = await table(place);
      await place.db.send(create(name, 'a', { status: 'EXECUTING', writeToken: 'mine' }));
      const error = await refused(
        place.db.send(
          new UpdateItemCommand({
            TableName: name,
            Key: row('a'),
            UpdateExpression: 'SET #status = :to, writeToken = :token',
            ConditionExpression: '#status = :from',
            ExpressionAttributeNames: { '#status': 'status' },
            ExpressionAttributeValues: {
              ':from': { S: 'PENDING' },
              ':to': { S: 'EXECUTING' },
              ':token': { S: 'mine' },
            },
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        ),
      );
      assert.equal(error.name, 'ConditionalCheckFailedException');
      assert.equal((error['Item'] as ReturnType<typeof row>)['writeToken']?.S, 'mine');
    },
  },
  {
    id: 'of 50 that create one item at once, one does, and every other sees the winner',
    async run(place) {
      const name = await table(place);
      const tries = await Promise.allSettled(
        Array.from({ length: 50 }, (_, claimant) =>
          place.db.send(create(name, 'race', { writeToken: `claimant-${claimant}` })),
        ),
      );
      assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
      const { Item } = await place.db.send(
        new GetItemCommand({ TableName: name, Key: row('race'), ConsistentRead: true }),
      );
      for (const attempt of tries)
        if (attempt.status === 'rejected')
          assert.deepEqual((attempt.reason as { Item?: unknown }).Item, Item);
    },
  },
  {
    id: 'a version that was read guards against a lost update',
    async run(place) {
      const name = await table(place);
      await place.db.send(
        new PutItemCommand({ TableName: name, Item: { ...row('v'), version: { N: '1' } } }),
      );
      const move = () =>
        place.db.send(
          new PutItemCommand({
            TableName: name,
            Item: { ...row('v'), version: { N: '2' } },
            ConditionExpression: 'version = :read',
            ExpressionAttributeValues: { ':read': { N: '1' } },
          }),
        );
      const moves = await Promise.allSettled([move(), move(), move()]);
      assert.equal(moves.filter(({ status }) => status === 'fulfilled').length, 1);
    },
  },
  {
    id: 'a sparse index answers in order, page by page, with keys only',
    async run(place) {
      const name = await table(place);
      for (let number = 0; number < 25; number += 1)
        await place.db.send(
          create(name, `row-${number}`, {
            ...(number % 5 === 4
              ? {}
              : { attention: 'sweep', attentionAt: `2026-01-${String(25 - number).padStart(2, '0')}` }),
            secret: 'not in the index',
          }),
        );
      const found: string[] = [];
      let from: QueryCommandOutput['LastEvaluatedKey'];
      do {
        const page = await place.db.send(
          new QueryCommand({
            TableName: name,
            IndexName: 'attention',
            KeyConditionExpression: 'attention = :sweep AND attentionAt <= :now',
            ExpressionAttributeValues: { ':sweep': { S: 'sweep' }, ':now': { S: '2026-01-22' } },
            Limit: 4,
            ...(from === undefined ? {} : { ExclusiveStartKey: from }),
          }),
        );
        for (const item of page.Items ?? []) {
          assert.deepEqual(Object.keys(item).toSorted(), ['attention', 'attentionAt', 'pk']);
          found.push(String(item['attentionAt']?.S));
        }
        from = page.LastEvaluatedKey;
      } while (from !== undefined);
      assert.equal(found.length, 17);
      assert.deepEqual(found, found.toSorted());
    },
  },
  {
    id: 'a transaction moves both items or neither, and says which condition failed and what is there',
    async run(place) {
      const name = await table(place);
      await place.db.send(create(name, 'change', { status: 'PROPOSED' }));
      const both = (from: string) =>
        new TransactWriteItemsCommand({
          TransactItems: [
            { Put: { TableName: name, Item: row('project', { confirmed: from }) } },
            {
              Update: {
                TableName: name,
                Key: row('change'),
                UpdateExpression: 'SET #status = :to',
                ConditionExpression: '#status = :from',
                ExpressionAttributeNames: { '#status': 'status' },
                ExpressionAttributeValues: { ':from': { S: from }, ':to': { S: 'CONFIRMED' } },
                ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
              },
            },
          ],
        });
      const error = await refused(place.db.send(both('OTHER')));
      assert.equal(error.name, 'TransactionCanceledException');
      const reasons = error['CancellationReasons'] as { Code: string; Item?: ReturnType<typeof row> }[];
      assert.deepEqual(
        reasons.map(({ Code }) => Code),
        ['None', 'ConditionalCheckFailed'],
      );
      assert.equal(reasons[1]?.Item?.['status']?.S, 'PROPOSED');
      const absent = await place.db.send(new GetItemCommand({ TableName: name, Key: row('project') }));
      assert.equal(absent.Item, undefined);
      await place.db.send(both('PROPOSED'));
      const there = await place.db.send(new GetItemCommand({ TableName: name, Key: row('project') }));
      assert.equal(there.Item?.['confirmed']?.S, 'PROPOSED');
    },
  },
  {
    id: 'a counter starts at nothing and counts every one of 30 at once',
    async run(place) {
      const name = await table(place);
      await Promise.all(
        Array.from({ length: 30 }, () =>
          place.db.send(
            new UpdateItemCommand({
              TableName: name,
              Key: row('counter'),
              UpdateExpression: 'ADD hits :one',
              ExpressionAttributeValues: { ':one': { N: '1' } },
            }),
          ),
        ),
      );
      const { Item } = await place.db.send(
        new GetItemCommand({ TableName: name, Key: row('counter'), ConsistentRead: true }),
      );
      assert.equal(Item?.['hits']?.N, '30');
    },
  },
  {
    id: 'an empty text as the key of an index is refused',
    async run(place) {
      const name = await table(place);
      const error = await refused(
        place.db.send(create(name, 'a', { attention: '', attentionAt: '2026-01-01' })),
      );
      assert.equal(error.name, 'ValidationException');
    },
  },
];
