// Examples of the packs of F5 for the conformance kit.
import type { ParserConformance } from '@weir/pipeline/testing';

export const f5Conformances: Readonly<Record<string, ParserConformance>> = {
  f5_bigip: {
    examples: [
      {
        raw: '01260013:4: SSL Handshake failed for TCP 198.51.100.7:50365 -> 192.0.2.20:443',
        fields: { 'metadata.event_code': '01260013', severity_id: 3, 'dst_endpoint.port': 443 },
      },
      {
        raw: "01490010:5: /Common/vpn:Common:8c6be305: Username 'alice'",
        fields: { 'user.name': 'alice', 'session.uid': '8c6be305', 'policy.name': '/Common/vpn' },
      },
      {
        raw:
          'unit_hostname="bigip1",attack_type="SQL-Injection",request_status="blocked",uri="/a",' +
          'query_string="b=c",request="GET /a?b=c HTTP/1.1\\r\\nHost: www.example.org\\r\\n ' +
          'X: ""y"""',
        fields: {
          class_uid: 2004,
          disposition_id: 2,
          'http_request.url.url_string': '/a?b=c',
          'http_request.url.hostname': 'www.example.org',
        },
      },
      {
        raw: 'bigip1,f5_irule=HTTP,src_ip=198.51.100.7,http_method=GET,http_host=example.org:80',
        fields: { 'device.hostname': 'bigip1', 'http_request.url.port': 80 },
      },
      {
        raw: 'Rule /Common/log <HTTP_REQUEST>: text',
        fields: { 'firewall_rule.name': '/Common/log' },
      },
      { raw: '[ssl_acc] 192.0.2.1 - admin [28/Feb/2026:15:01:50 +0000] "/x?y" 200 2' },
      { raw: 'just words of another program', isForeign: true },
    ],
  },
};
