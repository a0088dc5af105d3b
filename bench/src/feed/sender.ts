// Starts the process that sends.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface SendPlan {
  /** Lines, made beforehand. */
  readonly path: string;
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  /** Each connection from an address of its own, 127.1.x.y. */
  readonly ownAddresses: boolean;
  /** Events per second; 0 sends the whole file once, as fast as it is taken. */
  readonly rate: number;
  /** With a rate: the lines of the file again and again, so many in all. */
  readonly events: number;
  /** Absent: tcp. Over udp, which needs a rate, each line is a datagram, without its newline. */
  readonly protocol?: 'tcp' | 'udp';
  /** Connections stay after the last byte, until `end`: what it costs to close them is apart. */
  readonly holds?: boolean;
}

export interface SentFigures {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly lagMsMax: number;
}

const PROCESS = fileURLToPath(new URL('./sender-process.js', import.meta.url));

/** A target that takes nothing for ever must not hang the bench. */
const SEND_MS_MAX = 600_000;

export interface Sender {
  /** Everything is read and connected; nothing was sent. */
  readonly go: () => Promise<SentFigures>;
  /** Closes what a plan with `holds` has left open, and waits for the end of the process. */
  readonly end: () => Promise<void>;
  /** Ends it at once, whatever it still had to send. */
  readonly kill: () => void;
}

/** Resolves when the sender is ready to send. */
export async function prepareSender(plan: SendPlan): Promise<Sender> {
  const child = spawn(process.execPath, [PROCESS, JSON.stringify(plan)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output = watch(child);
  await output.until('connected\n');
  return {
    async go() {
      child.stdin.write('go\n');
      const timer = setTimeout(() => child.kill(), SEND_MS_MAX);
      try {
        const text = await (plan.holds ? output.until('}\n') : output.atEnd());
        return JSON.parse(text.slice(text.indexOf('{'))) as SentFigures;
      } finally {
        clearTimeout(timer);
      }
    },
    async end() {
      child.stdin.end();
      await output.atEnd();
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

interface Output {
  /** All that was printed, once this is in it. */
  until(text: string): Promise<string>;
  atEnd(): Promise<string>;
}

/**
 * What a helper process prints; rejects with its complaint when it ends with another code than 0.
 */
export function watch(child: ChildProcess): Output {
  let printed = '';
  let complaint = '';
  child.stdout?.on('data', (text: Buffer) => {
    printed += text;
  });
  child.stderr?.on('data', (text: Buffer) => {
    complaint += text;
  });
  const ended = once(child, 'close').then(([code]) => {
    if (code !== 0) throw new Error(`a helper process of the bench failed: ${complaint}`);
    return printed;
  });
  ended.catch(() => undefined);
  return {
    async until(text) {
      while (!printed.includes(text)) {
        await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), ended]);
      }
      return printed;
    },
    atEnd: () => ended,
  };
}
