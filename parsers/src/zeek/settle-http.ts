// HTTP of Zeek: the method names the activity, and the URL is in two parts.
import { FIELD, MARK } from '@weir/pipeline';
import { CLOSE_BRACKET, COLON, find, OPEN_BRACKET } from '../text/ascii.js';
import { writeClass } from '../text/values.js';
import type { ZeekEvent } from './event.js';
import { KIND, SLOT } from './kinds.js';
import { CLASS } from './logs.js';
import { methodTable } from './words.js';

const QUESTION_MARK = 0x3f;

export function settleHttp(event: ZeekEvent): void {
  const activity = event.wordOf(SLOT.method, methodTable);
  if (activity !== 0) writeClass(event.row, CLASS.http, activity, event.out);
  event.put(SLOT.method, KIND.text, FIELD.http_request_http_method);
  if (event.has(SLOT.host)) settleHost(event);
  if (event.has(SLOT.uri)) settleUri(event);
}

/** `host`, `host:port`, `[2001:db8::1]:port`. */
function settleHost(event: ZeekEvent): void {
  const { writer } = event;
  const start = event.startOf(SLOT.host);
  const end = event.endOf(SLOT.host);
  const source = event.sourceOf(start);
  const shift = event.shiftOf(start);
  let first = start;
  let last = start;
  if (source[start - shift] === OPEN_BRACKET) {
    last = find(source, CLOSE_BRACKET, start - shift, end - shift) + shift;
    first = last < end ? start + 1 : start;
  } else last = find(source, COLON, start - shift, end - shift) + shift;
  const behind = first === start ? last : last + 1;
  const { http_request_url_hostname: HOSTNAME, http_request_url_port: PORT } = FIELD;
  const hasPort = behind < end && source[behind - shift] === COLON;
  if (hasPort && !writer.put(KIND.unsigned, PORT, behind + 1, end)) {
    // An address without brackets, or no port: the whole is what the client asked for.
    writer.put(KIND.text, HOSTNAME, start, end);
    if (find(source, COLON, behind + 1 - shift, end - shift) === end - shift)
      writer.mark(MARK.value_invalid, start);
    return;
  }
  if (!writer.put(KIND.text, HOSTNAME, first, last)) event.keep(SLOT.host);
}

/** The URI stands as in the request: path and query, or a whole URL where a proxy was asked. */
function settleUri(event: ZeekEvent): void {
  const { writer } = event;
  const start = event.startOf(SLOT.uri);
  const end = event.endOf(SLOT.uri);
  const source = event.sourceOf(start);
  const shift = event.shiftOf(start);
  const { http_request_url_url_string: URL, http_request_url_path: PATH } = FIELD;
  writer.put(KIND.text, URL, start, end);
  if (source[start - shift] !== 0x2f) return;
  const query = find(source, QUESTION_MARK, start - shift, end - shift) + shift;
  writer.put(KIND.text, PATH, start, query);
  writer.put(KIND.text, FIELD.http_request_url_query_string, query + 1, end);
}
