/**
 * Loaded before functions that talk to the issuer, on the emulator only: the host of Amazon Cognito is the emulator.
 * Addresses, tokens and keys stay as they are; only where the connection goes changes.
 */
const send = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const url = String(input instanceof Request ? input.url : input);
  const host = /^https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com(?=\/)/;
  return host.test(url) ? send(url.replace(host, process.env.AWS_ENDPOINT_URL), init) : send(input, init);
};
