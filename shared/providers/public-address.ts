import ipaddr from 'ipaddr.js';

export type AddressKind = 'public' | 'loopback' | 'other';

/** Answers like a public address and belongs to the platform: metadata and health of a cloud vendor. */
const VENDOR_ADDRESSES = new Set(['168.63.129.16']);

/**
 * Classifies a numeric address. Only global unicast counts as public: everything that embeds another address
 * (mapped, compatible, NAT64, 6to4, Teredo) or has a special meaning is `other`. 127.0.0.0/8 and ::1 are loopback.
 */
export const addressKind = (address: string): AddressKind => {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) {
    const range = ipaddr.IPv4.parse(address).range();
    if (range === 'loopback') return 'loopback';
    return range === 'unicast' && !VENDOR_ADDRESSES.has(address) ? 'public' : 'other';
  }
  if (address.includes('%') || !ipaddr.IPv6.isValid(address)) return 'other';
  const parsed = ipaddr.IPv6.parse(address);
  const range = parsed.range();
  if (range === 'loopback') return 'loopback';
  // What is handed out to anybody lies in 2000::/3; that also leaves out ::a.b.c.d, which some stacks still route.
  return range === 'unicast' && ((parsed.parts[0] ?? 0) & 0xe000) === 0x2000 ? 'public' : 'other';
};
