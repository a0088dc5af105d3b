// The firewall itself: failover, configuration, sign-in of administrators, users, clock, modules.
// Notation: ../cisco/message-table.ts.
export const SYSTEM = String.raw`
# 10xxxx: failover.
101001-101005 base
  ({unit}) {status_text*}
102001 base
  ({unit}) Power failure/System reload other side
103001 base
  ({unit}) No response from other firewall (reason code = {reason})
103002 103003 base
  ({unit}) Other firewall network interface {ifc} {state*}
103004 103005 base
  ({unit}) Other firewall reports this firewall failed. Reason: {reason*}
  ({unit}) Other firewall reporting failure. Reason: {reason*}
  ({unit}) Other firewall {status_text*}
103006 103007 base
  ({unit}) Mate version {mate_version} is not {compatible} with ours {own_version}
104001 104002 base
  ({unit}) Switching to {state} - {reason*}
  ({unit}) Switching to {state}[ ({reason*})]
104003 104004 base
  ({unit}) Switching to {state}
105001 105002 base
  ({unit}) {status_text*}
105003 105004 base
  ({unit}) Monitoring on interface {ifc} {state*}
105005 base_fail
  ({unit}) Lost Failover communications with mate on interface {ifc}
105006 105007 base
  ({unit}) Link status '{state*}' on interface {ifc}
105008 base
  ({unit}) Testing interface {ifc}
105009 base
  ({unit}) Testing on interface {ifc} {outcome}
105010 105011 base
  ({unit}) {status_text*}
105020 105021 base
  ({unit}) {status_text*}
105031-105048 105050 base
  ({unit}) {status_text*}

# 111xxx, 112xxx: configuration and commands.
111001 read
  Begin configuration: {src_ip} writing to {target*}
  Begin configuration: {target} writing to {destination*}
111002 update
  Begin configuration: {src_ip} reading from {target*}
111003 delete
  {src_ip} Erase configuration
111004 update
  {src_ip} end configuration: {outcome}
111005 update
  {src_ip} end configuration: {outcome}
111007 update
  Begin configuration: {src_ip} reading from {target*}
111008 command
  User '{user*}' executed the '{cmd*}' command
  User '{user*}' executed the {cmd*} command
111009 read
  User '{user*}' executed cmd: {cmd*}
  User '{user*}' executed cmd:{cmd*}
  User {user} executed cmd:{cmd*}
111010 update
  User '{user*}', running '{application*}' from IP {src_ip}, executed '{cmd*}'
  User {user}, running {application*} from IP {src_ip}, executed {cmd*}
111111 base_fail
  {error} {error_message*}
112001 base
  ({unit}) Clear complete
114001-114011 base_fail
  Failed to {what*} in 4GE SSM I/O card (error {reason*})
120001-120012 base
  Smart Call-Home Module {status_text*}
  Smart Call-Home {status_text*}

# 199xxx.
199001 base
  Reload command executed from Telnet (remote {src_ip})
  Reload command executed from {source*}
199002 base
199003-199006 base
  Orderly reload started at {when*} by {user}. Reload reason: {reason*}
199011 close
  Close on bad channel in process/fiber {process_name}, channel ID {channel}, channel state
    {state*}
199012-199021 199027 base
210001-210003 210005-210008 210010 210011 210020-210022 base_fail
  LU {error*} error = {reason*}
  LU create static xlate {address} ifc {interface} failed
  LU missed {updates} updates
  LU no xlate for {src} {dst}
211001-211004 base_fail
  CPU utilization for {period} seconds = {utilization}
  CPU utilization for {period*} is {utilization}
  CPU utilization = {utilization}
  WARNING: Minimum Memory Requirement for ASA version {asa_version} not met for ASA image.
    {memory_min} MB required, {memory} MB found
212001 212002 base_fail
  Unable to open SNMP channel (UDP port {port}) on interface {interface}, error code = {reason}
  Unable to open SNMP trap channel (UDP port {port}) on interface {interface}, error code =
    {reason}
212003 212004 base_fail
  Unable to receive an SNMP request on interface {interface}, error code = {reason}, will try
    again
  Unable to send an SNMP response to IP Address {dst_ip} Port {dst_port} interface {interface},
    error code = {reason}
212005 drop
  incoming SNMP request ({size} bytes) on interface {on} exceeds data buffer size, discarding
    this SNMP request
212006 drop
  Dropping SNMP request from {src} to {dst} because: {reason*}
213001-213004 base_fail
  PPTP control daemon socket io {operation}, errno = {reason}
  PPTP tunnel hashtable insert failed, peer = {src_ip}
214001 finding
  Terminating manager session from {src_ip} on interface {on}. Reason: {title*}
216001-216005 base_fail
  internal error in: {function}: {reason*}
  prevented: {what*} in {function} at {place} - {reason*}
218001-218005 base_fail
  Failed Identification Test in slot# {slot} \[{reason*}\]
  Module ({slot}) is a registered proto-type for Cisco Lab use only, and not certified for live
    network operation

# 3xxxxx: routing, management, modules.
307001-307003 logon_fail
  Denied Telnet login session from {src_ip} on interface {on}
  Permitted Telnet login session from {src_ip}
  Telnet login session failed from {src_ip} ({attempts} attempts)
308001 switch_fail
  Console enable password incorrect for {attempts} tries (from {src_ip})
  {application} console enable password incorrect for {attempts} tries (from {src_ip})
308002 base
  static {global_address} {inside_address} netmask {mask} overlapped with {global_address_2}
    {inside_address_2}
311001-311004 base
312001 drop
  RIP hdr failed from {src_ip}: cmd={rip_command}, version={rip_version} domain={rip_domain} on
    interface {on}
317001-317006 317012 base
  {what*} from {network}, {mask}
  IP route counter failure - {counter}
  Bad path index of {index} for {address}, {limit} max
317077 317078 base
  Added {protocol_routing} route {network} {mask} via {gateway} \[{metric*}\] on
    \[{interface*}\]
  Deleted {protocol_routing} route {network} {mask} via {gateway} \[{metric*}\] on
    \[{interface*}\]
318001-318009 base_fail
  Flagged as being an ABR without a backbone area
  OSPF is enabled on {interface} during idb initialization
  OSPF process {ospf_process} is changing router-id. {what*}
319001-319004 base_fail
  Acknowledge for route update for IP address {address} not received ({attempts})
  Route update for IP address {address} failed ({attempts})
320001 logon_fail
  The subject name of the peer cert is not allowed for connection
321004-321007 base
  Resource '{resource*}' rate log level of {limit} reached
  System CPU utilization reached {utilization}
  System memory usage reached {utilization}
323001-323007 base
  Module {module} experienced a control channel communications failure
  Module {module} experienced a data channel communication failure, data channel is {state}
  Module in slot {module} experienced a data channel communication failure, data channel is
    {state}
  Module in slot {module} {status_text*}
  Module {module} {status_text*}
325001-325003 base
  Router {src_ip} on {interface} has conflicting ND (Neighbor Discovery) settings
  Duplicate address {src_ip}/{mac} on {interface}
  EUI-64 source address check failed. Dropped packet from {src} with source MAC address {mac}
326001 326002 base_fail
332001 332003 332004 base
  Unable to open cache discovery socket, WCCP V{wccp_version} closing down
  Web Cache {address} acquired
  Web Cache {address} lost
333001-333003 333009 333010 base
  EAP association initiated - context: {context}
  EAP association terminated - context: {context}
  Timeout waiting for EAP response - context: {context}
336001 336008-336010 base
  EIGRP-{table} {as}: Neighbor {neighbor*} is {state}: {reason*}
  {protocol_routing} {tag}: Neighbor {neighbor*} is {state}: {reason*}

# 411xxx: interfaces.
411001 411002 base
  Line protocol on interface {ifc}, changed state to {state}
  Line protocol on interface {ifc} changed state to {state}
411003 411004 base
  Configuration status on interface {ifc} changed state to {state}
411005 base
  Interface {ifc} experienced a hardware transmit hang. The interface has been reset
414001-414008 base_fail
  Failed to save logging buffer to FTP server {dst_ip} using filename {file} on interface
    {interface}: {reason*}
  Failed to save logging buffer to flash:/syslog directory using filename {file}: {reason*}
  TCP Syslog Server {dst} not responding, New connections are {state} based on logging
    permit-hostdown policy
417001 417004 417006 417008 417009 base
  Unexpected event received: {event}
428002 base_fail
  WAAS confirmed from {src} to {dst}, inspection services bypassed on this connection
444004 444005 444007-444009 base
  Temporary license key {license_key} has expired. {what*}
  Timebased license key {license_key} will expire in {days} days
  Timebased activation key {license_key} {what*}
446001 446003 446004 deny
  Maximum TLS Proxy session limit of {limit} reached

# 501xxx, 502xxx: users.
501101 switch_ok
  User transitioning priv level
502101 user_create
  New user added to local dbase: Uname: {user} Priv: {privilege_level} Encpass: {password_hash}
  New user added to local dbase: Uname: {user} Priv: {privilege_level}
502102 user_delete
  User deleted from local dbase: Uname: {user} Priv: {privilege_level} Encpass: {password_hash}
  User deleted from local dbase: Uname: {user} Priv: {privilege_level}
502103 user_change
  User priv level changed: Uname: {user} From: {privilege_level_old} To: {privilege_level}
502111 create
  New group policy added: name: {entity} Type: {policy_type*}
502112 delete
  Group policy deleted: name: {entity} Type: {policy_type*}
503001-503003 base
  Process {ospf_process}, Nbr {neighbor} on {interface} from {state_old} to {state}, {reason*}
504001 504002 base
  Security context {context} was {state} to the system
  Security context {context} was {state} from the system
505001-505016 base
  Module {module} is {state*}. Please wait...
  Module {module}, data channel communication is {state}
  Module {module}, application {state} "{application}", version "{application_version}"[
    {reason*}]
  Module {module}, {status_text*}
  Module {module} {status_text*}
506001 base
  event_source_string event_string
602102 base
604101 base
  DHCP client interface {interface}: Allocated ip = {assigned_address}, mask = {mask}, gw =
    {gateway}
604102 base
  DHCP client interface {interface}: address released
604103 dhcp_ack
  DHCP daemon interface {on}: address granted {client_id} ({src_ip})
604104 base
  DHCP daemon interface {on}: address released {build_name*} ({src_ip})
604105 drop
  DHCPD: Unable to send DHCP reply to client {client_id} on interface {on}. {reason*}
604201 base
  DHCPv6 PD client on interface {interface} received delegated prefix {prefix} from DHCPv6 PD
    server {server} with preferred lifetime {preferred} seconds and valid lifetime {valid}
    seconds
605004 logon_fail
  Login {action} from {src} to {dst} for user "{user^}"
  Login {action} from {src} to {dst} for user {user*}
  Login {action} from {src_ip}/{src_port} to {dst_ifc}:{dst_ip}/{service} for user "{user^}"
  Login {action} from serial to console for user "{user^}"
605005 logon_ok
  Login {action} from {src} to {dst} for user "{user*}"
  Login {action} from {src} to {dst} for user {user*}
  Login {action} from serial to console for user "{user*}"
612001-612003 base
  Auto Update succeeded: {component}, version: {component_version}
  Auto Update failed: {component}, version: {component_version}, reason: {reason*}
  Auto Update failed to contact: {url}, reason: {reason*}
613001-613003 613101-613103 base
  Checksum Failure in database in area {area} Link State Id {link_state} Old Checksum
    {checksum_old} New Checksum {checksum_new}
  interface {interface} has zero bandwidth
  {network} {mask} changed from area {area_old} to area {area_new}
615001 615002 base
  vlan {vlan_number} not available for firewall interface
  vlan {vlan_number} available for firewall interface
621001-621003 621006-621010 base
  Interface {interface} does not support multicast, not enabled
  Interface {interface} does not support multicast
634001 base
  DAP: User {user}, Addr {src_ip}: {status_text*}
701001 701002 base
  alloc_user() out of Tcp_user objects
703001 703002 base
  H.225 message received from {src} to {dst} is using an unsupported version {h225_version}
  Received H.225 Release Complete with newConnectionNeeded for {src} to {dst}
709001-709008 base
  FO replication failed: cmd={cmd+} returned={returned}
  ({unit}) {status_text*}
711001-711005 base
  Task ran for {run_ms} msec, Process = {process_name}, PC = {pc}, Call stack = {call_stack*}
  Task ran for {run_ms} msec, Process= {process_name}, PC = {pc}, Traceback = {call_stack*}
720001-720010 720024 720025 720027-720030 720032 720037-720041 base
  (VPN-{unit}) {status_text*}
728001 729001 base
741000-741006 base
  Coredump filesystem image created on {target} -size {size} MB
  Unable to create coredump filesystem image on {target}
768001-768004 base
  QUOTA: {resource*} utilization is high: requested {requested}, current {current}, warning
    level {limit}
  QUOTA: {resource*} quota exceeded: requested {requested}, current {current}, limit {limit}
  QUOTA: management session quota exceeded for user {user}: current {current}, user limit
    {limit}
769001-769005 769007 base
  UPDATE: ASA image {file} was added to system boot list
  UPDATE: ASA image {file} {what*}
770001-770003 base
  Resource {resource} allocation is more than the permitted list of {limit} for this platform
771001 771002 base
  CLOCK: System clock set, source: {clock_source}, IP: {dst_ip}, before: {time_before*},
    after: {time_after*}
  CLOCK: System clock set, source: {clock_source}, before: {time_before*}, after: {time_after*}
772002-772006 logon_fail
  PASSWORD: console login warning, user {user}, cause: {reason*}
  PASSWORD: session login failed, user {user}, IP {src_ip}, cause: {reason*}
  PASSWORD: session login failed, user {user*}, cause: {reason*}
  REAUTH: user {user} {outcome} authentication
  REAUTH: user {user*} failed, {reason*}
774001 774002 base_fail
  POST: unspecified error
  POST: error {reason}, func {function}, engine {engine}, algorithm {algorithm}, mode {mode},
    dir {dir}, key len {key_length}
775001-775006 traffic
  Scansafe: protocol {proto} connection {conn} for {src}[ ({user*})] to {dst} redirected to
    {server*}
  Scansafe: protocol {proto} connection {conn} for {src} to {dst} {status_text*}
  Scansafe: {status_text*}
776251-776254 776301-776313 base
  CTS SGT-MAP: Binding {address}->{sgt} from {source} {status_text*}
  CTS SXP: {status_text*}
  CTS Policy: {status_text*}
778001-778007 drop
  VXLAN: Invalid VXLAN segment-id {segment} for {proto} from {src} to {dst}
  VXLAN: {status_text*}
779001-779007 drop
  STS: {status_text*}
780001 780002 base
  RULE ENGINE: {status_text*}
`;
