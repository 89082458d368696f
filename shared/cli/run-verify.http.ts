import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { checkExport, type ExportReport } from '../actions/export.ts';
import { CliError } from './exit.ts';
import type { Answer } from './session.ts';
import { safeText } from './terminal-text.ts';

/** No action is longer; a file with a longer line is not held in memory to find that out. */
const LONGEST_LINE = 16 * 1024 * 1024;

/** Lines of a file ("-": standard input) without their line feeds, one at a time. */
const linesOf = async function* (file: string): AsyncGenerator<string> {
  const source: AsyncIterable<Buffer> = file === '-' ? process.stdin : createReadStream(file);
  const decoder = new StringDecoder('utf8');
  let rest = '';
  try {
    for await (const chunk of source) {
      const pieces = (rest + decoder.write(chunk)).split('\n');
      rest = pieces.pop() ?? '';
      yield* pieces;
      if (rest.length > LONGEST_LINE)
        throw new CliError('usage', `${file} has a line that is too long for an export of Autopack.`);
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError('usage', `${file} cannot be read.`, { cause: error });
  }
  rest += decoder.end();
  if (rest !== '') yield rest;
};

const words = (report: ExportReport): string => {
  const what = `${report.actions} ${report.actions === 1 ? 'action' : 'actions'}`;
  if (report.faultCount === 0)
    return `${what} of run ${safeText(report.runId ?? '')} in ${safeText(report.project ?? '')}: every history holds.\nDigest ${report.digest}\n`;
  const more = report.faultCount - report.faults.length;
  return [
    `${what}, ${report.faultCount} ${report.faultCount === 1 ? 'fault' : 'faults'}:`,
    ...report.faults.map(
      ({ line, key, fault }) =>
        `  line ${line}${key === null ? '' : ` (${safeText(key)})`}: ${safeText(fault)}`,
    ),
    ...(more > 0 ? [`  and ${more} more`] : []),
    '',
  ].join('\n');
};

/** `autopack verify FILE`: checks an export here, without asking anybody, in constant memory. */
export const verify = async (file: string): Promise<Answer> => {
  const report = await checkExport(linesOf(file));
  return { json: report, text: words(report), exit: report.faultCount === 0 ? 'ok' : 'failed' };
};
