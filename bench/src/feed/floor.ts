// The floor: a bare reader on the loopback, fed by the same sender. No collector can be faster.
import { execFileSync, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareSender, type SendPlan, watch } from './sender.js';

const SOURCE = fileURLToPath(new URL('../../src/native/reader.c', import.meta.url));
const NODE_READER = fileURLToPath(new URL('./reader-process.js', import.meta.url));
const SYNC_BYTES = 1024 * 1024;

export interface Reader {
  readonly command: string;
  readonly firstArguments: readonly string[];
  /** For the report. */
  readonly kind: 'C' | 'Node';
}

export interface FloorFigures {
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
    [...reader.firstArguments, path ?? '-', String(SYNC_BYTES), String(byteCount)],
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
    await sender.go();
    const printed = await output.atEnd();
    return JSON.parse(printed.slice(printed.indexOf('{'))) as FloorFigures;
  } finally {
    child.kill();
    if (path !== null) rmSync(path, { force: true });
  }
}
