// What a syslog header says, by RFC 5424 or RFC 3164. Positions, not strings: one object is reused
// for all events.
import { TimeReading } from '../text/time.js';

/** RFC 3164 4.3.3: a message without a usable PRI counts as user.notice. */
export const DEFAULT_PRI = 13;

export class SyslogHeader {
  format: 'rfc5424' | 'rfc3164' = 'rfc3164';
  pri = DEFAULT_PRI;
  priState: 'valid' | 'missing' | 'invalid' = 'valid';
  readonly time = new TimeReading();
  /** Where the timestamp stands or should stand. */
  timeStart = 0;
  hostStart = 0;
  hostEnd = 0;
  /** A severity word in front of the tag. */
  levelStart = 0;
  levelEnd = 0;
  appStart = 0;
  appEnd = 0;
  pidStart = 0;
  pidEnd = 0;
  msgIdStart = 0;
  msgIdEnd = 0;
  /** Whole elements of structured data, brackets included. */
  sdStart = 0;
  sdEnd = 0;
  /** Position of a fault, or -1. */
  sdFault = -1;
  headerFault = -1;
  bodyStart = 0;

  reset(): void {
    this.format = 'rfc3164';
    this.pri = DEFAULT_PRI;
    this.priState = 'valid';
    this.time.reset();
    this.time.verdict = 'none';
    this.timeStart = 0;
    this.hostStart = 0;
    this.hostEnd = 0;
    this.levelStart = 0;
    this.levelEnd = 0;
    this.appStart = 0;
    this.appEnd = 0;
    this.pidStart = 0;
    this.pidEnd = 0;
    this.msgIdStart = 0;
    this.msgIdEnd = 0;
    this.sdStart = 0;
    this.sdEnd = 0;
    this.sdFault = -1;
    this.headerFault = -1;
    this.bodyStart = 0;
  }
}
