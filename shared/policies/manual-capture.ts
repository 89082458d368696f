import * as z from 'zod';
import { Sha256 } from '../actions/dry-run.ts';
import { Timestamp } from '../actions/identity.ts';
import { SourceId } from './source-id.ts';

/** Body of `POST /policies/{source}/captures`. The whole request is at most 1 MB, so the page about 700 kB. */
export const ManualCaptureBody = z.strictObject({
  /** The saved page, base64. */
  body: z.base64().min(4),
  contentType: z.enum(['text/html', 'text/plain', 'text/markdown', 'application/pdf']),
  /** Where it was seen; the address of the source unless said otherwise. */
  url: z.url({ protocol: /^https?$/ }).optional(),
  /** When it was seen, at most a day ago: freshness counts from here. */
  seenAt: Timestamp,
  /** What the person vouches for, in their words. */
  statement: z.string().min(10, 'say in a sentence how you got this page').max(500),
});
export type ManualCaptureBody = z.infer<typeof ManualCaptureBody>;

/** Body of `POST /policies/{source}/captures/{upload}/confirm`. */
export const ConfirmCaptureBody = z.strictObject({
  /** SHA-256 of the page as the first person's answer showed it: who confirms has compared the same bytes. */
  rawSha256: Sha256,
});
export type ConfirmCaptureBody = z.infer<typeof ConfirmCaptureBody>;

/** What became of a page that a person brought. */
export const ManualCaptureView = z.strictObject({
  source: SourceId,
  uploadId: z.string(),
  rawSha256: Sha256,
  seenAt: Timestamp,
  /** `WAITING`: the source is critical, and another operator has to confirm these bytes. */
  status: z.enum(['WAITING', 'ACCEPTED']),
  /** The check that judges it; null while it waits. */
  check: z.enum(['started', 'exists']).nullable(),
});
export type ManualCaptureView = z.infer<typeof ManualCaptureView>;
