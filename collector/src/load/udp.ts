// Syslog over UDP: one event a datagram, on connected sockets, so that the system can say that
// nobody listens (ECONNREFUSED). What a full receive buffer drops, nobody tells the sender.
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { reasonOf } from '@weir/pipeline';
import { monotonicMs, sleep } from './clock.js';
import { bufferBytes, formatTarget, joinAll, LoadError, type Sending } from './plan.js';
import { backoffMs } from './schedule.js';

const BURST = 64;

export async function sendUdp(sending: Sending): Promise<void> {
  const { plan } = sending;
  const sockets = Array.from({ length: plan.connectionCount }, () => sendOn(sending));
  await joinAll(sending, sockets);
}

async function sendOn(sending: Sending): Promise<void> {
  const { plan, schedule, signal } = sending;
  const buffer = Buffer.allocUnsafeSlow(bufferBytes(plan.generator, BURST));
  const ends = new Uint32Array(BURST);
  const socket = await open(plan.target.host, plan.target.port);
  const trouble: Trouble = { sinceMs: null };
  try {
    while (!signal.aborted && !schedule.isExhausted) {
      await schedule.waitDue(1);
      const wanted = Math.min(schedule.dueCount(), BURST);
      const { eventCount } = plan.generator.fill(buffer, 0, schedule.next, wanted, 'none', ends);
      const seqFirst = schedule.take(eventCount);
      const takenMs = monotonicMs();
      await sendBurst(sending, socket, buffer, ends, eventCount, trouble);
      if (!signal.aborted) schedule.arrived(seqFirst, eventCount, takenMs);
    }
  } finally {
    socket.close();
  }
}

/** Since when no burst passed at its first attempt; a refusal is only told of the one before. */
interface Trouble {
  sinceMs: number | null;
}

/** Sends each event of the burst; those that the system refuses are sent again. */
async function sendBurst(
  sending: Sending,
  socket: Socket,
  buffer: Buffer,
  ends: Uint32Array,
  eventCount: number,
  trouble: Trouble,
): Promise<void> {
  const { plan, counters, signal, notice, trouble: tell } = sending;
  let pending = Array.from({ length: eventCount }, (_, index) => index);
  for (let attempt = 0; pending.length > 0 && !signal.aborted; attempt++) {
    if (attempt > 0) {
      counters.retries++;
      await sleep(backoffMs(attempt), signal);
    }
    const refused: number[] = [];
    let reason = '';
    const sends = pending.map(async (index) => {
      const start = index === 0 ? 0 : (ends[index - 1] as number);
      const end = ends[index] as number;
      const error = await sendOne(socket, buffer, start, end - start);
      if (error === null) {
        counters.events++;
        counters.bytes += end - start;
      } else {
        refused.push(index);
        reason = reasonOf(error);
      }
    });
    await Promise.all(sends);
    pending = refused;
    if (refused.length === 0) {
      tell(null);
      if (attempt === 0) trouble.sinceMs = null;
      return;
    }
    if (trouble.sinceMs === null) notice(`${formatTarget(plan.target)}: ${reason}; trying again`);
    tell(`${formatTarget(plan.target)}: ${reason}`);
    trouble.sinceMs ??= monotonicMs();
    if (monotonicMs() - trouble.sinceMs > plan.timeoutMs)
      throw new LoadError(`${formatTarget(plan.target)} takes no datagrams: ${reason}`);
  }
}

function sendOne(
  socket: Socket,
  buffer: Buffer,
  offset: number,
  length: number,
): Promise<Error | null> {
  return new Promise((resolve) => {
    socket.send(buffer, offset, length, (error) => resolve(error));
  });
}

async function open(host: string, port: number): Promise<Socket> {
  const { address, family } = await lookup(host).catch((error: unknown) => {
    throw new LoadError(`cannot resolve ${host}: ${reasonOf(error)}`);
  });
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  // Errors of a send come to its callback; this keeps a late ICMP error from ending the process.
  socket.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    socket.connect(port, address, (error?: Error) => (error ? reject(error) : resolve()));
  });
  return socket;
}
