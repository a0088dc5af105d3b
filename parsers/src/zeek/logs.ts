// The logs of Zeek: the OCSF 1.8 class of each, and the fields of ours that its columns have. After
// the "Zeek script reference" (Log Files) of Zeek 3 to 7. What is not here is kept under `unmapped`
// with Zeek's own names; a log that is not here has the common fields.
import { FIELD } from '@weir/pipeline';
import { type FieldRow, KIND, SLOT } from './kinds.js';

export const CLASS = {
  base: 0,
  finding: 2004,
  authentication: 3002,
  network: 4001,
  http: 4002,
  dns: 4003,
  dhcp: 4004,
  rdp: 4005,
  smb: 4006,
  ssh: 4007,
  ftp: 4008,
  email: 4009,
  ntp: 4013,
  tunnel: 4014,
  fileHosting: 6006,
} as const;

/** What is settled at the end of an event, by kind of log. */
export const SETTLE = {
  none: 0,
  conn: 1,
  http: 2,
  dns: 3,
  tls: 4,
  certificate: 5,
  file: 6,
  notice: 7,
  ssh: 8,
  kerberos: 9,
  outcome: 10,
  smbFile: 11,
  smbShare: 12,
  ftp: 13,
  dhcp: 14,
  ntp: 15,
  tunnel: 16,
  ntlm: 17,
  radius: 18,
} as const;

export interface LogSpec {
  readonly classUid: number;
  readonly activityId: number;
  readonly settle: number;
  /** The application protocol that the log is of. */
  readonly app: string;
  readonly rows: readonly FieldRow[];
}

const log = (
  classUid: number,
  activityId: number,
  settle: number,
  app: string,
  rows: readonly FieldRow[] = [],
): LogSpec => ({ classUid, activityId, settle, app, rows });

/** OCSF activity_id of network classes. */
const TRAFFIC = 6;
const OPEN = 1;
const FAIL = 4;
/** activity_id 1 of a finding: Create; of authentication: Logon; of email: Send. */
const FIRST = 1;
const OTHER = 99;

const user = (names: string): FieldRow => [names, KIND.account, FIELD.actor_user_name];
const signedIn = (names: string): FieldRow => [names, KIND.text, FIELD.user_name];
/** For classes that OCSF gives no connection. */
const CORRELATION: FieldRow = ['uid', KIND.text, FIELD.metadata_correlation_uid];
const DURATION: FieldRow = ['duration rtt', KIND.seconds, FIELD.duration];
const SUCCESS: FieldRow = ['success', KIND.keep, SLOT.success];
const RESULT: FieldRow = ['result status', KIND.keep, SLOT.result];

const CERTIFICATE: readonly FieldRow[] = [
  ['certificate.subject subject', KIND.text, FIELD.tls_certificate_subject],
  ['certificate.issuer issuer issuer_subject', KIND.text, FIELD.tls_certificate_issuer],
  ['certificate.serial serial', KIND.text, FIELD.tls_certificate_serial_number],
  ['certificate.version', KIND.text, FIELD.tls_certificate_version],
  ['certificate.not_valid_before', KIND.time, FIELD.tls_certificate_created_time],
  ['certificate.not_valid_after', KIND.time, FIELD.tls_certificate_expiration_time],
  ['certificate.key_length', KIND.unsigned, FIELD.tls_key_length],
  ['fingerprint', KIND.keep, SLOT.hash],
];

const TLS: readonly FieldRow[] = [
  ['version', KIND.text, FIELD.tls_version],
  ['cipher', KIND.text, FIELD.tls_cipher],
  ['server_name', KIND.text, FIELD.tls_sni],
  ['established', KIND.keep, SLOT.success],
  ['subject', KIND.text, FIELD.tls_certificate_subject],
  ['issuer issuer_subject', KIND.text, FIELD.tls_certificate_issuer],
  ['cert_chain_fps', KIND.keep, SLOT.fingerprints],
  ['ja3', KIND.lower, FIELD.tls_ja3_hash_md5],
  ['ja3s', KIND.lower, FIELD.tls_ja3s_hash_md5],
  ['validation_status', KIND.text, FIELD.status_detail],
];

const FILE: readonly FieldRow[] = [
  ['filename', KIND.text, FIELD.file_name],
  ['mime_type', KIND.text, FIELD.file_mime_type],
  ['md5', KIND.lower, FIELD.file_hashes_md5],
  ['sha1', KIND.lower, FIELD.file_hashes_sha1],
  ['sha256', KIND.lower, FIELD.file_hashes_sha256],
];

export const LOGS: Readonly<Record<string, LogSpec>> = {
  conn: log(CLASS.network, TRAFFIC, SETTLE.conn, '', [
    ['service', KIND.list, FIELD.app_name],
    ['duration', KIND.seconds, FIELD.duration],
    ['conn_state', KIND.keep, SLOT.state],
    ['local_orig', KIND.keep, SLOT.localOrig],
    ['local_resp', KIND.keep, SLOT.localResp],
    ['missed_bytes', KIND.unsigned, FIELD.traffic_bytes_missed],
    ['history', KIND.text, FIELD.connection_info_flag_history],
    // Bytes of IP: those of the payload are told from TCP's numbers, and can be wrong.
    ['orig_bytes', KIND.keep, SLOT.origBytes],
    ['resp_bytes', KIND.keep, SLOT.respBytes],
    ['orig_ip_bytes', KIND.unsigned, FIELD.traffic_bytes_out],
    ['resp_ip_bytes', KIND.unsigned, FIELD.traffic_bytes_in],
    ['orig_pkts', KIND.unsigned, FIELD.traffic_packets_out],
    ['resp_pkts', KIND.unsigned, FIELD.traffic_packets_in],
    ['ip_proto', KIND.unsigned, FIELD.connection_info_protocol_num],
  ]),
  http: log(CLASS.http, OTHER, SETTLE.http, 'http', [
    ['method', KIND.keep, SLOT.method],
    ['host', KIND.keep, SLOT.host],
    ['uri', KIND.keep, SLOT.uri],
    ['referrer', KIND.text, FIELD.http_request_referrer],
    ['version', KIND.text, FIELD.http_request_version],
    ['user_agent', KIND.text, FIELD.http_request_user_agent],
    ['request_body_len', KIND.unsigned, FIELD.http_request_body_length],
    ['response_body_len', KIND.unsigned, FIELD.http_response_body_length],
    ['status_code', KIND.unsigned, FIELD.http_response_code],
    ['status_msg', KIND.text, FIELD.http_response_status],
    user('username'),
    ['resp_mime_types', KIND.list, FIELD.http_response_content_type],
  ]),
  dns: log(CLASS.dns, FIRST, SETTLE.dns, 'dns', [
    ['trans_id', KIND.unsigned, FIELD.query_packet_uid],
    ['rtt', KIND.seconds, FIELD.duration],
    ['query', KIND.text, FIELD.query_hostname],
    ['qclass_name', KIND.text, FIELD.query_class],
    ['qtype_name', KIND.text, FIELD.query_type],
    ['opcode_name', KIND.text, FIELD.query_opcode],
    ['rcode', KIND.keep, SLOT.rcode],
    ['rcode_name', KIND.keep, SLOT.rcodeName],
  ]),
  ssl: log(CLASS.network, TRAFFIC, SETTLE.tls, 'ssl', TLS),
  tls: log(CLASS.network, TRAFFIC, SETTLE.tls, 'tls', TLS),
  quic: log(CLASS.network, TRAFFIC, SETTLE.none, 'quic', [
    ['server_name', KIND.text, FIELD.tls_sni],
    ['history', KIND.text, FIELD.connection_info_flag_history],
  ]),
  x509: log(CLASS.network, TRAFFIC, SETTLE.certificate, '', [
    ...CERTIFICATE,
    ['id', KIND.text, FIELD.file_uid],
  ]),
  known_certs: log(CLASS.network, TRAFFIC, SETTLE.none, '', [
    ...CERTIFICATE.slice(0, 3),
    ['host', KIND.ip, FIELD.dst_endpoint_ip],
    ['port_num', KIND.unsigned, FIELD.dst_endpoint_port],
  ]),
  files: log(CLASS.fileHosting, OTHER, SETTLE.file, '', [
    ...FILE,
    ['tx_hosts', KIND.keep, SLOT.sender],
    ['rx_hosts', KIND.keep, SLOT.receiver],
    ['is_orig', KIND.keep, SLOT.isOrig],
    ['total_bytes', KIND.unsigned, FIELD.file_size],
    ['duration', KIND.seconds, FIELD.duration],
    ['conn_uids', KIND.list, FIELD.connection_info_uid],
  ]),
  pe: log(CLASS.base, 0, SETTLE.none, '', [['id', KIND.text, FIELD.file_uid]]),
  notice: log(CLASS.finding, FIRST, SETTLE.notice, '', [
    ['note', KIND.text, FIELD.finding_title],
    ['msg', KIND.text, FIELD.message],
    ['sub', KIND.text, FIELD.finding_info_desc],
    ['p', KIND.keep, SLOT.dstPort],
    ['n', KIND.unsigned, FIELD.count],
    ['actions', KIND.list, FIELD.action],
    ['dropped', KIND.keep, SLOT.dropped],
    ['file_mime_type', KIND.text, FIELD.file_mime_type],
    ['file_desc', KIND.text, FIELD.file_desc],
    ['severity.level', KIND.severity, FIELD.severity_id],
    ['severity.name', KIND.text, FIELD.severity],
  ]),
  intel: log(CLASS.finding, FIRST, SETTLE.none, '', [
    ['seen.indicator', KIND.text, FIELD.finding_title],
    ['seen.indicator_type', KIND.text, FIELD.finding_info_types],
    ['seen.where', KIND.text, FIELD.finding_info_analytic_category],
    ['sources', KIND.list, FIELD.finding_info_data_sources],
    ['file_mime_type', KIND.text, FIELD.file_mime_type],
    ['file_desc', KIND.text, FIELD.file_desc],
  ]),
  signatures: log(CLASS.finding, FIRST, SETTLE.none, '', [
    ['sig_id', KIND.text, FIELD.finding_info_analytic_uid],
    ['note', KIND.text, FIELD.finding_title],
    ['event_msg', KIND.text, FIELD.message],
    ['sig_count', KIND.unsigned, FIELD.count],
  ]),
  weird: log(CLASS.network, TRAFFIC, SETTLE.none, '', [
    ['name', KIND.text, FIELD.metadata_event_code],
    ['addl', KIND.text, FIELD.status_detail],
  ]),
  ssh: log(CLASS.ssh, TRAFFIC, SETTLE.ssh, 'ssh', [
    ['version', KIND.text, FIELD.protocol_ver],
    ['auth_success', KIND.keep, SLOT.success],
    RESULT,
    ['direction', KIND.keep, SLOT.direction],
    ['hassh', KIND.lower, FIELD.client_hassh_fingerprint_md5],
    ['hasshServer', KIND.lower, FIELD.server_hassh_fingerprint_md5],
    user('user'),
  ]),
  kerberos: log(CLASS.authentication, 0, SETTLE.kerberos, '', [
    CORRELATION,
    ['request_type', KIND.keep, SLOT.requestType],
    ['client', KIND.keep, SLOT.client],
    ['service', KIND.text, FIELD.service_name],
    SUCCESS,
    ['error_msg', KIND.text, FIELD.status_detail],
    ['error_code', KIND.text, FIELD.status_code],
  ]),
  ntlm: log(CLASS.authentication, FIRST, SETTLE.ntlm, '', [
    CORRELATION,
    signedIn('username'),
    ['domainname', KIND.text, FIELD.user_domain],
    ['hostname', KIND.text, FIELD.src_endpoint_hostname],
    ['server_dns_computer_name', KIND.text, FIELD.dst_endpoint_hostname],
    ['server_nb_computer_name', KIND.text, FIELD.dst_endpoint_name],
    ['server_tree_name', KIND.text, FIELD.dst_endpoint_domain],
    SUCCESS,
    ['status', KIND.text, FIELD.status_detail],
  ]),
  radius: log(CLASS.authentication, FIRST, SETTLE.radius, '', [
    CORRELATION,
    signedIn('username'),
    ['mac', KIND.mac, FIELD.src_endpoint_mac],
    ['reply_msg', KIND.text, FIELD.message],
    RESULT,
    ['ttl', KIND.seconds, FIELD.duration],
  ]),
  smb_files: log(CLASS.smb, OTHER, SETTLE.smbFile, 'smb', [
    ['action', KIND.keep, SLOT.action],
    ['path', KIND.text, FIELD.share],
    ['name', KIND.keep, SLOT.name],
    ['size', KIND.unsigned, FIELD.file_size],
    ['times.modified', KIND.time, FIELD.file_modified_time],
    ['times.accessed', KIND.time, FIELD.file_accessed_time],
    ['times.created', KIND.time, FIELD.file_created_time],
  ]),
  smb_mapping: log(CLASS.smb, OTHER, SETTLE.smbShare, 'smb', [
    ['path', KIND.text, FIELD.share],
    ['share_type', KIND.keep, SLOT.shareType],
    ['service', KIND.text, FIELD.dst_endpoint_svc_name],
  ]),
  smb_cmd: log(CLASS.smb, OTHER, SETTLE.none, 'smb', [
    ['command', KIND.text, FIELD.command],
    ['status', KIND.text, FIELD.status_detail],
    ['version', KIND.text, FIELD.dialect],
    ['rtt', KIND.seconds, FIELD.duration],
    ['tree', KIND.text, FIELD.share],
    ['referenced_file.name', KIND.text, FIELD.file_path],
    ['referenced_file.size', KIND.unsigned, FIELD.file_size],
    ['referenced_file.fuid', KIND.text, FIELD.file_uid],
    user('username'),
  ]),
  rdp: log(CLASS.rdp, TRAFFIC, SETTLE.none, 'rdp', [
    ['cookie', KIND.text, FIELD.identifier_cookie],
    ['result', KIND.text, FIELD.status_detail],
    ['client_name', KIND.text, FIELD.src_endpoint_name],
    ['client_build', KIND.text, FIELD.protocol_ver],
  ]),
  rfb: log(CLASS.network, TRAFFIC, SETTLE.outcome, 'rfb', [['auth', KIND.keep, SLOT.success]]),
  dhcp: log(CLASS.dhcp, 0, SETTLE.dhcp, 'dhcp', [
    ['client_addr', KIND.ip, FIELD.src_endpoint_ip],
    ['server_addr', KIND.ip, FIELD.dst_endpoint_ip],
    ['assigned_addr assigned_ip', KIND.keep, SLOT.assigned],
    ['mac', KIND.mac, FIELD.src_endpoint_mac],
    ['host_name', KIND.text, FIELD.src_endpoint_hostname],
    ['domain', KIND.text, FIELD.src_endpoint_domain],
    ['lease_time', KIND.wholeSeconds, FIELD.lease_dur],
    ['msg_types', KIND.list, FIELD.action],
    ['trans_id', KIND.text, FIELD.transaction_uid],
    ['server_message', KIND.text, FIELD.message],
    ['duration', KIND.seconds, FIELD.duration],
    ['uids', KIND.list, FIELD.connection_info_uid],
  ]),
  ftp: log(CLASS.ftp, OTHER, SETTLE.ftp, 'ftp', [
    user('user'),
    ['command', KIND.keep, SLOT.command],
    ['mime_type', KIND.text, FIELD.file_mime_type],
    ['file_size', KIND.unsigned, FIELD.file_size],
    ['reply_code', KIND.text, FIELD.status_code],
    ['reply_msg', KIND.text, FIELD.status_detail],
  ]),
  smtp: log(CLASS.email, FIRST, SETTLE.none, 'smtp', [
    CORRELATION,
    ['helo', KIND.text, FIELD.smtp_hello],
    ['mailfrom', KIND.text, FIELD.email_smtp_from],
    ['rcptto', KIND.list, FIELD.email_smtp_to],
    ['from', KIND.text, FIELD.email_from],
    ['to', KIND.list, FIELD.email_to],
    ['cc', KIND.list, FIELD.email_cc],
    ['reply_to', KIND.text, FIELD.email_reply_to],
    ['msg_id', KIND.text, FIELD.email_message_uid],
    ['subject', KIND.text, FIELD.email_subject],
    ['x_originating_ip', KIND.text, FIELD.email_x_originating_ip],
    ['last_reply', KIND.text, FIELD.status_detail],
  ]),
  ntp: log(CLASS.ntp, 0, SETTLE.ntp, 'ntp', [
    ['version', KIND.text, FIELD.version],
    ['mode', KIND.keep, SLOT.mode],
    ['root_delay', KIND.seconds, FIELD.delay],
    ['root_disp', KIND.seconds, FIELD.dispersion],
  ]),
  tunnel: log(CLASS.tunnel, OTHER, SETTLE.tunnel, '', [
    ['tunnel_type', KIND.text, FIELD.tunnel_type],
    ['action', KIND.keep, SLOT.action],
  ]),
  dpd: log(CLASS.network, FAIL, SETTLE.none, '', [
    ['analyzer', KIND.lower, FIELD.app_name],
    ['failure_reason', KIND.text, FIELD.status_detail],
  ]),
  analyzer: log(CLASS.network, FAIL, SETTLE.none, '', [
    ['analyzer_name', KIND.lower, FIELD.app_name],
    ['failure_reason', KIND.text, FIELD.status_detail],
  ]),
  dce_rpc: log(CLASS.network, TRAFFIC, SETTLE.none, 'dce_rpc', [DURATION]),
  irc: log(CLASS.network, TRAFFIC, SETTLE.none, 'irc', [user('user')]),
  sip: log(CLASS.network, TRAFFIC, SETTLE.none, 'sip', [
    ['status_code', KIND.text, FIELD.status_code],
    ['status_msg', KIND.text, FIELD.status_detail],
  ]),
  snmp: log(CLASS.network, TRAFFIC, SETTLE.none, 'snmp', [DURATION]),
  socks: log(CLASS.network, TRAFFIC, SETTLE.none, 'socks', [
    user('user'),
    ['status', KIND.text, FIELD.status_detail],
  ]),
  mysql: log(CLASS.network, TRAFFIC, SETTLE.outcome, 'mysql', [
    ['response', KIND.text, FIELD.status_detail],
    SUCCESS,
  ]),
  postgresql: log(CLASS.network, TRAFFIC, SETTLE.outcome, 'postgresql', [user('user'), SUCCESS]),
  redis: log(CLASS.network, TRAFFIC, SETTLE.outcome, 'redis', [SUCCESS]),
  ldap: log(CLASS.network, TRAFFIC, SETTLE.outcome, 'ldap', [
    RESULT,
    ['diagnostic_message', KIND.text, FIELD.status_detail],
  ]),
  ldap_search: log(CLASS.network, TRAFFIC, SETTLE.outcome, 'ldap', [
    RESULT,
    ['diagnostic_message', KIND.text, FIELD.status_detail],
  ]),
  modbus: log(CLASS.network, TRAFFIC, SETTLE.none, 'modbus', [
    ['exception', KIND.text, FIELD.status_detail],
  ]),
  dnp3: log(CLASS.network, TRAFFIC, SETTLE.none, 'dnp3'),
  syslog: log(CLASS.base, 0, SETTLE.none, 'syslog', [
    ['severity', KIND.severity, FIELD.severity_id],
    ['message', KIND.text, FIELD.message],
  ]),
  websocket: log(CLASS.network, TRAFFIC, SETTLE.none, 'websocket', [
    ['host', KIND.text, FIELD.url_hostname],
    ['uri', KIND.text, FIELD.url_url_string],
  ]),
  software: log(CLASS.network, TRAFFIC, SETTLE.none, '', [
    ['host', KIND.ip, FIELD.src_endpoint_ip],
    ['host_p', KIND.unsigned, FIELD.src_endpoint_port],
  ]),
  known_hosts: log(CLASS.network, OPEN, SETTLE.none, '', [
    ['host', KIND.ip, FIELD.src_endpoint_ip],
  ]),
  known_services: log(CLASS.network, OPEN, SETTLE.none, '', [
    ['host', KIND.ip, FIELD.dst_endpoint_ip],
    ['port_num', KIND.unsigned, FIELD.dst_endpoint_port],
    ['port_proto', KIND.keep, SLOT.proto],
    ['service', KIND.list, FIELD.app_name],
  ]),
  known_devices: log(CLASS.network, TRAFFIC, SETTLE.none, '', [
    ['mac', KIND.mac, FIELD.src_endpoint_mac],
    ['dhcp_host_name', KIND.text, FIELD.src_endpoint_hostname],
  ]),
  known_modbus: log(CLASS.network, TRAFFIC, SETTLE.none, 'modbus', [
    ['host', KIND.ip, FIELD.src_endpoint_ip],
  ]),
  traceroute: log(CLASS.network, TRAFFIC, SETTLE.none, ''),
  reporter: log(CLASS.base, 0, SETTLE.none, '', [
    ['level', KIND.text, FIELD.metadata_log_level],
    ['message', KIND.text, FIELD.message],
  ]),
  cluster: log(CLASS.base, 0, SETTLE.none, '', [['message', KIND.text, FIELD.message]]),
  broker: log(CLASS.base, 0, SETTLE.none, '', [['message', KIND.text, FIELD.message]]),
  capture_loss: log(CLASS.base, 0, SETTLE.none, ''),
  stats: log(CLASS.base, 0, SETTLE.none, ''),
  packet_filter: log(CLASS.base, 0, SETTLE.outcome, '', [SUCCESS]),
  loaded_scripts: log(CLASS.base, 0, SETTLE.none, ''),
  config: log(CLASS.base, 0, SETTLE.none, ''),
};

/** A log that is not in the list. */
export const UNKNOWN_LOG: LogSpec = log(CLASS.network, TRAFFIC, SETTLE.none, '');
