// The one mapping of the event model to the Elastic Common Schema (ECS 8.17): `weir parse --schema
// ecs` and the views v_ecs and v_otel_logs are made from it. A row says which fields of ours an ECS
// field has, the first that an event has, and what becomes of the value on its way.
import type { FieldPath } from '../fields.js';

/**
 * What becomes of a value. Each has a reading in JavaScript (values.ts) and one in SQL (sql.ts).
 */
export type Transform =
  /** As it is. */
  | 'same'
  /** Only if it is a decimal number: the word for a severity is none. */
  | 'number_only'
  /** Only if it is no number. */
  | 'word_only'
  /** Milliseconds to nanoseconds. */
  | 'ms_to_ns'
  /** Microseconds since 1970 to ISO 8601. */
  | 'time'
  /** IANA protocol number to its name in lower case; an unknown number as it is. */
  | 'transport'
  /** Lower case. */
  | 'lower'
  /** aa:bb:cc:dd:ee:ff to AA-BB-CC-DD-EE-FF. */
  | 'mac'
  /** What stands behind the last slash or backslash. */
  | 'basename'
  /** OCSF status_id to success or failure. */
  | 'outcome'
  /** 4 or 6 to ipv4 or ipv6. */
  | 'ip_version'
  /** OCSF direction_id to ECS's word. */
  | 'direction';

export interface EcsSource {
  readonly path: FieldPath;
  readonly transform: Transform;
}

export interface EcsField {
  readonly name: string;
  readonly type: 'text' | 'number' | 'time';
  /** The first that the event has. */
  readonly sources: readonly EcsSource[];
  /** Only for events with one of these ids, or only for others; absent: for all. */
  readonly when?: EcsCondition;
}

export interface EcsCondition {
  readonly field: 'class_uid' | 'type_uid';
  readonly ids: readonly number[];
  readonly isNot: boolean;
}

/** Authentication: `user` is who signs in; elsewhere who acts goes before who is acted upon. */
const IS_AUTHENTICATION: EcsCondition = { field: 'class_uid', ids: [3002], isNot: false };
/** Opening another process, or injecting into it: the one that acts is ECS's process. */
const IS_ON_PROCESS: EcsCondition = { field: 'type_uid', ids: [100703, 100704], isNot: false };
const not = (condition: EcsCondition): EcsCondition => ({ ...condition, isNot: true });

type Source = FieldPath | readonly [FieldPath, Transform];
const field = (name: string, type: EcsField['type'], sources: readonly Source[]): EcsField => ({
  name,
  type,
  sources: sources.map((source) =>
    typeof source === 'string'
      ? { path: source, transform: 'same' }
      : { path: source[0], transform: source[1] },
  ),
});
const text = (name: string, ...sources: readonly Source[]): EcsField =>
  field(name, 'text', sources);
const number = (name: string, ...sources: readonly Source[]): EcsField =>
  field(name, 'number', sources);
const time = (name: string, path: FieldPath): EcsField => field(name, 'time', [[path, 'time']]);

const endpoint = (ecs: string, ocsf: 'src_endpoint' | 'dst_endpoint'): readonly EcsField[] => [
  text(`${ecs}.ip`, `${ocsf}.ip`),
  number(`${ecs}.port`, `${ocsf}.port`),
  text(`${ecs}.domain`, `${ocsf}.hostname`),
  text(`${ecs}.mac`, [`${ocsf}.mac`, 'mac']),
  text(`${ecs}.nat.ip`, `${ocsf}.proxy_endpoint.ip`),
  number(`${ecs}.nat.port`, `${ocsf}.proxy_endpoint.port`),
  text(`${ecs}.geo.country_name`, `${ocsf}.location.country`),
  text(`${ecs}.geo.region_name`, `${ocsf}.location.region`),
  text(`${ecs}.geo.city_name`, `${ocsf}.location.city`),
  number(`${ecs}.as.number`, `${ocsf}.autonomous_system.number`),
  text(`${ecs}.as.organization.name`, `${ocsf}.autonomous_system.name`),
];

const hashes = (ecs: string, ...files: readonly HashedFile[]): readonly EcsField[] =>
  (['md5', 'sha1', 'sha256'] as const).map((algorithm) =>
    text(
      `${ecs}.hash.${algorithm}`,
      ...files.map((file): Source => [`${file}.hashes.${algorithm}`, 'lower']),
    ),
  );
type HashedFile = 'file' | 'process.file' | 'module.file' | 'driver.file';

const EVENT: readonly EcsField[] = [
  time('@timestamp', 'time'),
  text('message', 'message'),
  text('event.action', 'action', 'api.operation'),
  text('event.code', 'metadata.event_code'),
  text('event.dataset', 'metadata.log_name'),
  number('event.duration', ['duration', 'ms_to_ns']),
  time('event.start', 'start_time'),
  time('event.end', 'end_time'),
  text('event.id', 'metadata.uid'),
  text('event.outcome', ['status_id', 'outcome']),
  text('event.provider', 'metadata.log_provider'),
  text('event.reason', 'status_detail'),
  number('event.risk_score', 'risk_score'),
  number('event.sequence', 'metadata.sequence'),
  number('event.severity', ['severity', 'number_only']),
  text('log.level', ['metadata.log_level', 'lower'], ['severity', 'word_only']),
  number('log.syslog.facility.code', 'syslog.facility'),
  number('log.syslog.severity.code', 'syslog.severity'),
  text('trace.id', 'metadata.correlation_uid'),
];

const HOSTS: readonly EcsField[] = [
  text('host.name', 'device.hostname'),
  text('host.ip', 'device.ip'),
  text('host.mac', ['device.mac', 'mac']),
  text('host.domain', 'device.domain'),
  text('host.os.name', 'device.os.name'),
  text('host.os.version', 'device.os.version'),
  text('observer.name', 'device.hostname'),
  text('observer.serial_number', 'device.uid'),
  text('observer.vendor', 'metadata.product.vendor_name'),
  text('observer.product', 'metadata.product.name'),
  text('observer.version', 'metadata.product.version'),
  text('observer.ingress.interface.name', 'src_endpoint.interface_name'),
  text('observer.egress.interface.name', 'dst_endpoint.interface_name'),
  text('observer.ingress.zone', 'src_endpoint.zone'),
  text('observer.egress.zone', 'dst_endpoint.zone'),
  text('cloud.provider', 'cloud.provider'),
  text('cloud.region', 'cloud.region'),
  text('cloud.account.id', 'cloud.account.uid'),
];

const NETWORK: readonly EcsField[] = [
  ...endpoint('source', 'src_endpoint'),
  number('source.bytes', 'traffic.bytes_out'),
  number('source.packets', 'traffic.packets_out'),
  ...endpoint('destination', 'dst_endpoint'),
  number('destination.bytes', 'traffic.bytes_in'),
  number('destination.packets', 'traffic.packets_in'),
  text(
    'network.transport',
    ['connection_info.protocol_num', 'transport'],
    ['connection_info.protocol_name', 'lower'],
  ),
  text(
    'network.protocol',
    ['protocol_name', 'lower'],
    ['dst_endpoint.svc_name', 'lower'],
    ['app_name', 'lower'],
  ),
  text('network.application', ['app_name', 'lower']),
  text('network.type', ['connection_info.protocol_ver_id', 'ip_version']),
  text(
    'network.direction',
    ['connection_info.direction_id', 'direction'],
    ['connection_info.direction', 'lower'],
  ),
  number('network.bytes', 'traffic.bytes'),
  number('network.packets', 'traffic.packets'),
  text('network.community_id', 'connection_info.community_uid'),
  text('network.vlan.id', 'src_endpoint.vlan_uid'),
  text('rule.id', 'firewall_rule.uid', 'policy.uid', 'finding_info.analytic.uid'),
  text('rule.name', 'firewall_rule.name', 'policy.name', 'finding_info.analytic.name'),
  text('rule.category', 'firewall_rule.category', 'finding_info.analytic.category'),
  text('rule.description', 'firewall_rule.desc', 'finding_info.title'),
];

const APPLICATION: readonly EcsField[] = [
  text('http.request.method', 'http_request.http_method'),
  text('http.request.referrer', 'http_request.referrer'),
  number('http.request.bytes', 'http_request.length'),
  number('http.request.body.bytes', 'http_request.body_length'),
  number('http.response.status_code', 'http_response.code'),
  number('http.response.bytes', 'http_response.length'),
  number('http.response.body.bytes', 'http_response.body_length'),
  text('http.response.mime_type', 'http_response.content_type'),
  text('http.version', 'http_request.version'),
  text('user_agent.original', 'http_request.user_agent'),
  text('url.original', 'http_request.url.url_string', 'url.url_string'),
  text(
    'url.domain',
    ['http_request.url.hostname', 'lower'],
    ['url.hostname', 'lower'],
    ['url.domain', 'lower'],
  ),
  text('url.path', 'http_request.url.path', 'url.path'),
  text('url.query', 'http_request.url.query_string', 'url.query_string'),
  text('url.scheme', 'http_request.url.scheme', 'url.scheme'),
  number('url.port', 'http_request.url.port', 'url.port'),
  text('dns.question.name', 'query.hostname'),
  text('dns.question.type', 'query.type'),
  text('dns.question.class', 'query.class'),
  text('dns.op_code', 'query.opcode'),
  number('dns.id', 'query.packet_uid'),
  text('dns.response_code', 'rcode'),
  text('tls.version', 'tls.version'),
  text('tls.cipher', 'tls.cipher'),
  text('tls.client.server_name', 'tls.sni'),
  text('tls.client.ja3', 'tls.ja3_hash.md5'),
  text('tls.server.ja3s', 'tls.ja3s_hash.md5'),
  text('tls.server.subject', 'tls.certificate.subject', 'certificate.subject'),
  text('tls.server.issuer', 'tls.certificate.issuer', 'certificate.issuer'),
  text(
    'tls.server.x509.serial_number',
    'tls.certificate.serial_number',
    'certificate.serial_number',
  ),
  text('email.from.address', 'email.from', 'email.smtp_from'),
  text('email.to.address', 'email.to', 'email.smtp_to'),
  text('email.subject', 'email.subject'),
  text('email.message_id', 'email.message_uid'),
  text('service.name', 'service.name', 'app.name'),
  text('service.id', 'service.uid'),
];

/** Names and places of a process, from the first of these that the event has. */
const processOf = (...holders: readonly ('process' | 'actor.process')[]): readonly EcsField[] => [
  text(
    'process.name',
    ...holders.flatMap((holder): Source[] => [
      `${holder}.name`,
      [`${holder}.file.path`, 'basename'],
    ]),
  ),
  number('process.pid', ...holders.map((holder): Source => `${holder}.pid`)),
  text('process.entity_id', ...holders.map((holder): Source => `${holder}.uid`)),
  text('process.executable', ...holders.map((holder): Source => `${holder}.file.path`)),
  text(
    'process.command_line',
    ...holders.map((holder): Source => `${holder}.cmd_line`),
    'job.cmd_line',
  ),
  text(
    'process.working_directory',
    ...holders.map((holder): Source => `${holder}.working_directory`),
  ),
  number('process.thread.id', ...holders.map((holder): Source => `${holder}.tid`)),
];

const ENDPOINTS: readonly EcsField[] = [
  ...processOf('process', 'actor.process').map((each) => ({ ...each, when: not(IS_ON_PROCESS) })),
  ...processOf('actor.process').map((each) => ({ ...each, when: IS_ON_PROCESS })),
  ...hashes('process', 'process.file'),
  text('process.pe.imphash', ['process.file.hashes.imphash', 'lower']),
  text('process.pe.original_file_name', 'process.file.name'),
  text('process.pe.company', 'process.file.company_name'),
  text('process.pe.description', 'process.file.desc'),
  text('process.pe.product', 'process.file.product.name'),
  text('process.pe.file_version', 'process.file.version'),
  text('process.parent.name', 'process.parent_process.name', [
    'process.parent_process.file.path',
    'basename',
  ]),
  number('process.parent.pid', 'process.parent_process.pid'),
  text('process.parent.entity_id', 'process.parent_process.uid'),
  text('process.parent.executable', 'process.parent_process.file.path'),
  text('process.parent.command_line', 'process.parent_process.cmd_line'),
  text(
    'file.path',
    'file.path',
    'module.file.path',
    'driver.file.path',
    'script.file.path',
    'job.file.path',
  ),
  text(
    'file.name',
    'file.name',
    ['file.path', 'basename'],
    'module.file.name',
    ['module.file.path', 'basename'],
    ['driver.file.path', 'basename'],
  ),
  number('file.size', 'file.size'),
  text('file.directory', 'file.parent_folder'),
  text('file.mime_type', 'file.mime_type'),
  text('file.owner', 'file.owner.name'),
  ...hashes('file', 'file', 'module.file', 'driver.file'),
  text('registry.path', 'reg_value.path', 'reg_key.path'),
  text('registry.value', 'reg_value.name'),
  text('registry.data.strings', 'reg_value.data'),
];

const USERS: readonly EcsField[] = [
  ...(['name', 'domain', 'uid', 'email_addr', 'full_name'] as const).flatMap((part) => {
    const ecs = {
      name: 'name',
      domain: 'domain',
      uid: 'id',
      email_addr: 'email',
      full_name: 'full_name',
    };
    const acting: FieldPath = `actor.user.${part}`;
    const subject: FieldPath = `user.${part}`;
    const name = `user.${ecs[part]}`;
    // Of a started process, whose it is says more than who wrote the event.
    const owner: readonly Source[] =
      part === 'name' || part === 'domain' || part === 'uid' ? [`process.user.${part}`] : [];
    return [
      { ...text(name, subject, acting), when: IS_AUTHENTICATION },
      { ...text(name, acting, ...owner, subject), when: not(IS_AUTHENTICATION) },
      { ...text(`user.target.${ecs[part]}`, subject), when: not(IS_AUTHENTICATION) },
    ];
  }),
  text('group.name', 'group.name'),
  text('group.id', 'group.uid'),
];

const THREATS: readonly EcsField[] = [
  text('threat.technique.id', 'attacks.technique.uid'),
  text('threat.technique.name', 'attacks.technique.name'),
  text('threat.tactic.name', 'attacks.tactic.name'),
  text('threat.indicator.name', 'osint.value'),
  text('threat.indicator.provider', 'osint.vendor_name'),
  text('threat.indicator.description', 'osint.desc'),
  text('vulnerability.id', 'vulnerabilities.cve.uid'),
];

/** A name may stand twice, for different classes. */
export const ECS_FIELDS: readonly EcsField[] = [
  ...EVENT,
  ...HOSTS,
  ...NETWORK,
  ...APPLICATION,
  ...ENDPOINTS,
  ...USERS,
  ...THREATS,
];

export const ECS_VERSION = '8.17.0';

/** ECS event.category by OCSF class; by category where the class says no more. */
export const CATEGORY_BY_CLASS: Readonly<Record<number, string>> = {
  1001: 'file',
  1002: 'driver',
  1005: 'library',
  1006: 'process',
  1007: 'process',
  2004: 'intrusion_detection',
  3001: 'iam',
  3002: 'authentication',
  3006: 'iam',
  4001: 'network',
  4002: 'web',
  4003: 'network',
  4009: 'email',
  6003: 'api',
  201001: 'registry',
  201002: 'registry',
};

/** IANA protocol numbers that ECS and people know by name. */
export const TRANSPORT_NAMES: Readonly<Record<number, string>> = {
  1: 'icmp',
  2: 'igmp',
  4: 'ipip',
  6: 'tcp',
  17: 'udp',
  41: 'ipv6',
  47: 'gre',
  50: 'esp',
  51: 'ah',
  58: 'ipv6-icmp',
  88: 'eigrp',
  89: 'ospf',
  103: 'pim',
  112: 'vrrp',
  115: 'l2tp',
  132: 'sctp',
};

/** By OCSF connection_info.direction_id. */
export const DIRECTION_NAMES: Readonly<Record<number, string>> = {
  1: 'inbound',
  2: 'outbound',
  3: 'internal',
};
