// Many UDP sockets, each with an address of its own, as many devices have.
import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';
import type { SendPlan } from './sender.js';

export interface UdpOutputs {
  /** `bytes[start, end)` as one datagram of this source. */
  send(source: number, bytes: Buffer, start: number, end: number): void;
  /** Resolves when the kernel has taken all; rejects when it refused one. */
  sent(): Promise<void>;
}

/** The address of a device: 127.1.x.y. */
export const ownAddress = (index: number): string =>
  `127.1.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`;

/**
 * Opens plan.connections sockets.
 *
 * They are IPv6 sockets with mapped IPv4 addresses where the machine has IPv6: the datagrams are
 * IPv4, but the sockets do not stand in /proc/net/udp. A collector reads that table each second to
 * see what was dropped, and with 10,000 sockets of senders on the same machine, which nobody has in
 * the field, that alone takes 80 ms.
 */
export async function openUdpOutputs(plan: SendPlan): Promise<UdpOutputs> {
  const sockets: Socket[] = [];
  let isMapped = true;
  for (let i = 0; i < plan.connections; i++) {
    const address = plan.ownAddresses ? ownAddress(i) : '127.0.0.1';
    try {
      sockets.push(await open(plan, address, isMapped));
    } catch (error) {
      if (!isMapped || i > 0) throw error;
      isMapped = false;
      sockets.push(await open(plan, address, false));
    }
  }
  let waiting = 0;
  let failure: Error | null = null;
  const noteSent = (error: Error | null): void => {
    waiting--;
    if (error !== null) failure ??= error;
  };
  return {
    send(source, bytes, start, end) {
      waiting++;
      (sockets[source] as Socket).send(bytes, start, end - start, noteSent);
    },
    async sent() {
      while (waiting > 0) await delay(1);
      if (failure !== null) throw failure;
    },
  };
}

async function open(plan: SendPlan, address: string, isMapped: boolean): Promise<Socket> {
  const socket = createSocket(isMapped ? 'udp6' : 'udp4');
  const mapped = (host: string): string => (isMapped ? `::ffff:${host}` : host);
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: mapped(address), port: 0, exclusive: true }, () => {
      socket.connect(plan.port, mapped(plan.host), (error?: Error) =>
        error ? reject(error) : resolve(),
      );
    });
  });
  return socket;
}
