import * as z from 'zod';
import { sha256 } from '#shared/actions/canonical-json.ts';
import { epochMs, type Timestamp, timestamp } from '#shared/actions/identity.ts';
import { operatorOf, requireFreshSignIn } from '#shared/operators/fresh-operator.ts';
import { parseInput, readJson, requirePrincipal } from '#shared/operators/http-edge.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { ReadPerson } from '#shared/operators/registry.ts';
import type { Capture } from '#shared/policies/capture.ts';
import {
  ConfirmCaptureBody,
  ManualCaptureBody,
  type ManualCaptureView,
} from '#shared/policies/manual-capture.ts';
import {
  type AcceptUpload,
  type PutUpload,
  type ReadSource,
  type ReadUpload,
  type StartCheck,
  type StoreCapture,
  type StoreRaw,
  type Upload,
  uploadId,
} from '#shared/policies/ports.ts';
import { type SourceRecord } from '#shared/policies/source.ts';
import { SourceId } from '#shared/policies/source-id.ts';

export interface CaptureManuallyDeps {
  readonly now: () => number;
  readonly readPerson: ReadPerson;
  readonly readSource: ReadSource;
  readonly putUpload: PutUpload;
  readonly readUpload: ReadUpload;
  readonly acceptUpload: AcceptUpload;
  readonly storeRaw: StoreRaw;
  readonly storeCapture: StoreCapture;
  readonly startCheck: StartCheck;
}

const OLDEST_MS = 24 * 3_600_000;
const CLOCKS_DIFFER_MS = 60_000;

const sourceOf = async (request: HttpRequest, deps: CaptureManuallyDeps): Promise<SourceRecord> => {
  const id = SourceId.safeParse(request.params['source']);
  const record = id.success ? await deps.readSource(id.data) : undefined;
  if (record === undefined || record.retired)
    throw new ProblemError('NOT_FOUND', 'There is no such policy source, or it was retired.');
  return record;
};

const checkTime = (seenAt: Timestamp, now: number): void => {
  const age = now - epochMs(seenAt);
  if (age < -CLOCKS_DIFFER_MS)
    throw new ProblemError('INVALID_INPUT', 'seenAt: lies in the future. Check your clock.', {
      field: 'seenAt',
    });
  if (age > OLDEST_MS)
    throw new ProblemError(
      'INVALID_INPUT',
      'seenAt: is more than a day ago. Look at the page again and save it anew.',
      { field: 'seenAt' },
    );
};

const captureOf = (upload: Upload, record: SourceRecord): Capture => ({
  schemaVersion: 1,
  source: upload.source,
  slot: upload.seenAt,
  reading: 1,
  fetchedAt: upload.seenAt,
  fetcher: 'manual',
  url: record.source.url,
  finalUrl: upload.url,
  chain: [],
  status: 200,
  headers: { 'content-type': upload.contentType },
  rawSha256: upload.rawSha256,
  rawBytes: upload.rawBytes,
  notModified: false,
  robots: 'not-asked',
  attestation: {
    ...upload.attestation,
    ...(upload.second === undefined ? {} : { second: upload.second.by }),
  },
});

/** An accepted upload becomes the capture of a check, which is started. All of it may be repeated. */
const hand = async (upload: Upload, record: SourceRecord, deps: CaptureManuallyDeps): Promise<HttpReply> => {
  const { source, uploadId: id, rawSha256, seenAt, status } = upload;
  const view = (check: ManualCaptureView['check']): HttpReply => {
    const json: ManualCaptureView = { source, uploadId: id, rawSha256, seenAt, status, check };
    return { status: 202, json };
  };
  if (status === 'WAITING') return view(null);
  await deps.storeCapture(captureOf(upload, record));
  return view(await deps.startCheck({ source, slot: seenAt, captured: true }));
};

const bring = async (request: HttpRequest, deps: CaptureManuallyDeps): Promise<HttpReply> => {
  const person = await operatorOf(requirePrincipal(request), deps.readPerson);
  requireFreshSignIn(person, deps.now());
  const record = await sourceOf(request, deps);
  const said = readJson(request, ManualCaptureBody);
  checkTime(said.seenAt, deps.now());
  const bytes = Buffer.from(said.body, 'base64');
  const rawSha256 = sha256(bytes);
  const source = record.source.id;
  await deps.storeRaw(rawSha256, bytes);
  const upload = await deps.putUpload({
    schemaVersion: 1,
    source,
    uploadId: uploadId(source, rawSha256, person.subject, said.seenAt),
    status: record.source.critical ? 'WAITING' : 'ACCEPTED',
    rawSha256,
    rawBytes: bytes.length,
    contentType: said.contentType,
    url: said.url ?? record.source.url,
    seenAt: said.seenAt,
    attestation: { by: person.subject, at: timestamp(deps.now()), statement: said.statement },
  });
  return hand(upload, record, deps);
};

const confirm = async (request: HttpRequest, deps: CaptureManuallyDeps): Promise<HttpReply> => {
  const person = await operatorOf(requirePrincipal(request), deps.readPerson);
  requireFreshSignIn(person, deps.now());
  const record = await sourceOf(request, deps);
  const { rawSha256 } = readJson(request, ConfirmCaptureBody);
  const id = parseInput(z.string().regex(/^[0-9a-f]{32}$/), request.params['upload'], 'The upload');
  const upload = await deps.readUpload(record.source.id, id);
  if (upload === undefined) throw new ProblemError('NOT_FOUND', 'There is no such upload of this source.');
  if (upload.status === 'ACCEPTED') return hand(upload, record, deps);
  if (upload.attestation.by === person.subject)
    throw new ProblemError(
      'SECOND_PERSON_REQUIRED',
      'You brought this page. Another operator has to look at it and confirm it.',
    );
  if (upload.rawSha256 !== rawSha256)
    throw new ProblemError('HASH_MISMATCH', 'These are not the bytes of the upload. Compare them again.', {
      field: 'rawSha256',
    });
  checkTime(upload.seenAt, deps.now());
  const accepted = await deps.acceptUpload({
    ...upload,
    status: 'ACCEPTED',
    second: { by: person.subject, at: timestamp(deps.now()) },
  });
  return hand(accepted, record, deps);
};

/**
 * `POST /policies/{source}/captures[/{upload}/confirm]`: a page that a person saved, for a source that does not let
 * the monitor in. The person vouches for it; a critical source takes a second person who has seen the same bytes.
 * It is judged like any other capture.
 */
export const captureManually = (request: HttpRequest, deps: CaptureManuallyDeps): Promise<HttpReply> =>
  request.path.endsWith('/confirm') ? confirm(request, deps) : bring(request, deps);
