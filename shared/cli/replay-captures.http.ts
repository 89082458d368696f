import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { byName, timeInName } from '../policies/capture-name.ts';
import type { ReplayCapture } from '../policies/replay.ts';
import { replayFault } from './replay-fault.ts';

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

/** Epoch milliseconds; without a zone it is UTC. Numbers are seconds, or milliseconds where that would be the far future. */
const momentOf = (at: string | number): number => {
  if (typeof at === 'number') return at < SECONDS_LIMIT ? at * 1_000 : at;
  const iso = at.trim().replace(/^(\d{4}-\d{2}-\d{2})[ T](?=\d)/, '$1T');
  return Date.parse(!iso.includes('T') || /(?:Z|[+-]\d\d:?\d\d)$/i.test(iso) ? iso : `${iso}Z`);
};

const MOMENT = 'use ISO 8601 or seconds since 1970';

/** `NAME.meta.json` beside a capture. Fields that are not known are ignored. */
const CaptureMeta = z.object({
  url: z.url({ protocol: /^https?$/, error: 'use an http or https URL' }).optional(),
  status: z.int().min(100).max(599).optional(),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())])).optional(),
  capturedAt: z
    .union([z.string().regex(/^\d{4}-\d{2}-\d{2}/, MOMENT), z.number().positive()], MOMENT)
    .refine((at) => !Number.isNaN(momentOf(at)), MOMENT)
    .optional(),
});
type CaptureMeta = z.infer<typeof CaptureMeta>;

const readMeta = async (file: string): Promise<CaptureMeta> => {
  let value: unknown;
  try {
    // Crawlers write null where they know nothing.
    value = JSON.parse(await readFile(file, 'utf8'), (_name, field: unknown) => field ?? undefined);
  } catch (error) {
    throw replayFault('REPLAY_META_INVALID', `${file} is not JSON.`, error);
  }
  const parsed = CaptureMeta.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  throw replayFault(
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
    throw replayFault('REPLAY_FOLDER_UNREADABLE', `The folder ${folder} cannot be read.`, error);
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
    throw replayFault('REPLAY_FOLDER_EMPTY', `The folder ${folder} holds no *.html, *.md, *.pdf or *.txt.`);

  const captures = async function* (): AsyncGenerator<ReplayCapture> {
    for (const name of order) {
      const metaName = metas.has(name) ? name : metaOf(name);
      const meta = metaName === undefined ? {} : await readMeta(join(folder, metaName));
      const at = meta.capturedAt === undefined ? timeInName(name) : momentOf(meta.capturedAt);
      const contentType = contentTypeOf(name);
      let bytes: Uint8Array = new Uint8Array();
      try {
        if (name !== metaName) bytes = await readFile(join(folder, name));
      } catch (error) {
        throw replayFault('REPLAY_CAPTURE_UNREADABLE', `${join(folder, name)} cannot be read.`, error);
      }
      yield {
        name,
        bytes,
        ...(at === undefined ? {} : { at }),
        ...(meta.url === undefined ? {} : { url: meta.url }),
        ...(meta.status === undefined ? {} : { status: meta.status }),
        ...(meta.headers === undefined
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
