// What Meraki's messages mean: by their type, and among `events` by the type in them.
import { type ColumnWriter, FIELD } from '@weir/pipeline';
import type { CiscoEvent } from '../cisco/event.js';
import { classOf, DETECTION_FINDING, type MeaningName, meaningOf } from '../cisco/meanings.js';
import type { TemplateSet } from '../cisco/template.js';
import { OUTCOME, outcomeTable } from '../cisco/words.js';
import { find, SPACE, skipSpaces, startsWith } from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';
import { READ } from './keys.js';

/** By the number of the type in index.ts. */
const OF_TYPE: readonly MeaningName[] = [
  'base',
  'traffic',
  'traffic',
  'traffic',
  'traffic',
  'traffic',
  'traffic',
  'url',
  'start',
  'close',
  'finding',
  'finding',
  'base',
  'finding',
  'logon_ok',
  'finding',
];
const URLS = 7;
/** From here on a type of its own stands in the event. */
const FIRST_EVENTS = 10;

const KINDS: readonly (readonly [kinds: string, meaning: MeaningName])[] = [
  ['association 8021x_auth wpa_auth', 'logon'],
  ['8021x_eap_success splash_auth', 'logon_ok'],
  ['8021x_eap_failure', 'logon_fail'],
  ['disassociation wpa_deauth 8021x_deauth 8021x_client_deauth', 'logoff'],
  ['vpn_connectivity_change', 'tunnel'],
  ['client_vpn_connect anyconnect_vpn_connect', 'tunnel_open'],
  ['client_vpn_disconnect anyconnect_vpn_disconnect', 'tunnel_close'],
  ['content_filtering_block', 'url_denied'],
  ['l7_firewall', 'deny'],
  ['dhcp', 'dhcp_ack'],
  [
    'rogue_ssid_detected ssid_spoofing_detected device_packet_flood packet_flood ids_alerted ' +
      'security_filtering_file_scanned security_filtering_disposition_change',
    'finding',
  ],
];
const kinds = new KeyTable(
  KINDS.flatMap(([names, meaning]) =>
    names.split(' ').map((name) => [name, meaningOf(meaning) + 1] as const),
  ),
);
const METHODS = 'CONNECT DELETE GET HEAD OPTIONS POST PUT TRACE'.split(' ');
const methods = new KeyTable(METHODS.map((name, index) => [name, index + 1] as const));
const TUNNEL = meaningOf('tunnel');
const DHCP = meaningOf('dhcp_ack');

export class MerakiClass {
  readonly #event: CiscoEvent;
  #bytes: Uint8Array = new Uint8Array(0);
  #row = 0;
  #out!: ColumnWriter;
  #type = 0;
  #meaning = 0;
  #method = 0;
  #outcome = 0;
  /** Values of a sentence that wait for the end; null where there is none. */
  #values: TemplateSet | null = null;

  constructor(event: CiscoEvent) {
    this.#event = event;
  }

  begin(type: number, bytes: Uint8Array, row: number, out: ColumnWriter): void {
    this.#bytes = bytes;
    this.#row = row;
    this.#out = out;
    this.#type = type;
    this.#meaning = meaningOf(OF_TYPE[type] as MeaningName);
    this.#method = 0;
    this.#outcome = 0;
    this.#values = null;
    this.#event.setMeaning(this.#meaning);
  }

  /** A bare word in front of the pairs: `allow`, `deny`, `ids_alerted`. */
  word(start: number, end: number): void {
    const outcome = outcomeTable.lookup(this.#bytes, start, end);
    if (outcome !== 0) this.#act(outcome, start, end);
    else this.#kind(start, end);
  }

  /** A sentence that fitted a form. */
  sentence(values: TemplateSet, start: number, end: number): void {
    this.#values = values;
    const stop = find(this.#bytes, SPACE, start, end);
    if (kinds.lookup(this.#bytes, start, stop) === 0) return;
    this.#kind(start, stop);
    // A lease that nobody offered is no lease.
    const rest = skipSpaces(this.#bytes, stop, end);
    if (this.#meaning === DHCP && !startsWith(this.#bytes, rest, end, 'lease'))
      this.#meaning = meaningOf('base');
  }

  /** Address and port of one side. */
  endpoint(values: TemplateSet): void {
    this.#event.sides(values);
  }

  special(as: number, keyStart: number, keyEnd: number, start: number, end: number): void {
    const out = this.#out;
    const row = this.#row;
    switch (as) {
      case READ.protocol: {
        // ids-alerts write `tcp/ip`.
        const slash = find(this.#bytes, 0x2f, start, end);
        this.#event.protocol(start, slash);
        return;
      }
      case READ.action:
        this.#act(outcomeTable.lookup(this.#bytes, start, end), start, end);
        return;
      case READ.kind:
        // In flows it is the type of ICMP.
        if (this.#type >= FIRST_EVENTS) this.#kind(start, end);
        else out.unmapped(row, keyStart, keyEnd, start, end);
        return;
      case READ.user:
        this.#event.user(start, end);
        return;
      case READ.url:
        this.#event.url(start, end);
        return;
      case READ.direction:
        this.#event.direction(start, end);
        return;
      case READ.connectivity:
        if (this.#meaning === TUNNEL) {
          const isUp = startsWith(this.#bytes, start, end, 'true');
          this.#meaning = meaningOf(isUp ? 'tunnel_open' : 'tunnel_close');
        }
        out.unmapped(row, keyStart, keyEnd, start, end);
        return;
      case READ.pattern:
        this.#pattern(start, end);
        return;
      case READ.request:
        this.#request(start, end);
        return;
      default:
        out.span(row, FIELD.message, start, end);
        out.span(row, FIELD.finding_title, start, end);
    }
  }

  finish(): void {
    const isUrls = this.#type === URLS;
    if (this.#values === null) this.#event.settle(this.#meaning, isUrls ? this.#method : -1);
    else this.#event.write(this.#values, this.#meaning);
    if (this.#outcome !== 0) this.#event.outcome(this.#outcome);
    if (classOf(this.#meaning) === DETECTION_FINDING) this.#title();
  }

  /** A finding without a message has the name of what was found, or the kind of event. */
  #title(): void {
    const out = this.#out;
    const row = this.#row;
    if (out.has(row, FIELD.finding_title)) return;
    const field = out.has(row, FIELD.malware_name) ? FIELD.malware_name : FIELD.metadata_event_code;
    const start = out.spanAt(row, field, 0);
    out.span(row, FIELD.finding_title, start, out.spanAt(row, field, 1));
  }

  #kind(start: number, end: number): void {
    const kind = kinds.lookup(this.#bytes, start, end);
    if (!this.#out.has(this.#row, FIELD.metadata_event_code))
      this.#out.span(this.#row, FIELD.metadata_event_code, start, end);
    if (kind === 0) return;
    this.#meaning = kind - 1;
    this.#event.setMeaning(this.#meaning);
  }

  #act(outcome: number, start: number, end: number): void {
    this.#out.span(this.#row, FIELD.action, start, end);
    if (outcome !== 0) this.#outcome = outcome;
  }

  /** `allow all`, `deny (dst 192.0.2.0/24)`, and before 2015 `1 all`. */
  #pattern(start: number, end: number): void {
    const stop = find(this.#bytes, SPACE, start, end);
    const outcome = outcomeTable.lookup(this.#bytes, start, stop);
    const isAction = outcome === OUTCOME.allowed || outcome === OUTCOME.denied;
    if (isAction && !this.#out.has(this.#row, FIELD.action)) this.#act(outcome, start, stop);
    this.#out.span(this.#row, FIELD.firewall_rule_desc, start, end);
  }

  /** `GET http://www.example.com/`, `UNKNOWN https://www.example.com/...` */
  #request(start: number, end: number): void {
    const stop = find(this.#bytes, SPACE, start, end);
    this.#method = methods.lookup(this.#bytes, start, stop);
    if (this.#method !== 0) this.#out.span(this.#row, FIELD.http_request_http_method, start, stop);
    const url = skipSpaces(this.#bytes, stop, end);
    if (url < end) this.#event.url(url, find(this.#bytes, SPACE, url, end));
  }
}
