// Addresses and networks as a setting names them.
import { BlockList, isIP } from 'node:net';
import { WeirError } from '@weir/pipeline';

export interface AddressNetwork {
  readonly address: string;
  readonly prefixBits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** `192.0.2.7` or `192.0.2.0/24`. Throws WEIR_CONFIG_INVALID. */
export function networkOf(text: string): AddressNetwork {
  const [address = '', prefix, ...more] = text.split('/');
  const version = isIP(address);
  const bitsMax = version === 6 ? 128 : 32;
  const prefixBits = prefix === undefined ? bitsMax : Number(prefix);
  const isPrefix = Number.isInteger(prefixBits) && prefixBits >= 0 && prefixBits <= bitsMax;
  if (version === 0 || more.length > 0 || !isPrefix || prefix === '')
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      `an address or a network such as 192.0.2.0/24 is wanted; got "${text}"`,
      { value: text },
    );
  return { address, prefixBits, family: version === 6 ? 'ipv6' : 'ipv4' };
}

export class AddressSet {
  readonly #addresses = new BlockList();

  /** Throws WEIR_CONFIG_INVALID. */
  constructor(texts: readonly string[]) {
    for (const text of texts) {
      const { address, prefixBits, family } = networkOf(text);
      this.#addresses.addSubnet(address, prefixBits, family);
    }
  }

  /** False for a text that is no address. */
  has(address: string): boolean {
    const version = isIP(address);
    return version !== 0 && this.#addresses.check(address, version === 6 ? 'ipv6' : 'ipv4');
  }
}
