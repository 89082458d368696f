import { sha256 } from '../actions/canonical-json.ts';
import { timestamp } from '../actions/identity.ts';
import { acknowledge } from './acknowledge.ts';
import { bodyIsComplete } from './body-end.ts';
import type { Capture } from './capture.ts';
import type { PageContent, PageHashes, ReadPageResult } from './content.ts';
import { judge } from './judge.ts';
import type { Observation } from './observation.ts';
import { newSourceState, observe } from './observe.ts';
import { readPage } from './read-page.ts';
import { isAccepted, relate } from './relate.ts';
import { type HeldLine, replayLines } from './replay-hold.ts';
import type { ReplayLine } from './replay-line.ts';
import type { PolicySource } from './source.ts';
import type { SourceState } from './source-state.ts';

/** One stored look at a page. */
export interface ReplayCapture {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Epoch milliseconds; unknown where absent. */
  readonly at?: number;
  /** Where it was found, if not at the address of the source. */
  readonly url?: string;
  readonly status?: number;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Where the headers name none: by the ending of the file. */
  readonly contentType?: string;
}

export interface ReplayOptions {
  readonly source: PolicySource;
  /** When the first capture was taken, where that is unknown. Epoch milliseconds. */
  readonly startAt: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const CONFIRM_MS = 15 * 60_000;
const CONFIRM_SECONDS = CONFIRM_MS / 1_000;
/** Cookies are no part of a capture. */
const NOT_KEPT = new Set(['set-cookie', 'cookie', 'authorization']);

/** A capture with its moment and what was read off it. */
interface Look {
  readonly capture: ReplayCapture;
  readonly at: number;
  readonly raw: string;
  readonly read?: ReadPageResult;
}

const captureRow = (source: PolicySource, { capture, raw }: Look, at: number): Capture => ({
  schemaVersion: 1,
  source: source.id,
  slot: timestamp(at),
  reading: 1,
  fetchedAt: timestamp(at),
  fetcher: 'replay',
  url: source.url,
  finalUrl: capture.url ?? source.url,
  chain: [],
  status: capture.status ?? 200,
  headers: Object.fromEntries(Object.entries(capture.headers ?? {}).filter(([name]) => !NOT_KEPT.has(name))),
  rawSha256: raw,
  rawBytes: capture.bytes.byteLength,
  notModified: false,
  robots: 'not-asked',
});

const key = (hashes: PageHashes): string =>
  [hashes.canonical, hashes.semantic, hashes.structure, hashes.links].join();

/**
 * When else this capture was live, beside its own moment: a file's history says that a text stood until the next one.
 * The second look comes after 15 minutes, then one a day for three days (a body of another size has to stay for two),
 * and a last one just before the next capture. None where the next capture is near enough to be the second look.
 */
export const virtualLooks = (
  at: number,
  nextAt: number | undefined,
  cadenceMs: number,
  flaps: boolean,
): readonly number[] => {
  // What came and went before may do so again: nothing says that it stayed this time.
  if (nextAt === undefined) return flaps ? [] : [at + CONFIRM_MS];
  if (nextAt - at <= Math.max(2 * cadenceMs, 2 * CONFIRM_MS)) return [];
  const last = nextAt - CONFIRM_MS;
  const days = [1, 2, 3].map((day) => at + day * DAY_MS).filter((look) => look <= last - CONFIRM_MS);
  return [at + CONFIRM_MS, ...days, last];
};

/** State of the monitor of one source, an operator who acknowledges at once, and the pages that its hashes stand for. */
const simulation = (source: PolicySource, startAt: number) => {
  let state: SourceState = newSourceState(source, timestamp(startAt));
  let pages = new Map<string, { readonly content: PageContent; readonly complete: boolean | undefined }>();
  const pageOf = (hashes: PageHashes | undefined) =>
    hashes === undefined ? undefined : pages.get(key(hashes));

  const acknowledgeAll = (at: number): void => {
    for (const by of ['person:replay-operator', 'person:replay-second']) {
      const { pending } = state;
      if (pending === null) return;
      state = acknowledge(
        state,
        {
          changeId: pending.changeId,
          fromSemantic: pending.from?.semantic ?? null,
          toCanonical: pending.to.canonical,
          by,
          at: timestamp(at),
          reason: 'Acknowledged by the replay.',
        },
        source,
      ).state;
    }
  };

  return {
    candidate: (): boolean => state.candidate !== null,
    isSame: (first: PageContent, second: PageContent): boolean =>
      isAccepted(
        relate({ hashes: first.hashes, content: first }, second, {
          volatile: state.volatile,
          at: state.lastObservedAt ?? timestamp(startAt),
        }),
      ),
    /** A state that was seen, went away before a second look, and is back. */
    flaps: ({ read }: Look): boolean =>
      read?.kind === 'read' &&
      state.known.some(
        ({ acknowledged, semantic }) => !acknowledged && semantic === read.content.hashes.semantic,
      ),
    /** A page of these bytes that is still in memory. */
    known: (raw: string): PageContent | undefined =>
      [...pages.values()].find(({ content }) => content.hashes.raw === raw)?.content,
    look: (seen: Look, at: number): Observation => {
      const good = pageOf(state.current?.hashes) ?? pageOf(state.acknowledged?.hashes);
      const capture = captureRow(source, seen, at);
      const { read } = seen;
      const { bytes } = seen.capture;
      const judgement = judge({
        source,
        capture,
        body: bytes,
        ...(read === undefined ? {} : { read }),
        ...(good === undefined
          ? {}
          : {
              lastGood: {
                length: good.content.length,
                replacementCharacters: good.content.replacementCharacters,
                blocks: good.content.blocks.length,
                content: good.content,
                ...(good.complete === undefined ? {} : { complete: good.complete }),
              },
            }),
      });
      const content = read?.kind === 'read' ? read.content : undefined;
      const prior = {
        acknowledged: pageOf(state.acknowledged?.hashes)?.content,
        current: pageOf(state.current?.hashes)?.content,
        candidate: pageOf(state.candidate?.hashes)?.content,
      };
      const next = observe(
        state,
        { source, capture, judgement, ...(content === undefined ? {} : { content }) },
        Object.fromEntries(Object.entries(prior).filter(([, page]) => page !== undefined)),
        { confirmSeconds: CONFIRM_SECONDS },
      );
      // Nobody is mailed; the lines are what is told.
      state = { ...next.state, notices: [] };
      // What was refused says nothing of the page, not even where it reads the same.
      if (content !== undefined && next.observation.usable)
        pages.set(key(content.hashes), { content, complete: bodyIsComplete(bytes) });
      acknowledgeAll(at);
      const kept = [state.acknowledged, state.current, state.candidate].flatMap((page) => page ?? []);
      const keys = new Set(kept.map(({ hashes }) => key(hashes)));
      pages = new Map([...pages].filter(([one]) => keys.has(one)));
      return next.observation;
    },
  };
};

/**
 * Runs captures through the reader, the judge and the classifier as a monitor would have met them, and gives one line
 * for each, in order. The first usable capture is approved as the baseline; every change is acknowledged at once. A
 * line comes when the second look at its page is known. Memory does not grow with the number of captures.
 */
export const replay = async function* (
  captures: AsyncIterable<ReplayCapture> | Iterable<ReplayCapture>,
  { source, startAt }: ReplayOptions,
): AsyncGenerator<ReplayLine> {
  const cadenceMs = source.cadenceHours * HOUR_MS;
  const monitor = simulation(source, startAt);
  const lines = replayLines(monitor.isSame);

  const timeOf = (capture: ReplayCapture, before: number | undefined): number => {
    if (capture.at === undefined) return before === undefined ? startAt : before + cadenceMs;
    // Two states of a page in one moment cannot be told apart from a second look; order is what names and histories give.
    return before === undefined ? capture.at : Math.max(capture.at, before + CONFIRM_MS);
  };
  const read = async (capture: ReplayCapture, raw: string): Promise<ReadPageResult | undefined> => {
    if (capture.bytes.byteLength === 0) return undefined;
    const known = monitor.known(raw);
    if (known !== undefined) return { kind: 'read', content: known };
    const contentType = capture.headers?.['content-type'] ?? capture.contentType;
    return readPage(capture.bytes, source, {
      url: capture.url ?? source.url,
      ...(contentType === undefined ? {} : { contentType }),
    });
  };
  const meet = (look: Look, nextAt: number | undefined): void => {
    const line: HeldLine = { capture: look.capture.name, at: timestamp(look.at), looks: [] };
    const content = look.read?.kind === 'read' ? look.read.content : undefined;
    lines.begin(line);
    for (const at of [look.at, ...virtualLooks(look.at, nextAt, cadenceMs, monitor.flaps(look))])
      lines.look(line, monitor.look(look, at), monitor.candidate(), content);
  };

  let held: Look | undefined;
  for await (const capture of captures) {
    const at = timeOf(capture, held?.at);
    if (held !== undefined) {
      meet(held, at);
      yield* lines.ready();
    }
    const raw = sha256(capture.bytes);
    const page = await read(capture, raw);
    held = { capture, at, raw, ...(page === undefined ? {} : { read: page }) };
  }
  if (held !== undefined) meet(held, undefined);
  yield* lines.rest();
};
