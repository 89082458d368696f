import { sha256 } from '#shared/actions/canonical-json.ts';
import { timestamp } from '#shared/actions/identity.ts';
import { compareSource } from '#functions/policies/compare-source.ts';
import { fetchSource } from '#functions/policies/fetch-source.ts';
import { type Check, type Due, listDueSources } from '#functions/policies/list-due-sources.ts';
import { tellPeople } from '#functions/policies/tell-people.ts';
import type { Capture } from '#shared/policies/capture.ts';
import type { PolicySource } from '#shared/policies/source.ts';
import { memoryStore, type MemoryStore } from './memory-store.ts';

/** The process dies here: everything that it holds is gone, what it has written stays. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

export interface Kill {
  /** Number of the call of a port that it meets, from 0. */
  readonly call: number;
  /** `before`: the call never leaves. `after`: it takes effect and nobody hears of it. */
  readonly when: 'before' | 'after';
}

export interface Page {
  readonly status?: number;
  readonly html?: string;
}

/** A page of a policy that says these sentences. */
export const policyPage = (...sentences: readonly string[]): Page => ({
  html: `<!doctype html><html lang="en"><head><title>Policy</title></head><body><main><h1>What may be sold</h1>${sentences
    .map((sentence) => `<p>${sentence}</p>`)
    .join(
      '',
    )}<p>${'This is the policy of the shop, which every seller has read and agreed to. '.repeat(8)}</p></main></body></html>`,
});

export const PEOPLE = ['olivia@example.test', 'sam@example.test'];
const STEPS_PER_RUN = 400;

/**
 * The check with all of its real code on the twin of the store: a world of pages, a clock that is moved by hand, and a
 * driver that does what the state machine does (a step that dies is run again from its input).
 */
export const checkWorld = (
  sources: readonly PolicySource[],
  options: { readonly kill?: Kill; store?: MemoryStore } = {},
) => {
  const store = options.store ?? memoryStore();
  const pages = new Map<string, Page>();
  const mails: { readonly to: string; readonly subject: string; readonly text: string }[] = [];
  const calls: string[] = [];
  let now = Date.UTC(2026, 10, 21, 8);
  let killed = false;
  let fetches = 0;

  /** Counts every call of every port, and kills the process at one of them. */
  const port = <Args extends readonly unknown[], Result>(
    name: string,
    run: (...args: Args) => Promise<Result>,
  ) => {
    return async (...args: Args): Promise<Result> => {
      const number = calls.push(name) - 1;
      const dies = number === options.kill?.call;
      if (dies && options.kill?.when === 'before') {
        killed = true;
        throw new Killed(name);
      }
      const result = await run(...args);
      if (dies) {
        killed = true;
        throw new Killed(name);
      }
      return result;
    };
  };
  const ports = Object.fromEntries(
    Object.entries(store)
      .filter(([, value]) => typeof value === 'function')
      .map(([name, value]) => [name, port(name, value as (...args: unknown[]) => Promise<unknown>)]),
  ) as unknown as MemoryStore;

  const fetchPage = async (
    source: PolicySource,
    ask: { readonly slot: string; readonly reading: number; readonly now: () => number },
  ): Promise<{ capture: Capture; body?: Uint8Array }> => {
    fetches += 1;
    const { status = 200, html } = pages.get(source.id) ?? { status: 404 };
    const body = html === undefined ? undefined : Buffer.from(html);
    const capture: Capture = {
      schemaVersion: 1,
      source: source.id,
      slot: ask.slot,
      reading: ask.reading,
      fetchedAt: timestamp(ask.now()),
      fetcher: 'http',
      url: source.url,
      finalUrl: source.url,
      chain: [{ url: source.url, status }],
      status,
      headers: { 'content-type': 'text/html; charset=utf-8' },
      rawBytes: body?.length ?? 0,
      notModified: false,
      robots: 'allowed',
      ...(body === undefined
        ? { failure: { code: 'HTTP_SERVER_ERROR' as const, detail: `the server answered ${status}` } }
        : { rawSha256: sha256(body) }),
    };
    return body === undefined ? { capture } : { capture, body };
  };

  const deps = {
    ...ports,
    now: () => now,
    confirmSeconds: 900,
    curated: sources,
    stage: 'dev',
    publicUrl: 'https://autopack.example.test',
    log: () => undefined,
    count: () => undefined,
    fetchPage: port('fetchPage', fetchPage),
    listOperators: port('listOperators', async () =>
      PEOPLE.map((email) => ({
        schemaVersion: 1 as const,
        email,
        name: email,
        projects: ['demo'],
        roles: ['operator' as const],
        active: true,
        createdAt: timestamp(0),
      })),
    ),
    sendMail: port('sendMail', async (to: string, { subject, text }: { subject: string; text: string }) => {
      mails.push({ to, subject, text });
      return 'sent' as const;
    }),
  };

  /** One step of the machine: a step that dies is run again, as after a restart. */
  const step = async <Result>(run: () => Promise<Result>): Promise<Result> => {
    for (let tries = 0; ; tries += 1) {
      try {
        return await run();
      } catch (error) {
        if (!(error instanceof Killed) || tries > 1) throw error;
      }
    }
  };
  const perform = async (check: Check): Promise<void> => {
    if (check.step === 'FETCH') await step(() => fetchSource(check, deps));
    if (check.step !== 'TELL') await step(() => compareSource({ check }, deps));
    await step(() => tellPeople({ source: check.source }, deps));
  };
  const list = (input: Parameters<typeof listDueSources>[0]['input']): Promise<Due> =>
    step(() => listDueSources({ input, startedAt: timestamp(now) }, deps));

  return {
    store,
    pages,
    mails,
    calls,
    deps,
    perform,
    list,
    fetches: () => fetches,
    wasKilled: () => killed,
    now: () => now,
    /** Moves the clock. */
    wait: (minutes: number) => void (now += minutes * 60_000),
    /** One run of the schedule. */
    tick: async (): Promise<Due> => {
      const due = await list({ scheduledTime: timestamp(now) });
      for (const { checks } of due.hosts) for (const check of checks) await perform(check);
      if (calls.length > STEPS_PER_RUN * 20) throw new Error('the check does not come to an end');
      return due;
    },
    /** Everything that is left behind, in one text. */
    left: (): string =>
      JSON.stringify(
        [...store.rows].toSorted(([one], [other]) => (one < other ? -1 : 1)),
        undefined,
        1,
      ),
  };
};
export type CheckWorld = ReturnType<typeof checkWorld>;
