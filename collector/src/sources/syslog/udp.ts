// Syslog over UDP: one datagram is one message (RFC 5426). The socket is always read; while a
// stream is blocked its datagrams are discarded and counted, since nothing can slow the sender.
import {
  type ComponentMetrics,
  LIMITS,
  type Listening,
  MARK,
  type Network,
  type StreamSet,
  type Timer,
  type Timers,
} from '@weir/pipeline';
import { listenError, type Source, type SourceAddress } from '../source.js';
import { trimTrailer } from './framing.js';
import type { KernelDropReader } from './kernel-drops.js';

export interface SyslogUdpOptions {
  readonly host: string;
  readonly port: number;
  readonly streams: StreamSet;
  readonly network: Network;
  readonly timers: Timers;
  readonly metrics: ComponentMetrics;
  readonly readKernelDrops: KernelDropReader;
  readonly messageBytesMax?: number;
}

const KERNEL_DROPS_INTERVAL_MS = 1_000;

export class SyslogUdp implements Source {
  readonly #options: SyslogUdpOptions;
  readonly #bytesMax: number;
  #listening: Listening | null = null;
  #dropsTimer: Timer | null = null;
  #dropsSeen = 0;
  #isStopped = false;

  constructor(options: SyslogUdpOptions) {
    this.#options = options;
    this.#bytesMax = options.messageBytesMax ?? LIMITS.syslogMessageBytesMax;
  }

  async start(): Promise<readonly SourceAddress[]> {
    const { host, port, network } = this.#options;
    try {
      this.#listening = await network.bindUdp({
        host,
        port,
        receiveBufferBytes: LIMITS.udpReceiveBufferBytes,
        onMessage: (bytes, peerAddress) => this.#receive(bytes, peerAddress),
      });
    } catch (error) {
      throw listenError(error, 'udp', host, port);
    }
    this.#readDropsLater();
    return [{ protocol: 'udp', host: this.#listening.host, port: this.#listening.port }];
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#dropsTimer?.cancel();
    await this.#readDrops();
    await this.#listening?.close();
    this.#listening = null;
  }

  #receive(bytes: Buffer, peerAddress: string): void {
    const stream = this.#options.streams.streamOf(peerAddress);
    const end = trimTrailer(bytes, 0, bytes.length);
    if (end === 0) {
      stream.refuse('empty_line', 1);
      return;
    }
    const blockCause = stream.blockCause;
    if (blockCause !== null) {
      stream.refuse(blockCause, 1);
    } else if (end > this.#bytesMax) {
      stream.append(bytes, 0, this.#bytesMax, peerAddress, MARK.oversize, end);
    } else {
      stream.append(bytes, 0, end, peerAddress, 0, end);
    }
  }

  #readDropsLater(): void {
    if (this.#isStopped) return;
    this.#dropsTimer = this.#options.timers.after(KERNEL_DROPS_INTERVAL_MS, () => {
      void this.#readDrops().then(() => this.#readDropsLater());
    });
  }

  /** The kernel counts what it threw away before this process could read it. */
  async #readDrops(): Promise<void> {
    const { readKernelDrops, streams, metrics } = this.#options;
    if (this.#listening === null) return;
    try {
      const drops = await readKernelDrops(this.#listening.host, this.#listening.port);
      if (drops === null) return;
      // The kernel's counter has 32 bits.
      const fresh = (drops - this.#dropsSeen) >>> 0;
      this.#dropsSeen = drops;
      if (fresh > 0) streams.first.refuse('udp_kernel_drop', fresh);
    } catch {
      metrics.error('kernel_drops_unreadable', 'receiving');
    }
  }
}
