import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMail } from '#infra/local/outbox/read-mail.ts';
import { timestamp } from '#shared/actions/identity.ts';
import { listObservations, putSourceIfAbsent, readState } from '#shared/policies/policies.aws.ts';
import { until } from '../path/desk.ts';
import { randomFrom, SEED } from '../support/seed.ts';
import { policyPage } from './check-world.ts';
import { column, tinyPdf } from './reader/tiny-pdf.ts';
import { sourceRecord } from './rows.ts';

const TARGET = fileURLToPath(new URL('host-target.ts', import.meta.url));

const TERMS = tinyPdf([
  column([
    'Terms of the broker',
    ...Array.from({ length: 12 }, (_, line) => `Clause ${line} binds every customer of it.`),
  ]),
]);

interface Place {
  readonly awsUrl: string;
  readonly outboxDir: string;
  readonly table: string;
  readonly machine: string;
}

/** The check as it is deployed, in a process of its own, with a page that a test serves. */
describe('the policy check on the local host', { timeout: 300_000 }, () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'policy-host-'));
  const children: ChildProcess[] = [];
  let server: Server;
  let html = '';
  let looks = 0;

  const end = async (child: ChildProcess): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };

  const start = async () => {
    const child = spawn(process.execPath, [TARGET, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => void (printed += chunk.toString()));
    const place = await until(
      'the host printing where it is',
      () => {
        if (child.exitCode !== null) throw new Error(`the host ended with ${child.exitCode}`);
        return printed.includes('\n') ? (JSON.parse(printed) as Place) : undefined;
      },
      90,
    );
    const config = {
      region: 'us-east-1',
      endpoint: place.awsUrl,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      maxAttempts: 1,
    };
    const sfn = new SFNClient(config);
    const db = DynamoDBDocumentClient.from(new DynamoDBClient(config), {
      marshallOptions: { removeUndefinedValues: true },
    });
    const executionOf = (name: string): string =>
      `${place.machine.replace(':stateMachine:', ':execution:')}:${name}`;
    return {
      ...place,
      db,
      kill: () => end(child),
      check: async (slot: string, source = 'shop'): Promise<void> => {
        const input = JSON.stringify({ source, slot });
        const name = slot.replaceAll(/\W/g, '');
        await sfn.send(new StartExecutionCommand({ stateMachineArn: place.machine, name, input }));
      },
      ends: (slot: string): Promise<string> =>
        until(
          `the check of ${slot} coming to its end`,
          async () => {
            const executionArn = executionOf(slot.replaceAll(/\W/g, ''));
            const { status = '' } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
            return status === 'RUNNING' ? undefined : status;
          },
          60,
        ),
      observations: async (source = 'shop') =>
        (await listObservations(db, place.table)({ source, limit: 100 })).observations,
      state: () => readState(db, place.table)('shop'),
      mails: (): string[] =>
        readdirSync(place.outboxDir)
          .filter((name) => name.endsWith('.eml'))
          .map((name) => readMail(readFileSync(join(place.outboxDir, name))))
          .map(({ to, subject }) => `${to} ${subject}`)
          .toSorted(),
    };
  };

  beforeAll(async () => {
    server = createServer((request, reply) => {
      if (request.url === '/terms.pdf') {
        reply.writeHead(200, { 'content-type': 'application/pdf' }).end(TERMS);
        return;
      }
      if (request.url !== '/policy') {
        reply.writeHead(404).end();
        return;
      }
      looks += 1;
      reply.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    for (const child of children) await end(child);
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('sees a page, tells people of it, and sees it change; killed at any moment it loses and doubles nothing', async () => {
    const random = randomFrom(SEED);
    html = policyPage('Candles may be sold.').html ?? '';
    let host = await start();
    const { port } = server.address() as AddressInfo;
    const record = sourceRecord({ id: 'shop', url: `http://127.0.0.1:${port}/policy`, select: ['main'] });
    expect(await putSourceIfAbsent(host.db, host.table)(record)).toBe('created');

    const first = timestamp(Date.now());
    await host.check(first);
    expect(await host.ends(first)).toBe('SUCCEEDED');
    expect(await host.observations()).toMatchObject([
      { slot: first, reading: 1, usable: true, class: 'baseline', status: 200, robots: 'absent' },
    ]);
    expect(await host.state()).toMatchObject({ notices: [], pending: { class: 'baseline' } });
    expect(host.mails()).toHaveLength(2);
    expect(looks).toBe(1);

    // The PDF reader is a megabyte of somebody else's code that has to work in the bundle.
    const terms = { id: 'terms', url: `http://127.0.0.1:${port}/terms.pdf` };
    await putSourceIfAbsent(host.db, host.table)(sourceRecord(terms));
    const printed = timestamp(Date.now());
    await host.check(printed, 'terms');
    expect(await host.ends(printed)).toBe('SUCCEEDED');
    expect(await host.observations('terms')).toMatchObject([{ usable: true, class: 'baseline' }]);
    expect(host.mails()).toHaveLength(4);

    const slots = [first];
    let verifiedAt = '';
    for (let kills = 0; kills < 4; kills += 1) {
      if (kills === 2) html = policyPage('Candles may be sold.', 'Fireworks must not be sold.').html ?? '';
      const slot = timestamp(Date.now());
      slots.push(slot);
      await host.check(slot);
      await new Promise((resolve) => setTimeout(resolve, random() * 700));
      await host.kill();
      host = await start();
      expect(await host.ends(slot)).toBe('SUCCEEDED');
      const state = await host.state();
      expect((state?.verifiedAt ?? '') >= verifiedAt).toBe(true);
      expect(state?.lastSlot).toBe(slot);
      verifiedAt = state?.verifiedAt ?? '';
    }
    const rows = await host.observations();
    expect(rows.map(({ slot }) => slot)).toEqual(slots.toReversed());
    // Every row of the log is a version of the state; what was told, and time that passed, are the others.
    const state = await host.state();
    expect(state?.version).toBeGreaterThanOrEqual(rows.length);
    expect(state).toMatchObject({ notices: [], incident: null });
    expect(state?.current?.hashes ?? state?.pending?.to).toEqual(rows[0]?.hashes);
    const told = [...new Set(host.mails())];
    const toldTo = (person: string): string[] =>
      told.filter((mail) => mail.startsWith(person)).map((mail) => mail.slice(person.length));
    expect(toldTo('olivia@example.test').length).toBeGreaterThan(0);
    expect(toldTo('olivia@example.test')).toEqual(toldTo('sam@example.test'));
  });
});
