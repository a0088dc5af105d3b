// Events of the five named vendors in their documented formats, each with the key fields that must
// come out: source address, destination address, action or what is nearest to it (Appendix C of the
// requirements). `n` makes every event unlike all others; addresses are those of RFC 5737 and 1918.

export interface VendorEvent {
  /** As it goes over the wire, without a line end. */
  readonly raw: string;
  /** Columns of the events table; NAT and others stand in `attributes` by their path. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface Vendor {
  readonly name: string;
  /** Sent once in front of the events of a connection; no event. */
  readonly header: string;
  readonly protocol: 'udp' | 'tcp';
  event(n: number): VendorEvent;
}

const source = (n: number): string => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
const target = (n: number): string => `198.51.100.${n % 250}`;
const port = (n: number): number => 1024 + (n % 60_000);

function fortinet(n: number): VendorEvent {
  const action = n % 3 === 0 ? 'deny' : 'close';
  return {
    raw:
      '<189>date=2026-11-30 time=10:15:00 devname="fw-edge" devid="FGT60F0000000001" ' +
      `eventtime=${1_796_033_700_000_000_000n + BigInt(n) * 1000n} tz="+0000" ` +
      'logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" ' +
      `srcip=${source(n)} srcport=${port(n)} srcintf="lan" dstip=${target(n)} dstport=443 ` +
      `dstintf="wan1" sessionid=${n} proto=6 action="${action}" policyid=7 service="HTTPS" ` +
      'duration=3 sentbyte=1200 rcvdbyte=3400',
    fields: {
      src_endpoint_ip: source(n),
      dst_endpoint_ip: target(n),
      action,
      class_uid: '4001',
      traffic_bytes_out: '1200',
    },
  };
}

function panos(n: number): VendorEvent {
  const action = n % 3 === 0 ? 'deny' : 'allow';
  const fields = [
    ...['1', '2026/11/30 10:15:00', '007000000000001', 'TRAFFIC', 'end', '2561'],
    ...['2026/11/30 10:15:00', source(n), target(n), '203.0.113.7', target(n), 'rule-out', ''],
    ...['', 'ssl', 'vsys1', 'trust', 'untrust', 'ethernet1/2', 'ethernet1/1', 'forward-all'],
    ...['2026/11/30 10:15:00', String(n), '1', String(port(n)), '443', '40000', '443', '0x400000'],
    ...['tcp', action, '4600', '1200', '3400', '20', '2026/11/30 10:14:57', '3', 'any', '0'],
    ...[String(n), '0x0', '10.0.0.0-10.255.255.255', 'United States', '0', '9', '11', 'tcp-fin'],
  ];
  return {
    raw: `<14>Nov 30 10:15:00 pa-edge ${fields.join(',')}`,
    fields: {
      src_endpoint_ip: source(n),
      dst_endpoint_ip: target(n),
      action,
      class_uid: '4001',
      "attributes['src_endpoint.proxy_endpoint.ip']": '203.0.113.7',
    },
  };
}

function cisco(n: number): VendorEvent {
  const head = '<166>Nov 30 2026 10:15:00 asa-edge : ';
  if (n % 3 === 0)
    return {
      raw:
        `${head}%ASA-4-106023: Deny tcp src outside:${source(n)}/${port(n)} dst ` +
        `inside:${target(n)}/22 by access-group "outside_in" [0x0, 0x0]`,
      fields: {
        src_endpoint_ip: source(n),
        dst_endpoint_ip: target(n),
        disposition_id: '2',
        metadata_event_code: '106023',
      },
    };
  return {
    raw:
      `${head}%ASA-6-302013: Built inbound TCP connection ${n} for outside:${source(n)}/${port(n)} ` +
      `(${source(n)}/${port(n)}) to inside:${target(n)}/443 (${target(n)}/443)`,
    fields: {
      src_endpoint_ip: source(n),
      dst_endpoint_ip: target(n),
      class_uid: '4001',
      activity_id: '1',
      metadata_event_code: '302013',
    },
  };
}

function f5(n: number): VendorEvent {
  const status = n % 3 === 0 ? 'blocked' : 'passed';
  return {
    raw:
      '<134>Nov 30 10:15:00 bigip1 ASM:unit_hostname="bigip1.example.org",' +
      'management_ip_address="192.0.2.5",policy_name="/Common/web",' +
      `violations="Illegal URL",support_id="${n}",request_status="${status}",` +
      `response_code="200",ip_client="${source(n)}",method="GET",protocol="HTTPS",` +
      `src_port="${port(n)}",dest_port="443",dest_ip="${target(n)}",` +
      'uri="/index.html",date_time="2026-11-30 10:15:00",severity="Error"',
    fields: {
      src_endpoint_ip: source(n),
      dst_endpoint_ip: target(n),
      action: status,
      "attributes['http_request.http_method']": 'GET',
    },
  };
}

/** Of Zeek's conn.log; the header lines are the context of the connection that brings them. */
const ZEEK_HEADER = [
  '#separator \\x09',
  '#set_separator\t,',
  '#empty_field\t(empty)',
  '#unset_field\t-',
  '#path\tconn',
  '#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tconn_state',
  '#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tstring',
].join('\n');

function zeek(n: number): VendorEvent {
  const state = n % 3 === 0 ? 'REJ' : 'SF';
  const row = [
    `1796033700.${String(n % 1_000_000).padStart(6, '0')}`,
    `C${String(n).padStart(17, '0')}`,
    ...[source(n), String(port(n)), target(n), '443', 'tcp', 'ssl', state],
  ];
  return {
    raw: row.join('\t'),
    fields: {
      src_endpoint_ip: source(n),
      dst_endpoint_ip: target(n),
      // Nearest to an action: how the connection ended.
      activity_id: n % 3 === 0 ? '5' : '2',
      connection_info_protocol_num: '6',
    },
  };
}

export const VENDORS: readonly Vendor[] = [
  { name: 'Fortinet', header: '', protocol: 'udp', event: fortinet },
  { name: 'Palo Alto', header: '', protocol: 'udp', event: panos },
  { name: 'Cisco', header: '', protocol: 'tcp', event: cisco },
  { name: 'F5', header: '', protocol: 'tcp', event: f5 },
  { name: 'Zeek', header: ZEEK_HEADER, protocol: 'tcp', event: zeek },
];
