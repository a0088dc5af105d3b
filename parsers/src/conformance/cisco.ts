// Examples for the conformance kit: Cisco's firewalls, routers, Meraki and ISE.
import type { ParserConformance } from '@weir/pipeline/testing';

export const CISCO: Readonly<Record<string, ParserConformance>> = {
  cisco_asa: {
    examples: [
      {
        raw: '%ASA-4-106023: Deny tcp src outside:203.0.113.7/40312 dst dmz:192.0.2.20/443 by access-group "in" [0x0, 0x0]',
        fields: { class_uid: 4001, 'src_endpoint.port': 40312, 'firewall_rule.name': 'in' },
      },
      {
        raw: '%FTD-1-430002: SrcIP: 192.0.2.10, DstIP: 203.0.113.7, Protocol: tcp, AccessControlRuleAction: Block',
        fields: { 'src_endpoint.ip': '192.0.2.10', disposition_id: 2 },
      },
      { raw: ': %ASA-session-6-302013: Built outbound TCP connection 1 for outside:203' },
      { raw: '%SYS-5-CONFIG_I: Configured from console', isForeign: true },
    ],
  },
  cisco_ios: {
    examples: [
      {
        raw: '%SEC-6-IPACCESSLOGP: list 101 denied tcp 203.0.113.7(40312) -> 192.0.2.10(22), 1 packet',
        fields: { 'dst_endpoint.port': 22, 'metadata.event_code': 'IPACCESSLOGP' },
      },
      {
        raw: ': sw01: *Mar  1 12:00:00.511 CET: %LINK-3-UPDOWN: Interface Gi0/1, changed state to up',
      },
      { raw: '50 %done with 5-6 items', isForeign: true },
    ],
  },
  cisco_meraki: {
    examples: [
      {
        raw: '1 1772366399.514 mx flows deny src=192.0.2.11 dst=198.51.100.20 protocol=tcp sport=1 dport=2',
        fields: { disposition_id: 2, 'device.hostname': 'mx' },
      },
      { raw: "1 1772366399.514 mr events type=association client_mac='02:00:5E:00:00:03'" },
      { raw: '1 1772366399.514 mx other text', isForeign: true },
    ],
  },
  cisco_ise: {
    examples: [
      {
        raw:
          'CISE_Failed_Attempts 0000000102 1 0 2026-03-01 12:59:59.135 +01:00 0000004712 5400 NOTICE ' +
          'Failed-Attempt: Authentication failed, UserName=bob,',
        fields: { 'user.name': 'bob', status_id: 2 },
      },
      { raw: 'CISE_Passed_Authentications 0000000101 2 1  Step=1, Step=2, A=b\\,c,' },
      { raw: 'CISE_Alarm Warning: text', isForeign: true },
    ],
  },
};
