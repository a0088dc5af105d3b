// Messages of IOS, IOS XE, IOS XR and NX-OS with fields of their own, by mnemonic, in the notation
// of ../cisco/message-table.ts. After the "System Message Guide" of IOS XE 17, the "System Error
// Messages" of IOS 15, the "System Error Message Reference" of IOS XR 7 and the "NX-OS System
// Messages Reference" 9. Where one mnemonic belongs to several facilities, the forms of all of them
// stand behind it: a text fits one.
export const MESSAGES = String.raw`
# Access lists: SEC, FMANFP, ACL, ACLLOG.
IPACCESSLOGP IPV6ACCESSLOGP ACCESSLOGP traffic
  list {acl} {outcome} {proto} {src} ({src_ifc} {mac}) -> {dst}, {packets} packet
  list {acl} {outcome} {proto} {src} ({src_ifc}) -> {dst}, {packets} packet
  list {acl} {outcome} {proto} {src} -> {dst}, {packets} packet
  access-list {acl} {outcome} {proto} {src} {src_ifc} -> {dst}, {packets} packet
  access-list {acl} {outcome} {proto} {src} -> {dst}, {packets} packet
  list {acl} {outcome} {proto} {src} -> {dst}
IPACCESSLOGDP IPV6ACCESSLOGDP ACCESSLOGDP traffic
  list {acl} {outcome} {proto} {src_ip} ({src_ifc} {mac}) -> {dst_ip} ({icmp_type}/{icmp_code}),
    {packets} packet
  list {acl} {outcome} {proto} {src_ip} ({src_ifc}) -> {dst_ip} ({icmp_type}/{icmp_code}),
    {packets} packet
  list {acl} {outcome} {proto} {src_ip} -> {dst_ip} ({icmp_type}/{icmp_code}), {packets} packet
  access-list {acl} {outcome} {proto} {src_ip} -> {dst_ip} ({icmp_type}/{icmp_code}),
    {packets} packet
IPACCESSLOGNP IPACCESSLOGRP IPV6ACCESSLOGNP ACCESSLOGNP traffic
  list {acl} {outcome} {protocol} {proto} {src} -> {dst}, {packets} packet
  list {acl} {outcome} {proto} {src} -> {dst}, {packets} packet
  access-list {acl} {outcome} {proto} {src} -> {dst}, {packets} packet
IPACCESSLOGS IPV6ACCESSLOGSP traffic
  list {acl} {outcome} {src_ip} {packets} packet
  list {acl} {outcome} {proto} {src} -> {dst}, {packets} packet
ACLLOG_FLOW_INTERVAL ACLLOG_NEW_FLOW traffic
  Source IP: {src_ip}, Destination IP: {dst_ip}, Source Port: {src_port}, Destination Port:
    {dst_port}, Source Interface: {src_ifc}, Protocol: "{protocol_name}"({proto}), ACL Name: {acl},
    ACE Action: {outcome}, Appl Intf: {acl_interface}, Hit-count: {hits}
  Src IP: {src_ip}, Dst IP: {dst_ip}, Src Port: {src_port}, Dst Port: {dst_port},
    Src Intf: {src_ifc}, Protocol: "{protocol_name}"({proto}), ACL Name: {acl}, ACE Action: {outcome},
    Appl Intf: {acl_interface}, Hit-count: {hits}
FW_SESS_AUDIT_TRAIL SESS_AUDIT_TRAIL traffic
  (target:class)-({zone_pair}:{class}):Stop {transport} session: initiator ({src_ip}:{src_port})
    sent {bytes_out} bytes -- responder ({dst_ip}:{dst_port}) sent {bytes_in} bytes
  Stop {transport} session: initiator ({src_ip}:{src_port}) sent {bytes_out} bytes -- responder
    ({dst_ip}:{dst_port}) sent {bytes_in} bytes
SESS_AUDIT_TRAIL_START FW_SESS_AUDIT_TRAIL_START open
  (target:class)-({zone_pair}:{class}):Start {transport} session: initiator ({src_ip}:{src_port})
    -- responder ({dst_ip}:{dst_port})
  Start {transport} session: initiator ({src_ip}:{src_port}) -- responder ({dst_ip}:{dst_port})
DROP_PKT LOG_SUMMARY drop
  Dropping {proto} session {src_ip}:{src_port} {dst_ip}:{dst_port} on zone-pair {zone_pair}
    class {class} due to {reason*}
  Dropping {proto} pkt from {src_ifc} {src} => {dst}[(target:class)-({zone_pair*})]
    [ due to {reason*}]
LOG_TRANSLATION translation
  {action} Translation {proto} {src} {src_nat} {dst} {dst_nat}

# Sign-in: SEC_LOGIN, SSH, SYS, AAA, DMI, HTTP.
LOGIN_SUCCESS logon_ok
  Login Success \[user: {user*}\] \[Source: {src_ip}\] \[localport: {dst_port}\][ at {when*}]
LOGIN_FAILED logon_fail
  Login failed \[user: {user^}\] \[Source: {src_ip}\] \[localport: {dst_port}\]
    \[Reason: {reason*}\][ at {when*}]
QUIET_MODE_ON finding
  Still timeleft for watching failures is {seconds_left} secs, \[user: {user^}\]
    \[Source: {src_ip}\] \[localport: {dst_port}\] \[Reason: {reason*}\] \[ACL: {acl*}\]
    [ at {when*}]
QUIET_MODE_OFF base
  Quiet Mode is OFF, because {reason*}
TOO_MANY_AUTHFAILS logon_fail
  Too many Login failures have occurred in the last one minute on the line {terminal}
LOGOUT logoff
  User {user} has exited tty session {terminal}({src_ip})
  User {user*} has exited tty session {terminal}
USER_LOGIN_SUCCESS logon_ok
  Login Success \[user: {user*}\] \[Source: {src_ip}\] \[localport: {dst_port}\]
SSH2_USERAUTH logon
  User '{user^}' authentication for SSH2 Session from {src_ip} (tty = {terminal}) using crypto
    cipher '{ssh_cipher*}', hmac '{hmac*}' {outcome}
  User '{user^}' authentication for SSH2 Session from {src_ip} (tty = {terminal})
SSH_USERAUTH logon
  User '{user^}' authentication for SSH Session from {src_ip} (tty = {terminal}) using crypto
    cipher '{ssh_cipher*}' {outcome}
SSH2_SESSION SSH_SESSION open
  SSH2 Session request from {src_ip} (tty = {line}) using crypto cipher '{ssh_cipher*}', hmac
    '{hmac*}' {outcome}
  SSH Session request from {src_ip} (tty = {line}) using crypto cipher '{ssh_cipher*}' {outcome}
SSH2_CLOSE SSH_CLOSE close
  SSH2 Session from {src_ip} (tty = {line}) for user '{user*}' using crypto cipher
    '{ssh_cipher*}', hmac '{hmac*}' {state}
  SSH Session from {src_ip} (tty = {line}) for user '{user*}' using crypto cipher '{ssh_cipher*}'
    {state}
SSH2_UNEXPECTED_MSG SSH2_FAILURE base_fail
  Unexpected message type has arrived. Terminating the connection from {src_ip}
PRIV_AUTH_FAIL switch_fail
  Authentication to privilege level {privilege_level} failed by {user} on {terminal} ({src_ip})
  Authentication to privilege level {privilege_level} failed by {user} on {terminal}
PRIV_AUTH_PASS switch_ok
  Privilege level set to {privilege_level} by {user} on {terminal} ({src_ip})
  Privilege level set to {privilege_level} by {user} on {terminal}
USER_RESET user_unlock
  User {user} failed attempts reset by {actor+} on {line} ({src_ip})
  User {user} failed attempts reset by {actor+} on {line}
USER_LOCKED user_lock
  User {user} locked out on authentication failure
USER_UNLOCKED user_unlock
  User {user} unlocked by {actor+} on {line} ({src_ip})
  User {user} unlocked by {actor*}
AUTHENTICATION_FAILED logon_fail
  Authentication failure from {src} for {service*}
AUTH_PASSED logon_ok
  User '{user*}' authenticated successfully from {src} and was authorized
    for {service*}. External groups: {group*}
  User '{user*}' authenticated successfully from {src}
MODEL_RPC_I command
  RPC '{cmd*}' invoked from {src} via {interface} user {user} session
    {actor_session}
CONFIG_P CONFIG_I_DMI update
  Configured programmatically by process {cmd} from {configured_from*} as {user} on
    {line}
SUCCESS logon_ok
  Authentication successful for client ({mac}) on Interface {ifc}[ AuditSessionID {session}]
  Authorization succeeded for client ({mac}) on Interface {ifc}[ AuditSessionID {session}]
FAIL logon_fail
  Authentication failed for client ({mac}) on Interface {ifc}[ AuditSessionID {session}]
    [ Username: {user*}]
  Authorization failed for client ({mac}) on Interface {ifc}[ AuditSessionID {session}]
  Authentication failed for client (Unknown MAC) on Interface {ifc}[ AuditSessionID {session}]
START logon
  Starting '{method*}' for client ({mac}) on Interface {ifc}[ AuditSessionID {session}]
RESULT_OVERRIDE FAILOVER NOMOREMETHODS logon
  Authentication result overridden for client ({mac}) on Interface {ifc}[ AuditSessionID {session}]
  Failing over from '{method*}' for client ({mac}) on Interface {ifc}[ AuditSessionID {session}]
  Exhausted all authentication methods for client ({mac}) on Interface {ifc}
    [ AuditSessionID {session}]
VLANASSIGN base
  VLAN {vlan} assigned to Interface {ifc}[ AuditSessionID {session}]
SECURITY_VIOLATION finding
  Security violation on the interface {ifc}, new MAC address ({mac}) is seen
    [. AuditSessionID {session}]
LOGIN_AUTHEN_FAIL AUTHEN_FAIL logon_fail
  Authentication failed for user {user}
SSHD_LOGIN_FAILED SECURITYD_LOGIN_FAILED logon_fail
  Failed login attempt from {src_ip}, user {user}
INFO_SUCCESS logon_ok
  Successfully authenticated user '{user*}' from '{src_ip}' on '{terminal}'
  Successfully authenticated user '{user*}' from '{terminal*}'
  {what*} authentication successful for user '{user*}' from {src_ip}
INFO_GENERAL logon
  {status_text*}

# Configuration and commands: SYS, PARSER, MGBL, VSHD, AAA of NX-OS.
CONFIG_I VSHD_SYSLOG_CONFIG_I update
  Configured from {configured_from} by {line} ({src_ip})
  Configured from {configured_from} by {actor+} on {line} ({src_ip})
  Configured from {configured_from} by {actor+} on {src_ip}@{line}
  Configured from {configured_from} by {actor+} on {line}
  Configured from {configured_from} by {line}
CFGLOG_LOGGEDCMD update
  User:{actor+} logged command:{cmd*}
  User:{actor*} logged command:{cmd*}
CFGLOG_NOCMD update
  User:{actor*} no command logged
DB_COMMIT update
  Configuration committed by user '{actor*}'. Use '{hint*}' to view the changes
AAA_ACCOUNTING_MESSAGE command
  start:{source+}:{actor+}:{cmd*}
  stop:{source+}:{actor+}:{cmd*}
  update:{source+}:{actor+}:{cmd*} ({outcome})
  update:{source+}:{actor+}:{cmd*}
  start:{source+}:{actor+}:
  stop:{source+}:{actor+}:
RESTART base
  System restarted --
RELOAD update
  Reload requested by {actor+} on {line}. Reload Reason: {reason*}
  Reload requested by {actor}. Reload Reason: {reason*}
  Reload requested. Reload Reason: {reason*}
LOGGINGHOST_STARTSTOP LOGGINGHOST_FAIL base
  Logging to host {dst_ip} port {dst_port} {state*} - {reason*}
  Logging to host {dst_ip}[ Port {dst_port}] {state*} - {reason*}
  Logging to host {dst_ip} {state*} - {reason*}
CLEAR_COUNTERS CLEAR update
  Clear counter on {entity*} by {actor+} on {line} ({src_ip})
  Clear counter on {entity*} by {actor+} on {line}

# Links: LINK, LINEPROTO, PKT_INFRA, ETHPORT, PM, LINEPROTO of NX-OS.
UPDOWN base
  Line protocol on Interface {ifc}, changed state to {state*}
  Interface {ifc}, changed state to {state*}
  Line protocol on Interface {ifc}, changed state to {state*}
  Interface {ifc} changed state to {state*}
CHANGED base
  Interface {ifc}, changed state to {state*}
IF_UP IF_DOWN base
  Interface {ifc} (description:{description*}) is {state*}
  Interface {ifc} is {state*}
IF_DOWN_CFG_CHANGE IF_DOWN_LINK_FAILURE IF_DOWN_ADMIN_DOWN IF_DOWN_PORT_CHANNEL_MEMBERS_DOWN
IF_DOWN_INITIALIZING IF_DOWN_ERROR_DISABLED IF_DOWN_NONE IF_DOWN_INTERFACE_REMOVED
IF_DOWN_TCP_MAX_RETRANSMIT IF_DOWN_OFFLINE IF_DOWN_CHANNEL_ADMIN_DOWN IF_ERRDIS_DOWN base
  Interface {ifc} (description:{description*}) is {state+}({reason*})
  Interface {ifc} is {state+} ({reason*})
  Interface {ifc} is {state+}({reason*})
  Interface {ifc} is {state*}
IF_ADMIN_UP IF_HARDWARE IF_DUPLEX IF_BANDWIDTH_CHANGE SPEED base
  Interface {ifc} is {state*}
  Interface {ifc}, {state*}
ERR_DISABLE base
  {reason*} error detected on {ifc}, putting {port} in err-disable state
ERR_RECOVER base
  Attempting to recover from {reason*} err-disable state on {ifc}
IEEE_DISCONNECT POWER_GRANTED CONTROLLER_PORT_ERR POWER_DENY LINKDOWN_DISCONNECT base
  Interface {ifc}: {state*}
DUPLEX_MISMATCH base
  duplex mismatch discovered on {ifc} ({local_duplex*}), with {neighbor} {neighbor_port}
    ({neighbor_duplex*})
NATIVE_VLAN_MISMATCH base
  Native VLAN mismatch discovered on {ifc} ({vlan}), with {neighbor} {neighbor_port}
    ({neighbor_vlan})

# Switching: port security, spanning tree, DHCP snooping, ARP inspection.
PSECURE_VIOLATION PSECURE_VIOLATION_VLAN finding_drop
  Security violation occurred, caused by MAC address {mac} on port {src_ifc}
  Security violation occurred on port {src_ifc} due to MAC address {mac} on VLAN {vlan}
ETH_PORT_SEC_SECURITY_VIOLATION_MAX_MAC_VLAN finding_drop
  Port {src_ifc} moved to {state} state as host {mac} is trying to access the port in vlan {vlan}
MACFLAP_NOTIF NOTIF_MAC_FLAP MAC_MOVE base
  Host {mac} in vlan {vlan} is flapping between port {src_ifc} and port {dst_ifc}
  Mac {mac} in vlan {vlan} has moved from {src_ifc} to {dst_ifc}
BLOCK_BPDUGUARD finding_drop
  Received BPDU from bridge {mac} on port {src_ifc} with BPDU Guard enabled
  Received BPDU on port {src_ifc} with BPDU Guard enabled
  Received BPDU on {src_ifc} with BPDU Guard enabled
LOOPGUARD_BLOCK LOOPGUARD_UNBLOCK ROOTGUARD_BLOCK ROOTGUARD_UNBLOCK base
  Loop guard {action} port {ifc} on {vlan_name}
  Root guard {action} port {ifc} on {vlan_name}
ROOTCHANGE base
  Root Changed for {instance*}: New Root Port is {port}. New Root Mac Address is {root_mac}
TOPOTRAP base
  Topology Change Trap for {instance*}
DHCP_SNOOPING_MATCH_MAC_FAIL dhcp_deny
  DHCP_SNOOPING drop message because the chaddr doesn't match source mac, message type:
    {dhcp_message}, chaddr: {chaddr}, MAC sa: {mac}
DHCP_SNOOPING_UNTRUSTED_PORT dhcp_deny
  DHCP_SNOOPING drop message on untrusted port, message type: {dhcp_message}, MAC sa: {mac}
    [, vlan: {vlan}][, server IP: {server}]
DHCP_SNOOPING_DENY DHCP_SNOOPING_ERRDISABLE_WARNING finding_drop
  {invalid_arps} Invalid ARPs ({arp_kind}) on {src_ifc}, vlan {vlan}.(\[{mac}/{src_ip}/{target_mac}/
INVALID_ARP ACL_DENY PACKET_RATE_EXCEEDED finding_drop
  {invalid_arps} Invalid ARPs ({arp_kind}) on {src_ifc}, vlan {vlan}.(\[{mac}/{src_ip}/{target_mac}/
  {invalid_arps} Invalid ARPs ({arp_kind}) on {src_ifc}, vlan {vlan}
DUPADDR base
  Duplicate address {duplicate_address} on {ifc}, sourced by {mac}
DUP_SRC_IP base
  {process} \[{pid}\] Source address of packet received from {mac} on {ifc} is duplicate of local,
    {src_ip}[ {repeated*}]
DUPLICATE_IPADDR_DETECT base
  Duplicate address {duplicate_address} detected on {ifc}, sourced by {mac}
SIGNATURE finding
  Sig:{signature} Subsig:{sub_signature} Sev:{signature_severity} {title*} \[{src} -> {dst}\]
  Sig:{signature} Subsig:{sub_signature} Sev:{signature_severity} {title*} \[{src} -> {dst}

# Wireless: DOT11, APF, CAPWAP, CLIENT_ORCH_LOG.
ASSOC ROAMED logon_ok
  Interface {ifc}, Station {src_name} {mac} Associated KEY_MGMT\[{key_management*}\]
  Interface {ifc}, Station {src_name} {mac} Reassociated KEY_MGMT\[{key_management*}\]
  Interface {ifc}, Station {mac} Associated KEY_MGMT\[{key_management*}\]
DISASSOC logoff
  Interface {ifc}, Deauthenticating Station {mac} Reason: {reason*}
  Interface {ifc}, Deauthenticating Station {mac}
AUTH_FAILED logon_fail
  Station {mac} Authentication failed
CLIENT_ADDED_TO_RUN_STATE logon_ok
  Username entry ({user*}) joined with ssid ({ssid*}) for device with MAC:
    {mac}
AP_JOIN_DISJOIN AP_JOIN base
  AP Event: AP Name: {ap_name*} Mac: {mac} Session-IP: {session_ip}
    {addresses*} {state}

# Routing: BGP, OSPF, EIGRP, HSRP, TRACK.
ADJCHANGE ADJCHG NBRCHANGE base
  neighbor {neighbor} {state} {reason*}
  neighbor {neighbor} {state}
  Process {process_id}, Nbr {neighbor} on {ifc} from {state_old} to {state}, {reason*}
  EIGRP-{address_family} {autonomous_system}: Neighbor {neighbor} ({ifc}) is {state}: {reason*}
NOTIFICATION base
  {direction_word} {peer_role} neighbor {neighbor} {reason*}
STATECHANGE base
  {ifc} Grp {group_number} state {state_old} -> {state}
  {ifc} {what*} state {state_old} -> {state}

# VPN and NTP, SNMP.
CRYPTO_RECVD_PKT_NOT_IPSEC RECVD_PKT_NOT_IPSEC drop
  Rec'd packet not an IPSEC packet. (ip) vrf/dest_addr= {vrf}/{dst_ip}, src_addr= {src_ip},
    prot= {proto}
  Rec'd packet not an IPSEC packet. (ip) dest_addr= {dst_ip}, src_addr= {src_ip}, prot= {proto}
RECVD_PKT_INV_SPI drop
  decaps: rec'd IPSEC packet has invalid spi for destaddr={dst_ip}, prot={proto}, spi={spi},
    srcaddr={src_ip}[, input interface={src_ifc}]
SESSION_STATUS ISAKMP_ON_OFF tunnel
  Crypto tunnel is {state}. Peer {dst_ip}:{dst_port} {peer_details*}
PEER_UNREACHABLE PEER_REACHABLE base
  Peer {dst_ip} is {state}
AUTHFAIL logon_fail
  Authentication failure for SNMP req from host {src_ip}
AUTHENTICATION_FAIL logon_fail
  Authentication failure for SNMP request from host {src_ip}
`;
