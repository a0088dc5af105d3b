// Who sends: devices over TCP and UDP, producers over HTTP with idempotency keys. They are never
// faulted themselves, and send what the oracle mints.
import { createHash } from 'node:crypto';
import type { SimClock, SimLink, SimNetwork, SimRandom } from '@weir/pipeline/testing';
import type { Trace } from '../trace.js';
import { FILTERED_WORD, type SimCollector, SYSLOG_PORT } from './collector.js';
import type { Faults } from './faults.js';
import { FakeBody, type FakeReply } from './http.js';
import { MESSAGE_BYTES_MAX, type Oracle, type Sent, type Way } from './oracle.js';
import type { Witness } from './witness.js';

export const POISON_WORD = 'unstorable';
const LETTERS = 'abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ=,;[]{}';

export interface SendingWorld {
  readonly clock: SimClock;
  readonly network: SimNetwork;
  readonly oracle: Oracle;
  readonly witness: Witness;
  readonly faults: Faults;
  readonly random: SimRandom;
  readonly trace: Trace;
  readonly payloadBytesMax: number;
  readonly hasPoison: boolean;
  /** The process that runs; null while none does. */
  collector(): SimCollector | null;
  violation(sentence: string): void;
}

export interface Sender {
  send(eventCount: number): void;
  /** Nothing is left that it would still try to send. */
  readonly isIdle: boolean;
}

function mint(world: SendingWorld, way: Way, name: string, isKeyed: boolean): Sent {
  const { random, oracle } = world;
  const isFiltered = random.chance(0.1);
  const isPoison = !isFiltered && world.hasPoison && random.chance(0.03);
  const isBroken = way === 'http' && !isFiltered && random.chance(0.05);
  const isLong = way === 'tcp' && random.chance(0.01);
  const word = isFiltered ? FILTERED_WORD : isPoison ? POISON_WORD : '';
  let payload = '';
  const payloadBytes = isLong
    ? MESSAGE_BYTES_MAX + random.below(500)
    : random.below(world.payloadBytesMax);
  for (let i = 0; i < payloadBytes; i++) payload += LETTERS[random.below(LETTERS.length)];
  // What cannot be parsed is quarantined before a filter sees it.
  return oracle.mint(way, name, { isFiltered: isFiltered && !isLong, isKeyed }, (id) =>
    way === 'http'
      ? `{"message":"${id} ${word} ${payload}"${isBroken ? '' : '}'}`
      : `<134>1 2026-01-01T00:00:00Z host app - - - ${id} ${word} ${payload}z`,
  );
}

export class TcpSender implements Sender {
  readonly #world: SendingWorld;
  readonly #name: string;
  readonly #peer: string;
  #link: SimLink | null = null;
  #waiting: Buffer[] = [];
  #isTrying = false;

  constructor(world: SendingWorld, index: number) {
    this.#world = world;
    this.#name = `t${index}`;
    this.#peer = `192.0.2.${index + 1}`;
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0 && (this.#link?.queuedBytes ?? 0) === 0;
  }

  send(eventCount: number): void {
    const { random } = this.#world;
    for (let i = 0; i < eventCount; i++) {
      const { text } = mint(this.#world, 'tcp', this.#name, false);
      this.#waiting.push(Buffer.from(`${text}\n`, 'latin1'));
      if (random.chance(0.02)) this.#waiting.push(Buffer.from('\n'));
    }
    this.#try();
  }

  /** A device does not know what arrived: what it wrote to a connection that breaks is gone. */
  #try(): void {
    const { clock, network, oracle } = this.#world;
    if (this.#isTrying) return;
    if (this.#link === null || this.#link.isOver) {
      if (this.#link !== null) oracle.cutAt(this.#peer);
      this.#link = network.connect(SYSLOG_PORT, this.#peer);
    }
    const link = this.#link;
    while (link?.isWritable === true) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      link.write(next);
    }
    if (this.#waiting.length === 0) return;
    this.#isTrying = true;
    clock.after(500, () => {
      this.#isTrying = false;
      this.#try();
    });
  }

  /** Breaks the connection as a network does. */
  breakLink(kind: 'reset' | 'vanish' | 'end'): boolean {
    const link = this.#link;
    if (link === null || link.isOver) return false;
    if (kind === 'reset') link.reset();
    else if (kind === 'vanish') link.vanish();
    else link.end();
    if (kind !== 'end') {
      this.#world.oracle.cutAt(this.#peer);
      this.#link = null;
    }
    return true;
  }
}

export class UdpSender implements Sender {
  readonly isIdle = true;
  readonly #world: SendingWorld;
  readonly #name: string;
  readonly #peer: string;

  constructor(world: SendingWorld, index: number) {
    this.#world = world;
    this.#name = `u${index}`;
    this.#peer = `198.51.100.${index + 1}`;
  }

  send(eventCount: number): void {
    for (let i = 0; i < eventCount; i++) {
      const { text } = mint(this.#world, 'udp', this.#name, false);
      this.#world.network.sendUdp(SYSLOG_PORT, this.#peer, Buffer.from(text, 'latin1'));
    }
  }
}

interface Request {
  readonly key: string | null;
  readonly items: readonly Sent[];
  readonly body: Buffer;
}

const REPLY_TIMEOUT_MS = 30_000;
const RETRY_MS = 1_000;

/** One request after the other; a request is repeated until it is acknowledged. */
export class HttpSender implements Sender {
  readonly #world: SendingWorld;
  readonly #name: string;
  readonly #peer: string;
  readonly #isKeyed: boolean;
  readonly #wantsReceipts: boolean;
  readonly #queue: Request[] = [];
  #isRunning = false;
  #sentCount = 0;

  constructor(world: SendingWorld, index: number, isKeyed: boolean) {
    this.#world = world;
    this.#name = `h${index}`;
    this.#peer = `203.0.113.${index + 1}`;
    this.#isKeyed = isKeyed;
    this.#wantsReceipts = index !== 1;
  }

  get isIdle(): boolean {
    return !this.#isRunning;
  }

  send(eventCount: number): void {
    const items = Array.from({ length: eventCount }, () =>
      mint(this.#world, 'http', this.#name, this.#isKeyed),
    );
    const key = this.#isKeyed ? `${this.#name}/1/${this.#sentCount}` : null;
    this.#sentCount += eventCount;
    const body = Buffer.from(items.map(({ text }) => `${text}\n`).join(''), 'latin1');
    this.#queue.push({ key, items, body });
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (await this.#attempt(next)) this.#queue.shift();
      else await this.#world.clock.sleep(RETRY_MS);
    }
    this.#isRunning = false;
  }

  /** True once the request was acknowledged. */
  async #attempt(request: Request): Promise<boolean> {
    const { clock, network, faults, random, trace } = this.#world;
    await clock.sleep(network.delayMs());
    const collector = this.#world.collector();
    if (collector === null) return false;
    for (const item of request.items) item.takenCount++;
    const headers = {
      ...(request.key === null ? {} : { 'idempotency-key': request.key }),
      ...(this.#wantsReceipts ? { prefer: 'receipt=signed' } : {}),
    };
    const raw = new FakeBody(headers, this.#peer);
    const isCut = faults.strikes('http_reset_before', 0.4);
    const cutAt = isCut ? random.below(request.body.length) : request.body.length;
    const reply = collector.app.handle(raw);
    const given = new AbortController();
    const answered = Promise.race([
      reply,
      clock.sleep(REPLY_TIMEOUT_MS, given.signal).then(() => null),
    ]);
    void this.#giveBody(raw, request.body.subarray(0, cutAt), isCut);
    const found = await answered;
    given.abort();
    trace.note('http', `${this.#name} ${found?.statusCode ?? 'no reply'}`);
    if (isCut || found === null) return false;
    if (faults.strikes('http_reply_lost', 0.4)) return false;
    if (found.statusCode === 200) this.#acknowledged(request, found);
    else if (![408, 429, 503].includes(found.statusCode))
      this.#world.violation(`${this.#name}: ${found.statusCode} ${JSON.stringify(found.body)}`);
    return found.statusCode === 200;
  }

  #acknowledged({ items, body }: Request, { sentHeaders: headers, body: reply }: FakeReply): void {
    const { faults, witness } = this.#world;
    for (const item of items) item.isAcked = true;
    if (headers['idempotent-replayed'] === 'true') faults.saw('replayed_key');
    const checkpoint = headers['weir-checkpoint'];
    if (checkpoint !== undefined) witness.keep(Buffer.from(checkpoint, 'base64').toString());
    if (typeof reply.receipt !== 'string') return;
    faults.saw('request_receipt');
    const bodyHash = createHash('sha256').update(body).digest('base64');
    witness.receipts.push({ note: reply.receipt, texts: items.map(({ text }) => text), bodyHash });
  }

  async #giveBody(raw: FakeBody, body: Buffer, isCut: boolean): Promise<void> {
    const { clock, network, random } = this.#world;
    const middle = random.below(body.length + 1);
    raw.give(body.subarray(0, middle));
    await clock.sleep(network.delayMs());
    raw.give(body.subarray(middle));
    await clock.sleep(network.delayMs());
    if (isCut) raw.cut();
    else raw.end();
  }
}
