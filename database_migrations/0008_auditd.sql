-- Events of the Linux audit log. The kernel and auditd write an event as several records, a row
-- each, which have the same id (metadata.correlation_uid) on one host: SYSCALL says who did it,
-- EXECVE or PROCTITLE with which command line, CWD where, PATH on which files, SOCKADDR with whom.
CREATE OR REPLACE VIEW {database}.auditd_events AS
SELECT
  tenant_id,
  host,
  audit_id,
  min(one_time) AS time,
  max(one_ingest_time) AS ingest_time,
  arraySort(groupUniqArray(one_record_type)) AS record_types,
  anyIf(one_system_call, one_system_call != '') AS system_call,
  anyIf(one_outcome, one_outcome != 0) AS status_id,
  anyIf(one_exit_code, one_exit_code != '') AS exit_code,
  anyIf(one_command_line, one_command_line != '' AND one_record_type = 'EXECVE') AS executed,
  anyIf(one_command_line, one_command_line != '') AS command_line,
  anyIf(one_executable, one_executable != '') AS executable,
  anyIf(one_process_name, one_process_name != '') AS process_name,
  anyIf(one_pid, one_pid != '') AS pid,
  anyIf(one_parent_pid, one_parent_pid != '') AS parent_pid,
  anyIf(one_working_directory, one_working_directory != '') AS working_directory,
  arraySort(groupUniqArrayIf(one_file_path, one_file_path != '')) AS files,
  anyIf(one_address, one_address != '') AS address,
  anyIf(one_port, one_port != '') AS port,
  anyIf(one_uid, one_uid != '') AS uid,
  anyIf(one_user_name, one_user_name != '') AS user_name,
  anyIf(one_audit_uid, one_audit_uid != '') AS audit_uid,
  anyIf(one_session, one_session != '') AS session,
  anyIf(one_terminal, one_terminal != '') AS terminal,
  anyIf(one_rule_key, one_rule_key != '') AS rule_key
FROM (
  SELECT
    tenant_id,
    if(device_hostname = '', source, device_hostname) AS host,
    attributes['metadata.correlation_uid'] AS audit_id,
    time AS one_time,
    ingest_time AS one_ingest_time,
    metadata_event_code AS one_record_type,
    attributes['kernel.system_call'] AS one_system_call,
    status_id AS one_outcome,
    attributes['status_code'] AS one_exit_code,
    attributes['process.cmd_line'] AS one_command_line,
    if(
      attributes['process.file.path'] = '',
      attributes['actor.process.file.path'],
      attributes['process.file.path']
    ) AS one_executable,
    -- The actor of a record without one is the program that sent it on.
    if(
      attributes['process.name'] = '' AND attributes['actor.process.file.path'] != '',
      actor_process_name,
      attributes['process.name']
    ) AS one_process_name,
    if(
      attributes['process.pid'] = '' AND attributes['actor.process.file.path'] != '',
      toString(ifNull(actor_process_pid, 0)),
      attributes['process.pid']
    ) AS one_pid,
    if(
      attributes['process.parent_process.pid'] = '',
      unmapped['ppid'],
      attributes['process.parent_process.pid']
    ) AS one_parent_pid,
    attributes['process.working_directory'] AS one_working_directory,
    if(attributes['file.path'] = '', file_name, attributes['file.path']) AS one_file_path,
    unmapped['laddr'] AS one_address,
    unmapped['lport'] AS one_port,
    if(
      attributes['process.user.uid'] = '',
      attributes['actor.user.uid'],
      attributes['process.user.uid']
    ) AS one_uid,
    multiIf(
      attributes['process.user.name'] != '',
      attributes['process.user.name'],
      attributes['user.name'] != '',
      attributes['user.name'],
      actor_user_name
    ) AS one_user_name,
    unmapped['auid'] AS one_audit_uid,
    coalesce(
      nullIf(attributes['process.session.uid'], ''),
      nullIf(attributes['session.uid'], ''),
      attributes['actor.session.uid']
    ) AS one_session,
    coalesce(
      nullIf(attributes['process.session.terminal'], ''),
      nullIf(attributes['session.terminal'], ''),
      attributes['actor.session.terminal']
    ) AS one_terminal,
    unmapped['key'] AS one_rule_key
  FROM {events}
  WHERE parser = 'linux_audit' AND attributes['metadata.correlation_uid'] != ''
)
GROUP BY tenant_id, host, audit_id;
