// A network of one listening process and its senders. Everything that travels takes its time, may
// be cut into other chunks, wait, get lost or come twice; what becomes of it is drawn from a seed.
import type {
  Listening,
  Network,
  TcpConnection,
  TcpListenOptions,
  Timers,
  UdpBindOptions,
} from '../ports.js';
import type { SimRandom } from './sim-random.js';

/** What the network does right now; a test changes it as it goes. */
export interface SimNetworkConditions {
  latencyMsMax: number;
  /** Until then nothing arrives (virtual ms): what travels waits. */
  cloggedUntilMs: number;
  /** Until then the process does not read its sockets. */
  stalledUntilMs: number;
  udpLoss: number;
  udpDuplicate: number;
  /** Datagrams that the kernel holds for a process that does not read. */
  udpQueueMax: number;
}

export interface SimNetworkOptions {
  readonly timers: Timers;
  readonly nowMs: () => number;
  readonly random: SimRandom;
}

interface Binding {
  readonly options: UdpBindOptions;
  readonly queue: { readonly bytes: Buffer; readonly peer: string }[];
  dropCount: number;
  isReading: boolean;
}

const CHUNK_BYTES_MAX = 1_460;
const WINDOW_BYTES = 64 * 1024;
/** What a chunk's memory holds once its call is over: nobody may look at it any more. */
const SPENT = 0xa5;

export class SimNetwork implements Network {
  readonly conditions: SimNetworkConditions = {
    latencyMsMax: 5,
    cloggedUntilMs: 0,
    stalledUntilMs: 0,
    udpLoss: 0,
    udpDuplicate: 0,
    udpQueueMax: 64,
  };
  /** Told of what the process has taken off its sockets. */
  onReceived: ((kind: 'tcp' | 'udp', peer: string, bytes: Buffer) => void) | null = null;
  readonly counts = { lost: 0, duplicated: 0, kernelDrops: 0, resets: 0 };
  readonly #options: SimNetworkOptions;
  readonly #listeners = new Map<number, TcpListenOptions>();
  readonly #links = new Set<SimLink>();
  readonly #bindings = new Map<number, Binding>();

  constructor(options: SimNetworkOptions) {
    this.#options = options;
  }

  async listenTcp(options: TcpListenOptions): Promise<Listening> {
    const { host, port } = options;
    if (this.#listeners.has(port)) throw inUse(port);
    this.#listeners.set(port, options);
    return { host, port, close: async () => void this.#listeners.delete(port) };
  }

  async bindUdp(options: UdpBindOptions): Promise<Listening> {
    const { host, port } = options;
    if (this.#bindings.has(port)) throw inUse(port);
    const binding = { options, queue: [], dropCount: 0, isReading: false };
    this.#bindings.set(port, binding);
    return { host, port, close: async () => void this.#bindings.delete(port) };
  }

  /** As the kernel shows it; null for a port that nobody has bound. */
  kernelSocket(port: number): { readonly drops: number; readonly queuedBytes: number } | null {
    const binding = this.#bindings.get(port);
    if (binding === undefined) return null;
    const queuedBytes = binding.queue.reduce((sum, { bytes }) => sum + bytes.length, 0);
    return { drops: binding.dropCount >>> 0, queuedBytes };
  }

  /** Null where nobody listens. */
  connect(port: number, peerAddress: string): SimLink | null {
    const listener = this.#listeners.get(port);
    if (listener === undefined) return null;
    const link = new SimLink(this, this.#options, peerAddress);
    this.#links.add(link);
    link.onGone(() => this.#links.delete(link));
    listener.onConnection(link.server);
    return link;
  }

  sendUdp(port: number, peer: string, bytes: Buffer): void {
    const { random } = this.#options;
    const { udpLoss, udpDuplicate } = this.conditions;
    const isLost = random.chance(udpLoss);
    const isTwice = random.chance(udpDuplicate);
    if (isLost) this.counts.lost++;
    else this.#carryUdp(port, peer, bytes);
    if (!isTwice) return;
    this.counts.duplicated++;
    this.#carryUdp(port, peer, bytes);
  }

  /** The process is gone: its sockets go with it, and its peers are told. */
  endProcess(): void {
    this.#listeners.clear();
    this.#bindings.clear();
    for (const link of [...this.#links]) link.endByServer();
  }

  /** @internal */
  delayMs(): number {
    const { random, nowMs } = this.#options;
    const { latencyMsMax, cloggedUntilMs } = this.conditions;
    const waitMs = Math.max(0, cloggedUntilMs - nowMs());
    return waitMs + 0.1 + random.below(Math.ceil(latencyMsMax * 10)) / 10;
  }

  /** @internal */
  stallMs(): number {
    return Math.max(0, this.conditions.stalledUntilMs - this.#options.nowMs());
  }

  #carryUdp(port: number, peer: string, bytes: Buffer): void {
    this.#options.timers.after(this.delayMs(), () => {
      const binding = this.#bindings.get(port);
      if (binding === undefined) return;
      if (binding.queue.length >= this.conditions.udpQueueMax) {
        binding.dropCount++;
        this.counts.kernelDrops++;
        return;
      }
      binding.queue.push({ bytes, peer });
      this.#readUdp(port, binding);
    });
  }

  #readUdp(port: number, binding: Binding): void {
    const stallMs = this.stallMs();
    if (stallMs > 0) {
      if (binding.isReading) return;
      binding.isReading = true;
      this.#options.timers.after(stallMs, () => {
        binding.isReading = false;
        this.#readUdp(port, binding);
      });
      return;
    }
    if (this.#bindings.get(port) !== binding) return;
    for (const { bytes, peer } of binding.queue.splice(0)) {
      const copy = Buffer.from(bytes);
      this.onReceived?.('udp', peer, copy);
      binding.options.onMessage(copy, peer);
      copy.fill(SPENT);
    }
  }
}

/** One TCP connection: this object is the sender's end, `server` the process's. */
export class SimLink {
  readonly peerAddress: string;
  readonly server: TcpConnection;
  /** The sender's side has learned that the connection is over. */
  isOver = false;
  /** The sender is gone and nobody will ever say so. */
  isHalfOpen = false;
  readonly #network: SimNetwork;
  readonly #options: SimNetworkOptions;
  readonly #queue: (Buffer | 'end')[] = [];
  #queuedBytes = 0;
  #isCarrying = false;
  #isPaused = false;
  #isServerDone = false;
  #onData: (chunk: Buffer) => void = () => {};
  #onClose: (error: Error | null) => void = () => {};
  readonly #goneListeners: (() => void)[] = [];

  constructor(network: SimNetwork, options: SimNetworkOptions, peerAddress: string) {
    this.#network = network;
    this.#options = options;
    this.peerAddress = peerAddress;
    this.server = {
      peerAddress,
      onData: (callback) => {
        this.#onData = callback;
      },
      onClose: (callback) => {
        this.#onClose = callback;
      },
      pause: () => {
        this.#isPaused = true;
      },
      resume: () => {
        this.#isPaused = false;
        this.#carry();
      },
      destroy: () => this.#destroyedByServer(),
    };
  }

  /** Bytes that the process has not taken yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }
  get isWritable(): boolean {
    return !this.isOver && !this.isHalfOpen && this.#queuedBytes < WINDOW_BYTES;
  }

  onGone(callback: () => void): void {
    this.#goneListeners.push(callback);
  }

  write(bytes: Buffer): void {
    if (this.isOver || this.isHalfOpen || this.#isServerDone) return;
    const { random } = this.#options;
    for (let at = 0; at < bytes.length; ) {
      const size = random.chance(0.5) ? CHUNK_BYTES_MAX : 1 + random.below(CHUNK_BYTES_MAX);
      this.#queue.push(bytes.subarray(at, at + size));
      at += size;
    }
    this.#queuedBytes += bytes.length;
    this.#carry();
  }

  /** An orderly end, behind everything written. */
  end(): void {
    if (this.isOver || this.isHalfOpen) return;
    this.#queue.push('end');
    this.#carry();
  }

  /** What still travels is thrown away. */
  reset(): void {
    if (this.isOver) return;
    this.#network.counts.resets++;
    this.isOver = true;
    this.#dropQueue();
    this.#endServer(Object.assign(new Error('ECONNRESET'), { code: 'ECONNRESET' }));
    this.#gone();
  }

  /** The sender vanishes: neither data nor an end will come. */
  vanish(): void {
    this.isHalfOpen = true;
    this.isOver = true;
    this.#dropQueue();
  }

  /** @internal The process died. */
  endByServer(): void {
    this.#isServerDone = true;
    this.#dropQueue();
    this.isOver = true;
    this.#gone();
  }

  #destroyedByServer(): void {
    if (this.#isServerDone) return;
    this.#isServerDone = true;
    this.#dropQueue();
    this.#options.timers.after(0, () => this.#onClose(null));
    this.#options.timers.after(this.#network.delayMs(), () => {
      this.isOver = true;
      this.#gone();
    });
  }

  #endServer(error: Error | null): void {
    if (this.#isServerDone) return;
    this.#isServerDone = true;
    this.#onClose(error);
  }

  #gone(): void {
    for (const listener of this.#goneListeners.splice(0)) listener();
  }

  #dropQueue(): void {
    this.#queue.length = 0;
    this.#queuedBytes = 0;
  }

  /** One chunk at a time, so that bytes keep their order. */
  #carry(): void {
    if (this.#isCarrying || this.#queue.length === 0) return;
    this.#isCarrying = true;
    this.#options.timers.after(this.#network.delayMs() + this.#network.stallMs(), () => {
      this.#isCarrying = false;
      if (this.#isPaused || this.#isServerDone) return;
      if (this.#network.stallMs() > 0) return this.#carry();
      this.#arrive();
      this.#carry();
    });
  }

  #arrive(): void {
    // What waited arrives together, as a read of a socket gives it.
    while (this.#queue.length > 0 && !this.#isPaused && !this.#isServerDone) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      if (next === 'end') {
        this.isOver = true;
        this.#endServer(null);
        this.#gone();
        return;
      }
      this.#queuedBytes -= next.length;
      const copy = Buffer.from(next);
      this.#network.onReceived?.('tcp', this.peerAddress, copy);
      this.#onData(copy);
      copy.fill(SPENT);
      if (this.#options.random.chance(0.3)) return;
    }
  }
}

const inUse = (port: number): Error =>
  Object.assign(new Error(`EADDRINUSE: ${port}`), { code: 'EADDRINUSE' });
