// Connections, translations and hosts (110xxx, 302xxx, 305xxx, 606xxx, 607xxx, 609xxx, 620xxx,
// 852xxx).
// Notation: ../cisco/message-table.ts.
export const CONNECTIONS = `
110001 fail
  No route to {dst_ip} from {src_ip}
110002 fail
  {reason*} for {proto} from {src} to {dst}
110003 fail
  {reason*} for {proto} from {src} to {dst}
110004 base
  Egress interface changed from {interface_old} to {interface} on {proto} connection {conn} for
    {src} to {dst}
302003 302004 open
  {action} H245 connection for foreign_address {dst} local_address {src}
  {action} H323 {proto} connection for faddr {src} to laddr {dst}
  Pre-allocate H323 {proto} backconnection for foreign_address {dst} to local_address {src}
302009 base
  Rebuilt TCP connection {conn} for foreign_address {dst} global_address {dst_nat} local_address
    {src}
302010 base
  {connections} in use, {connections_max} most used
302012 open
  Pre-allocate H225 Call Signalling Connection for faddr {src} to laddr {dst}
302013 302015 302017 302019 302035 302303 open
  {action} {order} {proto} connection {conn} for {src} to {dst}[ ({user*})]
  {action} {order} {proto} connection {conn} from {src} to {dst}[ ({user*})]
  {action} {proto} state-bypass connection {conn} from {src} to {dst}[ ({user*})]
  {action} {proto} connection {conn} for {src} to {dst}[ ({user*})]
  {action} {order} {proto*} connection {conn} for {src} to {dst}[ ({user*})]
302014 302016 302018 302036 302304 teardown
  {@teardown}[ {reason*}][ from {closed_by}][ ({user*})]
  {action} {proto} state-bypass connection {conn} from {src} to {dst}[ duration {duration}][
    bytes {bytes}][ {reason*}]
  {action} {proto*} connection {conn} for {src} to {dst}[ duration {duration}][ bytes {bytes}][
    {reason*}]
302020 302022 302024 302026 open
  {action} {order} {proto} connection for faddr {src} gaddr {gaddr}[ ({global_user*})] laddr
    {dst}[ ({user*})][ type {icmp_type}][ code {icmp_code}]
  {action} {role} stub {proto} connection for {src} to {dst}
  {action} {proto} connection for faddr {src} gaddr {gaddr} laddr {dst}
302021 302023 302025 302027 teardown
  {action} {proto} connection for faddr {src} gaddr {gaddr}[ ({global_user*})] laddr {dst}[
    ({user*})][ type {icmp_type}][ code {icmp_code}]
  {action} stub {proto} connection for {src} to {dst} duration {duration} forwarded bytes
    {bytes}[ {reason*}]
  {action} {role} stub {proto} connection for {src} to {dst} duration {duration} forwarded bytes
    {bytes}[ {reason*}]
302033 302034 open
  Pre-allocated H323 GUP Connection for faddr {src} to laddr {dst}
  Unable to pre-allocate H323 GUP Connection for faddr {src} to laddr {dst}
305005 fail
  No translation group found for {proto} src {src} dst {dst}[ (type {icmp_type}, code
    {icmp_code})]
  No translation group found for {proto*} src {src} dst {dst}
305006 fail
  {xlate_kind*} translation creation failed for {proto} src {src} dst {dst}[ (type {icmp_type},
    code {icmp_code})]
  {xlate_kind*} translation creation failed for {proto*} src {src} dst {dst}
305007 base
  addrpool_free(): Orphan IP {address} on interface {interface}
305009 translation
  {action} {xlate_kind} translation from {src}[ ({user*})] to {mapped_interface}:{src_nat}
305010 translation
  {action} {xlate_kind} translation from {src}[ ({user*})] to {mapped_interface}:{src_nat}
    duration {duration}
305011 translation
  {action} {xlate_kind} {proto} translation from {src}[ ({user*})] to
    {mapped_interface}:{src_nat}/{src_nat_port}
305012 translation
  {action} {xlate_kind} {proto} translation from {src}[ ({user*})] to
    {mapped_interface}:{src_nat}/{src_nat_port} duration {duration}
305013 fail
  Asymmetric NAT rules matched for forward and reverse flows; Connection for {proto} src {src}
    dst {dst}[ (type {icmp_type}, code {icmp_code})] {outcome} due to {reason*}
  Asymmetric NAT rules matched for forward and reverse flows; Connection for {proto} src {src}
    dst {dst}
305014-305022 base
  Allocated {proto} block of ports for translation from {src} to
    {mapped_interface}:{src_nat}/{ports}
  Released {proto} block of ports for translation from {src} to
    {mapped_interface}:{src_nat}/{ports}
  Unable to create {proto} connection from {src} to {dst} due to {reason*}
  {what*} from {src} to {dst}
605001 base
606001 606003 base
  ASDM session number {session} from {src_ip} {state*}
  ASDM logging session number {session} from {src_ip} {state*}
  ASDM logging session number {session} from {src_ip}
606002 606004 base
  ASDM session number {session} from {src_ip} {state*}
  ASDM logging session number {session} from {src_ip} {state*}
607001 open
  Pre-allocate SIP {connection_kind*} secondary channel for {src} to {dst} from {sip_message*}
    message
  Pre-allocate SIP {connection_kind*} for {src} to {dst}
607002 607003 drop
  SIP Classification: {action*} SIP {sip_message*} from {src} to {dst};[ {reason*}]
  {action} {sip_message*} from {src} to {dst};[ {reason*}]
607004 open
  Phone Proxy: {what*} from {src} to {dst}[ {reason*}]
  Phone Proxy: {what*}
608001 open
  Pre-allocate Skinny {connection_kind*} secondary channel for {src} to {dst} from
    {skinny_message*} message
  Pre-allocate Skinny {connection_kind*} for {src} to {dst}
608002-608005 drop
  {action} Skinny message for {src} to {dst}, {reason*}
  {action} Skinny message ({message_id}) from {src} to {dst}, {reason*}
  {action} {what*} from {src} to {dst}
609001 translation
  {action} local-host {local_interface}:{src_ip}
  {action} local-host {src_ip}
609002 translation
  {action} local-host {local_interface}:{src_ip} duration {duration}
  {action} local-host {src_ip} duration {duration}
614001 dns
  Split DNS: request patched from server: {src_ip} to server: {dst_ip}
614002 dns
  Split DNS: reply from server: {src_ip} reverse patched back to original server: {dst_ip}
616001 traffic
  Pre-allocate MGCP {connection_kind*} connection for {src} to {dst} from {mgcp_message*} message
  Pre-allocate MGCP {connection_kind*} for {src} to {dst}
617001-617004 617100 base
  GTPv{gtp_version} {gtp_message*} from {src} not accepted by {dst}
  {what*} from {src} to {dst}
  {action} {what*} for {user*}
620001 open
  Pre-allocate CTIQBE {connection_kind*} secondary channel for {src} to {dst} from
    {message_kind*} message
  Pre-allocate CTIQBE {connection_kind*} for {src} to {dst}
620002 drop
  Unsupported CTIQBE version: {ctiqbe_version}: from {src} to {dst}
622001 622101 622102 base
  {action} tracked route {network} {mask} {gateway}, distance {distance}, table {table}, on
    interface {interface}
726001 drop
  Inspected {im_protocol*} {im_service} Session between Client {client_1} and {client_2} Packet
    flow from {src} to {dst} Action: {action*}[ Matched Class {class}]
730001-730006 730008-730010 base
  Group {group_policy}, User {user}, IP {src_ip}: VLAN MAPPING to VLAN {vlan}
  Group <{group_policy*}> User <{user*}> IP <{src_ip}> VLAN MAPPING to VLAN <{vlan}>[ {reason*}]
852001 852002 traffic
  {action} Lightweight to full proxy event from application {application} for {proto} flow {src}
    to {dst}
  {action} Full Proxy to Lightweight event from application {application} for {proto} flow {src}
    to {dst}
  {action} {what*} for {proto} flow {src} to {dst}
815001-815004 base
`;
