import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listenOnLoopback, type Loopback } from '#infra/local/loopback.ts';
import { createS3 } from '#infra/local/s3/s3.ts';
import { sha256 } from '#shared/actions/canonical-json.ts';
import {
  readCapture,
  readContent,
  readDiff,
  readRaw,
  storeCapture,
  storeContent,
  storeDiff,
  storeRaw,
} from '#shared/policies/bodies.aws.ts';
import {
  listObservations,
  listSources,
  putSourceIfAbsent,
  readObservation,
  readSource,
  readState,
  readStates,
  recordObservation,
  replaceSource,
  replaceState,
} from '#shared/policies/policies.aws.ts';
import { type Told, toldPk, type Upload } from '#shared/policies/ports.ts';
import { noteText } from '#shared/policies/texts.aws.ts';
import { putTold, readTold } from '#shared/policies/told.aws.ts';
import { acceptUpload, putUpload, readUpload } from '#shared/policies/uploads.aws.ts';
import { clientConfig, hostDouble } from '../local/local-host-double.ts';
import { realTables } from '../support/real-tables.ts';
import { memoryStore, type PolicyStore } from './memory-store.ts';
import { captureOf, contentOf, hashesOf, observationOf, SLOT, sourceRecord, stateOf } from './rows.ts';

const TABLE = 'policies';
const BUCKET = 'artifacts';
const host = hostDouble();
let engine: Awaited<ReturnType<typeof realTables>>;
let loopback: Loopback;
let s3: S3Client;

const realStore = (): PolicyStore => {
  const { db } = engine;
  return {
    readSource: readSource(db, TABLE),
    listSources: listSources(db, TABLE),
    putSourceIfAbsent: putSourceIfAbsent(db, TABLE),
    replaceSource: replaceSource(db, TABLE),
    readState: readState(db, TABLE),
    readStates: readStates(db, TABLE),
    replaceState: replaceState(db, TABLE),
    recordObservation: recordObservation(db, { policies: TABLE }),
    readObservation: readObservation(db, TABLE),
    listObservations: listObservations(db, TABLE),
    readTold: readTold(db, TABLE),
    putTold: putTold(db, TABLE),
    putUpload: putUpload(db, TABLE),
    readUpload: readUpload(db, TABLE),
    acceptUpload: acceptUpload(db, TABLE),
    noteText: noteText(db, TABLE),
    storeRaw: storeRaw(s3, BUCKET),
    readRaw: readRaw(s3, BUCKET),
    storeContent: storeContent(s3, BUCKET),
    readContent: readContent(s3, BUCKET),
    storeDiff: storeDiff(s3, BUCKET),
    readDiff: readDiff(s3, BUCKET),
    storeCapture: storeCapture(s3, BUCKET),
    readCapture: readCapture(s3, BUCKET),
  };
};

beforeAll(async () => {
  engine = await realTables({ [TABLE]: [['byKind', 'kind', 'sortKey']] });
  const service = createS3(host);
  await service.ensureBucket(BUCKET, { versioned: true });
  loopback = await listenOnLoopback((request) => service.handle(request));
  s3 = new S3Client(clientConfig(loopback.url));
});
afterAll(async () => {
  s3.destroy();
  await loopback.stop();
  host.removeData();
  await engine.stop();
});

const at = (hour: number): string => `2026-11-21T${String(hour).padStart(2, '0')}:00:00.000Z`;

describe.each([
  ['the real engine', realStore],
  ['the twin in memory', memoryStore],
])('the store of policies, %s', (name, open) => {
  let store: PolicyStore;
  const word = name.includes('memory') ? 'twin' : 'real';
  beforeAll(() => void (store = open()));

  it('keeps the first row of a source id, and replaces it version by version only', async () => {
    const first = sourceRecord({ id: `${word}-b` });
    expect(await store.readSource(`${word}-b`)).toBeUndefined();
    expect(await store.putSourceIfAbsent(first)).toBe('created');
    expect(await store.putSourceIfAbsent({ ...first, changedBy: 'person:other@example.test' })).toBe(
      'existed',
    );
    expect(await store.readSource(`${word}-b`)).toEqual(first);
    const second = { ...first, version: 2, retired: true };
    expect(await store.replaceSource({ ...second, version: 3 })).toBe('refused');
    expect(await store.replaceSource(second)).toBe('replaced');
    expect(await store.replaceSource(second)).toBe('replaced');
    expect(await store.replaceSource({ ...second, changedBy: 'person:late@example.test' })).toBe('refused');
    await store.putSourceIfAbsent(sourceRecord({ id: `${word}-a` }));
    expect((await store.listSources()).map(({ source }) => source.id)).toEqual([`${word}-a`, `${word}-b`]);
  });

  it('lists more sources than one batch read takes', async () => {
    const records = Array.from({ length: 130 }, (_, index) =>
      sourceRecord({ id: `${word}-many-${String(index).padStart(3, '0')}` }),
    );
    await Promise.all(records.map((record) => store.putSourceIfAbsent(record)));
    const listed = await store.listSources();
    expect(listed.filter(({ source }) => source.id.includes('-many-'))).toEqual(records);
  });

  it('replaces a state by its version, and knows its own write again', async () => {
    const first = stateOf(`${word}-state`);
    expect(await store.readState(first.source)).toBeUndefined();
    expect(await store.replaceState({ ...first, version: 2 })).toBe('refused');
    expect(await store.replaceState(first)).toBe('replaced');
    expect(await store.replaceState(first)).toBe('replaced');
    expect(await store.replaceState({ ...first, nextCheckAt: at(9) })).toBe('refused');
    const second = {
      ...first,
      version: 2,
      verifiedAt: at(9),
      scheduled: [{ on: at(20), phrase: 'effective from', foundAt: at(9), reminded: false }],
    };
    expect(await store.replaceState(second)).toBe('replaced');
    expect(await store.readState(first.source)).toEqual(second);
    const states = await store.readStates([first.source, `${word}-nobody`]);
    expect([...states]).toEqual([[first.source, second]]);
  });

  it('of twenty writers of one version exactly one wins', async () => {
    const first = stateOf(`${word}-race`);
    await store.replaceState(first);
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        store.replaceState({ ...first, version: 2, slackWarned: index }),
      ),
    );
    expect(results.filter((result) => result === 'replaced')).toHaveLength(1);
  });

  it('writes an observation and its state together or not at all', async () => {
    const source = `${word}-together`;
    const first = { to: stateOf(source, { lastSlot: at(8) }), observation: observationOf(source) };
    expect(await store.recordObservation(first)).toBe('recorded');
    expect(await store.recordObservation(first)).toBe('known');
    // Of the same check, whatever else it says: the first stands.
    expect(
      await store.recordObservation({
        to: stateOf(source, { version: 2 }),
        observation: observationOf(source, { alert: true }),
      }),
    ).toBe('known');
    expect((await store.readState(source))?.version).toBe(1);
    // Against a state that is another one by now: no line in the log.
    const next = observationOf(source, { slot: at(9) });
    expect(await store.recordObservation({ to: stateOf(source, { version: 1 }), observation: next })).toBe(
      'refused',
    );
    expect(await store.recordObservation({ to: stateOf(source, { version: 3 }), observation: next })).toBe(
      'refused',
    );
    expect(await store.readObservation(next)).toBeUndefined();
    expect(await store.recordObservation({ to: stateOf(source, { version: 2 }), observation: next })).toBe(
      'recorded',
    );
    expect(await store.readObservation(next)).toEqual(next);
    expect((await store.readState(source))?.version).toBe(2);
  });

  it('of twenty checks that meet, the log has as many lines as the state has versions', async () => {
    const source = `${word}-meet`;
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        store.recordObservation({
          to: stateOf(source),
          observation: observationOf(source, { reading: index + 1 }),
        }),
      ),
    );
    expect(results.filter((result) => result === 'recorded')).toHaveLength(1);
    expect((await store.listObservations({ source, limit: 50 })).observations).toHaveLength(1);
  });

  it('lists observations newest first, page by page, and refuses a cursor that it did not give out', async () => {
    const source = `${word}-log`;
    let version = 0;
    const put = async (slot: string, reading: number): Promise<void> => {
      version += 1;
      await store.recordObservation({
        to: stateOf(source, { version }),
        observation: observationOf(source, { slot, reading }),
      });
    };
    for (const hour of [10, 8, 9]) await put(at(hour), 1);
    for (const reading of [2, 10]) await put(at(9), reading);
    const expected = [
      [at(10), 1],
      [at(9), 10],
      [at(9), 2],
      [at(9), 1],
      [at(8), 1],
    ];
    const seen: unknown[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.listObservations({
        source,
        limit: 2,
        ...(cursor === undefined ? {} : { cursor }),
      });
      seen.push(...page.observations.map(({ slot, reading }) => [slot, reading]));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(expected);
    const since = await store.listObservations({ source, limit: 10, since: at(9) });
    expect(since.observations).toHaveLength(4);
    await expect(store.listObservations({ source, limit: 1, cursor: 'nonsense' })).rejects.toMatchObject({
      code: 'INVALID_CURSOR',
    });
    expect((await store.listObservations({ source: `${word}-lo`, limit: 5 })).observations).toEqual([]);
  });

  it('remembers who was told what', async () => {
    const row: Told = {
      schemaVersion: 1,
      about: `${word}-told`,
      noticeId: 'change#1',
      recipient: 'olivia@example.test',
      at: SLOT,
      outcome: 'sent',
    };
    const other = { ...row, recipient: 'sam@example.test' };
    await store.putTold(row);
    await store.putTold({ ...row, outcome: 'refused' });
    expect(await store.readTold([row, other])).toEqual(new Set([toldPk(row)]));
    expect(await store.readTold([])).toEqual(new Set());
  });

  it('keeps the first upload of an id, and lets one person accept it', async () => {
    const upload: Upload = {
      schemaVersion: 1,
      source: `${word}-up`,
      uploadId: sha256(word).slice(0, 32),
      status: 'WAITING',
      rawSha256: sha256('raw'),
      rawBytes: 3,
      contentType: 'text/html',
      url: 'https://page.example.test/',
      seenAt: SLOT,
      attestation: { by: 'person:olivia@example.test', at: SLOT, statement: 'I saved it' },
    };
    expect(await store.readUpload(upload.source, upload.uploadId)).toBeUndefined();
    expect(await store.putUpload(upload)).toEqual(upload);
    expect(await store.putUpload({ ...upload, contentType: 'text/plain' })).toEqual(upload);
    const accepted: Upload = {
      ...upload,
      status: 'ACCEPTED',
      second: { by: 'person:sam@example.test', at: at(9) },
    };
    expect(await store.acceptUpload(accepted)).toEqual(accepted);
    const late: Upload = { ...accepted, second: { by: 'person:ada@example.test', at: at(9) } };
    expect(await store.acceptUpload(late)).toEqual(accepted);
    expect(await store.readUpload(upload.source, upload.uploadId)).toEqual(accepted);
  });

  it('knows which other sources ever showed a text', async () => {
    const text = sha256(`${word} wall`);
    expect(await store.noteText(text, `${word}-one`)).toEqual([]);
    expect(await store.noteText(text, `${word}-one`)).toEqual([]);
    expect(await store.noteText(text, `${word}-two`)).toEqual([`${word}-one`]);
    expect(await store.noteText(text, `${word}-three`)).toEqual([`${word}-one`, `${word}-two`]);
    expect(await store.noteText(text, `${word}-one`)).toEqual([`${word}-three`, `${word}-two`]);
    expect(await store.noteText(sha256(`${word} page`), `${word}-one`)).toEqual([]);
  });

  it('answers the other rows where one cannot be understood, and says which; asked for it alone it fails', async () => {
    if (word === 'twin') return;
    const { db } = engine;
    const good = stateOf('readable');
    await store.replaceState(good);
    await store.replaceState(stateOf('broken', { nextCheckAt: 'never' }));
    const heard: string[] = [];
    const tolerant = readStates(db, TABLE, (pk) => void heard.push(pk));
    expect([...(await tolerant(['readable', 'broken'])).keys()]).toEqual(['readable']);
    expect(heard).toEqual(['state#broken']);
    await expect(store.readStates(['readable', 'broken'])).rejects.toThrow();
    await expect(store.readState('broken')).rejects.toThrow();
  });

  it('keeps bytes, contents, diffs and the first capture of a check', async () => {
    const bytes = new Uint8Array([0, 255, 10, 13, 128]);
    const hash = sha256(bytes);
    await expect(store.readRaw(sha256(`${word} none`))).rejects.toThrow('RAW_MISSING');
    await store.storeRaw(hash, bytes);
    await store.storeRaw(hash, bytes);
    expect([...(await store.readRaw(hash))]).toEqual([...bytes]);

    const content = contentOf(`${word} says`);
    expect(await store.readContent(content)).toBeUndefined();
    await store.storeContent(content);
    expect(await store.readContent({ ...content, hashes: hashesOf(`${word} says`) })).toEqual(content);
    expect(await store.readContent({ ...content, extractor: 'policy-reader/0' })).toBeUndefined();
    expect(await store.readContent({ ...content, configHash: sha256('other') })).toBeUndefined();

    await store.storeDiff(`${word}1`, 'md', '# changed');
    expect(await store.readDiff(`${word}1`, 'md')).toBe('# changed');
    expect(await store.readDiff(`${word}1`, 'json')).toBeUndefined();

    const capture = captureOf(`${word}-capture`, { status: 200 });
    expect(await store.readCapture(capture)).toBeUndefined();
    expect(await store.storeCapture(capture)).toEqual(capture);
    expect(await store.storeCapture({ ...capture, status: 503 })).toEqual(capture);
    expect(await store.readCapture(capture)).toEqual(capture);
    expect(await store.readCapture({ ...capture, reading: 2 })).toBeUndefined();
    const races = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        store.storeCapture({ ...capture, reading: 3, status: 200 + index }),
      ),
    );
    expect(new Set(races.map(({ status }) => status)).size).toBe(1);
  });
});
