import { OutboundError } from '../../providers/outbound-error.ts';
import { outboundSend } from '../../providers/outbound.http.ts';
import type { AskApi } from './api-key.ts';

export interface AskApiOptions {
  readonly allowLoopback: boolean;
  /** For tests with a TLS server of their own. */
  readonly ca?: string;
}

/** Longest answer that is read: a key and what is said about it. */
const MAX_BYTES = 100_000;

/** One attempt through the guarded way out; a redirect is an answer like any other, so a key meets one host only. */
export const askApi =
  ({ allowLoopback, ca }: AskApiOptions): AskApi =>
  async (request) => {
    const send = outboundSend({
      allowedHosts: [new URL(request.url).host],
      allowLoopback,
      maxResponseBytes: MAX_BYTES,
      ...(ca === undefined ? {} : { ca }),
    });
    try {
      return await send(request);
    } catch (error) {
      if (error instanceof OutboundError) return undefined;
      throw error;
    }
  };
