import { once } from 'node:events';
import { type ReplayCapture, replay } from '../policies/replay.ts';
import { type ReplayLine, type ReplaySummary, replayTally } from '../policies/replay-line.ts';
import type { Parsed } from './arguments.ts';
import { CliError } from './exit.ts';
import { capturesInFolder } from './replay-captures.http.ts';
import { capturesInGit } from './replay-git.http.ts';
import { readReplaySource } from './replay-source.http.ts';
import type { Answer } from './session.ts';
import { facts, safeText } from './terminal-text.ts';

type Options = Extract<Parsed, { kind: 'command' }>['options'];

export interface ReplayDeps {
  readonly out: NodeJS.WritableStream;
  readonly asJson: boolean;
  readonly now: () => number;
}

const usage = (message: string): CliError => new CliError('usage', message);

const moment = (name: string, value: string | undefined): string | undefined => {
  if (value === undefined) return undefined;
  if (!/^\d{4}-\d{2}-\d{2}/.test(value) || Number.isNaN(Date.parse(value)))
    throw usage(`--${name} is a date or time like 2026-01-31 or 2026-01-31T12:00:00Z.`);
  return new Date(value).toISOString();
};

const lineText = (line: ReplayLine, explain: boolean): string => {
  const what = [line.class, ...line.reasons].join(' ');
  const alert = line.alert ? `ALERT ${line.severity ?? ''} `.replace(/ +$/, ' ') : '';
  const head = `${line.at.slice(0, 16).replace('T', ' ')}  ${alert}${what}  ${line.capture}\n`;
  if (!explain) return safeText(head);
  const more = [
    ...line.details.map((detail) => `    ${detail}\n`),
    ...(line.removed ?? []).map(
      ({ rule, count, sample }) => `    removed by ${rule} (${count}): ${sample}\n`,
    ),
  ];
  return safeText([head, ...more].join(''));
};

const counts = (values: Readonly<Record<string, number | undefined>>): string =>
  Object.entries(values)
    .map(([name, count]) => `${name} ${count ?? 0}`)
    .join(', ') || 'none';

const summaryText = (summary: ReplaySummary): string =>
  `\n${facts([
    ['captures', String(summary.captures)],
    ['classes', counts(summary.classes)],
    ['unusable', counts(summary.unusable)],
    [
      'alerts',
      `${summary.alerts}${summary.alertsPerYear === null ? '' : ` (${summary.alertsPerYear} a year over ${summary.spanDays} days)`}`,
    ],
    ['verified', String(summary.verified)],
  ])}`;

/** JSON of one line, harmless on a terminal. */
const jsonLine = (value: unknown): string => `${safeText(JSON.stringify(value))}\n`;

const printed = ({ removed, ...line }: ReplayLine, explain: boolean): unknown =>
  explain ? { ...line, removed } : line;

/**
 * `autopack policies replay`: runs stored captures, or the history of a file, through the monitor here, without
 * asking anybody, in constant memory. Lines come as they are known.
 */
export const replayPolicies = async (options: Options, { out, asJson, now }: ReplayDeps): Promise<Answer> => {
  const { source: file, captures: folder, git, path, id, explain = false } = options;
  if (file === undefined) throw usage('Which source? Give --source FILE.');
  if ((folder === undefined) === (git === undefined))
    throw usage('Which captures? Give either --captures FOLDER or --git REPO with --path FILE.');
  if (git !== undefined && path === undefined) throw usage('Which file of the repository? Give --path FILE.');
  if (git === undefined && (path ?? options.since ?? options.until) !== undefined)
    throw usage('--path, --since and --until go with --git.');
  const since = moment('since', options.since);
  const until = moment('until', options.until);
  const source = await readReplaySource(file, id);

  let captures: AsyncIterable<ReplayCapture>;
  let startAt = now();
  if (folder !== undefined) {
    const read = await capturesInFolder(folder);
    captures = read.captures;
    // The last of captures without times was taken about now: notices of coming days are then read as such.
    startAt -= read.count * source.cadenceHours * 3_600_000;
  } else {
    captures = capturesInGit({
      repository: git ?? '',
      path: path ?? '',
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
    });
  }
  const write = async (text: string): Promise<void> => {
    if (!out.write(text)) await once(out, 'drain');
  };
  const tally = replayTally();
  for await (const line of replay(captures, { source, startAt })) {
    tally.add(line);
    await write(asJson ? jsonLine(printed(line, explain)) : lineText(line, explain));
  }
  const summary = tally.summary();
  await write(asJson ? jsonLine({ summary }) : summaryText(summary));
  return { raw: '', exit: 'ok' };
};
