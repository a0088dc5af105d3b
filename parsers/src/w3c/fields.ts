// Fields of W3C extended logs and what they are. After "Extended Log File Format" (W3C working
// draft WD-logfile-960323, section Field), Microsoft's "W3C Extended Log File Format (IIS 6.0)" and
// "Windows Firewall: pfirewall.log".
import { FIELD } from '@weir/pipeline';
import { AS } from '../common/typed-writer.js';

/** Beside AS: what is settled with other columns, or by the program that wrote the log. */
export const KIND = {
  ...AS,
  date: 32,
  clock: 33,
  method: 34,
  stem: 35,
  query: 36,
  host: 37,
  version: 38,
  taken: 39,
  agent: 40,
  action: 41,
  protocol: 42,
} as const;

export type Row = readonly [names: string, kind: number, field: number];

export const ROWS: readonly Row[] = [
  ['date', KIND.date, 0],
  ['time', KIND.clock, 0],
  ['c-ip src-ip', KIND.ip, FIELD.src_endpoint_ip],
  ['c-port src-port', KIND.unsigned, FIELD.src_endpoint_port],
  ['c-dns', KIND.text, FIELD.src_endpoint_hostname],
  ['s-ip dst-ip', KIND.ip, FIELD.dst_endpoint_ip],
  ['s-port dst-port', KIND.unsigned, FIELD.dst_endpoint_port],
  ['s-dns', KIND.text, FIELD.dst_endpoint_hostname],
  ['s-computername', KIND.text, FIELD.device_hostname],
  ['cs-username', KIND.account, FIELD.actor_user_name],
  ['cs-method', KIND.method, FIELD.http_request_http_method],
  ['cs-uri', KIND.text, FIELD.http_request_url_url_string],
  ['cs-uri-stem cs-uri-path', KIND.stem, FIELD.http_request_url_path],
  ['cs-uri-query', KIND.query, FIELD.http_request_url_query_string],
  ['cs-uri-scheme', KIND.lower, FIELD.http_request_url_scheme],
  ['cs-uri-port', KIND.unsigned, FIELD.http_request_url_port],
  ['cs-host cs(Host) cs-uri-host', KIND.host, FIELD.http_request_url_hostname],
  ['cs-version', KIND.version, FIELD.http_request_version],
  ['cs(User-Agent)', KIND.agent, FIELD.http_request_user_agent],
  ['cs(Referer)', KIND.text, FIELD.http_request_referrer],
  ['cs-bytes', KIND.unsigned, FIELD.http_request_length],
  ['sc-status', KIND.unsigned, FIELD.http_response_code],
  ['sc-bytes', KIND.unsigned, FIELD.http_response_length],
  ['rs(Content-Type) sc(Content-Type)', KIND.text, FIELD.http_response_content_type],
  ['time-taken', KIND.taken, FIELD.duration],
  ['action s-action', KIND.action, FIELD.action],
  ['protocol', KIND.protocol, FIELD.connection_info_protocol_num],
  ['size', KIND.unsigned, FIELD.traffic_bytes],
  ['pid', KIND.unsigned, FIELD.actor_process_pid],
];

/** Columns that only logs of HTTP have. */
export const HTTP_COLUMNS: readonly string[] = ['cs-method', 'sc-status', 'cs-uri-stem', 'cs-uri'];
export const NETWORK_COLUMNS: readonly string[] = ['src-ip', 'c-ip'];
