// What the kernel knows of a UDP socket: the datagrams that it dropped because the receive buffer
// was full, and the bytes that wait in that buffer. Linux tells both per socket in /proc/net/udp
// and /proc/net/udp6 (proc(5)).
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { systemCodeOf } from '@weir/pipeline';

export interface KernelSocket {
  /** Datagrams dropped since the socket was opened, 32 bits. */
  readonly drops: number;
  /** Memory of the datagrams that wait, 0 when none does. It does not tell how many they are. */
  readonly queuedBytes: number;
}

/** Of a bound socket; null where the system does not tell. */
export type KernelSocketReader = (host: string, port: number) => Promise<KernelSocket | null>;

export const readKernelSocket: KernelSocketReader = async (host, port) => {
  try {
    const table = await readFile(isIPv6(host) ? '/proc/net/udp6' : '/proc/net/udp', 'latin1');
    return findSocket(table, host, port);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return null;
    throw error;
  }
};

/** Looks a socket up by its local address in the text of /proc/net/udp or udp6. */
export function findSocket(table: string, host: string, port: number): KernelSocket | null {
  const wanted = `${kernelAddress(host)}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (columns[1] !== wanted) continue;
    const drops = Number(columns[columns.length - 1]);
    const queuedBytes = Number.parseInt(columns[4]?.split(':')[1] ?? '', 16);
    const isKnown = Number.isSafeInteger(drops) && Number.isSafeInteger(queuedBytes);
    return isKnown ? { drops, queuedBytes } : null;
  }
  return null;
}

/** As the kernel writes it: 32-bit words in hex, each with its bytes reversed. */
function kernelAddress(host: string): string {
  const bytes = isIPv6(host) ? bytesOfIPv6(host) : host.split('.').map(Number);
  let text = '';
  for (let word = 0; word < bytes.length; word += 4)
    for (let i = 3; i >= 0; i--)
      text += (bytes[word + i] ?? 0).toString(16).toUpperCase().padStart(2, '0');
  return text;
}

function bytesOfIPv6(host: string): number[] {
  const plain = host.replace(/%.*$/, '').replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
    const high = (Number(a) << 8) | Number(b);
    const low = (Number(c) << 8) | Number(d);
    return `${high.toString(16)}:${low.toString(16)}`;
  });
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return [...left, ...zeros, ...right].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >>> 8, value & 255];
  });
}
