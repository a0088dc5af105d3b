// The PROXY protocol, versions 1 and 2 (haproxy.org, "The PROXY protocol", 2020/03/05): a load
// balancer says at the start of a connection who is behind it. Only taken from listed addresses, as
// anyone could write it.
import { isIPv4, isIPv6 } from 'node:net';

/** 2.1: the longest header of version 1, line end included. */
const V1_BYTES_MAX = 107;
const V2_SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const V2_HEAD_BYTES = 16;
/** 2.2: 16 bytes and addresses with their extensions; ours to limit. */
const V2_BYTES_MAX = V2_HEAD_BYTES + 2048;
const V1_START = Buffer.from('PROXY ');

export type ProxyVerdict =
  /** Complete: `rest` is what stands behind it, `source` the address, null where it names none. */
  | { readonly kind: 'done'; readonly source: string | null; readonly rest: Buffer }
  | { readonly kind: 'more' }
  | { readonly kind: 'invalid' };

const INVALID: ProxyVerdict = { kind: 'invalid' };

/** Reads the header of one connection, however it is cut into chunks. */
export class ProxyHeaderReader {
  #bytes: Buffer = Buffer.alloc(0);

  get heldBytes(): number {
    return this.#bytes.length;
  }

  feed(chunk: Buffer): ProxyVerdict {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const bytes = this.#bytes;
    if (beginsAs(bytes, V1_START)) return readV1(bytes);
    if (beginsAs(bytes, V2_SIGNATURE)) return readV2(bytes);
    return INVALID;
  }
}

/** True while what is there agrees with the start of a header. */
const beginsAs = (bytes: Buffer, start: Buffer): boolean => {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
};

function readV1(bytes: Buffer): ProxyVerdict {
  const end = bytes.subarray(0, V1_BYTES_MAX).indexOf('\r\n');
  if (end < 0) return bytes.length >= V1_BYTES_MAX ? INVALID : { kind: 'more' };
  const words = bytes.toString('latin1', 0, end).split(' ');
  const rest = bytes.subarray(end + 2);
  // Whatever follows UNKNOWN is to be ignored.
  if (words[1] === 'UNKNOWN') return { kind: 'done', source: null, rest };
  const [, family, source = '', target = '', sourcePort = '', targetPort = ''] = words;
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : () => false;
  const isWhole = words.length === 6 && isPort(sourcePort) && isPort(targetPort);
  if (!isWhole || !isAddress(source) || !isAddress(target)) return INVALID;
  return { kind: 'done', source, rest };
}

const isPort = (text: string): boolean => /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;

function readV2(bytes: Buffer): ProxyVerdict {
  if (bytes.length < V2_HEAD_BYTES) return { kind: 'more' };
  const versionAndCommand = bytes[12] as number;
  const length = V2_HEAD_BYTES + bytes.readUInt16BE(14);
  const command = versionAndCommand & 0x0f;
  if (versionAndCommand >> 4 !== 2 || command > 1 || length > V2_BYTES_MAX) return INVALID;
  if (bytes.length < length) return { kind: 'more' };
  const rest = bytes.subarray(length);
  // LOCAL: the proxy speaks for itself, as in its health checks.
  if (command === 0) return { kind: 'done', source: null, rest };
  const family = (bytes[13] as number) >> 4;
  const addressBytes = family === 1 ? 4 : family === 2 ? 16 : 0;
  if (addressBytes === 0) return { kind: 'done', source: null, rest };
  if (length < V2_HEAD_BYTES + 2 * addressBytes + 4) return INVALID;
  const address = bytes.subarray(V2_HEAD_BYTES, V2_HEAD_BYTES + addressBytes);
  return { kind: 'done', source: family === 1 ? [...address].join('.') : ipv6Text(address), rest };
}

/** RFC 5952, by the platform's own URL parser. */
function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}
