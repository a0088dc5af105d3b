// What is done to each product, in the same way.

import { mkdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { freePort, monotonicMs, seeded, sleep, waitFor } from '@weir/harness';
import { NumberSink } from '../../harness/number-sink.js';
import type { SmallDisk } from '../../harness/small-disk.js';
import { lineOf } from '../../harness/syslog-sender.js';
import type { Peer, PeerPlace } from './peers.js';

export interface Outcome {
  readonly sent: number;
  /** Of those that were sent a second or more before a kill; of all where nothing was killed. */
  readonly lost: number;
  /** Sent within the second before the kill: plain TCP promises nothing about them. */
  readonly lostInFlight: number;
  readonly twice: number;
  readonly outOfOrder: number;
  /** It ran all the time, and still did at the end. */
  readonly isAlive: boolean;
  readonly drainSeconds: number;
}

export type MakePeer = (place: PeerPlace) => Peer;

const EVENTS_PER_SECOND = 4_000;
const EVENT_COUNT = 40_000;
const SAFE_AFTER_MS = 1_000;
const QUIET_MS = 12_000;
const DRAIN_MS_MAX = 90_000;
const SEND_MS_MAX = 60_000;

interface Run {
  readonly peer: Peer;
  readonly sink: NumberSink;
  readonly sender: PacedSender;
}

/** The sink is down; the product is killed twice, once while events come; then all is up. */
export async function killNine(
  make: MakePeer,
  base: Omit<PeerPlace, 'inputPort' | 'sinkPort'>,
  seed: number,
): Promise<Outcome> {
  const { peer, sink, sender } = await begin(make, base, seed);
  try {
    await peer.start();
    await sender.send(EVENT_COUNT / 2, peer.address);
    await sleep(SAFE_AFTER_MS * 2);
    await peer.kill();
    await peer.start();
    const sending = sender.send(EVENT_COUNT / 2, peer.address);
    await sleep((EVENT_COUNT / 2 / EVENTS_PER_SECOND) * 600);
    await peer.kill();
    const killedMs = monotonicMs();
    await sending;
    await peer.start();
    await sink.listen();
    const drainSeconds = await drained(sink);
    return outcomeOf({ peer, sink, sender }, killedMs - SAFE_AFTER_MS, drainSeconds, peer.isAlive);
  } finally {
    await peer.kill();
    await sink.close();
  }
}

/** The sink is down and the disk fills up while events come; both come back. */
export async function diskFull(
  make: MakePeer,
  base: Omit<PeerPlace, 'inputPort' | 'sinkPort'>,
  seed: number,
  disk: SmallDisk,
): Promise<Outcome> {
  const { peer, sink, sender } = await begin(make, base, seed);
  try {
    await peer.start();
    await sender.send(EVENT_COUNT / 4, peer.address);
    disk.fill();
    const sending = sender.send((EVENT_COUNT * 3) / 4, peer.address);
    // What a write takes back when a file is truncated is taken again.
    for (let i = 0; i < 8; i++) {
      await sleep(500);
      disk.fill();
    }
    disk.free();
    await sleep(SAFE_AFTER_MS);
    await sink.listen();
    await sending;
    const drainSeconds = await drained(sink);
    return outcomeOf({ peer, sink, sender }, Number.POSITIVE_INFINITY, drainSeconds, peer.isAlive);
  } finally {
    await peer.kill();
    await sink.close();
    disk.free();
  }
}

async function begin(
  make: MakePeer,
  base: Omit<PeerPlace, 'inputPort' | 'sinkPort'>,
  seed: number,
): Promise<Run> {
  const random = seeded(seed);
  const inputPort = await freePort(random);
  const sinkPort = await freePort(random);
  mkdirSync(base.directory, { recursive: true });
  const peer = make({ ...base, inputPort, sinkPort });
  return {
    peer,
    sink: new NumberSink(peer.sinkKind, sinkPort, EVENT_COUNT),
    sender: new PacedSender(seed),
  };
}

/** Seconds until nothing came for a while, without that while. */
async function drained(sink: NumberSink): Promise<number> {
  const startedMs = monotonicMs();
  await waitFor(
    async () => monotonicMs() - Math.max(startedMs, sink.newestMs) > QUIET_MS,
    DRAIN_MS_MAX,
  );
  return Math.round(Math.max(0, sink.newestMs - startedMs) / 100) / 10;
}

function outcomeOf(
  { sink, sender }: Run,
  safeBeforeMs: number,
  drainSeconds: number,
  isAlive: boolean,
): Outcome {
  let lost = 0;
  let lostInFlight = 0;
  let twice = 0;
  for (let number = 0; number < sender.sentAtMs.length; number++) {
    const times = sink.times[number] ?? 0;
    if (times > 1) twice++;
    if (times > 0) continue;
    if ((sender.sentAtMs[number] ?? 0) < safeBeforeMs) lost++;
    else lostInFlight++;
  }
  const sent = sender.sentAtMs.length;
  return {
    sent,
    lost,
    lostInFlight,
    twice,
    outOfOrder: sink.outOfOrderCount,
    isAlive,
    drainSeconds,
  };
}

/**
 * Numbered lines at a steady rate; when the product goes away, the rest of its turn is not sent.
 */
class PacedSender {
  readonly #random: () => number;
  /** When the kernel took each line that was sent. */
  readonly sentAtMs: number[] = [];

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  async send(count: number, address: string): Promise<void> {
    const colon = address.lastIndexOf(':');
    const socket = connect(Number(address.slice(colon + 1)), address.slice(0, colon));
    let isGone = false;
    socket.on('error', () => {
      isGone = true;
    });
    socket.on('close', () => {
      isGone = true;
    });
    const startedMs = monotonicMs();
    let sent = 0;
    while (sent < count && !isGone && monotonicMs() - startedMs < SEND_MS_MAX) {
      await sleep(10);
      const due = Math.min(
        count,
        Math.floor(((monotonicMs() - startedMs) / 1000) * EVENTS_PER_SECOND),
      );
      // Only when the kernel took what was there: the time of sending must be true.
      if (socket.writableLength > 0 || due <= sent) continue;
      const lines: string[] = [];
      for (; sent < due; sent++) {
        lines.push(lineOf(this.sentAtMs.length, this.#random));
        this.sentAtMs.push(monotonicMs());
      }
      socket.write(lines.join(''));
    }
    await end(socket);
  }
}

const end = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.once('close', () => resolve());
    if (socket.destroyed) resolve();
    else socket.end();
    setTimeout(() => socket.destroy(), SAFE_AFTER_MS).unref();
  });

export const directoryOf = (base: string, peer: string, scenario: string): string =>
  join(base, `${scenario}-${peer}`);
