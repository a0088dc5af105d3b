// A syslog listener: UDP and TCP on one address, into one set of streams.
import {
  type Clock,
  type ComponentMetrics,
  type HeaderMode,
  LIMITS,
  type Network,
  type StreamSet,
  type Timers,
} from '@weir/pipeline';
import type { AddressSet } from '../../address-set.js';
import type { Source, SourceAddress } from '../source.js';
import { type KernelSocketReader, readKernelSocket } from './kernel-socket.js';
import { RelaySources } from './relay-source.js';
import { SyslogTcp, type SyslogTcpLimits } from './tcp.js';
import { SyslogUdp } from './udp.js';

export interface SyslogSourceOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly protocols: readonly ('udp' | 'tcp')[];
  readonly streams: StreamSet;
  readonly network: Network;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The same that the streams count into. */
  readonly metrics: ComponentMetrics;
  readonly header?: HeaderMode;
  readonly limits?: Partial<SyslogTcpLimits>;
  readonly readKernelSocket?: KernelSocketReader;
  /** Peers whose TCP connections begin with a header of the PROXY protocol. */
  readonly proxies?: AddressSet;
  /** Peers whose messages have the host of their header as source. */
  readonly relays?: AddressSet;
}

export function createSyslogSource(options: SyslogSourceOptions): Source {
  const { relays: relayAddresses, ...rest } = options;
  const relays = relayAddresses === undefined ? {} : { relays: new RelaySources(relayAddresses) };
  const sources: Source[] = [];
  if (options.protocols.includes('udp'))
    sources.push(
      new SyslogUdp({
        ...rest,
        ...relays,
        readKernelSocket: options.readKernelSocket ?? readKernelSocket,
        messageBytesMax: options.limits?.syslogMessageBytesMax ?? LIMITS.syslogMessageBytesMax,
      }),
    );
  if (options.protocols.includes('tcp')) sources.push(new SyslogTcp({ ...rest, ...relays }));
  return {
    async start() {
      const addresses: SourceAddress[] = [];
      const started: Source[] = [];
      try {
        for (const source of sources) {
          addresses.push(...(await source.start()));
          started.push(source);
        }
      } catch (error) {
        await Promise.all(started.map((source) => source.stop()));
        throw error;
      }
      return addresses;
    },
    async stop() {
      await Promise.all(sources.map((source) => source.stop()));
    },
  };
}
