// Does what native/reader.c does, where there is no C compiler: reader FILE SYNC_BYTES
// EXPECTED_BYTES.
import { fdatasyncSync, openSync, writeSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { monotonicSeconds, ownCpuSeconds } from '../clock.js';

const [path = '-', syncBytes = '0', expectedBytes = '0'] = process.argv.slice(2);
const file = path === '-' ? null : openSync(path, 'w');
const cpuBefore = ownCpuSeconds();
let startedAt = 0;
let total = 0;
let unsynced = 0;

function take(chunk: Buffer): void {
  if (startedAt === 0) startedAt = monotonicSeconds();
  total += chunk.length;
  if (file !== null) {
    unsynced += writeSync(file, chunk);
    if (unsynced >= Number(syncBytes)) {
      fdatasyncSync(file);
      unsynced = 0;
    }
  }
  if (total < Number(expectedBytes)) return;
  if (file !== null) fdatasyncSync(file);
  const seconds = monotonicSeconds() - startedAt;
  const figures = { bytes: total, seconds, cpuSeconds: ownCpuSeconds() - cpuBefore };
  process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0));
}

const server = createServer((socket) => void socket.on('error', () => {}).on('data', take));
server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => {
  process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`);
});
