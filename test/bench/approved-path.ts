import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { GetExecutionHistoryCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { openBrowser, type Page } from '#infra/local/demo-browser.ts';
import { openDesk, until } from '../path/desk.ts';
import { AGREED_REQUESTS, AGREED_UNITS } from '../proof/costs/agreed.ts';
import { ASSUMED, PRICES } from './prices.ts';

/** A request that the local host got, in the order in which it came. */
interface Seen {
  /** Tables of a request to DynamoDB, once its body has arrived. */
  tables: string;
  /** Keys that a BatchGetItem asks for. */
  keys: number;
  /** `DynamoDB.GetItem`, `states.SendTaskSuccess`, `s3.GET`, `api.POST /a/…`, `provider.POST /v2/orders`. */
  readonly what: string;
}

const nameOf = ({ method = '', url = '', headers }: IncomingMessage): string => {
  const target = headers['x-amz-target'];
  if (typeof target === 'string')
    return target.replace(/^DynamoDB_20120810/, 'DynamoDB').replace(/^AWSStepFunctions/, 'states');
  if (url.includes('/v2/orders')) return `provider.${method}`;
  const signed = /Credential=[^/]+\/[^/]+\/[^/]+\/([\w-]+)\//.exec(headers.authorization ?? '')?.[1];
  if (signed !== undefined) return `${signed}.${method}`;
  return `api.${method} ${url.split('?')[0]?.replace(/[\w-]{20,}/g, '…') ?? ''}`;
};

const keysIn = (body: string): number => {
  const { RequestItems } = JSON.parse(body) as {
    readonly RequestItems: Readonly<Record<string, { readonly Keys: readonly unknown[] }>>;
  };
  return Object.values(RequestItems).reduce((sum, { Keys }) => sum + Keys.length, 0);
};

export interface ApprovedPath {
  readonly actions: number;
  /** Requests of the whole path for each action, by kind. */
  readonly requests: Readonly<Record<string, number>>;
  /** Keys that its BatchGetItems ask for. */
  readonly batchKeys: number;
  /** Writes to DynamoDB for each action, by table. */
  readonly writes: Readonly<Record<string, number>>;
  readonly transitions: number;
  readonly invocations: number;
  /** Time in functions for each action, as seen by their callers, in milliseconds on this machine. */
  readonly functionMs: number;
  readonly mails: number;
  readonly dispatch: {
    /** Between the write of the vote and the request to the provider. */
    readonly dynamo: readonly string[];
    /** States entered from the end of the wait until Execute. */
    readonly transitions: readonly string[];
  };
}

/** Takes actions through the whole local host, each approved by a person on a page that is already signed in. */
export const approvedPath = async (actions: number): Promise<ApprovedPath> => {
  // On AWS each function keeps its own workers; on this host all share a few, fewer than the functions of this path, so
  // that each invocation would be a start, and read again what is kept in memory.
  const desk = await openDesk({}, undefined, { idleWorkers: 20 });
  const seen: Seen[] = [];
  let apiMs = 0;
  const begun = new WeakMap<object, number>();
  const onStart = (message: unknown): void => {
    const { request } = message as { request: IncomingMessage };
    begun.set(request, performance.now());
    const entry: Seen = { what: nameOf(request), tables: '', keys: 0 };
    seen.push(entry);
    if (entry.what.startsWith('DynamoDB.')) {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
        const named = body.matchAll(/"TableName":"([^"]+)"|"([^"]+)":\{[^{}]*"Keys":/g);
        const names = [...named].map(([, one, several]) => one ?? several ?? '');
        entry.tables = names.map((name) => /(\w+)Table/.exec(name)?.[1] ?? name).join('+');
      });
      if (entry.what === 'DynamoDB.BatchGetItem')
        request.on('end', () => {
          entry.keys = keysIn(body);
        });
    }
  };
  const onFinish = (message: unknown): void => {
    const { request } = message as { request: IncomingMessage };
    if (nameOf(request).startsWith('api.')) apiMs += performance.now() - (begun.get(request) ?? 0);
  };
  try {
    const browser = openBrowser();
    let dispatch: string[] = [];
    const one = async (key: string): Promise<void> => {
      const orders = desk.orders().length;
      await desk.propose(key);
      const link = await desk.nextLink('olivia@example.test');
      await desk.nextLink('sam@example.test');
      const page: Page = await desk.openAs(browser, link, 'olivia@example.test');
      const form = page.forms.find(({ buttons }) => buttons.some(({ value }) => value === 'approve'));
      if (form === undefined) throw new Error('no decision is offered');
      const before = seen.length;
      // The page that the browser opens after the vote reads the same tables: it has to wait, to be told apart.
      const { fetch } = globalThis;
      globalThis.fetch = async (input, init) => {
        if ((init?.method ?? 'GET') === 'GET') await new Promise((resolve) => setTimeout(resolve, 1_500));
        return fetch(input, init);
      };
      await browser.submit(page, form, { decision: 'approve', reason: 'Looked at it' }).finally(() => {
        globalThis.fetch = fetch;
      });
      await until(`${key} at the provider`, () => (desk.orders().length > orders ? true : undefined));
      await new Promise((resolve) => setTimeout(resolve, 700));
      const after = seen.slice(before);
      const vote = after.findIndex(({ what }) => what === 'DynamoDB.PutItem');
      const sent = after.findIndex(({ what }) => what === 'provider.POST');
      dispatch = after
        .slice(vote + 1, sent)
        .filter(({ what }) => what.startsWith('DynamoDB.'))
        .map(({ what, tables }) => `${what.replace('DynamoDB.', '')} ${tables}`)
        // The mark of the outbox is cleared beside the path; nothing waits for it.
        .filter((request) => request !== 'PutItem Approvals');
    };
    // Signs in, and starts every function once.
    await one('warm-1');
    await one('warm-2');
    const mailsBefore = desk.mails().length;
    channel('http.server.request.start').subscribe(onStart);
    channel('http.server.response.finish').subscribe(onFinish);
    for (let n = 0; n < actions; n += 1) await one(`paid-${n}`);
    channel('http.server.request.start').unsubscribe(onStart);
    channel('http.server.response.finish').unsubscribe(onFinish);
    const counted = new Map<string, number>();
    for (const { what } of seen) counted.set(what, (counted.get(what) ?? 0) + 1);
    const written = new Map<string, number>();
    for (const { what, tables } of seen)
      if (/^DynamoDB\.(Put|Update|Delete)Item|^DynamoDB\.TransactWrite/.test(what))
        for (const table of tables.split('+')) written.set(table, (written.get(table) ?? 0) + 1);
    const machine = await machineRuns(desk.host.awsUrl, actions);
    const api = [...counted].filter(([what]) => what.startsWith('api.')).reduce((sum, [, n]) => sum + n, 0);
    const per = (count: number): number => count / actions;
    return {
      actions,
      requests: Object.fromEntries([...counted].toSorted().map(([what, n]) => [what, per(n)])),
      batchKeys: per(seen.reduce((sum, { keys }) => sum + keys, 0)),
      writes: Object.fromEntries([...written].map(([table, n]) => [table, per(n)])),
      transitions: machine.transitions,
      // Every request of the API is one function, and one more that authorizes where a token is presented.
      invocations: per(api) + 1 + machine.tasks,
      functionMs: per(apiMs) + machine.taskMs,
      mails: per(desk.mails().length - mailsBefore),
      dispatch: { dynamo: dispatch, transitions: machine.afterWait },
    };
  } finally {
    await desk.close();
  }
};

/** What the machine did for the newest executions: per action. */
const machineRuns = async (awsUrl: string, actions: number) => {
  const sfn = new SFNClient({
    region: 'us-east-1',
    endpoint: awsUrl,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const { ListStateMachinesCommand } = await import('@aws-sdk/client-sfn');
  const { stateMachines = [] } = await sfn.send(new ListStateMachinesCommand({}));
  const { executions = [] } = await sfn.send(
    new ListExecutionsCommand({
      stateMachineArn: stateMachines[0]?.stateMachineArn ?? '',
      maxResults: actions,
    }),
  );
  let transitions = 0;
  let tasks = 0;
  let taskMs = 0;
  let afterWait: string[] = [];
  for (const { executionArn } of executions) {
    const { events = [] } = await sfn.send(
      new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }),
    );
    const entered = events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []);
    transitions += entered.length;
    afterWait = entered.slice(entered.indexOf('Wait for approval') + 1, entered.indexOf('Execute') + 1);
    let started = 0;
    for (const { type, timestamp } of events) {
      if (type === 'TaskScheduled') {
        started = timestamp?.getTime() ?? 0;
        tasks += 1;
      }
      // The wait for a person is not time in a function: the hand-over is.
      if (type === 'TaskSubmitted' || type === 'TaskSucceeded') {
        if (started > 0) taskMs += (timestamp?.getTime() ?? 0) - started;
        started = 0;
      }
    }
  }
  sfn.destroy();
  const per = (count: number): number => count / Math.max(1, executions.length);
  return { transitions: per(transitions), tasks: per(tasks), taskMs: per(taskMs), afterWait };
};

export interface CostLine {
  readonly what: string;
  readonly count: number;
  readonly dollars: number;
}

/**
 * Writes of the functions on the path and what they consume, exactly: a test of the costs asserts both. They include
 * the note that a credential was used, which an action writes at most once an hour.
 */
const MEASURED = {
  tables: ['Actions', 'Approvals', 'Credentials'],
  writes: Object.values(AGREED_REQUESTS)
    .flatMap((requests) => Object.entries(requests))
    .filter(([what]) => /^dynamodb:(Put|Update)Item \w+$/.test(what))
    .reduce((sum, [, count]) => sum + count, 0),
  units: Object.values(AGREED_UNITS).reduce((sum, { table, indexes }) => sum + table + indexes, 0),
};

/** What is measured as it is measured; a counter is one unit; anything else is taken at its upper bound. */
const writeUnits = ({ writes }: ApprovedPath): number => {
  let measured = 0;
  let counters = 0;
  let others = 0;
  for (const [table, count] of Object.entries(writes))
    if (MEASURED.tables.includes(table)) measured += count;
    else if (table === 'Controls') counters += count;
    else others += count;
  const more = Math.max(0, measured - MEASURED.writes) + others;
  return MEASURED.units + counters * ASSUMED.writeUnitsPerCounter + more * ASSUMED.writeUnitsPerWrite;
};

/** Dollars for 1,000 approved actions, line by line. */
export const costLines = (path: ApprovedPath): CostLine[] => {
  const sum = (test: RegExp): number =>
    Object.entries(path.requests)
      .filter(([what]) => test.test(what))
      .reduce((total, [, count]) => total + count, 0);
  const line = (what: string, count: number, price: number): CostLine => ({
    what,
    count,
    dollars: count * price * 1_000,
  });
  const reads = sum(/^DynamoDB\.(GetItem|Query)/) + path.batchKeys;
  const seconds = (path.functionMs / 1_000) * ASSUMED.slowerThanHere * ASSUMED.memoryGb;
  return [
    line('state transitions', path.transitions, PRICES.stateTransition),
    line('mails', path.mails, PRICES.mail),
    line('DynamoDB write units', writeUnits(path), PRICES.writeUnit),
    line('DynamoDB read units', reads * ASSUMED.readUnitsPerRead, PRICES.readUnit),
    line('function GB-seconds', seconds, PRICES.lambdaGbSecond),
    line('function invocations', path.invocations, PRICES.lambdaRequest),
    line('API requests', sum(/^api\./), PRICES.apiRequest),
    line('S3 writes', sum(/^s3\.PUT/), PRICES.s3Put),
    line('S3 reads', sum(/^s3\.GET/), PRICES.s3Get),
    line('KMS requests', sum(/^TrentService|^kms/), PRICES.kmsRequest),
    line('secrets read', sum(/^secretsmanager/), PRICES.secretsRequest),
    line('traces', sum(/^api\./) + 1, PRICES.trace),
    line('log GB', (path.invocations * ASSUMED.logBytesPerInvocation) / 1e9, PRICES.logGb),
  ];
};
