// Attributes of ISE's messages that have a field. After "Cisco ISE Syslogs" (Remote Logging Target
// Content) and the RADIUS attribute names of RFC 2865, 2866 and 2869.
import { FIELD } from '@weir/pipeline';
import { AS } from '../common/typed-writer.js';
import { KeyTable } from '../text/key-table.js';

/** Attributes that are read in a way of their own. */
export const READ = {
  user: 101,
  actor: 102,
  station: 103,
  step: 104,
  stepData: 105,
  status: 106,
  session: 107,
};

type KeyRow = readonly [keys: readonly string[], as: number, field?: number];
const KEYS: readonly KeyRow[] = [
  [['UserName', 'User-Name', 'User'], READ.user],
  [['AdminName', 'Admin'], READ.actor],
  [['Calling-Station-ID'], READ.station],
  [['EndPointMACAddress', 'EndpointMacAddress', 'MACAddress'], AS.mac, FIELD.src_endpoint_mac],
  [['Framed-IP-Address', 'Remote-Address', 'AdminIPAddress'], AS.ip, FIELD.src_endpoint_ip],
  [['EndpointIPAddress', 'EndPointIPAddress'], AS.ip, FIELD.src_endpoint_ip],
  [['DestinationIPAddress'], AS.ip, FIELD.dst_endpoint_ip],
  [['DestinationPort'], AS.unsigned, FIELD.dst_endpoint_port],
  [['NetworkDeviceName'], AS.text, FIELD.dst_endpoint_name],
  [['FailureReason'], AS.text, FIELD.status_detail],
  [['AuthenticationMethod'], AS.text, FIELD.auth_protocol],
  [['ISEPolicySetName'], AS.text, FIELD.policy_name],
  [['AcsSessionID'], READ.session],
  [['Acct-Session-Id'], READ.session],
  [['Acct-Session-Time'], AS.seconds, FIELD.duration],
  [['Acct-Input-Octets'], AS.unsigned, FIELD.traffic_bytes_out],
  [['Acct-Output-Octets'], AS.unsigned, FIELD.traffic_bytes_in],
  [['Acct-Input-Packets'], AS.unsigned, FIELD.traffic_packets_out],
  [['Acct-Output-Packets'], AS.unsigned, FIELD.traffic_packets_in],
  [['Acct-Status-Type'], READ.status],
  [['CmdSet', 'CmdAV'], AS.text, FIELD.actor_process_cmd_line],
  [['ObjectName'], AS.text, FIELD.entity_name],
  [['ObjectType'], AS.text, FIELD.entity_type],
  [['ObjectInternalID'], AS.text, FIELD.entity_uid],
  [['AdminSession'], AS.text, FIELD.actor_session_uid],
  [['Service', 'SelectedAccessService'], AS.text, FIELD.service_name],
  [['Step'], READ.step],
  [['StepData'], READ.stepData],
];
const rows = KEYS.flatMap(([keys, as, field]) =>
  keys.map((key) => ({ key, as, field: field ?? 0 })),
);
export const keyTable = new KeyTable(rows.map(({ key }, index) => [key, index + 1] as const));
export const keyAs = Uint8Array.from([0, ...rows.map(({ as }) => as)]);
export const keyField = Uint16Array.from([0, ...rows.map(({ field }) => field)]);

/** activity_id of Network Activity by Acct-Status-Type. */
export const accountingTable = new KeyTable([
  ['Start', 1],
  ['Stop', 2],
]);
