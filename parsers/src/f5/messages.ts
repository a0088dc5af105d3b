// What F5 BIG-IP says in words, behind `01260013:4: ` or without: LTM, APM, audit. After F5's
// "BIG-IP Log Messages" references (K15478450 and the message lists of the releases 11 to 17).
import { FIELD } from '@weir/pipeline';
import { type Holes, outcome, type TextRow } from '../common/text-events.js';
import { AS } from '../common/typed-writer.js';
import { CLASS, LOGOFF, LOGON, LOGON_FAILED, LOGON_SUCCEEDED, OTHER } from '../linux/outcomes.js';

const ENTITY = 3004;
const TUNNEL = 4014;
const HTTP = 4002;
const HTTP_OTHER = outcome(HTTP, 0);
const UP = outcome(CLASS.base, 0, [FIELD.status_id, 1]);
const DOWN = outcome(CLASS.base, 0, [FIELD.status_id, 2]);
const CONNECTION_FAILED = outcome(CLASS.network, 4, [FIELD.status_id, 2]);
const REFUSED = outcome(CLASS.network, 5, [FIELD.disposition_id, 2]);
const ALLOWED = outcome(CLASS.network, 6, [FIELD.disposition_id, 1]);
const CREATED = outcome(ENTITY, 1);
const READ = outcome(ENTITY, 2);
const CHANGED = outcome(ENTITY, 3);
const DELETED = outcome(ENTITY, 4);
const TUNNEL_OPENED = outcome(TUNNEL, 1);
const TUNNEL_CLOSED = outcome(TUNNEL, 2);
const VIOLATION = outcome(CLASS.finding, 1);

export const holes: Holes = {
  src: [AS.socket, FIELD.src_endpoint_ip],
  dst: [AS.socket, FIELD.dst_endpoint_ip],
  client: [AS.host, FIELD.src_endpoint_ip],
  src_ip: [AS.ip, FIELD.src_endpoint_ip],
  src_port: [AS.unsigned, FIELD.src_endpoint_port],
  dst_ip: [AS.ip, FIELD.dst_endpoint_ip],
  dst_port: [AS.unsigned, FIELD.dst_endpoint_port],
  assigned: [AS.ip, FIELD.tunnel_interface_ip],
  transport: [AS.lower, FIELD.connection_info_protocol_name],
  user: [AS.account, FIELD.user_name],
  by: [AS.account, FIELD.actor_user_name],
  detail: [AS.text, FIELD.status_detail],
  status: [AS.text, FIELD.status],
  result: [AS.text, FIELD.action],
  action: [AS.text, FIELD.action],
  rule: [AS.text, FIELD.firewall_rule_name],
  pool: [AS.text, FIELD.load_balancer_dst_endpoint_name],
  virtual: [AS.text, FIELD.load_balancer_name],
  entity: [AS.text, FIELD.entity_name],
  data: [AS.text, FIELD.entity_data],
  agent: [AS.text, FIELD.http_request_user_agent],
  terminal: [AS.text, FIELD.session_terminal],
  method: [AS.text, FIELD.http_request_http_method],
  url: [AS.url, FIELD.http_request_url_url_string],
  version: [AS.text, FIELD.http_request_version],
  code: [AS.unsigned, FIELD.http_response_code],
  body_bytes: [AS.unsigned, FIELD.http_response_body_length],
  tls: [AS.text, FIELD.tls_version],
  cipher: [AS.text, FIELD.tls_cipher],
  violations: [AS.text, FIELD.finding_title],
  support_id: [AS.text, FIELD.metadata_uid],
  virus: [AS.text, FIELD.malware_name],
  country: [AS.text, FIELD.src_endpoint_location_country],
  bytes_in: [AS.unsigned, FIELD.traffic_bytes_in],
  bytes_out: [AS.unsigned, FIELD.traffic_bytes_out],
};

/** mcpd, bigd and others: what became of pools, nodes, virtual servers. */
const MONITORS: readonly TextRow[] = ['up', 'down', 'forced down', 'unchecked', 'checking'].flatMap(
  (word): TextRow[] => {
    const state = `monitor status {action:${word}}.`;
    const result = word === 'up' ? UP : DOWN;
    const is = word.startsWith('un') || word === 'checking' ? OTHER : result;
    return ['', ' {detail~}'].flatMap((rest): TextRow[] => [
      [`Pool {pool} member {member} ${state}${rest}`, is],
      [`Node {node} address {node_address} ${state}${rest}`, is],
      [`Node {node} ${state}${rest}`, is],
      [`Monitor instance {monitor} {monitor_target} ${word.toUpperCase()}${rest}`, is],
    ]);
  },
);

const SECURITY_EVENT =
  '[SECEV] Request violations: {violations~}. HTTP protocol compliance sub violations: ' +
  '{http_sub_violations~}. Evasion techniques sub violations: {evasion_sub_violations~}. Web ' +
  'services security sub violations: {web_services_sub_violations~}. Virus name: {virus~}. ' +
  'Support id: {support_id#}, source ip: {src_ip}, xff ip: {xff_ip~}, source port: {src_port#}, ' +
  'destination ip: {dst_ip}, destination port: {dst_port#}, route_domain: {route_domain}, ' +
  'HTTP classifier: {http_class~}, scheme {scheme}, geographic location: {country~}, request: ';

const AUDIT =
  'AUDIT - client {client_name~}, user {by~} - transaction #{transaction} - object {object#} - ';
const AUDIT_USER = 'AUDIT - user {by~} - transaction #{transaction} - object {object#} - ';
const TMSH =
  'AUDIT - pid={client_pid#} user={by} folder={folder~} module={module} status=[{status~}] cmd_data=';
/** Verbs of tmsh and of mcpd's transactions. */
const VERBS = [
  ['create', CREATED],
  ['create_if', CREATED],
  ['modify', CHANGED],
  ['delete', DELETED],
  ['list', READ],
  ['show', READ],
] as const;
const audits: readonly TextRow[] = VERBS.flatMap(([verb, result]): TextRow[] => [
  [`${AUDIT}{action:${verb}} { {entity} {data~} } [Status={status~}]`, result],
  [`${AUDIT_USER}{action:${verb}} { {entity} {data~} } [Status={status~}]`, result],
  [`${AUDIT}{action:${verb}} { {entity} {data~}`, result],
  [`${AUDIT_USER}{action:${verb}} { {entity} {data~}`, result],
  [`${TMSH}{action:${verb}} {entity~}`, result],
]);

const LOGIN_OF =
  'user={user}({login_name}) partition=[{partition~}] level={level~} tty={terminal} host={client} ' +
  'attempts={attempts#} start="{login_start~}"';

export const rows: readonly TextRow[] = [
  ...MONITORS,
  ['Pool {pool} member {member} session status {action~}.', OTHER],
  ['Node {node} session status {action~}.', OTHER],
  ['No members available for pool {pool}', DOWN],
  ['Pool {pool} now has available members', UP],
  ['SNMP_TRAP: Virtual {virtual} has become {action:available}', UP],
  ['SNMP_TRAP: Virtual {virtual} has become {action:unavailable}', DOWN],
  ['Virtual Server {virtual} general status changed from {old_status} to {status}.', OTHER],
  ['Virtual Address {address} general status changed from {old_status} to {status}.', OTHER],
  ['Virtual Address {address} monitor status changed from {old_status} to {status}.', OTHER],
  [
    'Syncookie counter {counter#} exceeded vip threshold {threshold} for virtual = {virtual}',
    OTHER,
  ],
  [
    'Limiting {limited~} from {from#} to {to#} packets/sec for traffic-group {traffic_group}',
    OTHER,
  ],
  ['Limiting {limited~} from {from#} to {to#} packets/sec', OTHER],
  ['Inet port exhaustion on {src} to {dst} (proto {proto#})', CONNECTION_FAILED],
  ['SSL Handshake failed for {transport} {src} -> {dst}', CONNECTION_FAILED],
  ['{src} -> {dst}: Connection error: {detail~}', CONNECTION_FAILED],
  ['Connection error: {detail~}', CONNECTION_FAILED],
  ['Peer cert verify error: {detail~}', CONNECTION_FAILED],
  ['{action:discard} ACL: {rule} packet: {transport} {src} -> {dst}', REFUSED],
  ['{action:reject} ACL: {rule} packet: {transport} {src} -> {dst}', REFUSED],
  ['{action:allow} ACL: {rule} packet: {transport} {src} -> {dst}', ALLOWED],
  // Access Policy Manager, behind the session's id.
  ["Following rule '{rule~}' from item '{item~}' to ending '{action~}'", OTHER],
  ["Following rule '{rule~}' from item '{item~}' to item '{next_item~}'", OTHER],
  ["Following rule '{rule~}' from item '{item~}' to terminalout '{next_item~}'", OTHER],
  ["Username '{user~}'", LOGON],
  ["{module} module: authenticate with '{user*}' successfully", LOGON_SUCCEEDED],
  ["{module} module: authenticate with '{user*}' successful", LOGON_SUCCEEDED],
  ["{module} module: authentication with '{user*}' successful", LOGON_SUCCEEDED],
  ["{module} module: authenticate with '{user*}' failed: {detail~}", LOGON_FAILED],
  ["{module} module: authentication with '{user*}' failed: {detail~}", LOGON_FAILED],
  ["{module} agent: Auth (logon attempt:{attempt#}): authenticate with '{user*}' {status}", LOGON],
  ["{module} module: query with '{query~}' successful", OTHER],
  ['Access policy result: {result~}', OTHER],
  [
    'New session from client IP {client} (ST={region~}/CC={country~}/C={continent~}) at VIP {dst_ip} Listener {virtual~} (Reputation={reputation~})',
    OTHER,
  ],
  ['New session from client IP {client} {rest~}', OTHER],
  ['Session deleted due to {detail~}.', OTHER],
  ['Session deleted due to {detail~}', OTHER],
  ['Session deleted ({detail~}).', OTHER],
  ['Session statistics - bytes in: {bytes_in#}, bytes out: {bytes_out#}', OTHER],
  ['Received User-Agent header: {agent~}', HTTP_OTHER],
  [
    'Received client info - Hostname: {client_hostname~} Type: {client_type~} Version: {client_version~} Platform: {client_platform~} CPU: {client_cpu~} UI Mode: {client_ui_mode~} Javascript Support: {client_js_support} ActiveX Support: {client_activex_support} Plugin Support: {client_plugin_support~}',
    OTHER,
  ],
  ["Executed agent '{item~}', return value {return_value}", OTHER],
  [
    'Assigned PPP Dynamic IPv4: {assigned} Tunnel Type: {tunnel_type~} Resource: {resource~} Client IP: {client~}',
    TUNNEL_OPENED,
  ],
  ['Assigned PPP Dynamic IPv4: {assigned} {rest~}', TUNNEL_OPENED],
  ['PPP tunnel {tunnel} started.', TUNNEL_OPENED],
  ['PPP tunnel {tunnel} closed.', TUNNEL_CLOSED],
  // Application Security Manager in words.
  [`${SECURITY_EVENT}<{method} {url} {version~}`, VIOLATION],
  [`${SECURITY_EVENT}{request~}`, VIOLATION],
  // iRules.
  ['Rule {rule} <{irule_event}>: {irule_text~}', OTHER],
  ['Rule {rule} : {irule_text~}', OTHER],
  ['TCL error: {rule} <{irule_event}> - {detail~}', OTHER],
  // Audit and administration.
  ...audits,
  [`${AUDIT}{data~}`, OTHER],
  [`${AUDIT_USER}{data~}`, OTHER],
  [`${TMSH}{data~}`, OTHER],
  ['AUDIT - user {by} - RAW: {data~}', OTHER],
  [
    'pam_bigip_authz: authenticated user {user} with role {role#} ({role_name~}) in partition {partition~}',
    LOGON_SUCCEEDED,
  ],
  ['pam_bigip_authz: {detail~}', OTHER],
  [`${LOGIN_OF} end="{login_end~}".`, LOGOFF],
  [`${LOGIN_OF} end="{login_end~}"`, LOGOFF],
  [`${LOGIN_OF}.`, LOGON_SUCCEEDED],
  [`${LOGIN_OF}`, LOGON_SUCCEEDED],
  // httpd of the Configuration utility.
  ['[ssl_acc] {client} - {by} [{request_time~}] "{url~}" {code#} {body_bytes#}', HTTP_OTHER],
  ['[ssl_acc] {client} - {by} [{request_time~}] {url} {code#} {body_bytes#}', HTTP_OTHER],
  ['[ssl_req][{request_time~}] {client} {tls} {cipher} "{url~}" {body_bytes#}', HTTP_OTHER],
  ['[ssl_req][{request_time~}] {client} {tls} {cipher} "{url~}" {body_bytes}', HTTP_OTHER],
];
