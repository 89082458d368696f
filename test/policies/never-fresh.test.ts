import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { epochMs, timestamp } from '#shared/actions/identity.ts';
import { acknowledge } from '#shared/policies/acknowledge.ts';
import { EXTRACTOR_VERSION, type PageContent } from '#shared/policies/content.ts';
import { fetchPage } from '#shared/policies/fetch-page.http.ts';
import { bodyIsComplete } from '#shared/policies/body-end.ts';
import { judge } from '#shared/policies/judge.ts';
import { nextCheckAt, validatorsToSend } from '#shared/policies/next-check.ts';
import { newSourceState, observe } from '#shared/policies/observe.ts';
import { readPage } from '#shared/policies/read-page.ts';
import { configHash, PolicySource } from '#shared/policies/source.ts';
import type { SourceState } from '#shared/policies/source-state.ts';
import { reply } from '../providers/raw-server.ts';
import { type Answer, closeSites, CONTACT, NOW, page, site, sourceOf } from './site.ts';

afterEach(closeSites);

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const TIMING = { confirmSeconds: 900 };
const TERMS = `<html lang="en"><body><main><h1>Terms of the market</h1>${[
  'Sellers must not list apples that are not apples, and they have to say where the apples come from.',
  'We may close the account of a seller who does not keep to these terms after we have told them once.',
  'Buyers have the right to return what they bought within fourteen days of the day it was delivered.',
]
  .map((text) => `<p>${text}</p>`)
  .join('')}</main></body></html>`;

/** A source that is checked when its next check is due, by the real parts of a check, over a real connection. */
class Watch {
  state: SourceState;
  now = NOW;
  checks = 0;
  readonly source: PolicySource;
  private readonly contents = new Map<string, PageContent>();
  private readonly complete = new Map<string, boolean>();

  constructor(source: PolicySource) {
    this.source = source;
    this.state = newSourceState(source, timestamp(NOW));
  }

  private contentOf(place: SourceState['current']): PageContent | undefined {
    return place === null ? undefined : this.contents.get(place.hashes.semantic);
  }

  async check(): Promise<void> {
    this.checks += 1;
    const at = timestamp(this.now);
    const validators = validatorsToSend(this.state, {
      now: at,
      reading: 1,
      configHash: configHash(this.source),
      extractor: EXTRACTOR_VERSION,
    });
    const look = fetchPage({ contact: CONTACT, allowLoopback: true, totalTimeMs: 60 });
    const { capture, body } = await look(this.source, {
      slot: at,
      reading: 1,
      now: () => this.now,
      ...(validators === undefined ? {} : { validators }),
    });
    const contentType = capture.headers['content-type'];
    const read =
      body === undefined
        ? undefined
        : await readPage(body, this.source, {
            url: capture.finalUrl,
            ...(contentType === undefined ? {} : { contentType }),
          });
    const good = this.contentOf(this.state.current);
    const judgement = judge({
      source: this.source,
      capture,
      ...(read === undefined ? {} : { read }),
      ...(body === undefined ? {} : { body }),
      ...(good === undefined
        ? {}
        : {
            lastGood: {
              length: good.length,
              replacementCharacters: good.replacementCharacters,
              blocks: good.blocks.length,
              complete: this.complete.get(good.hashes.semantic) ?? false,
            },
          }),
    });
    const content = read?.kind === 'read' ? read.content : undefined;
    if (content !== undefined && body !== undefined) {
      this.contents.set(content.hashes.semantic, content);
      this.complete.set(content.hashes.semantic, bodyIsComplete(body) === true);
    }
    const { state, observation } = observe(
      this.state,
      { source: this.source, capture, judgement, content },
      {
        ...(this.contentOf(this.state.acknowledged) === undefined
          ? {}
          : { acknowledged: this.contentOf(this.state.acknowledged) as PageContent }),
        ...(good === undefined ? {} : { current: good }),
        ...(this.contentOf(this.state.candidate) === undefined
          ? {}
          : { candidate: this.contentOf(this.state.candidate) as PageContent }),
      },
      TIMING,
    );
    this.state = state;
    if (state.pending !== null)
      this.state = acknowledge(
        state,
        {
          changeId: state.pending.changeId,
          fromSemantic: state.pending.from?.semantic ?? null,
          toCanonical: state.pending.to.canonical,
          by: 'person:olivia@example.test',
          at,
          reason: 'read it',
        },
        this.source,
      ).state;
    const unusable = observation.unusable?.reason;
    const next = nextCheckAt(
      this.source,
      this.state,
      { at, ...(unusable === undefined ? {} : { unusable }) },
      TIMING,
    );
    this.now = epochMs(next);
  }

  async until(moment: number): Promise<void> {
    while (this.now < moment) await this.check();
  }

  get verified(): number {
    return this.state.verifiedAt === null ? Number.NEGATIVE_INFINITY : epochMs(this.state.verifiedAt);
  }
}

const HONEST: Answer = (socket, head) =>
  socket.end(
    head.includes('if-none-match: "v1"')
      ? 'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\n\r\n'
      : page(TERMS, ['Content-Type: text/html; charset=utf-8', 'ETag: "v1"']),
  );

const LIES: readonly (readonly [string, Answer])[] = [
  [
    'a wall',
    page('<html lang="en"><title>Just a moment</title><p>Are you human? Enable JavaScript.</p></html>'),
  ],
  ['half the page, rightly announced', page(TERMS.slice(0, 200), ['Content-Type: text/html'])],
  [
    'half the page, wrongly announced',
    Buffer.concat([
      Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${TERMS.length}\r\n\r\n`),
      Buffer.from(TERMS.slice(0, 200)),
    ]),
  ],
  ['an empty 200', page('')],
  ['gzip cut short', page(gzipSync(TERMS).subarray(0, 100), ['Content-Encoding: gzip'])],
  ['a slow drip', (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n<')],
  ['a redirect to a private address', reply('302 Found', '', ['Location: http://10.0.0.1/terms'])],
  ['a redirect to sign in', reply('302 Found', '', ['Location: /login'])],
  ['a 503', reply('503 Service Unavailable', TERMS)],
  ['a 404 with the text', reply('404 Not Found', TERMS)],
];

/** Two days of an honest server, then nine of what it turns into. */
const turning = async (into: Answer): Promise<{ watch: Watch; turned: number; heads: readonly string[] }> => {
  let answer: Answer = HONEST;
  const server = await site({
    '/terms': (socket: Socket, head: string) => {
      if (typeof answer === 'function') answer(socket, head);
      else socket.end(answer);
    },
  });
  const source = sourceOf(`http://${server.host}/terms`, { anchors: ['apples'], minLength: 100 });
  const watch = new Watch(source);
  await watch.until(NOW + 2 * DAY);
  expect(watch.now - watch.verified).toBeLessThanOrEqual(12 * HOUR);
  expect(watch.state.acknowledged).not.toBeNull();
  const turned = watch.now;
  answer = into;
  await watch.until(turned + 9 * DAY);
  return { watch, turned, heads: server.pages() };
};

describe('a server that lies never makes a source fresh', () => {
  test('an honest one stays fresh, also where it says 304', async () => {
    const { watch, heads } = await turning(HONEST);
    const conditional = heads.filter((head) => head.includes('if-none-match: "v1"')).length;
    expect(conditional).toBeGreaterThan(5);
    expect(heads.length - conditional).toBeGreaterThan(5);
    expect(watch.now - watch.verified).toBeLessThanOrEqual(12 * HOUR);
    expect(watch.state.incident).toBeNull();
  });

  test.each(LIES)('%s moves no freshness, and the next check is scheduled', async (_what, answer) => {
    const { watch, turned } = await turning(answer);
    expect(watch.verified).toBeLessThan(turned);
    expect(watch.state.incident).not.toBeNull();
    expect(watch.state.current?.hashes.semantic).toBe(watch.state.acknowledged?.hashes.semantic);
    expect(watch.checks).toBeLessThan(200);
  });

  test('304 to everything is believed for a day after the last whole page, and never again', async () => {
    const { watch, turned } = await turning('HTTP/1.1 304 Not Modified\r\n\r\n');
    expect(watch.verified).toBeLessThan(turned + DAY);
    expect(watch.state.incident?.reason).toBe('HTTP_SERVER_ERROR');
    expect(watch.now - watch.verified).toBeGreaterThan(watch.source.maxAgeDays * DAY);
  });
});

describe('the page in docs/policies.md', () => {
  test('the example is a source', () => {
    const text = readFileSync(new URL('../../docs/policies.md', import.meta.url), 'utf8');
    const example = /```json\n(\s*\{\s*"id"[\s\S]*?)```/.exec(text)?.[1];
    expect(PolicySource.parse(JSON.parse(example ?? ''))).toMatchObject({ id: 'shop-prohibited-items' });
  });
});
