import { basename } from 'node:path';
import * as z from 'zod';
import { PolicySource } from '../policies/source.ts';
import { readJsonFile } from './files.http.ts';
import { replayFault } from './replay-fault.ts';

const idOf = (file: string): string => {
  const slug = basename(file)
    .replace(/\.[a-z0-9]+$/i, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63);
  return slug.length < 2 ? `source-${slug || 'file'}` : slug;
};

const chosen = (file: string, value: unknown, id: string | undefined): unknown => {
  if (!Array.isArray(value)) return value;
  const ids = value.map((one) => String((one as { id?: unknown } | null)?.id ?? ''));
  if (id === undefined)
    throw replayFault(
      'REPLAY_SOURCE_INVALID',
      `${file} lists ${value.length} sources (${ids.slice(0, 20).join(', ')}). Choose one with --id.`,
    );
  const found: unknown = value[ids.indexOf(id)];
  if (found === undefined)
    throw replayFault(
      'REPLAY_SOURCE_INVALID',
      `${file} has no source "${id}". It has ${ids.slice(0, 20).join(', ')}.`,
    );
  return found;
};

/**
 * The source of a replay: one PolicySource, or a list of them with the id of one. Only `url` is needed.
 * @throws CliError REPLAY_SOURCE_INVALID, naming the file and field.
 */
export const readReplaySource = async (file: string, id: string | undefined): Promise<PolicySource> => {
  const value = chosen(file, await readJsonFile(file), id);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw replayFault('REPLAY_SOURCE_INVALID', `${file} is not a source: a JSON object with at least "url".`);
  const parsed = PolicySource.safeParse({ id: idOf(file), ...value });
  if (parsed.success) return parsed.data;
  throw replayFault(
    'REPLAY_SOURCE_INVALID',
    `${file} does not fit: ${z.prettifyError(parsed.error).replaceAll(/\s+/g, ' ')}`,
  );
};
