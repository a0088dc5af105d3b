// Datagrams that the kernel dropped because the receive buffer of a socket was full. Linux tells
// them per socket in the last column of /proc/net/udp and /proc/net/udp6 (proc(5)).
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { systemCodeOf } from '@weir/pipeline';

/** Drops of a bound socket since it was opened, 32 bits; null where the system does not tell. */
export type KernelDropReader = (host: string, port: number) => Promise<number | null>;

export const readKernelDrops: KernelDropReader = async (host, port) => {
  try {
    const table = await readFile(isIPv6(host) ? '/proc/net/udp6' : '/proc/net/udp', 'latin1');
    return findDrops(table, host, port);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return null;
    throw error;
  }
};

/** Looks a socket up by its local address in the text of /proc/net/udp or udp6. */
export function findDrops(table: string, host: string, port: number): number | null {
  const wanted = `${kernelAddress(host)}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (columns[1] !== wanted) continue;
    const drops = Number(columns[columns.length - 1]);
    return Number.isSafeInteger(drops) ? drops : null;
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
