// What the ingest route needs of fastify, and no more: the route's handler is the real one, its
// server is not (fastify takes real sockets).
import { EventEmitter } from 'node:events';

type Handler = (request: unknown, reply: FakeReply) => Promise<unknown>;
type Hook = (request: unknown) => Promise<void>;

/** Stands for a FastifyInstance. */
export class FakeApp {
  #handler: Handler | null = null;
  readonly #hooks: Hook[] = [];

  register(plugin: (scope: FakeApp) => Promise<void>): void {
    void plugin(this);
  }
  removeAllContentTypeParsers(): void {}
  addContentTypeParser(): void {}
  addHook(_name: string, hook: Hook): void {
    this.#hooks.push(hook);
  }
  post(_path: string, handler: Handler): void {
    this.#handler = handler;
  }

  /** Resolves with the reply; the body comes by `request.raw`. */
  async handle(raw: FakeBody): Promise<FakeReply> {
    const reply = new FakeReply();
    const request = { raw };
    for (const hook of this.#hooks) await hook(request);
    await this.#handler?.(request, reply);
    return reply;
  }
}

export class FakeReply {
  statusCode = 200;
  readonly sentHeaders: Record<string, string> = {};
  body: Readonly<Record<string, unknown>> = {};

  code(status: number): this {
    this.statusCode = status;
    return this;
  }
  headers(headers: Readonly<Record<string, string>>): this {
    Object.assign(this.sentHeaders, headers);
    return this;
  }
  header(name: string, value: string): this {
    this.sentHeaders[name] = value;
    return this;
  }
  send(body: Readonly<Record<string, unknown>>): this {
    this.body = body;
    return this;
  }
}

/** Stands for an IncomingMessage: data, then its end, or a close before it. */
export class FakeBody extends EventEmitter {
  readonly socket: { readonly remoteAddress: string };
  destroyed = false;
  readonly #early: Buffer[] = [];
  #isFlowing = false;

  constructor(
    readonly headers: Record<string, string>,
    peerAddress: string,
  ) {
    super();
    this.socket = { remoteAddress: peerAddress };
  }

  /** What came before anybody listened comes then, as of a stream. */
  override on(name: string, listener: (...values: never[]) => void): this {
    super.on(name, listener as (...values: unknown[]) => void);
    if (name === 'data' && !this.#isFlowing) {
      this.#isFlowing = true;
      for (const chunk of this.#early.splice(0)) this.emit('data', chunk);
    }
    return this;
  }

  resume(): this {
    return this;
  }
  give(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (this.#isFlowing) this.emit('data', chunk);
    else this.#early.push(chunk);
  }
  end(): void {
    this.emit('end');
  }
  cut(): void {
    this.destroyed = true;
    this.emit('close');
  }
}
