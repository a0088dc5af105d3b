// Syslog by itself: a Base Event with the text as its message (OCSF class 0).
import type { ColumnWriter, ParseVerdict, RawBatch } from '@weir/pipeline';
import type { Pack } from '../pack.js';
import { writeClass } from '../text/values.js';
import { SyslogHeader } from './header.js';
import { readHeader } from './read-header.js';
import { writeHeader, writeMessage } from './write.js';

const BASE_EVENT = 0;
const header = new SyslogHeader();

/** Writes a row whose header was read already and whose body no pack claimed. */
export function writeGeneric(
  batch: RawBatch,
  row: number,
  read: SyslogHeader,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  writeClass(row, BASE_EVENT, 0, out);
  writeMessage(batch, row, read.bodyStart, end, out);
  return writeHeader(batch, row, read, out) ? 'parsed' : 'partial';
}

function syslogPack(name: string, format: SyslogHeader['format'], summary: string): Pack {
  return {
    name,
    version: '1',
    summary,
    detect: (bytes, start, end) => {
      readHeader(bytes, start, end, header);
      return header.format === format;
    },
    parse(batch, row, start, end, out) {
      readHeader(batch.bytes, start, end, header);
      return header.format === format ? writeGeneric(batch, row, header, end, out) : 'no';
    },
  };
}

export const syslog5424 = syslogPack(
  'syslog_5424',
  'rfc5424',
  'Syslog by RFC 5424, with structured data.',
);
export const syslog3164 = syslogPack(
  'syslog_3164',
  'rfc3164',
  'Syslog by RFC 3164, as tolerantly as devices write it.',
);
