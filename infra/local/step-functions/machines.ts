import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../durable-file.ts';
import { ApiError } from './api-error.ts';
import { parseDefinition, type Definition } from './definition.ts';

/** A state machine as it is kept. Dates are epoch milliseconds. */
export interface Machine {
  readonly arn: string;
  readonly name: string;
  readonly roleArn: string;
  /** Digest of the definition, which has a file of its own: running executions keep the one that they began with. */
  readonly definition: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface Machines {
  get(arn: string): Machine | undefined;
  list(): readonly Machine[];
  /** @throws InvalidDefinition */
  put(machine: Omit<Machine, 'definition'>, definition: string): Promise<Machine>;
  tag(arn: string, tags: Readonly<Record<string, string>>): Promise<void>;
  definitionText(digest: string): string;
  definition(digest: string): Definition;
}

export function createMachines(folder: string): Machines {
  const machineFolder = join(folder, 'machines');
  const definitionFolder = join(folder, 'definitions');
  for (const path of [machineFolder, definitionFolder]) mkdirSync(path, { recursive: true, mode: 0o700 });
  const machines = new Map<string, Machine>();
  const parsed = new Map<string, Definition>();
  for (const file of readdirSync(machineFolder)) {
    if (!file.endsWith('.json')) continue;
    const machine = JSON.parse(readFileSync(join(machineFolder, file), 'utf8')) as Machine;
    machines.set(machine.arn, machine);
  }
  const fileOf = (arn: string): string => join(machineFolder, `${digestOf(arn)}.json`);
  const definitionText = (digest: string): string =>
    readFileSync(join(definitionFolder, `${digest}.json`), 'utf8');
  const store = async (machine: Machine): Promise<void> => {
    await writeDurably(fileOf(machine.arn), JSON.stringify(machine));
    machines.set(machine.arn, machine);
  };

  return {
    get: (arn) => machines.get(arn),
    list: () => [...machines.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    definitionText,
    async put(machine, text) {
      const digest = digestOf(text);
      if (machines.get(machine.arn)?.definition !== digest) {
        parsed.set(digest, parseDefinition(text));
        await writeDurably(join(definitionFolder, `${digest}.json`), text);
      }
      const kept = { ...machine, definition: digest };
      await store(kept);
      return kept;
    },
    async tag(arn, tags) {
      const machine = machines.get(arn);
      if (machine === undefined) throw new ApiError('ResourceNotFound', `Resource not found: '${arn}'`);
      await store({ ...machine, tags: { ...machine.tags, ...tags } });
    },
    definition(digest) {
      const known = parsed.get(digest) ?? (JSON.parse(definitionText(digest)) as Definition);
      parsed.set(digest, known);
      return known;
    },
  };
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
