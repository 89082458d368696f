import type { Socket } from 'node:net';
import { timestamp } from '#shared/actions/identity.ts';
import { Capture } from '#shared/policies/capture.ts';
import {
  type AskForPage,
  type FetchedPage,
  fetchPage,
  type FetchPageOptions,
} from '#shared/policies/fetch-page.http.ts';
import { PolicySource, type PolicySourceInput } from '#shared/policies/source.ts';
import { type RawServer, rawServer, reply } from '../providers/raw-server.ts';

export const NOW = Date.UTC(2026, 10, 21, 9, 0, 0);
export const CONTACT = 'policy-contact@example.test';

/** What a site says to one request: text or bytes to send and then hang up, or a conversation of its own. */
export type Answer = string | Buffer | ((socket: Socket, head: string) => void);

export interface Site extends RawServer {
  /** Heads of the requests for anything but robots.txt. */
  readonly pages: () => string[];
}

const open: RawServer[] = [];

/** A site on loopback: answers by path, robots.txt is absent unless it is said. */
export const site = async (answers: Readonly<Record<string, Answer>>): Promise<Site> => {
  const server = await rawServer({
    onRequest: (socket, head) => {
      const path = head.split(' ')[1] ?? '';
      const answer = answers[path] ?? answers['*'] ?? reply('404 Not Found', 'no such page');
      const chosen = path === '/robots.txt' ? (answers[path] ?? reply('404 Not Found')) : answer;
      if (typeof chosen === 'function') chosen(socket, head);
      else socket.end(chosen);
    },
  });
  open.push(server);
  return {
    ...server,
    pages: () => server.received.filter((head) => head !== '' && !head.startsWith('GET /robots.txt')),
  };
};

export const closeSites = async (): Promise<void> => {
  await Promise.all(open.splice(0).map((server) => server.close()));
};

export const sourceOf = (url: string, more: Partial<PolicySourceInput> = {}): PolicySource =>
  PolicySource.parse({ id: 'some-terms', url, ...more });

/** One check; the capture is held against its schema whatever came of it. */
export const look = async (
  source: PolicySource,
  options: Partial<FetchPageOptions> = {},
  ask: Partial<AskForPage> = {},
): Promise<FetchedPage> => {
  const seen = await fetchPage({ contact: CONTACT, allowLoopback: true, totalTimeMs: 2_000, ...options })(
    source,
    { slot: timestamp(NOW), reading: 1, now: () => NOW, ...ask },
  );
  return { ...seen, capture: Capture.parse(seen.capture) };
};

/** A 200 with these bytes and headers, framed by hand. */
export const page = (body: string | Buffer, headers: readonly string[] = []): Buffer => {
  const bytes = Buffer.from(body);
  const head = ['HTTP/1.1 200 OK', `Content-Length: ${bytes.length}`, ...headers, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head), bytes]);
};
