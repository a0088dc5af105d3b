// What a syslog sink is told.
import type { Timers } from '@weir/pipeline';

export interface SyslogSinkOptions {
  readonly host: string;
  readonly port: number;
  /** Null for plain TCP. */
  readonly tls: SyslogTls | null;
  /** Longest wait for a connection, and for the kernel to take a payload. Default 30,000. */
  readonly timeoutMs?: number;
}

/** PEM files; null for none. */
export interface SyslogTls {
  /** Certificates that the server is checked against, instead of those of Node.js. */
  readonly caFile: string | null;
  /** Of this client, where the server asks for one. Both or none. */
  readonly certificateFile: string | null;
  readonly keyFile: string | null;
}

export interface SyslogSinkDependencies {
  readonly timers: Timers;
}

export const SYSLOG_SINK_DEFAULTS = { timeoutMs: 30_000 } as const;
