// The head of a syslog message: RFC 5424, 6 and, for receivers that know no other, RFC 3164, 4.1.
// Values come from events, so from devices: nothing in them may look like another field.

export type SyslogFormat = 'rfc5424' | 'rfc3164';

export interface MessageHead {
  /** 0 to 191. */
  readonly priority: number;
  /** ISO 8601 in UTC with microseconds. */
  readonly time: string;
  readonly host: string;
  readonly app: string;
  /** SD-ELEMENTs; empty for none. RFC 3164 has none. */
  readonly structuredData: string;
}

const HOST_CHARS_MAX = 255;
const APP_CHARS_MAX = 48;
const TAG_CHARS_MAX = 32;
const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/** With the space that stands before the message. */
export function headText(format: SyslogFormat, head: MessageHead): string {
  const { priority, time, structuredData } = head;
  const host = word(head.host, HOST_CHARS_MAX);
  if (format === 'rfc5424') {
    const app = word(head.app, APP_CHARS_MAX);
    return `<${priority}>1 ${time} ${host} ${app} - - ${structuredData || '-'} `;
  }
  const tag = head.app.replaceAll(/[^A-Za-z0-9_.-]/g, '_').slice(0, TAG_CHARS_MAX);
  return `<${priority}>${bsdTime(time)} ${host} ${tag}: `;
}

/** PRINTUSASCII; `-` where nothing is left. */
const word = (text: string, charsMax: number): string =>
  text.replaceAll(/[^\x21-\x7e]/g, '_').slice(0, charsMax) || '-';

/** `Mmm dd hh:mm:ss`, the day padded with a space. */
function bsdTime(time: string): string {
  const month = Number(time.slice(5, 7)) - 1;
  const day = String(Number(time.slice(8, 10))).padStart(2, ' ');
  return `${MONTHS.slice(3 * month, 3 * month + 3)} ${day} ${time.slice(11, 19)}`;
}

/** Escapes a PARAM-VALUE (RFC 5424, 6.3.3). */
export const paramValue = (text: string): string => text.replaceAll(/["\\\]]/g, '\\$&');

/** Severity (RFC 5424, table 2) of an OCSF severity_id; informational where there is none. */
export const severityOf = (severityId: number): number => SEVERITIES[severityId] ?? INFORMATIONAL;
const INFORMATIONAL = 6;
/** Unknown, informational, low, medium, high, critical, fatal. */
const SEVERITIES: readonly number[] = [INFORMATIONAL, INFORMATIONAL, 5, 4, 3, 2, 1];
