// Keys of what BIG-IP sends as key="value": Advanced WAF (ASM) in the storage formats Splunk and
// Reporting Server, the network firewall (AFM), and iRules that log by HSL. After F5's "BIG-IP ASM:
// Implementations", chapter Logging Application Security Events, and "External Monitoring of
// BIG-IP Systems", appendices Event Messages.
import { FIELD } from '@weir/pipeline';
import { AS } from '../common/typed-writer.js';
import { KeyTable } from '../text/key-table.js';

export const OWN = {
  action: 100,
  request: 101,
  time: 102,
  protocol: 103,
  hostPort: 104,
  irule: 105,
  vendor: 106,
  product: 107,
  list: 108,
  uri: 109,
  severity: 110,
  query: 112,
} as const;

export type KeyRow = readonly [keys: string, as: number, field?: number];
export const KEYS: readonly KeyRow[] = [
  ['unit_hostname unit_host hostname bigip_hostname', AS.text, FIELD.device_hostname],
  ['management_ip_address manage_ip_addr bigip_mgmt_ip', AS.ip, FIELD.device_ip],
  ['device_version', AS.text, FIELD.metadata_product_version],
  ['device_vendor', OWN.vendor],
  ['device_product', OWN.product],
  ['errdefs_msgno', AS.text, FIELD.metadata_event_code],
  ['errdefs_msg_name', AS.text, FIELD.metadata_log_name],
  ['date_time', OWN.time],
  ['severity', OWN.severity],
  ['policy_name', AS.text, FIELD.policy_name],
  ['support_id', AS.text, FIELD.metadata_uid],
  ['request_status req_status action', OWN.action],
  ['response_code resp_code http_status', AS.unsigned, FIELD.http_response_code],
  ['ip_client source_ip src_ip client_ip', AS.ip, FIELD.src_endpoint_ip],
  ['src_port source_port client_port', AS.unsigned, FIELD.src_endpoint_port],
  ['dest_ip vip dns_server_ip', AS.ip, FIELD.dst_endpoint_ip],
  ['dest_port', AS.unsigned, FIELD.dst_endpoint_port],
  ['translated_source_ip', AS.ip, FIELD.src_endpoint_proxy_endpoint_ip],
  ['translated_source_port', AS.unsigned, FIELD.src_endpoint_proxy_endpoint_port],
  ['translated_dest_ip', AS.ip, FIELD.dst_endpoint_proxy_endpoint_ip],
  ['translated_dest_port', AS.unsigned, FIELD.dst_endpoint_proxy_endpoint_port],
  ['vlan translated_vlan', AS.text, FIELD.src_endpoint_vlan_uid],
  ['ip_protocol', OWN.protocol],
  ['flow_id', AS.text, FIELD.connection_info_uid],
  ['acl_policy_name', AS.text, FIELD.policy_name],
  ['acl_rule_name', AS.text, FIELD.firewall_rule_name],
  ['drop_reason', AS.text, FIELD.status_detail],
  ['context_name vs_name virtual_server virtual_name', AS.text, FIELD.load_balancer_name],
  ['source_user username user', AS.account, FIELD.actor_user_name],
  ['geo_location geo_info src_geo', AS.text, FIELD.src_endpoint_location_country],
  ['dst_geo', AS.text, FIELD.dst_endpoint_location_country],
  ['attack_type', AS.text, FIELD.finding_title],
  ['sig_ids', AS.text, FIELD.finding_info_analytic_uid],
  ['sig_names', AS.text, FIELD.finding_info_analytic_name],
  ['virus_name', AS.text, FIELD.malware_name],
  ['session_id', AS.text, FIELD.actor_session_uid],
  ['method http_method', AS.text, FIELD.http_request_http_method],
  ['uri http_uri', OWN.uri],
  ['query_string query_str', OWN.query],
  ['protocol', AS.lower, FIELD.app_name],
  ['request req headers', OWN.request],
  ['http_host', OWN.hostPort],
  ['http_version', AS.text, FIELD.http_request_version],
  ['http_user_agent user_agent', AS.text, FIELD.http_request_user_agent],
  ['http_referrer', AS.text, FIELD.http_request_referrer],
  ['req_start_time', OWN.time],
  ['bytes_in', AS.unsigned, FIELD.traffic_bytes_in],
  ['bytes_out', AS.unsigned, FIELD.traffic_bytes_out],
  ['node', AS.ip, FIELD.load_balancer_dst_endpoint_ip],
  ['node_port', AS.unsigned, FIELD.load_balancer_dst_endpoint_port],
  ['question_name', AS.text, FIELD.query_hostname],
  ['question_type', AS.text, FIELD.query_type],
  ['question_class', AS.text, FIELD.query_class],
  ['f5_irule', OWN.irule],
  ['f5_asm', OWN.list],
];
export const keyTable = new KeyTable(
  KEYS.flatMap(([keys], index) => keys.split(' ').map((key) => [key, index + 1] as const)),
);

/** Keys that only BIG-IP writes; one of them must come early in the list. */
const MARKERS =
  'unit_hostname unit_host f5_asm f5_irule acl_policy_name acl_policy_type bigip_mgmt_ip ' +
  'errdefs_msgno errdefs_msg_name attack_type http_class_name http_class web_application_name ' +
  'policy_apply_date support_id management_ip_address';
export const markerTable = new KeyTable(
  MARKERS.split(' ').map((key, index) => [key, index + 1] as const),
);

/** Words of request_status and of AFM's action: disposition_id. */
export const actionTable = new KeyTable(
  Object.entries({
    passed: 1,
    legal: 1,
    Accept: 1,
    'Accept decisively': 1,
    Established: 1,
    Open: 1,
    blocked: 2,
    illegal: 15,
    alerted: 19,
    Reject: 25,
    Drop: 6,
    Closed: 17,
  }),
);
