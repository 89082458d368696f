const isFilled = (value: string | undefined): boolean => value !== undefined && value !== '';

/**
 * Whether a secret document has the fields that its provider signs with: `keyId` and `secretKey` for Alpaca, `token`
 * (bearer) or `hmacKey` (HMAC) for an HTTP API, `apiKey` for Anthropic and OpenAI. A provider that is not known here asks for none.
 */
export const secretFits = (provider: string, document: Readonly<Record<string, string>>): boolean => {
  const has = (field: string): boolean => Object.hasOwn(document, field) && isFilled(document[field]);
  if (provider === 'alpaca') return has('keyId') && has('secretKey');
  if (provider === 'anthropic' || provider === 'openai') return has('apiKey');
  if (provider === 'http') return has('token') || has('hmacKey');
  return true;
};

/**
 * Whether a credential may meet the host of a request (DESIGN §5): a real one never goes to an overridden host, and
 * one of a stand-in never to a real host.
 */
export const fitsHost = (standIn: boolean, hostIsOverridden: boolean): boolean =>
  standIn === hostIsOverridden;
