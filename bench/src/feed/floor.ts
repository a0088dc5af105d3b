// The floor: a bare reader on the loopback, fed by the same sender. No collector can be faster.
import { execFileSync, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sleep } from '@weir/harness';
import { prepareSender, type SendPlan, watch } from './sender.js';

const SOURCE = fileURLToPath(new URL('../../src/native/reader.c', import.meta.url));
const NODE_READER = fileURLToPath(new URL('./reader-process.js', import.meta.url));
const SYNC_BYTES = 1024 * 1024;
const CONNECTIONS_PER_MS = 20;

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

/** `path` null: the bytes are thrown away; else they are written, with an fdatasync each MiB. */
export async function measureFloor(
  reader: Reader,
  path: string | null,
  byteCount: number,
  plan: Omit<SendPlan, 'host' | 'port'>,
): Promise<FloorFigures> {
  const child = spawn(
    reader.command,
    [
      ...[...reader.firstArguments, path ?? '-', String(SYNC_BYTES), String(byteCount)],
      ...(plan.protocol === 'udp' ? ['udp'] : []),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  const output = watch(child);
  await output.until('\n');
  const port = Number(/port (\d+)/.exec(text)?.[1]);
  try {
    const sender = await prepareSender({ ...plan, host: '127.0.0.1', port });
    // The reader may still be accepting the last of many connections.
    await sleep(plan.connections / CONNECTIONS_PER_MS);
    await sender.go();
    const printed = await output.atEnd();
    await sender.end();
    return JSON.parse(printed.slice(printed.indexOf('{'))) as FloorFigures;
  } finally {
    child.kill();
    if (path !== null) rmSync(path, { force: true });
  }
}
