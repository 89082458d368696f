import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processIdentity } from './process-identity.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What a synthesized stack is made of. */
const SOURCES = ['infra', 'functions', 'shared', 'statemachines', 'cdk.json', 'package-lock.json'];
/** Hosts the result and is no part of it. */
const NOT_SOURCES = new Set([join('infra', 'local')]);
const KEPT = 2;

const filesBelow = (root: string, path: string): string[] => {
  const full = join(root, path);
  const stats = statSync(full, { throwIfNoEntry: false });
  if (stats === undefined || NOT_SOURCES.has(path)) return [];
  if (!stats.isDirectory()) return [path];
  return readdirSync(full)
    .toSorted()
    .flatMap((name) => filesBelow(root, join(path, name)));
};

/** Digest of everything that the stack is synthesized from: names and contents. */
export const sourceDigest = (root: string = ROOT): string => {
  const digest = createHash('sha256');
  for (const file of SOURCES.flatMap((source) => filesBelow(root, source))) {
    const content = readFileSync(join(root, file));
    digest.update(`${relative('', file)}\0${content.byteLength}\0`).update(content);
  }
  return digest.digest('hex').slice(0, 32);
};

export interface CachedAssembly {
  readonly folder: string;
  /** False where it was synthesized just now. */
  readonly cached: boolean;
}

/** Writes an assembly into an empty folder. */
export type Synthesize = (outdir: string, signal: AbortSignal) => Promise<void>;

/** The stack could not be synthesized; the message carries what the synthesis said. */
export class SynthesisError extends Error {
  override readonly name = 'SynthesisError';
}

const synthesizeInOwnProcess: Synthesize = (outdir, signal) =>
  new Promise((resolve, reject) => {
    const script = fileURLToPath(new URL('./synthesize.ts', import.meta.url));
    const child = spawn(process.execPath, [script, outdir], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    });
    let said = '';
    const keep = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-4_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new SynthesisError(`The stack cannot be synthesized:\n${said.trim()}`)),
    );
  });

/**
 * The assembly of the present source: from `folder/<digest>`, or synthesized now. It is written beside and renamed
 * when complete, so that one which was cut off is never used. The two that were used last are kept.
 * @throws SynthesisError
 */
export const cachedAssembly = async (options: {
  readonly folder: string;
  log(line: string): void;
  readonly signal?: AbortSignal;
  readonly digest?: string;
  readonly synthesize?: Synthesize;
}): Promise<CachedAssembly> => {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const folder = join(options.folder, options.digest ?? sourceDigest());
  if (existsSync(join(folder, 'manifest.json'))) {
    utimesSync(folder, new Date(), new Date());
    return { folder, cached: true };
  }
  const half = join(options.folder, `.half-${process.pid}-${randomUUID()}`);
  const started = Date.now();
  options.log('Synthesizing the stack; with unchanged source this happens once …');
  const progress = setInterval(
    () => options.log(`  still synthesizing (${Math.round((Date.now() - started) / 1000)} s) …`),
    3_000,
  );
  try {
    mkdirSync(half, { mode: 0o700 });
    await (options.synthesize ?? synthesizeInOwnProcess)(
      half,
      options.signal ?? new AbortController().signal,
    );
    try {
      renameSync(half, folder);
    } catch (error) {
      // Somebody else synthesized the same source meanwhile.
      if (!existsSync(join(folder, 'manifest.json'))) throw error;
    }
  } finally {
    clearInterval(progress);
    rmSync(half, { recursive: true, force: true });
  }
  options.log(`  synthesized in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  prune(options.folder);
  return { folder, cached: false };
};

/** Removes all but the assemblies used last, and what a process that is gone left half written. */
const prune = (folder: string): void => {
  const names = readdirSync(folder);
  for (const name of names) {
    const owner = /^\.half-(\d+)-/.exec(name)?.[1];
    if (owner !== undefined && processIdentity(Number(owner)) === undefined)
      rmSync(join(folder, name), { recursive: true, force: true });
  }
  names
    .filter((name) => /^[0-9a-f]{32}$/.test(name))
    .map((name) => ({ name, usedMs: statSync(join(folder, name)).mtimeMs }))
    .toSorted((a, b) => b.usedMs - a.usedMs)
    .slice(KEPT)
    .forEach(({ name }) => rmSync(join(folder, name), { recursive: true, force: true }));
};
