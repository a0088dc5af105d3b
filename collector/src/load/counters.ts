// What a run has done so far.

/** Figures of a run; senders add to them. */
export interface Counters {
  /** Handed wholly to the kernel (tcp, udp) or acknowledged (http). */
  events: number;
  /** On the wire, framing included, HTTP headers not. */
  bytes: number;
  reconnects: number;
  retries: number;
  /** Events in writes that a broken TCP connection cut short: sent again, so perhaps twice. */
  maybeTwice: number;
  /** Events that the kernel had taken when a TCP connection broke and that may not have arrived. */
  maybeLost: number;
  /** Longest time that an event left after its intended time, ms; only with a rate. */
  lagMsMax: number;
}

export const newCounters = (): Counters => ({
  events: 0,
  bytes: 0,
  reconnects: 0,
  retries: 0,
  maybeTwice: 0,
  maybeLost: 0,
  lagMsMax: 0,
});
