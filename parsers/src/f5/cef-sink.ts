// The CEF of BIG-IP (ASM, PSM and iRules that log so): its keys and the labels of its custom fields
// are the keys of its lists under other names.
import type { ColumnWriter, RawBatch } from '@weir/pipeline';
import type { PairSink } from '../common/pair-sink.js';
import { KeyTable } from '../text/key-table.js';
import { keyTable } from './keys.js';
import { F5List } from './list.js';

/** By key of CEF, the key of the list; labels have that name themselves. */
const NAMES = {
  src: 'ip_client',
  spt: 'src_port',
  dst: 'dest_ip',
  dpt: 'dest_port',
  requestMethod: 'method',
  request: 'uri',
  requestClientApplication: 'http_user_agent',
  app: 'protocol',
  act: 'action',
  rt: 'date_time',
  externalId: 'support_id',
  dvchost: 'unit_hostname',
  dvc: 'management_ip_address',
  suser: 'username',
  suid: 'session_id',
  host: 'http_host',
  http_code: 'response_code',
  full_request: 'request',
};
const encoder = new TextEncoder();
const numberOf = (name: string): number => keyTable.lookup(encoder.encode(name), 0, name.length);
const names = new KeyTable(Object.entries(NAMES).map(([key, name]) => [key, numberOf(name)]));

export class F5CefSink implements PairSink {
  readonly list = new F5List();
  #batch!: RawBatch;
  #out!: ColumnWriter;

  begin(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.list.begin(batch, row, out);
    this.#batch = batch;
    this.#out = out;
  }

  pair(
    keySource: Uint8Array,
    keyFrom: number,
    keyTo: number,
    keyInPlace: number,
    start: number,
    end: number,
    _isText: boolean,
    _position: number,
  ): void {
    const key =
      names.lookup(keySource, keyFrom, keyTo) || keyTable.lookup(keySource, keyFrom, keyTo);
    let keyStart = keyInPlace;
    if (keyStart < 0 && keySource === this.#batch.bytes) keyStart = keyFrom;
    if (keyStart < 0) {
      keyStart = this.#out.scratch.position;
      this.#out.scratch.copy(keySource, keyFrom, keyTo);
    }
    this.list.put(key, keyStart, keyStart + keyTo - keyFrom, start, end);
  }
}
