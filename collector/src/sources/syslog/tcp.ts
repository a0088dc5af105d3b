// Syslog over TCP. A blocked stream stops the reading of its connections, so that the kernel's
// window closes and the sender waits; nothing that was read is dropped. Under `drop_newest` a full
// spool does not stop the reading: the messages of a chunk are refused and counted instead.
import {
  type Admission,
  type Clock,
  type ComponentMetrics,
  HeaderLines,
  type HeaderMode,
  LIMITS,
  type Listening,
  type Network,
  type StreamSet,
  type TcpConnection,
  type Timer,
  type Timers,
} from '@weir/pipeline';
import type { AddressSet } from '../../address-set.js';
import { listenError, type Source, type SourceAddress } from '../source.js';
import { type FrameSink, SyslogFramer } from './framing.js';
import { ProxyHeaderReader } from './proxy-protocol.js';
import type { RelaySources } from './relay-source.js';

export interface SyslogTcpLimits {
  readonly syslogMessageBytesMax: number;
  readonly tcpConnectionsMax: number;
  readonly tcpPartialMessageIdleMs: number;
  /** Memory for messages that have begun and not ended, all connections together. */
  readonly tcpPartialBytesMax: number;
  /** Memory for header lines, all connections together. */
  readonly sourceContextsLengthMax: number;
}

export interface SyslogTcpOptions {
  readonly host: string;
  readonly port: number;
  readonly streams: StreamSet;
  readonly network: Network;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly metrics: ComponentMetrics;
  /** Which lines are header lines; `marked` where absent. */
  readonly header?: HeaderMode;
  readonly limits?: Partial<SyslogTcpLimits>;
  /** Peers whose connections begin with a header of the PROXY protocol. */
  readonly proxies?: AddressSet;
  readonly relays?: RelaySources;
}

/** On stop: time in which what already arrived at the machine is still read. */
const STOP_GRACE_MS = 100;

/** The connections of one stream; they are paused and resumed together. */
interface StreamGroup {
  readonly stream: Admission;
  readonly connections: Set<SyslogConnection>;
  isPaused: boolean;
}

export class SyslogTcp implements Source {
  readonly #options: SyslogTcpOptions;
  readonly #limits: SyslogTcpLimits;
  readonly #groups = new Map<Admission, StreamGroup>();
  readonly #unsubscribe: (() => void)[] = [];
  #listening: Listening | null = null;
  #sweepTimer: Timer | null = null;
  #connectionCount = 0;
  #partialBytes = 0;
  #contextLength = 0;

  constructor(options: SyslogTcpOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    for (const stream of options.streams.streams)
      this.#groups.set(stream, { stream, connections: new Set(), isPaused: false });
  }

  get connectionCount(): number {
    return this.#connectionCount;
  }

  async start(): Promise<readonly SourceAddress[]> {
    const { host, port, network } = this.#options;
    const onConnection = (connection: TcpConnection): void => this.#accept(connection);
    const onError = (): void => this.#options.metrics.error('accept_failed', 'receiving');
    try {
      this.#listening = await network.listenTcp({ host, port, onConnection, onError });
    } catch (error) {
      throw listenError(error, 'tcp', host, port);
    }
    for (const group of this.#groups.values())
      this.#unsubscribe.push(group.stream.onUnblocked(() => this.#resume(group)));
    this.#sweepLater();
    return [{ protocol: 'tcp', host: this.#listening.host, port: this.#listening.port }];
  }

  async stop(): Promise<void> {
    await this.#listening?.close();
    this.#listening = null;
    if (this.#connectionCount > 0) await this.#options.timers.sleep(STOP_GRACE_MS);
    this.#sweepTimer?.cancel();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const group of this.#groups.values())
      for (const connection of [...group.connections]) connection.cut();
  }

  #accept(peer: TcpConnection): void {
    const { streams, clock, metrics, proxies, relays } = this.#options;
    const stream = streams.streamOf(peer.peerAddress);
    if (this.#connectionCount >= this.#limits.tcpConnectionsMax) {
      stream.refuse('connection_limit', 1);
      peer.destroy();
      return;
    }
    const group = this.#groups.get(stream) as StreamGroup;
    const connection = new SyslogConnection(
      peer,
      stream,
      this.#limits.syslogMessageBytesMax,
      proxies?.has(peer.peerAddress) === true,
      relays ?? null,
      this.#options.header,
    );
    this.#connectionCount++;
    group.connections.add(connection);
    peer.onData((chunk) => {
      connection.lastByteMs = clock.monotonicMs();
      if (!connection.feed(chunk)) metrics.error('framing_invalid', 'receiving');
      this.#countPartial(connection);
      if (group.connections.has(connection)) this.#countContext(connection);
      if (group.isPaused) peer.pause();
      else if (stream.mustPause) this.#pause(group);
    });
    peer.onClose((error) => {
      connection.ended(error !== null);
      this.#countPartial(connection);
      if (!group.connections.delete(connection)) return;
      this.#connectionCount--;
      this.#contextLength -= connection.contextLength;
    });
    if (group.isPaused || stream.mustPause) this.#pause(group);
  }

  /** Ten thousand half messages must not fill the memory: the one that goes too far is cut. */
  #countPartial(connection: SyslogConnection): void {
    this.#partialBytes += connection.partialBytesChange();
    if (this.#partialBytes <= this.#limits.tcpPartialBytesMax || !connection.hasPartial) return;
    this.#options.metrics.error('partial_message_memory', 'receiving');
    connection.cut();
    this.#partialBytes += connection.partialBytesChange();
  }

  /** Header lines live as long as their connection: the one that goes too far is cut. */
  #countContext(connection: SyslogConnection): void {
    this.#contextLength += connection.contextLengthChange();
    if (this.#contextLength <= this.#limits.sourceContextsLengthMax) return;
    if (connection.contextLength === 0) return;
    this.#options.metrics.error('header_line_memory', 'receiving');
    connection.cut();
  }

  #pause(group: StreamGroup): void {
    group.isPaused = true;
    for (const connection of group.connections) connection.peer.pause();
  }

  #resume(group: StreamGroup): void {
    if (!group.isPaused) return;
    group.isPaused = false;
    const nowMs = this.#options.clock.monotonicMs();
    for (const connection of group.connections) {
      // The silence was ours.
      connection.lastByteMs = nowMs;
      connection.peer.resume();
    }
  }

  /** One timer for all connections, not one for each. */
  #sweepLater(): void {
    const idleMs = this.#limits.tcpPartialMessageIdleMs;
    this.#sweepTimer = this.#options.timers.after(idleMs / 4, () => {
      const oldestMs = this.#options.clock.monotonicMs() - idleMs;
      for (const group of this.#groups.values()) {
        if (group.isPaused) continue;
        for (const connection of [...group.connections])
          if (connection.isStalledSince(oldestMs)) {
            this.#options.metrics.error('partial_message_timeout', 'receiving');
            connection.cut();
          }
      }
      this.#sweepLater();
    });
  }
}

class SyslogConnection implements FrameSink {
  readonly peer: TcpConnection;
  lastByteMs = 0;
  readonly #stream: Admission;
  #source: string;
  readonly #relays: RelaySources | null;
  /** Until the header of the PROXY protocol was read. */
  #proxyHeader: ProxyHeaderReader | null;
  readonly #framer: SyslogFramer;
  readonly #headers: HeaderLines;
  #partialBytesSeen = 0;
  /** Of the context, as it was counted last. */
  contextLength = 0;
  /** For the messages that end in the chunk that is read now. */
  #mustDrop = false;

  constructor(
    peer: TcpConnection,
    stream: Admission,
    messageBytesMax: number,
    hasProxyHeader: boolean,
    relays: RelaySources | null,
    header: HeaderMode = 'marked',
  ) {
    this.peer = peer;
    this.#stream = stream;
    this.#source = peer.peerAddress;
    this.#relays = relays;
    this.#proxyHeader = hasProxyHeader ? new ProxyHeaderReader() : null;
    this.#framer = new SyslogFramer(this, messageBytesMax);
    this.#headers = new HeaderLines(header);
  }

  /** False once, when the framing has just become unreadable; the connection is closed then. */
  feed(chunk: Buffer): boolean {
    if (this.#proxyHeader !== null) return this.#feedProxyHeader(this.#proxyHeader, chunk);
    this.#mustDrop = this.#stream.mustDrop;
    this.#stream.beginChunk(chunk);
    const isReadable = this.#framer.feed(chunk);
    this.#stream.endChunk();
    if (!isReadable) this.peer.destroy();
    return isReadable;
  }

  #feedProxyHeader(header: ProxyHeaderReader, chunk: Buffer): boolean {
    const verdict = header.feed(chunk);
    if (verdict.kind === 'more') return true;
    if (verdict.kind === 'invalid') {
      this.peer.destroy();
      return false;
    }
    this.#proxyHeader = null;
    this.#source = verdict.source ?? this.#source;
    return verdict.rest.length === 0 || this.feed(verdict.rest);
  }

  ended(isCut: boolean): void {
    this.#framer.end(isCut);
  }

  /** Ends the connection from this side; half a message is admitted as such. */
  cut(): void {
    this.peer.pause();
    this.#framer.end(true);
    this.peer.destroy();
  }

  get hasPartial(): boolean {
    return this.#framer.hasPartial;
  }

  /** Since the last call. */
  partialBytesChange(): number {
    const change = this.#framer.partialBytes - this.#partialBytesSeen;
    this.#partialBytesSeen += change;
    return change;
  }

  /** Since the last call. */
  contextLengthChange(): number {
    const { length } = this.#headers.context;
    const change = length - this.contextLength;
    this.contextLength = length;
    return change;
  }

  isStalledSince(monotonicMs: number): boolean {
    const isWaiting = this.#framer.hasPartial || this.#proxyHeader !== null;
    return isWaiting && this.lastByteMs < monotonicMs;
  }

  message(bytes: Buffer, start: number, end: number, mark: number, originalBytes: number): void {
    const headers = this.#headers;
    // Also where events are dropped: what comes behind the drop needs them.
    if (mark === 0 && headers.take(bytes, start, end)) this.#stream.refuse('header_line', 1);
    else if (this.#mustDrop) this.#stream.refuse('spool_full', 1);
    else {
      const { context } = headers;
      const source = this.#relays?.sourceOf(this.#source, bytes, start, end) ?? this.#source;
      this.#stream.append(bytes, start, end, source, mark, originalBytes, null, context);
    }
  }

  emptyLine(): void {
    this.#stream.refuse('empty_line', 1);
  }
}
