// Real sockets.
import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer, isIPv6, Socket } from 'node:net';
import type {
  Listening,
  Network,
  TcpConnection,
  TcpListenOptions,
  UdpBindOptions,
} from '../ports.js';

export const nodeNetwork: Network = { listenTcp, bindUdp };

/**
 * All connections read into the same memory: a chunk is only valid during the call. Node otherwise
 * makes a buffer of 64 KiB for each read, which is a third of what a small read costs (ADR 0013).
 */
const readMemory = Buffer.allocUnsafeSlow(64 * 1024);

function listenTcp(options: TcpListenOptions): Promise<Listening> {
  const server = createServer({ noDelay: true, keepAlive: true, pauseOnConnect: true }, (socket) =>
    options.onConnection(wrapSocket(socket)),
  );
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.host, port: options.port, backlog: 1024 }, () => {
      server.off('error', reject);
      // A connection that cannot be accepted, for instance for want of a descriptor, must not end
      // the process: the next one may.
      server.on('error', (error) => options.onError?.(error));
      const address = server.address() as AddressInfo;
      resolve({
        host: address.address,
        port: address.port,
        // Not awaited to the end: open connections outlive their listener.
        close: async () => void server.close(),
      });
    });
  });
}

function wrapSocket(accepted: Socket): TcpConnection {
  const peerAddress = plainAddress(accepted.remoteAddress ?? 'unknown');
  let onChunk: (chunk: Buffer) => void = () => {};
  const socket = readingIntoOneMemory(accepted, (chunk) => onChunk(chunk));
  let failure: Error | null = null;
  // Without a listener a reset would end the process; `close` always follows.
  socket.on('error', (error) => {
    failure = error;
  });
  return {
    peerAddress,
    onData: (callback) => {
      onChunk = callback;
      // Reading begins here, and not in the next turn as `resume` does: a `pause` that follows at
      // once would be forgotten then.
      socket.read(0);
      socket.resume();
    },
    onClose: (callback) => void socket.once('close', () => callback(failure)),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    destroy: () => void socket.destroy(),
  };
}

/**
 * The same connection as a socket that reads into `readMemory`. Node has that option (`onread`) for
 * sockets that one makes, not for those that a server accepts; so the accepted one hands over its
 * handle and is put away. Where it has none to hand over, it is read as usual.
 */
function readingIntoOneMemory(accepted: Socket, onChunk: (chunk: Buffer) => void): Socket {
  const owner = accepted as unknown as { _handle: object | null };
  const handle = owner._handle;
  if (handle === null || handle === undefined) return accepted.on('data', onChunk).pause();
  const onread = {
    buffer: readMemory,
    callback(byteCount: number): boolean {
      onChunk(readMemory.subarray(0, byteCount));
      return true;
    },
  };
  owner._handle = null;
  accepted.destroy();
  // Nothing is read before `resume`.
  return new Socket({ handle, onread, manualStart: true } as ConstructorParameters<
    typeof Socket
  >[0]);
}

function bindUdp(options: UdpBindOptions): Promise<Listening> {
  const socket = createSocket({
    type: isIPv6(options.host) ? 'udp6' : 'udp4',
    recvBufferSize: options.receiveBufferBytes,
  });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: options.host, port: options.port }, () => {
      socket.off('error', reject);
      // A later error, for instance an ICMP reply to something never sent, must not end the
      // process.
      socket.on('error', (error) => options.onError?.(error));
      socket.on('message', (bytes, peer) => options.onMessage(bytes, plainAddress(peer.address)));
      const address = socket.address();
      resolve({
        host: address.address,
        port: address.port,
        close: () => new Promise((done) => socket.close(() => done())),
      });
    });
  });
}

/** `::ffff:192.0.2.1` is the same peer as `192.0.2.1`. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
