import { OutboundError } from '../providers/outbound-error.ts';
import { outboundSend } from '../providers/outbound.http.ts';
import { CANNOT_TELL, type ProbeCredential } from './probes/probe.ts';
import { planProbe } from './probes/plan-probe.ts';

export interface ProbeOptions {
  /** The base URL that replaces a provider's own; undefined: none. */
  readonly baseUrl: (provider: string) => string | undefined;
  readonly allowLoopback: boolean;
  readonly now: () => number;
  /** For tests with a TLS server of their own. */
  readonly ca?: string;
}

/** One attempt, no redirect, no retry, through the guarded way out. */
export const probeCredential =
  ({ baseUrl, allowLoopback, now, ca }: ProbeOptions): ProbeCredential =>
  async (credential, value) => {
    const plan = planProbe(credential, value, baseUrl, now());
    if (plan.kind === 'found') return plan.finding;
    const send = outboundSend({
      allowedHosts: [new URL(plan.request.url).host],
      allowLoopback,
      maxResponseBytes: 1_000_000,
      ...(ca === undefined ? {} : { ca }),
    });
    try {
      return plan.classify(await send(plan.request));
    } catch (error) {
      if (error instanceof OutboundError) return CANNOT_TELL;
      throw error;
    }
  };
