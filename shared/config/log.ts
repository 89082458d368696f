/** One JSON line on standard output: what CloudWatch Logs Insights reads. Callers put in ids, never values. */
export const logLine = (line: Readonly<Record<string, unknown>>): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};
