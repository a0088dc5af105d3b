import { WeirError } from '@weir/pipeline';

/** Splits `HOST:PORT` and `[IPv6]:PORT`; throws WEIR_CONFIG_INVALID for a port over 65535. */
export function splitHostPort(
  address: string,
  path = 'the address',
): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(colon + 1));
  if (!Number.isInteger(port) || port > 65_535) {
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      `${path} must have a port <= 65535; got ${JSON.stringify(address)}`,
    );
  }
  return { host, port };
}
