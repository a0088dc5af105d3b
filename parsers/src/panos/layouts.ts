// Positions of the fields in PAN-OS's comma separated logs, by type. After "Syslog Field
// Descriptions" of the PAN-OS Administrator's Guide, 8.0 to 11.2; names are those in parentheses
// there. A newer version adds fields behind the older ones, so that one list serves all of them;
// where that is not so there are two lists, and what stands in the event chooses.

const HEAD = 'future_use receive_time serial type subtype config_version time_generated';
const GROUPS = 'dg_hier_level_1 dg_hier_level_2 dg_hier_level_3 dg_hier_level_4';
const DEVICE = `${GROUPS} vsys_name device_name`;
const FLOW =
  'src dst natsrc natdst rule srcuser dstuser app vsys from to inbound_if outbound_if logset ' +
  'time_logged sessionid repeatcnt sport dport natsport natdport flags proto action';
const deviceId = (side: string): string =>
  'category profile model vendor osfamily osversion host mac'
    .split(' ')
    .map((name) => `${side}_${name}`)
    .join(' ');
const APP_HEAD =
  'subcategory_of_app category_of_app technology_of_app risk_of_app characteristic_of_app ' +
  'container_of_app';
const APP_TAIL = 'is_saas_of_app sanctioned_state_of_app';
const APP = `${APP_HEAD} tunneled_app ${APP_TAIL}`;
const CONTAINER = 'container_id pod_namespace pod_name src_edl dst_edl';
const PARENT = 'tunnelid monitortag parent_session_id parent_start_time tunnel';

const TRAFFIC =
  `${FLOW} bytes bytes_sent bytes_received packets start elapsed category future_use_2 seqno ` +
  `actionflags srcloc dstloc future_use_3 pkts_sent pkts_received session_end_reason ${DEVICE} ` +
  `action_source src_uuid dst_uuid ${PARENT} assoc_id chunks chunks_sent chunks_received ` +
  'rule_uuid http2_connection link_change_count policy_id link_switches sdwan_cluster ' +
  'sdwan_device_type sdwan_cluster_type sdwan_site dynusergroup_name xff_ip ' +
  `${deviceId('src')} ${deviceId('dst')} ${CONTAINER} hostid serialnumber src_dag dst_dag ` +
  `session_owner high_res_timestamp nssai_sst nssai_sd ${APP} offloaded`;

const THREAT =
  `${FLOW} misc threatid category severity direction seqno actionflags srcloc dstloc ` +
  'future_use_2 contenttype pcap_id filedigest cloud url_idx user_agent filetype xff referer ' +
  `sender subject recipient reportid ${DEVICE} future_use_3 src_uuid dst_uuid http_method ` +
  `${PARENT} thr_category contentver future_use_4 assoc_id ppid http_headers ` +
  'url_category_list rule_uuid http2_connection dynusergroup_name xff_ip ' +
  `${deviceId('src')} ${deviceId('dst')} ${CONTAINER} hostid serialnumber domain_edl src_dag ` +
  `dst_dag partial_hash high_res_timestamp reason justification nssai_sst ${APP} ` +
  'cloud_reportid cluster_name flow_type';

const SYSTEM =
  'vsys eventid object future_use_2 future_use_3 module severity opaque seqno actionflags ' +
  `${DEVICE} future_use_4 future_use_5 high_res_timestamp`;

const CONFIG_HEAD = 'host vsys cmd admin client result path';
const CONFIG_TAIL = `seqno actionflags ${DEVICE} dg_id comment future_use_2 high_res_timestamp`;

const USERID =
  'vsys ip user datasourcename eventid repeatcnt timeout beginport endport datasource ' +
  `datasourcetype seqno actionflags ${DEVICE} vsys_id factortype factorcompletiontime factorno ` +
  'ugflags userbysource tag_name high_res_timestamp origindatasource';

const HIPMATCH =
  'srcuser vsys machinename os src matchname repeatcnt matchtype future_use_2 future_use_3 ' +
  `seqno actionflags ${DEVICE} vsys_id srcipv6 hostid serialnumber mac high_res_timestamp ` +
  'cluster_name';

const GLOBALPROTECT_BODY =
  'vsys eventid stage auth_method tunnel_type srcuser srcregion machinename public_ip ' +
  'public_ipv6 private_ip private_ipv6 hostid serialnumber client_ver client_os client_os_ver ' +
  'repeatcnt reason error opaque status location login_duration connect_method error_code portal';
const GLOBALPROTECT =
  `${GLOBALPROTECT_BODY} seqno actionflags high_res_timestamp selection_type response_time ` +
  `priority attempted_gateways gateway ${DEVICE} vsys_id cluster_name`;

const DECRYPTION =
  `${FLOW} tunnel future_use_2 future_use_3 src_uuid dst_uuid rule_uuid hs_stage_c2f ` +
  'hs_stage_f2s tls_version tls_keyxchg tls_enc tls_auth policy_name ec_curve err_index ' +
  'root_status chain_status proxy_type cert_serial fingerprint notbefore notafter cert_ver ' +
  'cert_size cn_len issuer_len rootcn_len sni_len cert_flags cn issuer_cn root_cn sni error ' +
  `${CONTAINER} src_dag dst_dag high_res_timestamp ${deviceId('src')} ${deviceId('dst')} seqno ` +
  `actionflags ${DEVICE} vsys_id ${APP}`;

const AUTHENTICATION =
  'vsys ip user normalize_user object authpolicy repeatcnt authid vendor logset serverprofile ' +
  `description clienttype event factorno seqno actionflags ${DEVICE} vsys_id authproto rule_uuid ` +
  `high_res_timestamp ${deviceId('src')} region future_use_2 user_agent sessionid`;

const TUNNEL =
  `${FLOW} severity seqno actionflags srcloc dstloc ${DEVICE} ${PARENT} bytes bytes_sent ` +
  'bytes_received packets pkts_sent pkts_received max_encap unknown_proto strict_check ' +
  'tunnel_fragment sessions_created sessions_closed session_end_reason action_source start ' +
  'elapsed tunnel_insp_rule remote_user_ip remote_user_id rule_uuid pcap_id dynusergroup_name ' +
  'src_edl dst_edl high_res_timestamp nssai_sd nssai_sst pdu_session_id ' +
  `${APP_HEAD} ${APP_TAIL}`;

const CORRELATION = `src srcuser vsys category severity ${DEVICE} vsys_id objectname object_id evidence`;

const unused = (first: number, last: number): string =>
  Array.from({ length: last - first + 1 }, (_, index) => `future_use_${first + index}`).join(' ');
const GTP =
  'src dst future_use_2 future_use_3 rule future_use_4 future_use_5 app vsys from to inbound_if ' +
  `outbound_if logset future_use_6 sessionid future_use_7 sport dport ${unused(8, 10)} proto ` +
  'action event_type msisdn apn rat msg_type end_ip_adr teid1 teid2 gtp_interface cause_code ' +
  `severity mcc mnc area_code cell_id event_code ${unused(11, 12)} srcloc dstloc ` +
  `${unused(13, 19)} imsi imei ${unused(20, 35)} start elapsed tunnel_insp_rule remote_user_ip ` +
  'remote_user_id rule_uuid pcap_id high_res_timestamp nssai_sst nssai_sd ' +
  `${APP_HEAD} ${APP_TAIL}`;

const SCTP =
  'src dst future_use_2 future_use_3 rule future_use_4 future_use_5 future_use_6 vsys from to ' +
  `inbound_if outbound_if logset future_use_7 sessionid repeatcnt sport dport ${unused(8, 11)} ` +
  `proto action ${DEVICE} seqno future_use_12 assoc_id ppid severity sctp_chunk_type ` +
  'future_use_13 verif_tag_1 verif_tag_2 sctp_cause_code diam_app_id diam_cmd_code ' +
  'diam_avp_code stream_id assoc_end_reason op_code sccp_calling_ssn sccp_calling_gt ' +
  'sctp_filter chunks chunks_sent chunks_received packets pkts_sent pkts_received rule_uuid ' +
  'high_res_timestamp';

const IPTAG =
  'vsys ip tag_name event_id repeatcnt timeout datasourcename datasource_type ' +
  `datasource_subtype seqno actionflags ${DEVICE} vsys_id high_res_timestamp`;

/** Type of log, as PAN-OS and the Strata Logging Service write it. */
export const TYPE = {
  traffic: 1,
  threat: 2,
  system: 3,
  config: 4,
  globalprotect: 5,
  userid: 6,
  hipmatch: 7,
  decryption: 8,
  authentication: 9,
  tunnel: 10,
  correlation: 11,
  gtp: 12,
  sctp: 13,
  iptag: 14,
  audit: 15,
  dns: 16,
} as const;

export const LAYOUT = {
  ...TYPE,
  /** Custom formats of CONFIG have what the change was; the default one has not. */
  configWithChange: 17,
  /** 9.1.0 to 9.1.2 had the sequence number before the type. */
  globalprotectOld: 18,
} as const;

const list = (...names: readonly string[]): readonly string[] => names.join(' ').split(' ');
/** By LAYOUT: the name of each position. Nothing is logged as text under `dns`. */
export const LAYOUT_NAMES: Readonly<Record<number, readonly string[]>> = {
  [LAYOUT.traffic]: list(HEAD, TRAFFIC),
  [LAYOUT.threat]: list(HEAD, THREAT),
  [LAYOUT.system]: list(HEAD, SYSTEM),
  [LAYOUT.config]: list(HEAD, CONFIG_HEAD, CONFIG_TAIL),
  [LAYOUT.configWithChange]: list(
    HEAD,
    CONFIG_HEAD,
    'before_change_detail after_change_detail',
    CONFIG_TAIL,
  ),
  [LAYOUT.globalprotect]: list(HEAD, GLOBALPROTECT),
  [LAYOUT.globalprotectOld]: list(
    'future_use receive_time serial seqno actionflags type subtype config_version time_generated',
    GLOBALPROTECT_BODY,
  ),
  [LAYOUT.userid]: list(HEAD, USERID),
  [LAYOUT.hipmatch]: list(HEAD, HIPMATCH),
  [LAYOUT.decryption]: list(HEAD, DECRYPTION),
  [LAYOUT.authentication]: list(HEAD, AUTHENTICATION),
  [LAYOUT.tunnel]: list(HEAD, TUNNEL),
  [LAYOUT.correlation]: list(HEAD, CORRELATION),
  [LAYOUT.gtp]: list(HEAD, GTP),
  [LAYOUT.sctp]: list(HEAD, SCTP),
  [LAYOUT.iptag]: list(HEAD, IPTAG),
  [LAYOUT.audit]: list('serial time_generated type config_version eventid admin cmd result'),
  [LAYOUT.dns]: [],
};

/**
 * By LAYOUT: how many fields the oldest version has that has the type. An event with fewer was cut.
 */
export const FIELD_COUNT_MIN: Readonly<Record<number, number>> = {
  [LAYOUT.traffic]: 46,
  [LAYOUT.threat]: 42,
  [LAYOUT.system]: 17,
  [LAYOUT.config]: 16,
  [LAYOUT.configWithChange]: 18,
  [LAYOUT.globalprotect]: 36,
  [LAYOUT.globalprotectOld]: 36,
  [LAYOUT.userid]: 20,
  [LAYOUT.hipmatch]: 19,
  [LAYOUT.decryption]: 66,
  [LAYOUT.authentication]: 24,
  [LAYOUT.tunnel]: 57,
  [LAYOUT.correlation]: 22,
  [LAYOUT.gtp]: 60,
  [LAYOUT.sctp]: 56,
  [LAYOUT.iptag]: 24,
  [LAYOUT.audit]: 8,
  [LAYOUT.dns]: 0,
};
