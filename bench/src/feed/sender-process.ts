// Sends bytes that were made before, over many TCP connections or from many UDP sockets, and
// nothing else: what it costs must not be taken for the cost of what is measured. Its one argument
// is a SendPlan as JSON.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicSeconds, ownCpuSeconds } from '../clock.js';
import type { SendPlan } from './sender.js';
import { openUdpOutputs, ownAddress } from './udp-outputs.js';

const WRITE_BYTES = 256 * 1024;
const TICK_MS = 5;
const CONNECTS_AT_ONCE = 200;
/** Of a connection, in paced mode; beyond it the target has stalled. */
const UNSENT_BYTES_MAX = 8 * 1024 * 1024;
const LF = 10;

const plan = JSON.parse(process.argv[2] ?? '{}') as SendPlan;
const isUdp = plan.protocol === 'udp';
if (isUdp && plan.rate === 0) throw new Error('datagrams need a rate');
const bytes = readFileSync(plan.path);
const sockets = isUdp ? [] : await openAll();
const datagrams = isUdp ? await openUdpOutputs(plan) : null;
process.stdout.write('connected\n');
await new Promise((resolve) => process.stdin.once('data', resolve));
const cpuBefore = ownCpuSeconds();
const startedAt = monotonicSeconds();
let lagSecondsMax = 0;
if (plan.rate === 0) await Promise.all(sockets.map((socket, i) => blast(socket, i)));
else await pace();
await Promise.all(sockets.map(plan.holds ? written : finish));
await datagrams?.sent();
const seconds = monotonicSeconds() - startedAt;
const figures = {
  seconds,
  cpuSeconds: ownCpuSeconds() - cpuBefore,
  lagMsMax: lagSecondsMax * 1000,
};
process.stdout.write(`${JSON.stringify(figures)}\n`, () => {
  if (!plan.holds) process.exit(0);
  process.stdin.once('end', () => process.exit(0));
});

async function openAll(): Promise<Socket[]> {
  const opened: Socket[] = [];
  while (opened.length < plan.connections) {
    const count = Math.min(CONNECTS_AT_ONCE, plan.connections - opened.length);
    const first = opened.length;
    opened.push(...(await Promise.all(Array.from({ length: count }, (_, i) => open(first + i)))));
  }
  return opened;
}

function open(index: number): Promise<Socket> {
  const { host, port } = plan;
  const local = { localAddress: ownAddress(index) };
  const socket = connect({ host, port, ...(plan.ownAddresses ? local : {}) });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', () => resolve(socket.resume()));
  });
}

/** Part `index` of the bytes, cut at ends of lines, as fast as the target takes it. */
async function blast(socket: Socket, index: number): Promise<void> {
  const end = lineEnd(Math.floor((bytes.length * (index + 1)) / plan.connections));
  for (let at = lineEnd(Math.floor((bytes.length * index) / plan.connections)); at < end; ) {
    const part = bytes.subarray(at, Math.min(end, at + WRITE_BYTES));
    at += part.length;
    if (!socket.write(part)) await new Promise<void>((resolve) => socket.once('drain', resolve));
  }
}

function lineEnd(position: number): number {
  return position === 0 || position === bytes.length
    ? position
    : bytes.indexOf(LF, position - 1) + 1;
}

/** Open loop: what is due leaves, a few lines for each source in turn. */
async function pace(): Promise<void> {
  const lines = lineStarts();
  let sent = 0;
  for (let turn = 0; sent < plan.events; ) {
    const due = Math.min(plan.events, Math.floor((monotonicSeconds() - startedAt) * plan.rate));
    lagSecondsMax = Math.max(lagSecondsMax, monotonicSeconds() - startedAt - sent / plan.rate);
    const slice = Math.max(1, Math.min(64, Math.ceil((due - sent) / plan.connections)));
    while (sent < due) {
      const first = sent % lines.count;
      const count = Math.min(slice, due - sent, lines.count - first);
      give(turn++ % plan.connections, lines.starts, first, count);
      sent += count;
    }
    await delay(TICK_MS);
  }
}

function give(source: number, starts: Float64Array, first: number, count: number): void {
  if (datagrams !== null) {
    for (let line = first; line < first + count; line++)
      datagrams.send(source, bytes, starts[line] as number, (starts[line + 1] as number) - 1);
    return;
  }
  const socket = sockets[source] as Socket;
  socket.write(bytes.subarray(starts[first], starts[first + count]));
  if (socket.writableLength > UNSENT_BYTES_MAX) throw new Error('the target takes nothing');
}

function lineStarts(): { readonly starts: Float64Array; readonly count: number } {
  const starts: number[] = [0];
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) starts.push(at + 1);
  return { starts: Float64Array.from(starts), count: starts.length - 1 };
}

function finish(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.end(resolve));
}

async function written(socket: Socket): Promise<void> {
  while (socket.writableLength > 0) await delay(1);
}
