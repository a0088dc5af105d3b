// An event collector for tests: a real HTTP server that looks at events one after the other, as
// splunkd does, keeps what it takes, and answers with the documented codes.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface HecEvent {
  readonly time: number;
  readonly host: string;
  readonly source: string;
  readonly sourcetype: string;
  readonly index?: string;
  readonly event: unknown;
  readonly fields: Readonly<Record<string, string>>;
}

/** Instead of the ordinary handling of a request; false: handle it as ever. */
export type Fault = (request: IncomingMessage, response: ServerResponse, body: string) => boolean;

const REPLIES: Readonly<Record<number, readonly [status: number, text: string]>> = {
  0: [200, 'Success'],
  1: [403, 'Token disabled'],
  2: [401, 'Token is required'],
  3: [401, 'Invalid authorization'],
  4: [403, 'Invalid token'],
  5: [400, 'No data'],
  6: [400, 'Invalid data format'],
  7: [400, 'Incorrect index'],
  8: [500, 'Internal server error'],
  9: [503, 'Server is busy'],
  10: [400, 'Data channel is missing'],
  11: [400, 'Invalid data channel'],
  12: [400, 'Event field is required'],
  13: [400, 'Event field cannot be blank'],
  14: [400, 'ACK is disabled'],
  15: [400, 'Error in handling indexed fields'],
  16: [400, 'Query string authorization is not enabled'],
  23: [503, 'Server is shutting down'],
};

export class HecServer {
  readonly token = '0bb94f8a-1d2c-4f5e-9f57-5b1a0d3e7c11';
  /** Events as texts, in the order in which they were taken. */
  readonly taken: string[] = [];
  /** Headers of every request for events. */
  readonly headers: IncomingMessage['headers'][] = [];
  readonly channels = new Set<string>();
  readonly asked: number[][] = [];
  /** Of the token. */
  hasAcks = false;
  indexes: readonly string[] | null = null;
  /** While false, nothing that was taken is indexed. */
  isIndexing = true;
  isBad: (text: string) => number = () => 0;
  fault: Fault | null = null;
  #acks = new Map<string, { next: number; indexed: Set<number> }>();
  readonly #server: Server;
  #port = 0;

  constructor() {
    this.#server = createServer((request, response) => void this.#receive(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }
  get events(): HecEvent[] {
    return this.taken.map((text) => JSON.parse(text) as HecEvent);
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

  /** Ids of every channel begin again, and what was waiting is forgotten. */
  forgetAcks(): void {
    this.#acks = new Map();
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return false;
    }
    const bytes = Buffer.concat(chunks);
    const isGzip = request.headers['content-encoding'] === 'gzip';
    const body = (isGzip ? gunzipSync(bytes) : bytes).toString();
    if (this.fault?.(request, response, body) === true) return true;
    const url = new URL(request.url ?? '', this.url);
    const denied = this.#deniedFor(request.headers.authorization);
    if (denied !== 0) return reply(response, denied);
    if (url.pathname === '/services/collector/ack') return this.#answerAcks(url, response, body);
    if (url.pathname !== '/services/collector/event') return response.writeHead(404).end();
    this.headers.push(request.headers);
    const channel = request.headers['x-splunk-request-channel'];
    if (this.hasAcks && typeof channel !== 'string') return reply(response, 10);
    return this.#takeEvents(response, body, typeof channel === 'string' ? channel : null);
  }

  #deniedFor(authorization: string | undefined): number {
    if (authorization === undefined) return 2;
    if (!authorization.startsWith('Splunk ')) return 3;
    return authorization === `Splunk ${this.token}` ? 0 : 4;
  }

  #takeEvents(response: ServerResponse, body: string, channel: string | null): true {
    const texts = body.split('\n').filter((text) => text.trim() !== '');
    if (texts.length === 0) return reply(response, 5);
    for (const [i, text] of texts.entries()) {
      const code = this.#codeOf(text);
      if (code !== 0) return reply(response, code, { 'invalid-event-number': i });
      this.taken.push(text);
    }
    if (!this.hasAcks || channel === null) return reply(response, 0);
    this.channels.add(channel);
    const acks = this.#acks.get(channel) ?? { next: 0, indexed: new Set<number>() };
    this.#acks.set(channel, acks);
    const ackId = acks.next++;
    acks.indexed.add(ackId);
    return reply(response, 0, { ackId });
  }

  #codeOf(text: string): number {
    const bad = this.isBad(text);
    if (bad !== 0) return bad;
    let event: Partial<HecEvent>;
    try {
      event = JSON.parse(text);
    } catch {
      return 6;
    }
    if (event.event === undefined) return 12;
    if (typeof event.event === 'string' && event.event.trim() === '') return 13;
    if (event.time !== undefined && typeof event.time !== 'number') return 15;
    if (Object.values(event.fields ?? {}).some((value) => typeof value !== 'string')) return 15;
    const isAllowed =
      event.index === undefined || this.indexes === null || this.indexes.includes(event.index);
    return isAllowed ? 0 : 7;
  }

  /** True is said once for each id. */
  #answerAcks(url: URL, response: ServerResponse, body: string): true {
    if (!this.hasAcks) return reply(response, 14);
    const channel = url.searchParams.get('channel');
    if (channel === null) return reply(response, 10);
    const { acks } = JSON.parse(body) as { acks: number[] };
    this.asked.push(acks);
    const known = this.#acks.get(channel);
    const answers = acks.map((id) => [
      String(id),
      this.isIndexing && known?.indexed.delete(id) === true,
    ]);
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ acks: Object.fromEntries(answers) }));
    return true;
  }
}

/** True: the request is answered. */
export function reply(
  response: ServerResponse,
  code: number,
  more: Readonly<Record<string, number>> = {},
  headers: Readonly<Record<string, string>> = {},
): true {
  const [status, text] = REPLIES[code] ?? [500, 'Unknown'];
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify({ text, code, ...more }));
  return true;
}
