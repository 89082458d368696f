import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** Where a token leads. */
export interface TokenPlace {
  readonly executionArn: string;
  readonly path: string;
  readonly attempt: number;
}

export interface TaskTokens {
  mint(place: TokenPlace): string;
  /** Undefined for what this host never made. */
  read(token: string): TokenPlace | undefined;
}

const Body = z.tuple([z.string(), z.string(), z.number().int(), z.string()]);

/**
 * Tokens carry 256 random bits and a seal, so none can be guessed or altered, and one of a closed task is told from
 * an invented one without a list of all tokens. The key is kept in the folder.
 */
export function createTaskTokens(folder: string): TaskTokens {
  const key = keyIn(folder);
  const sealOf = (body: string): Buffer => createHmac('sha256', key).update(body).digest();
  return {
    mint({ executionArn, path, attempt }) {
      const content = JSON.stringify([executionArn, path, attempt, randomBytes(32).toString('base64url')]);
      const body = Buffer.from(content).toString('base64url');
      return `${body}.${sealOf(body).toString('base64url')}`;
    },
    read(token) {
      const [body = '', seal = ''] = token.split('.');
      const expected = sealOf(body);
      const given = Buffer.from(seal, 'base64url');
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      const [executionArn, path, attempt] = Body.parse(
        JSON.parse(Buffer.from(body, 'base64url').toString('utf8')),
      );
      return { executionArn, path, attempt };
    },
  };
}

function keyIn(folder: string): Buffer {
  const file = join(folder, 'token-key');
  try {
    writeFileSync(file, randomBytes(32).toString('base64url'), { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const key = Buffer.from(readFileSync(file, 'utf8'), 'base64url');
  if (key.length !== 32)
    throw new Error(`${file} is damaged; remove it, and the open task tokens become invalid`);
  return key;
}
