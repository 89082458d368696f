import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { byName, timeInName } from '../policies/capture-name.ts';
import type { ReplayCapture } from '../policies/replay.ts';
import { CliError } from './exit.ts';

/** Kinds of capture files, by their ending. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  htm: 'text/html',
  md: 'text/markdown',
  markdown: 'text/markdown',
  pdf: 'application/pdf',
  txt: 'text/plain',
};
const endingOf = (name: string): string => /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
/** Content type that the ending of a file stands for. */
export const contentTypeOf = (name: string): string | undefined => CONTENT_TYPES[endingOf(name)];

const META = '.meta.json';
const SECONDS_LIMIT = 100_000_000_000;

/** `NAME.meta.json` beside a capture. Fields that are not known are ignored. */
const CaptureMeta = z.object({
  url: z.url({ protocol: /^https?$/, error: 'use an http or https URL' }).nullish(),
  status: z.int().min(100).max(599).nullish(),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())])).nullish(),
  capturedAt: z
    .union([
      z.iso.datetime({ offset: true, local: true }),
      z.iso.date(),
      // Seconds, or milliseconds where seconds would be thousands of years away.
      z.number().positive(),
    ])
    .nullish(),
});
type CaptureMeta = z.infer<typeof CaptureMeta>;

const momentOf = (at: string | number): number => {
  if (typeof at === 'number') return at < SECONDS_LIMIT ? at * 1_000 : at;
  return Date.parse(/T.*(?:Z|[+-]\d\d:?\d\d)$/i.test(at) || !at.includes('T') ? at : `${at}Z`);
};

const fault = (code: string, detail: string, cause?: unknown): CliError =>
  new CliError('usage', detail, { problem: { code, detail }, ...(cause === undefined ? {} : { cause }) });

const readMeta = async (file: string): Promise<CaptureMeta> => {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw fault('REPLAY_META_INVALID', `${file} is not JSON.`, error);
  }
  const parsed = CaptureMeta.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  throw fault(
    'REPLAY_META_INVALID',
    `${file}: ${field === '' ? 'the file' : `the field "${field}"`} does not fit: ${issue?.message ?? ''}.`,
  );
};

/**
 * Captures of a folder in the order of their names, one in memory at a time. A meta file without a capture is an
 * answer without a body.
 * @throws CliError REPLAY_FOLDER_UNREADABLE, REPLAY_FOLDER_EMPTY, REPLAY_META_INVALID.
 */
export const capturesInFolder = async (
  folder: string,
): Promise<{ readonly count: number; readonly captures: AsyncIterable<ReplayCapture> }> => {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    throw fault('REPLAY_FOLDER_UNREADABLE', `The folder ${folder} cannot be read.`, error);
  }
  const metas = new Set(names.filter((name) => name.endsWith(META)));
  const files = names.filter((name) => contentTypeOf(name) !== undefined);
  const metaOf = (name: string): string | undefined =>
    [`${name}${META}`, `${name.replace(/\.[a-z]+$/i, '')}${META}`].find((meta) => metas.has(meta));
  const taken = new Set(files.map(metaOf));
  const bodiless = [...metas].filter((meta) => !taken.has(meta));
  const order = [...files, ...bodiless].toSorted(
    (a, b) =>
      byName(a.replace(META, '').replace(/\.[a-z]+$/i, ''), b.replace(META, '').replace(/\.[a-z]+$/i, '')) ||
      byName(a, b),
  );
  if (order.length === 0)
    throw fault('REPLAY_FOLDER_EMPTY', `The folder ${folder} holds no *.html, *.md, *.pdf or *.txt.`);

  const captures = async function* (): AsyncGenerator<ReplayCapture> {
    for (const name of order) {
      const metaName = metas.has(name) ? name : metaOf(name);
      const meta = metaName === undefined ? {} : await readMeta(join(folder, metaName));
      const at = meta.capturedAt == null ? timeInName(name) : momentOf(meta.capturedAt);
      const contentType = contentTypeOf(name);
      let bytes: Uint8Array = new Uint8Array();
      try {
        if (name !== metaName) bytes = await readFile(join(folder, name));
      } catch (error) {
        throw fault('REPLAY_CAPTURE_UNREADABLE', `${join(folder, name)} cannot be read.`, error);
      }
      yield {
        name,
        bytes,
        ...(at === undefined ? {} : { at }),
        ...(meta.url == null ? {} : { url: meta.url }),
        ...(meta.status == null ? {} : { status: meta.status }),
        ...(meta.headers == null
          ? {}
          : {
              headers: Object.fromEntries(
                Object.entries(meta.headers).map(([header, value]) => [
                  header.toLowerCase(),
                  Array.isArray(value) ? value.join(', ') : String(value),
                ]),
              ),
            }),
        ...(contentType === undefined ? {} : { contentType }),
      };
    }
  };
  return { count: order.length, captures: captures() };
};
