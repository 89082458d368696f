/**
 * `prepare` found, before the claim, that the stored request cannot be sent as it is: the secret lacks a field, or
 * what was stored does not fit together any more. Nothing was sent; sending it again cannot help.
 */
export class PrepareRefusedError extends Error {
  override readonly name = 'PrepareRefusedError';
  readonly code: 'CREDENTIAL_INCOMPLETE' | 'HASH_MISMATCH';

  constructor(code: 'CREDENTIAL_INCOMPLETE' | 'HASH_MISMATCH', message: string) {
    super(message);
    this.code = code;
  }
}
