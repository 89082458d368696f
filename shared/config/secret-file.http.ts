import { open } from 'node:fs/promises';
import type { SecretSources } from './secrets.ts';

/** More than any secret has: a file that is larger is another one than was meant. */
const LARGEST = 65_536;

/** Text of a mounted secret file. @throws for what is no file, too large or not UTF-8; says nothing of what is in it */
export const readSecretFile: SecretSources['readFile'] = async (path) => {
  const file = await open(path, 'r');
  try {
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > LARGEST) throw new Error('not a file of a secret');
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.readFile());
  } finally {
    await file.close();
  }
};
