// Examples of the packs of Linux for the conformance kit.
import type { ParserConformance } from '@weir/pipeline/testing';

export const linuxConformances: Readonly<Record<string, ParserConformance>> = {
  linux_sshd: {
    examples: [
      {
        raw: 'Failed password for invalid user two words from 198.51.100.7 port 41234 ssh2',
        fields: { class_uid: 3002, status_id: 2, 'user.name': 'two words' },
      },
      {
        raw: 'Accepted publickey for alice from 2001:db8::7 port 50022 ssh2: ED25519 SHA256:q1w2',
        fields: { 'src_endpoint.ip': '2001:db8::7', auth_protocol: 'publickey' },
      },
      {
        raw: 'Connection closed by authenticating user root 198.51.100.7 port 41236 [preauth]',
        fields: { class_uid: 4007, 'actor.user.name': 'root' },
      },
      {
        raw: 'error: kex_exchange_identification: banner line too long',
        fields: { severity_id: 4 },
      },
      { raw: 'message repeated 4 times: [ Failed none for a from 192.0.2.1 port 1 ssh2]' },
      { raw: 'pam_unix(sshd:session): session closed for user alice', isForeign: true },
    ],
  },
  linux_pam: {
    examples: [
      {
        raw: 'pam_unix(sshd:session): session opened for user alice(uid=1000) by (uid=0)',
        fields: { 'user.name': 'alice', 'user.uid': '1000', 'service.name': 'sshd' },
      },
      {
        raw:
          'pam_unix(su:auth): authentication failure; logname=a uid=1 tty=x ruser= ' +
          'rhost=  user=b',
        fields: { status_id: 2, 'user.name': 'b', 'src_endpoint.ip': null },
      },
      { raw: 'pam_unix without more', isForeign: true },
    ],
  },
  linux_sudo: {
    examples: [
      {
        raw: ' alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/sh -c a ; b',
        fields: { 'process.cmd_line': '/bin/sh -c a ; b', 'process.user.name': 'root' },
      },
      {
        raw: 'alice : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls',
        fields: { status_id: 2, status_detail: 'user NOT in sudoers' },
      },
    ],
  },
  linux_su: {
    examples: [
      {
        raw: 'FAILED SU (to root) alice on pts/0',
        fields: { activity_id: 7, status_id: 2, 'user.name': 'root', 'actor.user.name': 'alice' },
      },
      { raw: '+ /dev/pts/0 alice:root', fields: { status_id: 1 } },
    ],
  },
  linux_login: {
    examples: [
      { raw: 'ROOT LOGIN ON tty1', fields: { 'user.name': 'root', 'session.terminal': 'tty1' } },
      { raw: 'LOGIN ON pts/1 BY alice FROM 192.0.2.11', fields: { 'user.name': 'alice' } },
    ],
  },
  linux_systemd: {
    examples: [
      { raw: 'Started A web server.', fields: { class_uid: 6002, 'app.name': 'A web server' } },
      { raw: "nginx.service: Failed with result 'exit-code'.", fields: { status_id: 2 } },
    ],
  },
  linux_cron: {
    examples: [
      { raw: '(root) CMD (/bin/true)', fields: { class_uid: 1006, 'job.cmd_line': '/bin/true' } },
      { raw: '(alice) REPLACE (bob)', fields: { 'job.user.name': 'bob' } },
    ],
  },
  linux_accounts: {
    examples: [
      {
        raw: 'new user: name=bob, UID=1005, GID=1005, home=/home/bob, shell=/bin/sh',
        fields: { class_uid: 3001, 'user.name': 'bob', 'user.uid': '1005' },
      },
      { raw: "add 'bob' to group 'sudo'", fields: { class_uid: 3006, 'group.name': 'sudo' } },
    ],
  },
  linux_dhcp: {
    examples: [
      {
        raw: 'DHCPACK on 192.0.2.50 to 02:00:00:00:00:0a (client7) via eth1',
        fields: { class_uid: 4004, 'src_endpoint.mac': '02:00:00:00:00:0a' },
      },
      { raw: 'bound to 192.0.2.50 -- renewal in 1800 seconds.' },
    ],
  },
  linux_netfilter: {
    examples: [
      {
        raw:
          '[UFW BLOCK] IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 ' +
          'SRC=198.51.100.7 DST=192.0.2.10 LEN=40 TTL=244 ID=1 DF PROTO=TCP SPT=5 DPT=23 SYN',
        fields: {
          disposition_id: 2,
          'dst_endpoint.mac': '02:00:00:00:00:01',
          'connection_info.protocol_num': 6,
        },
      },
      { raw: '[1.5] x IN=a OUT=b SRC=2001:db8::1 DST=2001:db8::2 PROTO=ICMPv6 [SRC=192.0.2.1 ]' },
      { raw: 'usb 1-1: new device', isForeign: true },
    ],
  },
  linux_audit: {
    examples: [
      {
        raw:
          'node=web1 type=SYSCALL msg=audit(1772316855.123:7): arch=c000003e syscall=59 ' +
          'success=yes pid=9 ppid=1 uid=0 comm=6964 exe="/usr/bin/id" key=(null)\x1dUID="root"',
        fields: {
          class_uid: 1007,
          'metadata.correlation_uid': '1772316855.123:7',
          'process.name': 'id',
          'process.user.name': 'root',
        },
      },
      {
        raw: 'type=EXECVE msg=audit(1772316855.123:7): argc=2 a0="sh" a1=2D6320',
        fields: { 'process.cmd_line': 'sh -c ' },
      },
      {
        raw:
          "type=USER_AUTH msg=audit(1772316855.123:8): pid=9 uid=0 msg='op=PAM:authentication " +
          'acct="bob" exe="/usr/bin/su" hostname=? addr=192.0.2.7 terminal=x res=failed\'',
        fields: { status_id: 2, 'user.name': 'bob', 'src_endpoint.ip': '192.0.2.7' },
      },
      {
        raw: 'type=AVC msg=audit(1.1:9): avc:  denied  { read } for  pid=1 name="/x" permissive=1',
      },
      { raw: 'type=SOCKADDR msg=audit(1.1:9): saddr=020001BBC000020A0000000000000000' },
      { raw: 'type=traffic subtype=forward', isForeign: true },
    ],
  },
};
