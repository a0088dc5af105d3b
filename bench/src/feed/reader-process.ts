// Does what native/reader.c does, where there is no C compiler: reader FILE SYNC_BYTES
// EXPECTED_BYTES [udp].
import { createSocket } from 'node:dgram';
import { fdatasyncSync, openSync, writeSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { monotonicSeconds, ownCpuSeconds } from '../clock.js';

const SILENCE_MS = 1_000;
const UDP_RECEIVE_BYTES = 8 * 1024 * 1024;

const [path = '-', syncBytes = '0', expectedBytes = '0', protocol = 'tcp'] = process.argv.slice(2);
const file = path === '-' ? null : openSync(path, 'w');
let cpuBefore = 0;
let startedAt = 0;
let lastAt = 0;
let total = 0;
let reads = 0;
let unsynced = 0;

function take(chunk: Buffer): void {
  if (startedAt === 0) {
    startedAt = monotonicSeconds();
    cpuBefore = ownCpuSeconds();
  }
  total += chunk.length;
  reads++;
  if (file !== null) {
    unsynced += writeSync(file, chunk);
    if (unsynced >= Number(syncBytes)) {
      fdatasyncSync(file);
      unsynced = 0;
    }
  }
  lastAt = monotonicSeconds();
  if (total >= Number(expectedBytes)) end();
}

function end(): void {
  if (file !== null) fdatasyncSync(file);
  const cpuSeconds = ownCpuSeconds() - cpuBefore;
  const figures = { bytes: total, reads, seconds: monotonicSeconds() - startedAt, cpuSeconds };
  process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0));
}

const sayPort = (port: number): void => void process.stdout.write(`port ${port}\n`);
if (protocol === 'udp') {
  const socket = createSocket({ type: 'udp4', recvBufferSize: UDP_RECEIVE_BYTES });
  socket.on('message', take);
  socket.bind(0, '127.0.0.1', () => sayPort(socket.address().port));
  // Datagrams may be dropped: after a silence no more are waited for.
  setInterval(() => {
    if (startedAt > 0 && monotonicSeconds() - lastAt > SILENCE_MS / 1000) end();
  }, SILENCE_MS);
} else {
  const server = createServer((socket) => void socket.on('error', () => {}).on('data', take));
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () =>
    sayPort((server.address() as AddressInfo).port),
  );
}
