import * as z from 'zod';

const MASK = '[secret]';

/**
 * A secret value that cannot be printed by accident: every way of turning it into text gives a fixed mask.
 * `reveal` is the only door, and only adapters that put it on the wire go through it (SEC-03).
 */
export class Secret {
  readonly #value: Readonly<Record<string, string>>;
  constructor(value: Readonly<Record<string, string>>) {
    this.#value = value;
  }
  /** The value of one field, or undefined where the secret has none. */
  reveal(field: string): string | undefined {
    return Object.hasOwn(this.#value, field) ? this.#value[field] : undefined;
  }
  toString(): string {
    return MASK;
  }
  toJSON(): string {
    return MASK;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return MASK;
  }
}

/** The JSON object that a secret in Secrets Manager holds: field names to strings. */
export const SecretDocument = z.record(z.string().min(1).max(60), z.string().max(8192));
export type SecretDocument = z.infer<typeof SecretDocument>;
