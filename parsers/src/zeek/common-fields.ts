// Fields that mean the same in every log of Zeek ("Zeek script reference", conn_id and the policy
// scripts), and the names that people give them: `_` for `.` where the store wants no dots.
import { FIELD } from '@weir/pipeline';
import { type FieldRow, KIND, SLOT } from './kinds.js';

export const COMMON: readonly FieldRow[] = [
  ['ts t', KIND.time, FIELD.time],
  ['_write_ts', KIND.time, FIELD.metadata_logged_time],
  ['_system_name', KIND.text, FIELD.device_hostname],
  ['uid', KIND.text, FIELD.connection_info_uid],
  ['id.orig_h id_orig_h orig_h src_ip src_addr', KIND.ip, FIELD.src_endpoint_ip],
  ['id.resp_h id_resp_h resp_h dst_ip dst_addr', KIND.ip, FIELD.dst_endpoint_ip],
  ['id.orig_p id_orig_p orig_p src_port', KIND.keep, SLOT.origPort],
  ['id.resp_p id_resp_p resp_p dst_port', KIND.keep, SLOT.respPort],
  ['src', KIND.keep, SLOT.src],
  ['dst', KIND.keep, SLOT.dst],
  ['proto', KIND.keep, SLOT.proto],
  ['community_id', KIND.text, FIELD.connection_info_community_uid],
  ['orig_l2_addr id.orig_mac', KIND.mac, FIELD.src_endpoint_mac],
  ['resp_l2_addr id.resp_mac', KIND.mac, FIELD.dst_endpoint_mac],
  ['id.orig_ep_cc orig_cc', KIND.text, FIELD.src_endpoint_location_country],
  ['id.resp_ep_cc resp_cc', KIND.text, FIELD.dst_endpoint_location_country],
  ['vlan id.vlan id_vlan', KIND.text, FIELD.src_endpoint_vlan_uid],
  ['fuid', KIND.text, FIELD.file_uid],
];
