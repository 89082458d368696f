import * as z from 'zod';

/** What has rotation rules. `http` stands for every API behind the generic provider. */
export const ROTATED = [
  'youtube',
  'etsy',
  'shopify',
  'alpaca',
  'anthropic',
  'openai',
  'http',
  'hmac-keyring',
  'signing-key',
] as const;
export type Rotated = (typeof ROTATED)[number];

/** Ages in whole days since the last rotation. */
export const RotationPolicy = z
  .strictObject({
    /** A warning goes out once at each of these ages. */
    notifyDays: z.array(z.int().positive().max(3650)).min(1).max(10),
    /** From here on it is overdue. */
    maxDays: z.int().positive().max(3650),
    /** From here on it is critical: nothing new is started with it. */
    criticalDays: z.int().positive().max(3650),
  })
  .refine((policy) => policy.notifyDays.every((day) => day <= policy.maxDays), {
    path: ['notifyDays'],
    message: 'a warning comes before the credential is overdue; use days up to maxDays',
  })
  .refine((policy) => policy.maxDays <= policy.criticalDays, {
    path: ['criticalDays'],
    message: 'a credential is overdue before it is critical; use at least maxDays',
  });
export type RotationPolicy = z.infer<typeof RotationPolicy>;

const policy = (maxDays: number): RotationPolicy => ({
  notifyDays: [Math.ceil(maxDays * 0.75), Math.ceil(maxDays * 0.9), maxDays],
  maxDays,
  criticalDays: Math.ceil(maxDays * 1.5),
});

/**
 * The defaults of CRE-04 (YouTube 90 days, Etsy 60, Shopify 365, Alpaca 90) and ours for what it does not name. The
 * warnings, the health and the rotation schedules of the stack all read this table.
 */
export const ROTATION_POLICIES: Readonly<Record<Rotated, RotationPolicy>> = {
  youtube: policy(90),
  etsy: policy(60),
  shopify: policy(365),
  alpaca: policy(90),
  anthropic: policy(180),
  openai: policy(180),
  http: policy(180),
  'hmac-keyring': policy(30),
  'signing-key': policy(365),
};

/** The policy of a provider; one that is not known is held to the rules of `http`. */
export const rotationPolicyOf = (provider: string): RotationPolicy =>
  Object.hasOwn(ROTATION_POLICIES, provider)
    ? ROTATION_POLICIES[provider as Rotated]
    : ROTATION_POLICIES.http;
