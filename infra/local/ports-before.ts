import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PortInUseError } from './listener.ts';

/** Ports of the last start on a data folder. */
export interface Ports {
  readonly port: number;
  readonly awsPort: number;
}

const fileOf = (dataDir: string): string => join(dataDir, 'ports.json');

export const portsBefore = (dataDir: string): Partial<Ports> => {
  try {
    return JSON.parse(readFileSync(fileOf(dataDir), 'utf8')) as Partial<Ports>;
  } catch {
    return {};
  }
};

export const keepPorts = (dataDir: string, ports: Ports): void =>
  writeFileSync(fileOf(dataDir), JSON.stringify(ports), { mode: 0o600 });

/**
 * Opens on the port that was asked for. Where any will do, the one of the last start is tried first: mail links and
 * approved requests name it.
 */
export const onPort = async <Opened>(
  asked: number,
  before: number | undefined,
  open: (port: number) => Promise<Opened>,
): Promise<Opened> => {
  if (asked !== 0 || before === undefined) return open(asked);
  try {
    return await open(before);
  } catch (error) {
    if (error instanceof PortInUseError) return open(0);
    throw error;
  }
};
