// Programs of a Linux system whose messages are sentences: su, login, systemd, cron, the tools for
// accounts, DHCP clients. Each table is after the program's source.
import { FIELD } from '@weir/pipeline';
import { TextEvents } from '../common/text-events.js';
import { AS } from '../common/typed-writer.js';
import { accountRows } from './accounts.js';
import { dhcpRows } from './dhcp.js';
import {
  JOB_CHANGED,
  JOB_DELETED,
  JOB_OTHER,
  JOB_STARTED,
  LOGOFF,
  LOGON,
  LOGON_FAILED,
  LOGON_SUCCEEDED,
  OTHER,
  OTHER_FAILED,
  RESTARTED,
  SERVICE_CHANGED,
  SERVICE_FAILED,
  START_FAILED,
  STARTED,
  STARTING,
  STOPPED,
  STOPPING,
  SWITCH_FAILED,
  SWITCH_SUCCEEDED,
} from './outcomes.js';
import { programPack } from './program.js';

const user = [AS.account, FIELD.user_name] as const;
const root = [AS.lower, FIELD.user_name] as const;
const by = [AS.account, FIELD.actor_user_name] as const;
const action = [AS.text, FIELD.action] as const;
const detail = [AS.text, FIELD.status_detail] as const;
const terminal = [AS.text, FIELD.session_terminal] as const;
const host = [AS.host, FIELD.src_endpoint_ip] as const;
const unit = [AS.text, FIELD.application_name] as const;

/** shadow's su.c, util-linux's su-common.c, and that of the BSDs. */
export const su = programPack({
  name: 'linux_su',
  summary: 'su: who became whom.',
  tags: ['su', 'su-l', 'runuser'],
  product: 'su',
  events: new TextEvents({ user, by, action, detail, terminal }, [
    ['{action:Successful} su for {user*} by {by}', SWITCH_SUCCEEDED],
    ['{action:FAILED} su for {user*} by {by}', SWITCH_FAILED],
    ['+ {terminal} {by}:{user}', SWITCH_SUCCEEDED],
    ['- {terminal} {by}:{user}', SWITCH_FAILED],
    ['(to {user~}) {by} on {terminal}', SWITCH_SUCCEEDED],
    ['{action:FAILED SU} (to {user~}) {by} on {terminal}', SWITCH_FAILED],
    ['{action:BAD SU} {by} to {user} on {terminal}', SWITCH_FAILED],
    ['{by} to {user} on {terminal}', SWITCH_SUCCEEDED],
    ['pam_authenticate: {detail~}', OTHER_FAILED],
  ]),
});

/** util-linux's login.c and agetty.c, shadow's login.c. */
export const login = programPack({
  name: 'linux_login',
  summary: 'login and getty: sign-in at a terminal.',
  tags: ['login', 'getty', 'agetty', 'mingetty'],
  product: 'login',
  events: new TextEvents({ user, root, detail, terminal, host }, [
    ['{root:ROOT} LOGIN ON {terminal} FROM {host}', LOGON_SUCCEEDED],
    ['{root:ROOT} LOGIN ON {terminal}', LOGON_SUCCEEDED],
    ["{root:ROOT} LOGIN  on '{terminal~}' from '{host~}'", LOGON_SUCCEEDED],
    ["{root:ROOT} LOGIN  on '{terminal~}'", LOGON_SUCCEEDED],
    ['LOGIN ON {terminal} BY {user*} FROM {host}', LOGON_SUCCEEDED],
    ['LOGIN ON {terminal} BY {user~}', LOGON_SUCCEEDED],
    ['DIALUP AT {terminal} BY {user~}', LOGON_SUCCEEDED],
    [
      "FAILED LOGIN ({attempt#}) on '{terminal~}' from '{host~}' FOR '{user*}', {detail~}",
      LOGON_FAILED,
    ],
    ["FAILED LOGIN ({attempt#}) on '{terminal~}' FOR '{user*}', {detail~}", LOGON_FAILED],
    ['FAILED LOGIN {attempt#} FROM {host} FOR {user*}, {detail~}', LOGON_FAILED],
    ['FAILED LOGIN {attempt#} ON {terminal} FOR {user*}, {detail~}', LOGON_FAILED],
    ['FAILED LOGIN SESSION FROM {host} FOR {user*}, {detail~}', LOGON_FAILED],
    ['TOO MANY LOGIN TRIES ({attempt#}) FROM {host} FOR {user*}, {detail~}', LOGON_FAILED],
    ["invalid password for '{user*}' on '{terminal~}' from '{host~}'", LOGON_FAILED],
    ["invalid password for '{user*}' on '{terminal~}'", LOGON_FAILED],
  ]),
});

/** systemd's job.c, unit.c, service.c and logind's logind-session.c, logind-button.c. */
export const systemd = programPack({
  name: 'linux_systemd',
  summary: 'systemd and logind: units, sessions, power.',
  tags: ['systemd', 'systemd-logind', 'init'],
  product: 'systemd',
  events: new TextEvents({ user, unit, action, detail, session: [AS.text, FIELD.session_uid] }, [
    ['{action:Started} Session {session} of User {user~}.', LOGON],
    ['{action:Started} Session {session} of user {user~}.', LOGON],
    ['{action:Starting} Session {session} of user {user~}.', LOGON],
    ["New session '{session}' of user '{user*}' with class '{class}' and type '{type}'.", LOGON],
    ['New session {session} of user {user~}.', LOGON],
    ['Removed session {session}.', OTHER],
    ['Session {session} of user {user*} logged out. Waiting for processes to exit.', LOGOFF],
    ['Session {session} logged out. Waiting for processes to exit.', OTHER],
    ['Session {session} of user {user*} {action:is ready}.', OTHER],
    ['New seat {seat}.', OTHER],
    ['Power key pressed{rest~}', OTHER],
    ['System is powering down{rest~}', OTHER],
    ['System is rebooting{rest~}', OTHER],
    ['{action:Started} {unit~}.', STARTED],
    ['{action:Starting} {unit~}...', STARTING],
    ['{action:Started} {unit~}', STARTED],
    ['{action:Starting} {unit~}', STARTING],
    ['{action:Finished} {unit~}.', STOPPED],
    ['{action:Stopped} {unit~}.', STOPPED],
    ['{action:Stopping} {unit~}...', STOPPING],
    ['{action:Stopped} {unit~}', STOPPED],
    ['{action:Stopping} {unit~}', STOPPING],
    ['{action:Reloaded} {unit~}.', SERVICE_CHANGED],
    ['{action:Reloading} {unit~}...', SERVICE_CHANGED],
    ['{action:Failed to start} {unit~}.', START_FAILED],
    ['{action:Failed to start} {unit~}', START_FAILED],
    ['Dependency {action:failed} for {unit~}.', START_FAILED],
    ['Condition check resulted in {unit~} being {action:skipped}.', SERVICE_CHANGED],
    [
      '{unit}: Main process {action:exited}, code={exit_code}, status={exit_status}',
      SERVICE_CHANGED,
    ],
    [
      '{unit}: main process {action:exited}, code={exit_code}, status={exit_status}',
      SERVICE_CHANGED,
    ],
    [
      '{unit}: Control process {action:exited}, code={exit_code}, status={exit_status}',
      SERVICE_CHANGED,
    ],
    ["{unit}: {action:Failed} with result '{detail~}'.", SERVICE_FAILED],
    ['{unit}: Unit entered {action:failed} state.', SERVICE_FAILED],
    ['Unit {unit} entered {action:failed} state.', SERVICE_FAILED],
    ['{unit}: {action:Deactivated} successfully.', STOPPED],
    ['{unit}: {action:Succeeded}.', STOPPED],
    ['{unit}: Scheduled {action:restart} job, restart counter is at {restarts#}.', RESTARTED],
    ['{unit}: Service hold-off time over, scheduling {action:restart}.', RESTARTED],
    ['{unit}: Start request repeated too quickly.', START_FAILED],
    ['{unit}: Consumed {cpu_time~} CPU time{rest~}', SERVICE_CHANGED],
    ['{unit}: A process of this unit has been killed by the OOM killer.', SERVICE_FAILED],
    ['Failed to mark scope {unit} as abandoned : {detail~}', OTHER_FAILED],
  ]),
});

/** Vixie cron, cronie, anacron and run-parts. */
export const cron = programPack({
  name: 'linux_cron',
  summary: 'cron, crontab and anacron: jobs that run, tables that change.',
  tags: [
    'cron',
    'CRON',
    'crond',
    'crontab',
    'anacron',
    '/usr/sbin/cron',
    '/USR/SBIN/CRON',
    'run-parts',
  ],
  product: 'cron',
  events: new TextEvents(
    {
      user: [AS.account, FIELD.job_user_name],
      by,
      command: [AS.text, FIELD.job_cmd_line],
      job: [AS.text, FIELD.job_name],
      file: [AS.text, FIELD.job_file_path],
      action,
      detail,
    },
    [
      ['({user~}) {action:CMD} ({command~})', JOB_STARTED],
      ['({user~}) {action:CMDEND} ({command~})', JOB_OTHER],
      ['({user~}) {action:CMDOUT} ({detail~})', JOB_OTHER],
      ['({by~}) {action:LIST} ({user~})', JOB_OTHER],
      ['({by~}) {action:REPLACE} ({user~})', JOB_CHANGED],
      ['({by~}) {action:DELETE} ({user~})', JOB_DELETED],
      ['({by~}) {action:BEGIN EDIT} ({user~})', JOB_OTHER],
      ['({by~}) {action:END EDIT} ({user~})', JOB_OTHER],
      ['({user~}) {action:RELOAD} ({file~})', JOB_CHANGED],
      ['({by~}) {action:AUTH} ({detail~})', OTHER_FAILED],
      ['({user~}) {action:MAIL} ({detail~})', JOB_OTHER],
      ['({user~}) {action:ORPHAN} ({detail~})', JOB_OTHER],
      ['({program~}) {action:INFO} ({detail~})', OTHER],
      ['({program~}) {action:STARTUP} ({detail~})', OTHER],
      ['USER {user} pid {job_pid#} cmd {command~}', JOB_STARTED],
      ["Job `{job~}' {action:started}", JOB_STARTED],
      ["Job `{job~}' {action:terminated}", JOB_OTHER],
      ["Job `{job~}' {action:terminated} (mailing output)", JOB_OTHER],
      ["Will run job `{job~}' in {delay#} min.", JOB_OTHER],
      ['({file~}) {action:starting} {job}', JOB_STARTED],
      ['({file~}) {action:finished} {job}', JOB_OTHER],
    ],
  ),
});

/** shadow's tools and gpasswd; the pack of sentences about accounts and groups. */
export const accounts = programPack({
  name: 'linux_accounts',
  summary: 'useradd, usermod, groupadd, passwd, chage and others: accounts and groups that change.',
  tags: (
    'useradd adduser usermod userdel deluser groupadd groupmod groupdel gpasswd passwd chpasswd ' +
    'chage chfn chsh newusers newgrp vipw vigr'
  ).split(' '),
  product: 'shadow',
  events: new TextEvents(
    {
      user,
      by,
      detail,
      uid: [AS.text, FIELD.user_uid],
      group: [AS.text, FIELD.group_name],
      gid: [AS.text, FIELD.group_uid],
    },
    accountRows,
  ),
});

/** ISC dhclient and dhcpd, dhcpcd, and dnsmasq's DHCP. */
export const dhcp = programPack({
  name: 'linux_dhcp',
  summary: 'DHCP clients and servers: what was asked for and given.',
  tags: ['dhclient', 'dhclient3', 'dhcpcd', 'dhcpd', 'dnsmasq-dhcp', 'systemd-networkd'],
  product: 'DHCP',
  events: new TextEvents(
    {
      action,
      detail,
      interface: [AS.text, FIELD.src_endpoint_interface_name],
      ip: [AS.ip, FIELD.src_endpoint_ip],
      mac: [AS.mac, FIELD.src_endpoint_mac],
      name: [AS.text, FIELD.src_endpoint_hostname],
      to: [AS.host, FIELD.dst_endpoint_ip],
      port: [AS.unsigned, FIELD.dst_endpoint_port],
      transaction: [AS.text, FIELD.transaction_uid],
      lease: [AS.unsigned, FIELD.lease_dur],
    },
    dhcpRows,
  ),
});
