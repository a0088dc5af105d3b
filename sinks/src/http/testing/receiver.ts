// The other side of an http sink: a real server that keeps what it takes and fails on demand.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { decompress } from 'zstd-napi';

export interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly method: string;
  readonly url: string;
  readonly text: string;
}
export type Answer = (request: Received, response: ServerResponse) => void;

export class Receiver {
  readonly requests: Received[] = [];
  /** How the next requests are answered, after their bodies were read. */
  answer: Answer = (_, response) => response.writeHead(200).end();
  readonly #server: Server;
  #port = 0;

  constructor(tls: { readonly key: string; readonly cert: string } | null = null) {
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#receive(request, response);
    };
    this.#server = tls === null ? createServer(onRequest) : createTlsServer(tls, onRequest);
  }

  get port(): number {
    return this.#port;
  }

  /** On the same port again after `stop`. */
  async start(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      // The sender went away: what came is no request.
      return;
    }
    const received: Received = {
      headers: request.headers,
      method: request.method ?? '',
      url: request.url ?? '',
      text: decoded(Buffer.concat(chunks), request.headers['content-encoding']),
    };
    this.requests.push(received);
    this.answer(received, response);
  }
}

function decoded(body: Buffer, encoding: string | undefined): string {
  if (encoding === 'gzip') return gunzipSync(body).toString();
  if (encoding === 'zstd') return Buffer.from(decompress(body)).toString();
  return body.toString();
}

/** Rows of a body as JSON texts. */
export function rowsOf({ text, headers }: Received): string[] {
  if (headers['content-type'] === 'application/json')
    return (JSON.parse(text) as unknown[]).map((row) => JSON.stringify(row));
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('a body ends with a line feed');
  return lines;
}
