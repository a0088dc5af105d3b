// A bulk API for tests: a real HTTP server that keeps documents by index and `_id` and answers for
// each as Elasticsearch documents it.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface Stored {
  readonly index: string;
  readonly id: string;
  readonly text: string;
}
/** What becomes of a document: a status and, unless it is stored, an error. */
export type ItemJudge = (stored: Stored) => { status: number; type: string; reason: string } | null;
/** Instead of the ordinary handling of a request; false: handle it as ever. */
export type Fault = (
  request: IncomingMessage,
  response: ServerResponse,
  handle: () => string,
) => boolean;

export class BulkServer {
  /** In the order in which they were created. */
  readonly stored: Stored[] = [];
  /** Documents of each request. */
  readonly requests: { readonly url: string; readonly count: number }[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  /** Of an item; null stores it. */
  judge: ItemJudge = () => null;
  fault: Fault | null = null;
  authorization: string | null = null;
  readonly #keys = new Set<string>();
  readonly #server: Server;
  #port = 0;

  constructor() {
    this.#server = createServer((request, response) => void this.#receive(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<this> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
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
      return;
    }
    const bytes = Buffer.concat(chunks);
    const isGzip = request.headers['content-encoding'] === 'gzip';
    const body = (isGzip ? gunzipSync(bytes) : bytes).toString();
    this.headers.push(request.headers);
    if (this.authorization !== null && request.headers.authorization !== this.authorization) {
      const error = { type: 'security_exception', reason: 'missing authentication credentials' };
      response.writeHead(401).end(JSON.stringify({ error, status: 401 }));
      return;
    }
    const handle = (): string => this.#bulk(request.url ?? '', body);
    if (this.fault?.(request, response, handle) === true) return;
    response.writeHead(200, { 'content-type': 'application/json' }).end(handle());
  }

  #bulk(url: string, body: string): string {
    const lines = body.split('\n');
    if (lines.pop() !== '') throw new Error('a bulk body ends with a line feed');
    const items: unknown[] = [];
    let hasErrors = false;
    for (let i = 0; i < lines.length; i += 2) {
      const action = JSON.parse(lines[i] ?? '') as { create: { _index: string; _id: string } };
      const text = JSON.stringify(JSON.parse(lines[i + 1] ?? ''));
      const result = this.#create({ index: action.create._index, id: action.create._id, text });
      hasErrors ||= result.error !== undefined;
      items.push({ create: result });
    }
    this.requests.push({ url, count: items.length });
    return JSON.stringify({ errors: hasErrors, items });
  }

  #create(document: Stored): { status: number; error?: { type: string; reason: string } } {
    const judged = this.judge(document);
    if (judged !== null) {
      const { status, ...error } = judged;
      return { status, error };
    }
    const key = `${document.index} ${document.id}`;
    if (this.#keys.has(key)) {
      const reason = `[${document.id}]: version conflict, document already exists`;
      return { status: 409, error: { type: 'version_conflict_engine_exception', reason } };
    }
    this.#keys.add(key);
    this.stored.push(document);
    return { status: 201 };
  }
}
