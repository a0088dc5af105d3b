// The floor: a bare reader on the loopback, fed by the same sender. No collector can be faster.
import { execFileSync, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sleep } from '@weir/harness';
import { prepareSender, type Sender, type SendPlan, watch } from './sender.js';

const SOURCE = fileURLToPath(new URL('../../src/native/reader.c', import.meta.url));
const NODE_READER = fileURLToPath(new URL('./reader-process.js', import.meta.url));
const SYNC_BYTES = 1024 * 1024;
const CONNECTIONS_PER_MS = 20;
/** A reader to which too little was sent must not hang the bench. */
const SECONDS_MAX = 60;

export interface Reader {
  readonly command: string;
  readonly firstArguments: readonly string[];
  /** For the report. */
  readonly kind: 'C' | 'Node';
}

/** From the first byte to the last. */
export interface FloorFigures {
  readonly bytes: number;
  readonly reads: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** The C reader where there is a compiler, else one in Node, which is slower. */
export function buildReader(directory: string): Reader {
  const command = join(directory, 'reader');
  try {
    execFileSync('cc', ['-O2', '-o', command, SOURCE], { stdio: 'ignore' });
    return { command, firstArguments: [], kind: 'C' };
  } catch {
    return { command: process.execPath, firstArguments: [NODE_READER], kind: 'Node' };
  }
}

/**
 * `path` null: the bytes are thrown away; else they are written, with an fdatasync each MiB. Fails
 * when the reader has not read `byteCount` bytes in `secondsMax` after the sender was started,
 * beyond the time that a paced plan takes.
 */
export async function measureFloor(
  reader: Reader,
  path: string | null,
  byteCount: number,
  plan: Omit<SendPlan, 'host' | 'port'>,
  secondsMax = SECONDS_MAX,
): Promise<FloorFigures> {
  const readerArguments = [...reader.firstArguments, path ?? '-', String(SYNC_BYTES)];
  readerArguments.push(String(byteCount));
  if (plan.protocol === 'udp') readerArguments.push('udp');
  const child = spawn(reader.command, readerArguments, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = watch(child);
  let sender: Sender | null = null;
  try {
    const port = Number(/port (\d+)/.exec(await output.until('\n'))?.[1]);
    sender = await prepareSender({ ...plan, host: '127.0.0.1', port });
    // The reader may still be accepting the last of many connections.
    await sleep(plan.connections / CONNECTIONS_PER_MS);
    const pacedSeconds = plan.rate > 0 ? plan.events / plan.rate : 0;
    const printed = await within(
      secondsMax + pacedSeconds,
      `the bare reader has not read ${byteCount} bytes`,
      sender.go().then(() => output.atEnd()),
    );
    await sender.end();
    return JSON.parse(printed.slice(printed.indexOf('{'))) as FloorFigures;
  } catch (error) {
    sender?.kill();
    throw error;
  } finally {
    child.kill();
    if (path !== null) rmSync(path, { force: true });
  }
}

/** Rejects with the complaint when the result is not there in that time. */
async function within<T>(seconds: number, complaint: string, result: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`${complaint} after ${seconds} s`);
    timer = setTimeout(() => reject(error), seconds * 1000);
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}
