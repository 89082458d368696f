import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Target } from './guard-url.ts';
import { OutboundError } from './outbound-error.ts';
import { addressKind } from './public-address.ts';

/** Numeric addresses of a host name. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** The resolver of the operating system, IPv4 first (a VPC often has no way out over IPv6). */
export const systemResolve: Resolve = async (hostname) => {
  const found = await lookup(hostname, { all: true, order: 'ipv4first' });
  return found.map(({ address }) => address);
};

export interface ConnectOptions {
  readonly allowLoopback: boolean;
  readonly resolve: Resolve;
  readonly connectTimeoutMs: number;
  /** Certificates to trust besides the well-known ones. */
  readonly ca?: string | undefined;
  /** Aborts when the time of the whole request is over. */
  readonly signal: AbortSignal;
}

const unsent = (code: OutboundError['code'], message: string, cause?: unknown): OutboundError =>
  new OutboundError(code, message, { sent: false, cause });

/** Fails with a timeout as soon as the signal aborts; a lookup that hangs cannot be cancelled otherwise. */
const orAbort = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const abort = (): void => reject(unsent('CONNECT_TIMEOUT', 'no connection in time'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });

/**
 * Second half of the guard. A literal is classified as the number it is, a name is looked up once, and every address
 * has to be public; with `allowLoopback` every one may be loopback instead. Plain http is for loopback only.
 */
export const checkedAddresses = async (
  target: Target,
  options: ConnectOptions,
): Promise<readonly string[]> => {
  const { hostname } = target;
  const addresses =
    isIP(hostname) > 0
      ? [hostname]
      : await orAbort(options.resolve(hostname), options.signal).catch((error: unknown) => {
          throw error instanceof OutboundError
            ? error
            : unsent('DNS_FAILED', `${hostname} has no address`, error);
        });
  if (addresses.length === 0) throw unsent('DNS_FAILED', `${hostname} has no address`);
  const kinds = new Set(addresses.map(addressKind));
  const [kind] = kinds;
  if (kinds.size !== 1 || kind === 'other' || (kind === 'loopback' && !options.allowLoopback)) {
    throw unsent('GUARD_ADDRESS', `${hostname} leads to an address that may not be called`);
  }
  if (!target.secure && kind !== 'loopback') throw unsent('GUARD_SCHEME', 'only https is called');
  return addresses;
};

const openOne = (address: string, target: Target, options: ConnectOptions): Promise<Socket> =>
  new Promise((resolve, reject) => {
    // The socket is pinned to the checked number; the name is used for SNI and the certificate only.
    const socket = target.secure
      ? connectTls({
          host: address,
          port: target.port,
          ...(isIP(target.hostname) > 0 ? {} : { servername: target.hostname }),
          ALPNProtocols: ['http/1.1'],
          minVersion: 'TLSv1.2',
          ...(options.ca === undefined ? {} : { ca: options.ca }),
        })
      : connectTcp({ host: address, port: target.port });
    let connected = false;
    const settle = (error?: OutboundError): void => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', late);
      socket
        .off('connect', onConnect)
        .off('secureConnect', onSecure)
        .off('error', failed)
        .off('close', failed);
      // Whatever the socket still says is either heard by the exchange or of no interest.
      socket.on('error', () => undefined);
      if (error === undefined) return resolve(socket);
      socket.destroy();
      return reject(error);
    };
    const onConnect = (): void => {
      connected = true;
      if (!target.secure) settle();
    };
    const onSecure = (): void => settle();
    const failed = (cause?: unknown): void =>
      settle(
        connected
          ? unsent('TLS_FAILED', `no secure connection to ${target.url.host}`, cause)
          : unsent('CONNECT_FAILED', `no connection to ${target.url.host}`, cause),
      );
    const late = (): void => settle(unsent('CONNECT_TIMEOUT', `no connection to ${target.url.host} in time`));
    const timer = setTimeout(late, options.connectTimeoutMs);
    options.signal.addEventListener('abort', late, { once: true });
    if (options.signal.aborted) late();
    socket.once('connect', onConnect).once('error', failed).once('close', failed);
    if (target.secure) socket.once('secureConnect', onSecure);
  });

/**
 * Opens a socket to the first checked address that answers. Not one byte of a request is written here: every error
 * has `sent: false`.
 */
export const openSocket = async (target: Target, options: ConnectOptions): Promise<Socket> => {
  const addresses = await checkedAddresses(target, options);
  let last: unknown;
  for (const address of addresses) {
    try {
      return await openOne(address, target, options);
    } catch (error) {
      last = error;
      if (options.signal.aborted) break;
    }
  }
  throw last;
};
