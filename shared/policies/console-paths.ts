import type { SourceId } from './source-id.ts';
import type * as z from 'zod';

/** Pages of the policy monitor in the console. `/policies` itself belongs to the API, which takes tokens. */
export const POLICIES_PAGE = '/sources';

/** Page of one source: what is known of it, and the change that waits for a person. Mails link here. */
export const sourcePage = (source: z.infer<typeof SourceId>): string =>
  `${POLICIES_PAGE}/${encodeURIComponent(source)}`;

/** Page of the change of a source that waits for a person. */
export const changePage = (source: z.infer<typeof SourceId>): string => `${sourcePage(source)}/change`;
