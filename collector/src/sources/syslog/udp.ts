// Syslog over UDP: one datagram is one message (RFC 5426). The socket is always read; while a
// stream is blocked its datagrams are discarded and counted, since nothing can slow the sender.
import {
  type Clock,
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
import type { KernelSocket, KernelSocketReader } from './kernel-socket.js';
import type { RelaySources } from './relay-source.js';

export interface SyslogUdpOptions {
  readonly host: string;
  readonly port: number;
  readonly streams: StreamSet;
  readonly network: Network;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly metrics: ComponentMetrics;
  readonly readKernelSocket: KernelSocketReader;
  readonly messageBytesMax?: number;
  readonly relays?: RelaySources;
}

const KERNEL_DROPS_INTERVAL_MS = 1_000;
/** On stop: time in which what already arrived at the machine is still read. */
const STOP_GRACE_MS = 500;
const STOP_LOOK_MS = 5;

export class SyslogUdp implements Source {
  readonly #options: SyslogUdpOptions;
  readonly #bytesMax: number;
  #listening: Listening | null = null;
  #dropsTimer: Timer | null = null;
  #dropsSeen = 0;
  /** The look at the kernel that runs; an older one must not end after a newer one. */
  #look: Promise<KernelSocket | null> = Promise.resolve(null);
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
        onError: () => this.#options.metrics.error('socket_error', 'receiving'),
      });
    } catch (error) {
      throw listenError(error, 'udp', host, port);
    }
    this.#readDropsLater();
    return [{ protocol: 'udp', host: this.#listening.host, port: this.#listening.port }];
  }

  /**
   * What the kernel holds is read first; only a sender that does not stop, or a machine that does
   * not come to read it in the grace, leaves something in it.
   */
  async stop(): Promise<void> {
    const listening = this.#listening;
    if (this.#isStopped || listening === null) return;
    this.#isStopped = true;
    this.#dropsTimer?.cancel();
    const { clock, timers, metrics } = this.#options;
    const startMs = clock.monotonicMs();
    let kernel = await this.#lookAtKernel();
    while (kernel?.queuedBytes !== 0 && clock.monotonicMs() - startMs < STOP_GRACE_MS) {
      // Where the system does not tell, all of the grace is needed.
      await timers.sleep(kernel === null ? STOP_GRACE_MS : STOP_LOOK_MS);
      kernel = await this.#lookAtKernel();
    }
    this.#listening = null;
    await listening.close();
    // Bytes are known, datagrams are not.
    if ((kernel?.queuedBytes ?? 0) > 0) metrics.error('udp_stop_discarded', 'receiving');
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
      return;
    }
    const { relays } = this.#options;
    const source = relays?.sourceOf(peerAddress, bytes, 0, end) ?? peerAddress;
    if (end > this.#bytesMax) stream.append(bytes, 0, this.#bytesMax, source, MARK.oversize, end);
    else stream.append(bytes, 0, end, source, 0, end);
  }

  #readDropsLater(): void {
    if (this.#isStopped) return;
    this.#dropsTimer = this.#options.timers.after(KERNEL_DROPS_INTERVAL_MS, () => {
      void this.#lookAtKernel().then(() => this.#readDropsLater());
    });
  }

  /** The kernel counts what it threw away before this process could read it. */
  #lookAtKernel(): Promise<KernelSocket | null> {
    this.#look = this.#look.then(() => this.#readKernel());
    return this.#look;
  }

  async #readKernel(): Promise<KernelSocket | null> {
    const { readKernelSocket, streams, metrics } = this.#options;
    if (this.#listening === null) return null;
    try {
      const kernel = await readKernelSocket(this.#listening.host, this.#listening.port);
      if (kernel === null) return null;
      // The kernel's counter has 32 bits.
      const fresh = (kernel.drops - this.#dropsSeen) >>> 0;
      this.#dropsSeen = kernel.drops;
      if (fresh > 0) streams.first.refuse('udp_kernel_drop', fresh);
      return kernel;
    } catch {
      metrics.error('kernel_drops_unreadable', 'receiving');
      return null;
    }
  }
}
