// Numbered RFC 5424 lines over one TCP connection at a steady rate.
import { connect } from 'node:net';
import { monotonicMs, seeded, sleep } from '@weir/harness';

export interface SyslogSend {
  /** HOST:PORT */
  readonly address: string;
  readonly eventCount: number;
  readonly eventsPerSecond: number;
  readonly seed: number;
}

/** Resolves when the kernel has taken the last byte. */
export async function sendSyslog(options: SyslogSend): Promise<void> {
  const { address, eventCount, eventsPerSecond, seed } = options;
  const colon = address.lastIndexOf(':');
  const socket = connect(Number(address.slice(colon + 1)), address.slice(0, colon));
  await new Promise<void>((resolve, reject) =>
    socket.once('connect', resolve).once('error', reject),
  );
  const random = seeded(seed);
  const startedMs = monotonicMs();
  for (let next = 0; next < eventCount; ) {
    const dueCount = Math.floor(((monotonicMs() - startedMs) / 1000) * eventsPerSecond);
    const due = Math.min(eventCount, dueCount);
    const lines: string[] = [];
    for (; next < due; next++) lines.push(lineOf(next, random));
    if (lines.length > 0 && !socket.write(lines.join(''))) {
      await new Promise<void>((resolve) => socket.once('drain', resolve));
    }
    await sleep(10);
  }
  await new Promise<void>((resolve) => socket.end(resolve));
}

/** The number of each stored event, as `sendSyslog` wrote it. */
export const NUMBER_OF_ROW = "extract(raw_data, 'proof=(\\\\d+)')";

export function lineOf(number: number, random: () => number): string {
  const host = `fw-${Math.floor(random() * 20)}`;
  const bytes = Math.floor(random() * 100_000);
  return `<134>1 2026-01-02T03:04:05.678Z ${host} proof 42 FLOW - proof=${number} bytes=${bytes} action=allow\n`;
}
