// Events of the Windows event log: as the XML that Windows itself writes, and as the JSON of
// Winlogbeat and Elastic Agent, NXLog, Vector, Fluent Bit, OpenTelemetry, Wazuh and evtx tools.
import { MARK, type ParseVerdict } from '@weir/pipeline';
import type { JsonHead } from '../json/head.js';
import { objectStart } from '../json/head.js';
import { HEAD, type HeadKey } from '../json/head-keys.js';
import { readObject } from '../json/read-object.js';
import { JsonReader } from '../json/reader.js';
import type { JsonPack, Pack } from '../pack.js';
import { SPACE, startsWith, trimEnd } from '../text/ascii.js';
import { indexOfText } from '../text/index-of.js';
import { XmlReader } from '../xml/reader.js';
import { WindowsSink } from './sink.js';

export { windowsSnare } from './snare.js';

const xmlReader = new XmlReader(false);
const jsonReader = new JsonReader();
const sink = new WindowsSink();

const encoder = new TextEncoder();
const SYSTEM_KEY = encoder.encode('"System"');
const WINLOG_KEY = encoder.encode('"winlog"');
/** How far `winlog` is looked for in an event that has the keys of ECS. */
const WINLOG_BYTES_MAX = 64 * 1024;
const SYSTEM_BYTES_MAX = 200;
const EVENT_TAGS = ['<Event ', '<Event>'];

export const windowsXml: Pack = {
  name: 'windows_xml',
  version: '1',
  summary: 'Windows event log as XML: Security, Sysmon, PowerShell, Defender and others.',
  detect: (bytes, start, end) => tagStart(bytes, start, end) >= 0,
  parse(batch, row, start, end, out): ParseVerdict {
    const { bytes } = batch;
    const first = tagStart(bytes, start, end);
    if (first < 0) return 'no';
    sink.begin(batch, row, out);
    const isRead = xmlReader.read(bytes, 0, first, trimEnd(bytes, first, end), out, sink);
    if (!sink.event.finish()) {
      out.rollbackRow(row);
      return 'no';
    }
    if (isRead) return 'parsed';
    out.mark(row, MARK.value_invalid, xmlReader.faultAt - (batch.offsets[row] ?? 0));
    return 'partial';
  },
  rule: () => sink.event.ruleWords(),
};

/** Position of `<Event`, behind white space and an XML declaration; -1 where there is none. */
function tagStart(bytes: Uint8Array, start: number, end: number): number {
  let first = start;
  while (first < end && (bytes[first] as number) <= SPACE) first++;
  if (startsWith(bytes, first, end, '<?xml')) {
    while (first < end && bytes[first] !== 0x3e) first++;
    first++;
    while (first < end && (bytes[first] as number) <= SPACE) first++;
  }
  return EVENT_TAGS.some((tag) => startsWith(bytes, first, end, tag)) ? first : -1;
}

export const windowsJson: JsonPack = {
  name: 'windows_json',
  version: '1',
  summary: 'Windows event log as JSON of Winlogbeat, NXLog, Vector, Fluent Bit and evtx tools.',
  detect: (bytes, start, end) => objectStart(bytes, start, end) >= 0,
  claims,
  parse(batch, row, start, end, out): ParseVerdict {
    sink.begin(batch, row, out);
    const verdict = readObject(jsonReader, batch, row, start, end, out, sink);
    // Of malformed text the generic pack says the same, and keeps what it can.
    if (!sink.event.finish()) {
      out.rollbackRow(row);
      return 'no';
    }
    return verdict === 'parsed' && sink.hasFault ? 'partial' : verdict;
  },
  rule: () => sink.event.ruleWords(),
};

const has = (head: JsonHead, ...names: readonly HeadKey[]): boolean =>
  names.every((name) => head.has(HEAD[name]));

function claims(head: JsonHead): boolean {
  if (head.has(HEAD.winlog)) return true;
  if (head.has(HEAD.Event)) {
    const start = head.valueAt(HEAD.Event);
    return (
      indexOfText(head.bytes, start, Math.min(head.end, start + SYSTEM_BYTES_MAX), SYSTEM_KEY) > 0
    );
  }
  if (head.has(HEAD.message) && head.startsWith(HEAD.message, '"<Event ')) return true;
  if (has(head, 'EventID'))
    return (
      head.has(HEAD.SourceName) ||
      head.has(HEAD.ProviderName) ||
      head.has(HEAD.ProviderGuid) ||
      head.has(HEAD.Channel)
    );
  if (has(head, 'ProviderName', 'ProviderGuid')) return true;
  if (has(head, 'channel', 'computer')) return true;
  if (has(head, 'event_id') && (head.has(HEAD.provider_name) || head.has(HEAD.provider)))
    return true;
  if (head.has(HEAD.win)) return true;
  if (head.has(HEAD.data) && head.startsWith(HEAD.data, '{"win":')) return true;
  return isElastic(head) && hasWinlog(head);
}

const isElastic = (head: JsonHead): boolean =>
  head.has(HEAD['@timestamp']) ||
  head.has(HEAD.ecs) ||
  head.has(HEAD.agent) ||
  head.has(HEAD.event);

function hasWinlog(head: JsonHead): boolean {
  const end = Math.min(head.end, head.start + WINLOG_BYTES_MAX);
  return indexOfText(head.bytes, head.start, end, WINLOG_KEY) > 0;
}
