import type { AwsReply, AwsRequest } from '../service.ts';
import type { StandInProvider } from './rules.ts';
import { type Fault, type OAuthState, takeFault } from './state.ts';
import { type Answer, json } from './token-endpoint.ts';

/** How long an unanswered request keeps its connection; clients are expected to give up first. */
const HANG_MS = 120_000;

/** What became of a call inside, and how it is answered. */
export interface Outcome {
  readonly reply: AwsReply | 'never';
  readonly answer?: Answer;
  readonly fault?: Fault['kind'];
}

const withoutRefreshToken = (reply: AwsReply): AwsReply => {
  const { refresh_token: _token, ...rest } = JSON.parse(String(reply.body)) as Record<string, unknown>;
  return { ...reply, body: JSON.stringify(rest) };
};

/** Runs a call under the fault that waits for it, if one does. `run` changes the draft. */
export const underFault = (
  draft: OAuthState,
  provider: StandInProvider,
  endpoint: NonNullable<Fault['endpoint']>,
  run: () => Answer,
): Outcome => {
  const fault = takeFault(draft, provider, endpoint);
  if (fault === undefined) {
    const answer = run();
    return { reply: answer.reply, answer };
  }
  const { kind } = fault;
  if (kind === 'tooManyRequests') {
    const limited = json(429, { error: 'rate_limited' });
    const seconds = String(Math.ceil((fault.delayMs ?? 1000) / 1000));
    return { reply: { ...limited, headers: { ...limited.headers, 'retry-after': seconds } }, fault: kind };
  }
  const done = kind.endsWith('Before') ? {} : { answer: run() };
  if (kind.startsWith('timeout')) return { reply: 'never', fault: kind, ...done };
  if (kind.startsWith('reset')) return { reply: { status: 0, body: '', hangUp: true }, fault: kind, ...done };
  if (kind.startsWith('serverError'))
    return { reply: json(500, { error: 'server_error' }), fault: kind, ...done };
  const answer = done.answer ?? run();
  if (answer.reply.status !== 200) return { reply: answer.reply, fault: kind, answer };
  return kind === 'unreadable'
    ? { reply: { ...answer.reply, body: '<html>moved</html>' }, fault: kind, answer }
    : { reply: withoutRefreshToken(answer.reply), fault: kind, answer };
};

/** Requests that get no answer, until their time is over or the stand-in closes. */
export const hangingRequests = (): { hang(): Promise<AwsReply>; end(): void } => {
  const waiting = new Set<() => void>();
  return {
    hang: () =>
      new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          waiting.delete(end);
          resolve({ status: 0, body: '', hangUp: true });
        };
        const timer = setTimeout(end, HANG_MS);
        timer.unref();
        waiting.add(end);
      }),
    end: () => {
      for (const end of waiting) end();
    },
  };
};

/**
 * Whether a browser sent a form from a page that is not on this machine. What the browser says of the site comes first:
 * our own pages send no referrer, so that their forms come with the origin "null".
 */
export const isForeignForm = ({ headers }: AwsRequest): boolean => {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const { origin } = headers;
  return origin !== undefined && !/^https?:\/\/(127\.0\.0\.1|localhost)(:\d{1,5})?$/i.test(origin);
};
