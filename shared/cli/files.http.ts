import { readFile, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { parseStrictJson, StrictJsonError } from '../actions/strict-json.ts';
import { CliError } from './exit.ts';

/** What `autopack propose` reads: the body of a proposal, and where it belongs. */
export const ProposalFile = z.strictObject({
  operation: z.string(),
  payload: z.record(z.string(), z.json()),
  project: z.string().optional(),
  key: z.string().optional(),
  runId: z.string().optional(),
  dryRun: z.boolean().optional(),
  rationale: z.string().optional(),
  onBehalfOf: z.array(z.string()).optional(),
  approvalTtlSeconds: z.number().optional(),
});
export type ProposalFile = z.infer<typeof ProposalFile>;

/** JSON of a file ("-": standard input), as strictly as the API reads it. */
export const readJsonFile = async (file: string): Promise<unknown> => {
  let content: string;
  try {
    content = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError('usage', `${file} cannot be read.`, { cause: error });
  }
  try {
    return parseStrictJson(content);
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    throw new CliError('usage', `${file} is not JSON that Autopack accepts: ${error.message}.`, {
      cause: error,
    });
  }
};

export const readProposalFile = async (file: string): Promise<ProposalFile> => {
  const parsed = ProposalFile.safeParse(await readJsonFile(file));
  if (parsed.success) return parsed.data;
  throw new CliError(
    'usage',
    `${file} does not fit: ${z.prettifyError(parsed.error).replaceAll(/\s+/g, ' ')}`,
  );
};

export const writeTextFile = async (file: string, content: string): Promise<void> => {
  try {
    await writeFile(file, content);
  } catch (error) {
    throw new CliError('usage', `${file} cannot be written.`, { cause: error });
  }
};
