// FortiGate in CEF ("FortiOS Log Message Reference", chapter CEF support): keys that the dictionary
// of CEF has are renamed, all others have a prefix.
import type { ColumnWriter, RawBatch } from '@weir/pipeline';
import type { PairSink } from '../common/pair-sink.js';
import { COLON, QUOTE, SPACE, startsWith } from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';
import { FortigateEvent } from './event.js';
import { keyNumber, keyTable } from './keys.js';

/** By release; FortiAnalyzer has `ad.`. */
const PREFIXES = ['FTNTFGT', 'FortinetFortiGate', 'ad.'];
/** CEF's key, and the one that FortiOS has for the same. */
const RENAMED: Readonly<Record<string, string>> = {
  deviceExternalId: 'devid',
  dvchost: 'devname',
  act: 'action',
  app: 'service',
  cnt: 'count',
  deviceInboundInterface: 'srcintf',
  deviceOutboundInterface: 'dstintf',
  deviceSeverity: 'level',
  shost: 'srcname',
  smac: 'srcmac',
  src: 'srcip',
  spt: 'srcport',
  dst: 'dstip',
  dpt: 'dstport',
  dmac: 'dstmac',
  sourceTranslatedAddress: 'transip',
  sourceTranslatedPort: 'transport',
  destinationTranslatedAddress: 'tranip',
  destinationTranslatedPort: 'tranport',
  duser: 'user',
  suser: 'unauthuser',
  dhost: 'hostname',
  externalId: 'sessionid',
  externalID: 'sessionid',
  in: 'rcvdbyte',
  out: 'sentbyte',
  msg: 'msg',
  outcome: 'status',
  proto: 'proto',
  reason: 'reason',
  request: 'url',
  requestMethod: 'httpmethod',
  requestClientApplication: 'agent',
  requestContext: 'referralurl',
  sproc: 'ui',
  fname: 'filename',
  fsize: 'filesize',
  fileType: 'filetype',
  fileHash: 'filehash',
  subtype: 'subtype',
  tz: 'tz',
  // FortiOS 5 has the link as a custom field.
  Reference: 'ref',
};
const renamed = new KeyTable(
  Object.entries(RENAMED).map(([key, name]) => [key, keyNumber(name)] as const),
);
const CATEGORY = 'cat';

export class FortigateSink implements PairSink {
  readonly event = new FortigateEvent();
  #batch!: RawBatch;
  #out!: ColumnWriter;
  #row = 0;

  begin(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.#batch = batch;
    this.#out = out;
    this.#row = row;
    this.event.begin(batch, row, out);
  }

  pair(
    keySource: Uint8Array,
    keyFrom: number,
    keyTo: number,
    keyInPlace: number,
    start: number,
    end: number,
  ): void {
    if (start >= end || keyInPlace < 0) {
      this.#unmapped(keySource, keyFrom, keyTo, keyInPlace, start, end);
      return;
    }
    const length = keyTo - keyFrom;
    if (length === CATEGORY.length && startsWith(keySource, keyFrom, keyTo, CATEGORY)) {
      this.category(start, end);
      return;
    }
    let from = keyFrom;
    for (const prefix of PREFIXES) {
      if (!startsWith(keySource, keyFrom, keyTo, prefix)) continue;
      from = keyFrom + prefix.length;
      break;
    }
    const key =
      from === keyFrom
        ? renamed.lookup(keySource, keyFrom, keyTo)
        : keyTable.lookup(keySource, from, keyTo);
    // Under FortiOS's own key, so that an event has the same names however it came.
    const keyStart = keyInPlace + from - keyFrom;
    const keyEnd = keyInPlace + length;
    const { bytes } = this.#batch;
    if (start >= bytes.length) {
      this.event.derived(key, keyStart, keyEnd, start, end);
      return;
    }
    const isQuoted = bytes[start] === QUOTE && end - start > 1 && bytes[end - 1] === QUOTE;
    if (isQuoted) this.event.pair(key, keyStart, keyEnd, start + 1, end - 1);
    else this.event.pair(key, keyStart, keyEnd, start, end);
  }

  /** Type and subtype: `utm:virus`, or in the name of the event `utm:virus infected`. */
  category(start: number, end: number): void {
    const { bytes } = this.#batch;
    if (start >= bytes.length) return;
    let colon = start;
    while (colon < end && bytes[colon] !== COLON && bytes[colon] !== SPACE) colon++;
    this.event.setType(start, colon);
    let stop = colon;
    while (stop < end && bytes[stop] !== SPACE) stop++;
    if (colon + 1 < stop) this.event.setSubtype(colon + 1, stop);
  }

  #unmapped(
    keySource: Uint8Array,
    keyFrom: number,
    keyTo: number,
    keyInPlace: number,
    start: number,
    end: number,
  ): void {
    const out = this.#out;
    let keyStart = keyInPlace;
    if (keyStart < 0) {
      keyStart = out.scratch.position;
      out.scratch.copy(keySource, keyFrom, keyTo);
    }
    out.unmapped(this.#row, keyStart, keyStart + keyTo - keyFrom, start, end);
  }
}
