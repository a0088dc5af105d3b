// What all sources have in common.
import { type ErrorCode, messageOf, systemCodeOf, WeirError } from '@weir/pipeline';

export interface SourceAddress {
  readonly protocol: 'tcp' | 'udp' | 'http';
  readonly host: string;
  readonly port: number;
}

export interface Source {
  /** Rejects with WEIR_ADDRESS_IN_USE or WEIR_ADDRESS_UNAVAILABLE; then nothing is left open. */
  start(): Promise<readonly SourceAddress[]>;
  /**
   * Stops accepting and hands everything that was taken to admission. Streams are closed after it.
   */
  stop(): Promise<void>;
}

/** One clear sentence for an address that cannot be listened on. */
export function listenError(
  error: unknown,
  protocol: string,
  host: string,
  port: number,
): WeirError {
  const systemCode = systemCodeOf(error);
  const address = `${protocol} ${host.includes(':') ? `[${host}]` : host}:${port}`;
  const code: ErrorCode =
    systemCode === 'EADDRINUSE' ? 'WEIR_ADDRESS_IN_USE' : 'WEIR_ADDRESS_UNAVAILABLE';
  const reason =
    code === 'WEIR_ADDRESS_IN_USE'
      ? 'another process listens on it'
      : systemCode === 'EACCES'
        ? 'this user may not open the port'
        : messageOf(error);
  return new WeirError(
    code,
    `cannot listen on ${address}: ${reason}`,
    { protocol, host, port, systemCode },
    error,
  );
}
