// What a run of `weir load` sends and where to; checked and complete.
import type { Counters } from './counters.js';
import type { Framing, Generator } from './generator.js';
import type { Schedule } from './schedule.js';

export interface Target {
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
}
export const PROTOCOLS = ['tcp', 'udp', 'http'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

const SEND_BUFFER_BYTES = 1024 * 1024;

export interface LoadPlan {
  readonly protocol: Protocol;
  readonly target: Target;
  readonly generator: Generator;
  readonly framing: Framing;
  readonly eventCount: number;
  /** Ends earlier when this time is over; null for no limit. */
  readonly durationMs: number | null;
  /** Events per second by intended send time; 0 sends as fast as possible. */
  readonly rate: number;
  readonly connectionCount: number;
  /** http with a rate: events that come due in this time go in one request. */
  readonly lingerMs: number;
  /** Gives up when nothing could be handed over for this long. */
  readonly timeoutMs: number;
  /**
   * `producer/epoch` of the Idempotency-Key; the first sequence number of a request completes it.
   */
  readonly keyPrefix: string;
}

/** Not everything could be sent or acknowledged: exit code 1. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}

export interface Sending {
  readonly plan: LoadPlan;
  /** Of all connections together. */
  readonly schedule: Schedule;
  readonly counters: Counters;
  /** Aborted by Ctrl-C, and when another connection has failed for good. */
  readonly signal: AbortSignal;
  /** Stops all connections. */
  readonly stopAll: () => void;
  /** One line for the person who watches. */
  readonly notice: (text: string) => void;
  /** Why nothing moves at the moment; null when it does again. */
  readonly trouble: (reason: string | null) => void;
}

/**
 * Waits for all connections; the first failure stops the others and is thrown when they have ended.
 */
export async function joinAll(sending: Sending, connections: Promise<void>[]): Promise<void> {
  const failures: unknown[] = [];
  const watched = connections.map((connection) =>
    connection.catch((error: unknown) => {
      failures.push(error);
      sending.stopAll();
    }),
  );
  await Promise.all(watched);
  if (failures.length > 0) throw failures[0];
}

/** Room for that many events of usual length, and for the longest in any case. */
export function bufferBytes(generator: Generator, eventCount: number): number {
  const { eventBytesMax } = generator;
  return Math.max(eventBytesMax, Math.min(eventBytesMax * eventCount, SEND_BUFFER_BYTES));
}

/** `HOST:PORT` or `[IPV6]:PORT`; null when it is neither. */
export function parseTarget(text: string): Target | null {
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const port = Number(match[3]);
  if (port < 1 || port > 65_535) return null;
  return { host: (match[1] ?? match[2]) as string, port };
}

export const formatTarget = (target: Target): string =>
  target.host.includes(':') ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`;
