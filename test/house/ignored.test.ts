import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ProjectId } from '#shared/actions/identity.ts';
import { readDryRun, readPayload } from '#shared/artifacts/artifacts.aws.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'autopack-ignored-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const git = (...args: string[]) => spawnSync('git', args, { cwd: folder, encoding: 'utf8' });

describe('what holds secrets on a machine (SEC-04)', () => {
  it('is never committed', () => {
    copyFileSync(join(root, '.gitignore'), join(folder, '.gitignore'));
    expect(git('init', '-q').status).toBe(0);
    const secret = [
      '.credentials/metadata.json',
      'deep/.credentials/etsy.json',
      '.autopack/local.json',
      '.autopack/secrets-manager/secrets.json',
      '.env',
      '.env.local',
      'keys/service.pem',
      'keys/service.key',
    ];
    for (const path of secret) expect(git('check-ignore', '-q', path).status, path).toBe(0);
    for (const path of ['.env.example', 'shared/credentials/secret.ts', 'docs/credentials.md'])
      expect(git('check-ignore', '-q', path).status, path).toBe(1);
  });

  it('is never reached through an artifact: keys stay in the two folders of their project', async () => {
    const keys: string[] = [];
    const s3 = {
      send: async ({ input }: { input: { Key: string } }) => {
        keys.push(input.Key);
        throw Object.assign(new Error('none'), { $metadata: { httpStatusCode: 404 } });
      },
    } as unknown as S3Client;
    const hostile = ['../.credentials/x', '.credentials', 'a/../../b', '%2e%2e/x', 'x\u0000', '/etc/x'];
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.constantFrom(...hostile), fc.string()),
        fc.oneof(fc.constantFrom(...hostile), fc.string({ minLength: 1 })),
        async (project, key) => {
          if (!ProjectId.safeParse(project).success) return;
          await readDryRun(s3, 'bucket')({ project, key });
          await readPayload(s3, 'bucket')(project, 'a'.repeat(64)).catch(() => undefined);
        },
      ),
    );
    await readDryRun(s3, 'bucket')({ project: 'demo', key: '../../.credentials/x' });
    for (const path of hostile) expect(ProjectId.safeParse(path).success).toBe(false);
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys)
      expect(key).toMatch(/^projects\/[A-Za-z0-9_-]+\/(payloads|dry-runs)\/[0-9a-f]{64}\.json$/);
  });
});
