// Behind a trusted relay the source of a message is the host that its header names, not the relay.
import { HeaderHost } from '@weir/parsers';
import type { AddressSet } from '../../address-set.js';

/** Names remembered as strings, so that a message makes none; beyond it they are made anew. */
const KNOWN_MAX = 4_096;
/** RFC 5424 6: HOSTNAME has 255 characters at most. */
const NAME_BYTES_MAX = 255;

interface Known {
  readonly bytes: Buffer;
  readonly name: string;
}

export class RelaySources {
  readonly #relays: AddressSet;
  readonly #host = new HeaderHost();
  readonly #isRelay = new Map<string, boolean>();
  readonly #known = new Map<number, Known>();

  constructor(relays: AddressSet) {
    this.#relays = relays;
  }

  /** `peer` for whoever is no relay, and for a message that names no host. */
  sourceOf(peer: string, bytes: Buffer, start: number, end: number): string {
    if (!this.#trusts(peer)) return peer;
    const host = this.#host;
    host.read(bytes, start, end);
    const length = host.end - host.start;
    if (length === 0 || length > NAME_BYTES_MAX) return peer;
    return this.#nameOf(bytes, host.start, host.end);
  }

  #trusts(peer: string): boolean {
    let isRelay = this.#isRelay.get(peer);
    if (isRelay === undefined) {
      if (this.#isRelay.size >= KNOWN_MAX) this.#isRelay.clear();
      isRelay = this.#relays.has(peer);
      this.#isRelay.set(peer, isRelay);
    }
    return isRelay;
  }

  #nameOf(bytes: Buffer, start: number, end: number): string {
    let hash = end - start;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
    const known = this.#known.get(hash);
    if (known !== undefined && bytes.compare(known.bytes, 0, undefined, start, end) === 0)
      return known.name;
    // Whatever is no printable ASCII is no host name, and would stand in metrics and tables.
    const name = bytes.toString('latin1', start, end).replace(/[^!-~]/g, '?');
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(hash, { bytes: Buffer.from(bytes.subarray(start, end)), name });
    return name;
  }
}
