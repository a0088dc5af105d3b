// Elastic's pipelines move data of Windows events into fields of ECS and leave them out of
// `winlog.event_data`. These fields fill what the data left open. "Winlogbeat Reference", modules
// Sysmon, Security and PowerShell.
import { FIELD } from '@weir/pipeline';
import { KeyTable } from '../text/key-table.js';
import { KIND } from './kinds.js';

export interface ElasticField {
  readonly path: string;
  readonly kind: number;
  /** Of Process Activity, whose process is the one the event is about. */
  readonly ofProcess: number;
  /** Of any other class. */
  readonly ofOthers: number;
  /** The class in which alone it is taken; 0 for all. */
  readonly classUid: number;
}

type Row = readonly [path: string, kind: number, field: number, ofOthers?: number, only?: number];
const ROWS: readonly Row[] = [
  ['process.executable', KIND.text, FIELD.process_file_path, FIELD.actor_process_file_path],
  ['process.pid', KIND.unsigned, FIELD.process_pid, FIELD.actor_process_pid],
  ['process.entity_id', KIND.guid, FIELD.process_uid, FIELD.actor_process_uid],
  ['process.name', KIND.text, FIELD.process_name, FIELD.actor_process_name],
  ['process.command_line', KIND.text, FIELD.process_cmd_line, FIELD.actor_process_cmd_line],
  [
    'process.working_directory',
    KIND.text,
    FIELD.process_working_directory,
    FIELD.actor_process_working_directory,
  ],
  ['process.hash.md5', KIND.lower, FIELD.process_file_hashes_md5, 0, 1007],
  ['process.hash.sha1', KIND.lower, FIELD.process_file_hashes_sha1, 0, 1007],
  ['process.hash.sha256', KIND.lower, FIELD.process_file_hashes_sha256, 0, 1007],
  ['process.pe.imphash', KIND.lower, FIELD.process_file_hashes_imphash, 0, 1007],
  ['process.pe.original_file_name', KIND.text, FIELD.process_file_name, 0, 1007],
  ['process.pe.file_version', KIND.text, FIELD.process_file_version, 0, 1007],
  ['process.pe.company', KIND.text, FIELD.process_file_company_name, 0, 1007],
  ['process.pe.description', KIND.text, FIELD.process_file_desc, 0, 1007],
  ['process.pe.product', KIND.text, FIELD.process_file_product_name, 0, 1007],
  ['process.parent.executable', KIND.text, FIELD.process_parent_process_file_path, 0, 1007],
  ['process.parent.command_line', KIND.text, FIELD.process_parent_process_cmd_line, 0, 1007],
  ['process.parent.pid', KIND.unsigned, FIELD.process_parent_process_pid, 0, 1007],
  ['process.parent.entity_id', KIND.guid, FIELD.process_parent_process_uid, 0, 1007],
  ['process.parent.name', KIND.text, FIELD.process_parent_process_name, 0, 1007],
  ['file.path', KIND.text, FIELD.file_path],
  ['file.hash.md5', KIND.lower, FIELD.file_hashes_md5],
  ['file.hash.sha1', KIND.lower, FIELD.file_hashes_sha1],
  ['file.hash.sha256', KIND.lower, FIELD.file_hashes_sha256],
  ['registry.path', KIND.registryValue, FIELD.reg_value_path, FIELD.reg_value_path, 201_002],
  ['source.ip', KIND.address, FIELD.src_endpoint_ip],
  ['source.port', KIND.port, FIELD.src_endpoint_port],
  ['source.domain', KIND.text, FIELD.src_endpoint_hostname],
  ['destination.ip', KIND.address, FIELD.dst_endpoint_ip],
  ['destination.port', KIND.port, FIELD.dst_endpoint_port],
  ['destination.domain', KIND.text, FIELD.dst_endpoint_hostname],
  ['network.transport', KIND.protocol, FIELD.connection_info_protocol_num],
  ['dns.question.name', KIND.text, FIELD.query_hostname],
  ['dns.question.type', KIND.text, FIELD.query_type],
  ['service.name', KIND.text, FIELD.service_name],
  ['group.name', KIND.text, FIELD.group_name],
  ['group.domain', KIND.text, FIELD.group_domain],
  ['group.id', KIND.text, FIELD.group_uid],
  ['user.target.name', KIND.text, FIELD.user_name],
  ['user.target.domain', KIND.text, FIELD.user_domain],
  ['user.target.id', KIND.text, FIELD.user_uid],
  ['powershell.file.script_block_text', KIND.text, FIELD.script_script_content_value],
  ['powershell.file.script_block_id', KIND.guid, FIELD.script_uid],
  // Who signs in is the user of an authentication; who acts is the one of everything else.
  ['user.name', KIND.text, FIELD.actor_user_name],
  ['user.domain', KIND.text, FIELD.actor_user_domain],
];

export const ELASTIC_FIELDS: readonly ElasticField[] = ROWS.map(
  ([path, kind, field, ofOthers, only]) => ({
    path,
    kind,
    ofProcess: field,
    ofOthers: ofOthers ?? field,
    classUid: only ?? 0,
  }),
);
/** Number of a field, from 1 on, by its path. */
export const elasticTable = new KeyTable(ROWS.map(([path], index) => [path, index + 1] as const));
