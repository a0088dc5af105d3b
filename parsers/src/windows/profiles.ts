// What the named data of Windows events mean: a profile for each group of events in which a name
// means the same. Names are those of Microsoft's event templates ("Advanced security audit policy
// settings", Sysinternals Sysmon's schema 4.90, and the manifests of the other providers).
import { FIELD } from '@weir/pipeline';
import { KeyTable } from '../text/key-table.js';
import { KIND } from './kinds.js';

type Row = readonly [names: string, kind: number, field?: number];

export interface Profile {
  /** By number of the data name: kind of its value, 0 where it is unmapped. */
  readonly kinds: Uint8Array;
  readonly fields: Uint16Array;
}

/** Who acts, in events of the security log. */
const SUBJECT: readonly Row[] = [
  ['SubjectUserSid', KIND.text, FIELD.actor_user_uid],
  ['SubjectUserName', KIND.text, FIELD.actor_user_name],
  ['SubjectDomainName', KIND.text, FIELD.actor_user_domain],
  ['SubjectLogonId', KIND.text, FIELD.actor_session_uid],
];
const ACTING_PROCESS: readonly Row[] = [
  ['ProcessId ProcessID', KIND.pid, FIELD.actor_process_pid],
  ['ProcessName', KIND.text, FIELD.actor_process_file_path],
];
/** Whom the event is about. */
const TARGET_USER: readonly Row[] = [
  ['TargetUserSid TargetSid', KIND.text, FIELD.user_uid],
  ['TargetUserName', KIND.text, FIELD.user_name],
  ['TargetDomainName', KIND.text, FIELD.user_domain],
  ['TargetLogonId', KIND.text, FIELD.session_uid],
];
const CLIENT: readonly Row[] = [
  ['IpAddress ClientAddress', KIND.address, FIELD.src_endpoint_ip],
  ['IpPort', KIND.port, FIELD.src_endpoint_port],
  ['WorkstationName Workstation', KIND.text, FIELD.src_endpoint_hostname],
];
const KERBEROS: readonly Row[] = [
  ['ServiceName', KIND.text, FIELD.service_name],
  ['ServiceSid', KIND.text, FIELD.service_uid],
  ['Status', KIND.text, FIELD.status_code],
  ['CertIssuerName', KIND.text, FIELD.certificate_issuer],
  ['CertSerialNumber', KIND.text, FIELD.certificate_serial_number],
  ['CertThumbprint', KIND.lower, FIELD.certificate_fingerprints_sha1],
];
/** Of any event: names that mean the same wherever they stand. */
const COMMON: readonly Row[] = [
  ...SUBJECT,
  ...ACTING_PROCESS,
  ...CLIENT,
  ['User', KIND.account, FIELD.actor_user_name],
  ['Image', KIND.text, FIELD.actor_process_file_path],
  ['ProcessGuid', KIND.guid, FIELD.actor_process_uid],
  ['CommandLine', KIND.text, FIELD.actor_process_cmd_line],
  ['PrivilegeList', KIND.text, FIELD.privileges],
  ['UtcTime', KIND.utc],
  ['RuleName', KIND.keep],
];

/** The rest is by Sysmon's schema; the process of the event is the one that acts. */
const SYSMON: readonly Row[] = COMMON;
const SYSMON_CREATE: readonly Row[] = [
  ...SYSMON,
  ['ProcessGuid', KIND.guid, FIELD.process_uid],
  ['ProcessId', KIND.number, FIELD.process_pid],
  ['Image', KIND.text, FIELD.process_file_path],
  ['FileVersion', KIND.text, FIELD.process_file_version],
  ['Description', KIND.text, FIELD.process_file_desc],
  ['Product', KIND.text, FIELD.process_file_product_name],
  ['Company', KIND.text, FIELD.process_file_company_name],
  ['OriginalFileName', KIND.text, FIELD.process_file_name],
  ['CommandLine', KIND.text, FIELD.process_cmd_line],
  ['CurrentDirectory', KIND.text, FIELD.process_working_directory],
  ['User', KIND.owner, FIELD.process_user_name],
  ['LogonId', KIND.text, FIELD.process_session_uid],
  ['IntegrityLevel', KIND.text, FIELD.process_integrity],
  ['Hashes Hash', KIND.hashes, FIELD.process_file_hashes_md5],
  ['ParentProcessGuid', KIND.guid, FIELD.process_parent_process_uid],
  ['ParentProcessId', KIND.number, FIELD.process_parent_process_pid],
  ['ParentImage', KIND.text, FIELD.process_parent_process_file_path],
  ['ParentCommandLine', KIND.text, FIELD.process_parent_process_cmd_line],
  ['ParentUser', KIND.account, FIELD.process_parent_process_user_name],
];
const SYSMON_FILE: readonly Row[] = [
  ...SYSMON,
  ['TargetFilename', KIND.text, FIELD.file_path],
  ['CreationUtcTime', KIND.utc, FIELD.file_created_time],
  ['Hashes Hash', KIND.hashes, FIELD.file_hashes_md5],
];
/** A disk that is read below its file system. */
const SYSMON_DEVICE: readonly Row[] = [...SYSMON, ['Device', KIND.text, FIELD.file_path]];
const SYSMON_NETWORK: readonly Row[] = [
  ...SYSMON,
  ['Protocol', KIND.protocol, FIELD.connection_info_protocol_num],
  ['Initiated', KIND.initiated, FIELD.connection_info_direction_id],
  ['SourceIp', KIND.ip, FIELD.src_endpoint_ip],
  ['SourceHostname', KIND.text, FIELD.src_endpoint_hostname],
  ['SourcePort', KIND.unsigned, FIELD.src_endpoint_port],
  ['SourcePortName', KIND.text, FIELD.src_endpoint_svc_name],
  ['DestinationIp', KIND.ip, FIELD.dst_endpoint_ip],
  ['DestinationHostname', KIND.text, FIELD.dst_endpoint_hostname],
  ['DestinationPort', KIND.unsigned, FIELD.dst_endpoint_port],
  ['DestinationPortName', KIND.text, FIELD.dst_endpoint_svc_name],
];
const SYSMON_MODULE: readonly Row[] = [
  ...SYSMON,
  ['ImageLoaded', KIND.text, FIELD.module_file_path],
  ['OriginalFileName', KIND.text, FIELD.module_file_name],
  ['Hashes Hash', KIND.hashes, FIELD.module_file_hashes_md5],
];
const SYSMON_DRIVER: readonly Row[] = [
  ...SYSMON,
  ['ImageLoaded', KIND.text, FIELD.driver_file_path],
  ['Hashes Hash', KIND.hashes, FIELD.driver_file_hashes_md5],
];
/** Process access and remote threads: one process acts on another. */
const SYSMON_TWO: readonly Row[] = [
  ...SYSMON,
  ['SourceProcessGuid SourceProcessGUID', KIND.guid, FIELD.actor_process_uid],
  ['SourceProcessId', KIND.number, FIELD.actor_process_pid],
  ['SourceThreadId', KIND.number, FIELD.actor_process_tid],
  ['SourceImage', KIND.text, FIELD.actor_process_file_path],
  ['SourceUser', KIND.account, FIELD.actor_user_name],
  ['TargetProcessGuid TargetProcessGUID', KIND.guid, FIELD.process_uid],
  ['TargetProcessId', KIND.number, FIELD.process_pid],
  ['TargetImage', KIND.text, FIELD.process_file_path],
  ['TargetUser', KIND.account, FIELD.process_user_name],
  ['NewThreadId', KIND.number, FIELD.process_tid],
  ['GrantedAccess', KIND.number, FIELD.actual_permissions],
  ['StartAddress', KIND.text, FIELD.module_start_address],
  ['StartModule', KIND.text, FIELD.module_file_path],
  ['StartFunction', KIND.text, FIELD.module_function_name],
];
const SYSMON_REG_VALUE: readonly Row[] = [
  ...SYSMON,
  ['EventType', KIND.word, FIELD.action],
  ['TargetObject', KIND.registryValue, FIELD.reg_value_path],
  ['Details', KIND.text, FIELD.reg_value_data],
];
const SYSMON_REG_KEY: readonly Row[] = [
  ...SYSMON,
  ['EventType', KIND.word, FIELD.action],
  ['TargetObject', KIND.text, FIELD.reg_key_path],
];
const SYSMON_REG_RENAME: readonly Row[] = [
  ...SYSMON,
  ['EventType', KIND.word, FIELD.action],
  ['TargetObject', KIND.text, FIELD.prev_reg_key_path],
  ['NewName', KIND.text, FIELD.reg_key_path],
];
const SYSMON_WMI: readonly Row[] = [
  ...SYSMON,
  ['Operation', KIND.word, FIELD.action],
  ['Name Consumer', KIND.text, FIELD.entity_name],
  ['Type', KIND.text, FIELD.entity_type],
  ['Query Destination', KIND.text, FIELD.entity_data],
];

const LOGON: readonly Row[] = [
  ...COMMON,
  ...TARGET_USER,
  ['LogonType', KIND.logonType, FIELD.logon_type_id],
  ['LogonProcessName', KIND.trimmed, FIELD.logon_process_name],
  ['AuthenticationPackageName PackageName', KIND.package, FIELD.auth_protocol],
  ['TargetServerName', KIND.text, FIELD.dst_endpoint_hostname],
  ['Status', KIND.text, FIELD.status_code],
];
/** Special logon, in which the subject is the one who signs in. */
const PRIVILEGED: readonly Row[] = [
  ...COMMON,
  ['SubjectUserSid', KIND.text, FIELD.user_uid],
  ['SubjectUserName', KIND.text, FIELD.user_name],
  ['SubjectDomainName', KIND.text, FIELD.user_domain],
  ['SubjectLogonId', KIND.text, FIELD.session_uid],
];
const TICKET: readonly Row[] = [...COMMON, ...TARGET_USER, ...KERBEROS];
/** Terminal sessions: connected, locked, refused. */
const SESSION: readonly Row[] = [
  ...COMMON,
  ...TARGET_USER,
  ['AccountName SubjectUserName', KIND.text, FIELD.user_name],
  ['AccountDomain SubjectDomainName', KIND.text, FIELD.user_domain],
  ['LogonID', KIND.text, FIELD.session_uid],
  ['SessionName', KIND.text, FIELD.session_terminal],
  ['ClientName', KIND.text, FIELD.src_endpoint_hostname],
  ['User Param1', KIND.account, FIELD.user_name],
  ['Param2', KIND.text, FIELD.user_domain],
  ['Address Param3', KIND.address, FIELD.src_endpoint_ip],
  ['SessionID', KIND.text, FIELD.session_uid],
  ['Reason', KIND.text, FIELD.status_detail],
];
/** Network Policy Server. */
const RADIUS: readonly Row[] = [
  ...COMMON,
  ['SubjectUserSid', KIND.text, FIELD.user_uid],
  ['SubjectUserName', KIND.text, FIELD.user_name],
  ['SubjectDomainName', KIND.text, FIELD.user_domain],
  ['CallingStationID', KIND.address, FIELD.src_endpoint_ip],
  ['NASIPv4Address', KIND.address, FIELD.dst_endpoint_ip],
  ['NASIPv6Address', KIND.address, FIELD.dst_endpoint_ip],
  ['NASIdentifier', KIND.text, FIELD.dst_endpoint_name],
  ['NetworkPolicyName', KIND.text, FIELD.policy_name],
  ['AuthenticationType', KIND.text, FIELD.auth_protocol],
  ['AccountSessionIdentifier', KIND.text, FIELD.session_uid],
  ['ReasonCode', KIND.text, FIELD.status_code],
  ['Reason', KIND.text, FIELD.status_detail],
];
const PROCESS: readonly Row[] = [
  ...COMMON,
  ['NewProcessId', KIND.number, FIELD.process_pid],
  ['NewProcessName', KIND.text, FIELD.process_file_path],
  ['CommandLine', KIND.text, FIELD.process_cmd_line],
  ['ProcessId', KIND.number, FIELD.process_parent_process_pid],
  ['ParentProcessName', KIND.text, FIELD.process_parent_process_file_path],
  ['TargetUserSid', KIND.text, FIELD.process_user_uid],
  ['TargetUserName', KIND.text, FIELD.process_user_name],
  ['TargetDomainName', KIND.text, FIELD.process_user_domain],
  ['TargetLogonId', KIND.text, FIELD.process_session_uid],
];
const PROCESS_END: readonly Row[] = [
  ...COMMON,
  ['ProcessId', KIND.number, FIELD.process_pid],
  ['ProcessName', KIND.text, FIELD.process_file_path],
  ['Status', KIND.number, FIELD.exit_code],
];
const ACCOUNT: readonly Row[] = [
  ...COMMON,
  ...TARGET_USER,
  ['OldTargetUserName', KIND.text, FIELD.user_name],
  ['NewTargetUserName', KIND.text, FIELD.user_result_name],
];
/** An account was locked: the domain is the computer from which it was tried. */
const LOCKOUT: readonly Row[] = [
  ...COMMON,
  ...TARGET_USER,
  ['TargetDomainName', KIND.text, FIELD.src_endpoint_hostname],
];
const GROUP: readonly Row[] = [
  ...COMMON,
  ['TargetUserName', KIND.text, FIELD.group_name],
  ['TargetDomainName', KIND.text, FIELD.group_domain],
  ['TargetSid', KIND.text, FIELD.group_uid],
  ['MemberName', KIND.text, FIELD.user_name],
  ['MemberSid', KIND.text, FIELD.user_uid],
];
const RIGHTS: readonly Row[] = [
  ...COMMON,
  ...TARGET_USER,
  ['AccessGranted AccessRemoved EnabledPrivilegeList', KIND.text, FIELD.privileges],
];
const POLICY: readonly Row[] = [
  ...COMMON,
  ['DomainName SubcategoryGuid', KIND.text, FIELD.entity_name],
  ['AuditPolicyChanges DomainPolicyChanged', KIND.text, FIELD.comment],
];
const FIREWALL: readonly Row[] = [
  ...COMMON,
  ['SourceAddress', KIND.ip, FIELD.src_endpoint_ip],
  ['SourcePort', KIND.unsigned, FIELD.src_endpoint_port],
  ['DestAddress', KIND.ip, FIELD.dst_endpoint_ip],
  ['DestPort', KIND.unsigned, FIELD.dst_endpoint_port],
  ['Protocol', KIND.protocol, FIELD.connection_info_protocol_num],
  ['Direction', KIND.direction, FIELD.connection_info_direction_id],
  ['Application', KIND.text, FIELD.actor_process_file_path],
  ['FilterRTID', KIND.text, FIELD.firewall_rule_uid],
];
const SHARE: readonly Row[] = [...COMMON, ['ShareName', KIND.text, FIELD.share]];
/** Objects whose type decides the class: rules.ts. */
const OBJECT_FILE: readonly Row[] = [...COMMON, ['ObjectName', KIND.text, FIELD.file_path]];
const OBJECT_KEY: readonly Row[] = [...COMMON, ['ObjectName', KIND.text, FIELD.reg_key_path]];
const OBJECT: readonly Row[] = [
  ...COMMON,
  ['ObjectName', KIND.text, FIELD.win_resource_name],
  ['ObjectType', KIND.text, FIELD.win_resource_type],
];
const PIPE: readonly Row[] = [
  ...COMMON,
  ['PipeName', KIND.text, FIELD.win_resource_name],
  ['EventType', KIND.word, FIELD.action],
];
const REG_VALUE: readonly Row[] = [
  ...COMMON,
  ['ObjectName', KIND.text, FIELD.reg_value_path],
  ['ObjectValueName', KIND.text, FIELD.reg_value_name],
  ['OldValue', KIND.text, FIELD.prev_reg_value_data],
  ['NewValue', KIND.text, FIELD.reg_value_data],
  ['OperationType', KIND.word],
];
const PRIVILEGE_USE: readonly Row[] = [
  ...COMMON,
  ['PrivilegeList', KIND.keep],
  ['Service ObjectServer', KIND.text, FIELD.kernel_name],
];
const SERVICE: readonly Row[] = [
  ...COMMON,
  ['ServiceName', KIND.text, FIELD.win_service_name],
  ['ServiceFileName ImagePath', KIND.text, FIELD.win_service_service_file_path],
  ['ServiceType', KIND.text, FIELD.win_service_service_type],
  ['ServiceStartType StartType', KIND.text, FIELD.win_service_service_start_type],
  ['ServiceAccount AccountName', KIND.text, FIELD.win_service_service_start_name],
];
/** Service Control Manager names its data by position. */
const SERVICE_STATE: readonly Row[] = [
  ...COMMON,
  ['param1', KIND.text, FIELD.win_service_name],
  ['param2', KIND.word],
];
const TASK: readonly Row[] = [
  ...COMMON,
  ['TaskName', KIND.text, FIELD.job_name],
  ['ActionName Path', KIND.text, FIELD.job_file_path],
  ['UserContext UserName', KIND.account, FIELD.actor_user_name],
];
const LOG_FILE: readonly Row[] = [...COMMON, ['BackupPath', KIND.text, FIELD.file_path]];
const DIRECTORY: readonly Row[] = [
  ...COMMON,
  ['ObjectDN', KIND.text, FIELD.entity_name],
  ['ObjectGUID', KIND.guid, FIELD.entity_uid],
  ['ObjectClass', KIND.text, FIELD.entity_type],
  ['AttributeValue', KIND.text, FIELD.entity_result_data],
];
const CERTIFICATES: readonly Row[] = [
  ...COMMON,
  ['RequestId', KIND.text, FIELD.entity_uid],
  ['Requester', KIND.account, FIELD.actor_user_name],
  ['Subject', KIND.text, FIELD.certificate_subject],
];
const SCRIPT: readonly Row[] = [
  ...COMMON,
  ['ScriptBlockText Payload', KIND.text, FIELD.script_script_content_value],
  ['ScriptBlockId', KIND.guid, FIELD.script_uid],
  ['Path', KIND.text, FIELD.script_file_path],
  ['ContextInfo', KIND.context],
  ['param3', KIND.context],
  ['param2', KIND.context],
];
const ANTIVIRUS: readonly Row[] = [
  ...COMMON,
  ['Threat_Name Threat-Name ThreatName', KIND.text, FIELD.malware_name],
  ['Threat_ID ThreatID', KIND.text, FIELD.malware_uid],
  ['Detection_ID DetectionID', KIND.guid, FIELD.finding_info_uid],
  ['Severity_Name SeverityName', KIND.text, FIELD.severity],
  ['Category_Name CategoryName', KIND.text, FIELD.finding_info_types],
  ['FWLink', KIND.text, FIELD.finding_info_src_url],
  ['Process_Name', KIND.text, FIELD.process_file_path],
  ['Detection_User DetectionUser', KIND.account, FIELD.actor_user_name],
  ['Path', KIND.scanned, FIELD.file_path],
  ['Action_Name ActionName', KIND.text, FIELD.action],
  ['Error_Code', KIND.text, FIELD.status_code],
  ['Error_Description', KIND.text, FIELD.status_detail],
  ['Product_Version', KIND.text, FIELD.metadata_product_version],
  ['Old_Value', KIND.text, FIELD.entity_data],
  ['New_Value', KIND.text, FIELD.entity_result_data],
];
const FIREWALL_RULE: readonly Row[] = [
  ...COMMON,
  ['RuleId', KIND.text, FIELD.entity_uid],
  ['RuleName', KIND.text, FIELD.entity_name],
  ['ModifyingUser', KIND.text, FIELD.actor_user_uid],
  ['ModifyingApplication', KIND.text, FIELD.actor_process_file_path],
];
const ALLOWLIST: readonly Row[] = [
  ...COMMON,
  ['FilePath FullFilePath', KIND.text, FIELD.process_file_path],
  ['FileHash', KIND.lower, FIELD.process_file_hashes_sha256],
  ['TargetUser', KIND.text, FIELD.actor_user_uid],
  ['TargetProcessId', KIND.number, FIELD.process_pid],
  ['TargetLogonId', KIND.text, FIELD.process_session_uid],
  ['PolicyName', KIND.text, FIELD.policy_name],
];
const TRANSFER: readonly Row[] = [
  ...COMMON,
  ['LocalName', KIND.text, FIELD.file_path],
  ['RemoteName url', KIND.text, FIELD.url_url_string],
  ['jobTitle name', KIND.text, FIELD.job_name],
];
const DNS: readonly Row[] = [
  ...COMMON,
  ['QueryName', KIND.text, FIELD.query_hostname],
  ['QueryType', KIND.text, FIELD.query_type],
  ['QueryStatus', KIND.text, FIELD.status_code],
];
const CRASH: readonly Row[] = [
  ...COMMON,
  ['AppName', KIND.text, FIELD.process_name],
  ['AppPath', KIND.text, FIELD.process_file_path],
  ['ModuleName', KIND.text, FIELD.module_file_name],
  ['ModulePath', KIND.text, FIELD.module_file_path],
  ['ExceptionCode', KIND.text, FIELD.status_code],
];
/** Without a rule of its own. */
const OTHER: readonly Row[] = [
  ...COMMON,
  ['TargetUserSid TargetSid', KIND.text, FIELD.user_uid],
  ['TargetUserName', KIND.text, FIELD.user_name],
  ['TargetDomainName', KIND.text, FIELD.user_domain],
  ['ServiceName', KIND.text, FIELD.service_name],
];

const TABLES = {
  ACCOUNT,
  ALLOWLIST,
  ANTIVIRUS,
  CERTIFICATES,
  CRASH,
  DIRECTORY,
  DNS,
  FIREWALL,
  FIREWALL_RULE,
  GROUP,
  LOCKOUT,
  LOG_FILE,
  LOGON,
  OBJECT,
  OBJECT_FILE,
  OBJECT_KEY,
  OTHER,
  PIPE,
  POLICY,
  PRIVILEGE_USE,
  PRIVILEGED,
  PROCESS,
  PROCESS_END,
  RADIUS,
  REG_VALUE,
  RIGHTS,
  SCRIPT,
  SERVICE,
  SERVICE_STATE,
  SESSION,
  SHARE,
  SYSMON,
  SYSMON_CREATE,
  SYSMON_DEVICE,
  SYSMON_DRIVER,
  SYSMON_FILE,
  SYSMON_MODULE,
  SYSMON_NETWORK,
  SYSMON_REG_KEY,
  SYSMON_REG_RENAME,
  SYSMON_REG_VALUE,
  SYSMON_TWO,
  SYSMON_WMI,
  TASK,
  TICKET,
  TRANSFER,
} satisfies Record<string, readonly Row[]>;
export type ProfileName = keyof typeof TABLES;

/** Names that rules read, whatever their profile makes of them. */
const READ_BY_RULES =
  'ObjectType AccessMask LogonType EventType Operation OperationType param2 Status Protocol ' +
  'ShareLocalPath RelativeTargetName ContextInfo';
/** Some providers write spaces in their names: an underscore stands for one here. */
const spaced = (name: string): string => name.replaceAll('_', ' ');
const names = new Set(
  [
    ...Object.values(TABLES)
      .flat()
      .map(([list]) => list),
    READ_BY_RULES,
  ].flatMap((list) => list.split(' ').map(spaced)),
);
/** Data names by number, from 1 on. */
export const DATA_NAMES: readonly string[] = ['', ...names];
export const dataTable = new KeyTable([...names].map((name, index) => [name, index + 1] as const));
export const numberOf = (name: string): number => DATA_NAMES.indexOf(name);

/** A later row of a table replaces an earlier one for the same name. */
function profileOf(rows: readonly Row[]): Profile {
  const kinds = new Uint8Array(DATA_NAMES.length);
  const fields = new Uint16Array(DATA_NAMES.length);
  for (const [list, kind, field] of rows) {
    for (const name of list.split(' ').map(spaced)) {
      kinds[numberOf(name)] = kind;
      fields[numberOf(name)] = field ?? 0;
    }
  }
  return { kinds, fields };
}

export const PROFILES = Object.fromEntries(
  Object.entries(TABLES).map(([name, rows]) => [name, profileOf(rows)]),
) as Readonly<Record<ProfileName, Profile>>;
