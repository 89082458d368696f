import * as z from 'zod';

/** Ids are stable words: `youtube-spam`, `etsy-prohibited-items`. */
export const SourceId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{1,62}$/, 'use 2 to 63 lower-case letters, digits and hyphens');

export const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const;
export const Severity = z.enum(SEVERITIES);
export type Severity = z.infer<typeof Severity>;
