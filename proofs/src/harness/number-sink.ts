// The other side of a peer: takes lines over TCP, or bodies over HTTP, and notes every number that
// it finds in them, in order. Down until it is told to listen.
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { monotonicMs } from '@weir/harness';

const NUMBER = /proof=(\d+) /;
interface Arrival {
  readonly number: number;
  /** Of Weir; equal for lines of others, which stay in the order of their arrival. */
  readonly epoch: bigint;
  readonly seq: number;
}

function identityOf(line: string): Omit<Arrival, 'number'> {
  const epoch = /"epoch":"?(\d+)/.exec(line)?.[1] ?? '0';
  const seq = /"seq":"?(\d+)/.exec(line)?.[1] ?? '0';
  return { epoch: BigInt(epoch), seq: Number(seq) };
}

/** Longer than one line: what is left of a chunk may hold the beginning of a number. */
const REST_BYTES_MAX = 64 * 1024;

export class NumberSink {
  readonly #port: number;
  readonly #kind: 'tcp' | 'http';
  readonly #times: Uint16Array;
  #server: Server | HttpServer | null = null;
  readonly #arrivals: Arrival[] = [];
  receivedCount = 0;
  newestMs = 0;

  constructor(kind: 'tcp' | 'http', port: number, numberCount: number) {
    this.#kind = kind;
    this.#port = port;
    this.#times = new Uint16Array(numberCount);
  }

  async listen(): Promise<void> {
    const server = this.#kind === 'tcp' ? this.#tcpServer() : this.#httpServer();
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#server = server;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server !== null) await new Promise<void>((resolve) => void server.close(() => resolve()));
  }

  /**
   * Numbers that came for the first time after a higher one. Rows that carry a number of the
   * product are put into its order first: several requests may be under way at once.
   */
  get outOfOrderCount(): number {
    const ordered = [...this.#arrivals].sort((a, b) =>
      a.epoch === b.epoch ? a.seq - b.seq : a.epoch < b.epoch ? -1 : 1,
    );
    let newest = -1;
    let count = 0;
    for (const { number } of ordered) {
      if (number < newest) count++;
      newest = Math.max(newest, number);
    }
    return count;
  }

  /** How often each number came. */
  get times(): Uint16Array {
    return this.#times;
  }

  #tcpServer(): Server {
    return createServer((socket) => {
      let rest = '';
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk) => {
        const text = rest + chunk.toString('latin1');
        const end = text.lastIndexOf('\n') + 1;
        this.#note(text.slice(0, end));
        rest = text.slice(end).slice(-REST_BYTES_MAX);
      });
    });
  }

  #httpServer(): HttpServer {
    const server = createHttpServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.#note(Buffer.concat(chunks).toString('latin1'));
        response.end();
      });
    });
    server.keepAliveTimeout = 1_000;
    return server;
  }

  #note(text: string): void {
    for (const line of text.split('\n')) {
      // A row of Weir has the message in more than one field.
      const number = Number(NUMBER.exec(line)?.[1] ?? Number.NaN);
      if (Number.isNaN(number) || number >= this.#times.length) continue;
      this.receivedCount++;
      this.newestMs = monotonicMs();
      if (this.#times[number] === 0) this.#arrivals.push({ number, ...identityOf(line) });
      this.#times[number] = (this.#times[number] ?? 0) + 1;
    }
  }
}
