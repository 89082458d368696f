import { OutboundError } from '../../providers/outbound-error.ts';
import { outboundSend } from '../../providers/outbound.http.ts';
import type { ProbeValue } from './operator-staged.ts';
import { planProbe, readProbe } from './value-probe.ts';

export interface ProbeOptions {
  /** The base URL that replaces a provider's own; undefined: none. */
  readonly baseUrl: (provider: string) => string | undefined;
  readonly allowLoopback: boolean;
}

/**
 * Asks the provider with a value. An API behind the generic `http` provider has nothing that could be asked without an
 * effect: there the fields alone are tested, and the value before it stays at hand as `AWSPREVIOUS`.
 */
export const probeValue =
  ({ baseUrl, allowLoopback }: ProbeOptions): ProbeValue =>
  async (credential, value) => {
    const plan = planProbe(credential, value, baseUrl(credential.provider));
    if (plan.kind === 'untestable') return { verdict: 'works', account: null };
    if (plan.kind === 'not-here') return { verdict: 'cannot-tell', account: null };
    const send = outboundSend({ allowedHosts: [new URL(plan.request.url).host], allowLoopback });
    try {
      return readProbe(credential.provider, await send(plan.request));
    } catch (error) {
      if (error instanceof OutboundError) return { verdict: 'cannot-tell', account: null };
      throw error;
    }
  };
