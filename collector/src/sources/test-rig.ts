// What the tests of the sources share: real sockets on loopback, streams into a buffer that the
// test controls, and the metrics as text.
import { connect, type Socket } from 'node:net';
import {
  type AdmissionLimits,
  createSequencer,
  Metrics,
  StreamSet,
  systemCodeOf,
  WeirError,
  type WhenFull,
} from '@weir/pipeline';
import { nodeClock, nodeNetwork, nodeTimers } from '@weir/pipeline/node';
import { FakeBuffer } from '@weir/pipeline/testing';

export function sourceRig(
  format: 'syslog' | 'json',
  limits: Partial<AdmissionLimits> = {},
  whenFull: WhenFull = 'block',
) {
  const buffer = new FakeBuffer();
  const registry = new Metrics();
  const metrics = registry.component('in', 'source', format === 'json' ? 'http' : 'syslog');
  const streams = new StreamSet({
    node: 'node',
    listener: 'in',
    shardCount: 1,
    tenant: 'default',
    retentionClass: 'default',
    format,
    sequencer: createSequencer({ epoch: 5n }),
    buffer,
    clock: nodeClock,
    timers: nodeTimers,
    metrics,
    limits,
    whenFull,
  });
  /** Value of a counter whose labels include this text; 0 when there is none. */
  const counter = async (name: string, label = ''): Promise<number> => {
    const lines = (await registry.text()).split('\n');
    const line = lines.find((other) => other.startsWith(`${name}{`) && other.includes(label));
    return Number(line?.split(' ').at(-1) ?? 0);
  };
  const ports = { network: nodeNetwork, clock: nodeClock, timers: nodeTimers };
  return { buffer, streams, metrics, counter, ...ports };
}

/** Waits for what must happen; the test's own timeout ends a wait in vain. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

export function dial(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** Resolves when the peer has closed the connection. */
export function closed(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}

/** The one failure to listen on ::1 that says that the machine has no IPv6. */
export function isNoSuchAddress(error: unknown): boolean {
  const code = error instanceof WeirError ? error.details.systemCode : systemCodeOf(error);
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT';
}
