// Packets denied and permitted, inspection, threats (106xxx, 108xxx, 2xxxxx, 304xxx, 313xxx,
// 338xxx, 4xxxxx, 500xxx, 710xxx, 733xxx).
// Notation: ../cisco/message-table.ts.
export const ACCESS = String.raw`
# 106xxx: access lists and the packets that they deny.
106001 deny
  {direction} {proto} connection {action} from {src} to {dst}[ flags {tcp_flags*}][ on interface
    {on}]
106002 deny
  {proto} connection {action} by outbound list {acl} src {src_ip} {src_port} dest {dst_ip}
    {dst_port}
  {proto} connection {action} by outbound list {acl} src {src} dest {dst}
106006 106007 deny
  {action} {direction} {proto} from {src} to {dst}[ on interface {on}][ due to {reason*}]
106010 deny
  {action} {direction} {proto} src {src} dst {dst}[ (type {icmp_type}, code {icmp_code})]
  {action} {direction} {proto} from {src} to {dst}
106011 deny
  {action} {direction} (No xlate) {proto} src {src} dst {dst}
  {action} {direction} (No xlate)
106012 deny
  {action} IP from {src} to {dst}, IP options[:] "{ip_options*}"
  {action} IP from {src} to {dst}, IP options[:] {ip_options*}
106013 drop
  {action} echo request from {src} to PAT address {dst}
106014 deny
  {action} {direction} {proto} src {src} dst {dst} (type {icmp_type}, code {icmp_code})
  {action} {direction} {proto} src {src} dst {dst}[ (type {icmp_type})]
106015 deny
  {action} {proto} (no connection) from {src} to {dst}[ flags {tcp_flags*}][ on interface {on}]
106016 deny
  {action} IP spoof from ({src_ip}) to {dst}[ on interface {on}]
106017 deny
  {action} IP due to {reason} from {src} to {dst}
  {action} IP due to {reason*} from {src} to {dst}
106018 deny
  {proto} packet type {icmp_type} {action} by outbound list {acl} src {src} dest {dst}
106020 deny
  {action} IP teardrop fragment (size = {size}, offset = {offset}) from {src} to {dst}
106021 deny
  {action} {proto} reverse path check from {src} to {dst}[ on interface {on}]
106022 deny
  {action} {proto} connection spoof from {src} to {dst}[ on interface {on}]
106023 deny
  {action} {proto} src {src} dst {dst}[ (type {icmp_type}, code {icmp_code})] by access-group
    "{acl*}"[ \[{acl_hash*}\]]
  {action} {proto} src {src} dst {dst}[ (type {icmp_type}, code {icmp_code})] by access-group
    {acl}[ \[{acl_hash*}\]]
  {action} {proto*} src {src} dst {dst}[ by access-group "{acl*}"]
106025 106026 drop
  Failed to determine the security context for the packet:{vlan}:{src} dst {dst}[ {proto}]
  Failed to determine {what*} for {proto} packet
106027 deny
  {action} src {src_ip} dst {dst_ip} by access-group "{acl*}"
  {action} src {src_ip} dst {dst_ip}
106100 traffic
  access-list {acl} {outcome} {proto} {src} -> {dst} hit-cnt {hits} {interval*} \[{acl_hash*}\]
  access-list {acl} {outcome} {proto} {src} -> {dst}[ hit-cnt {hits}][ {interval*}]
  access-list {acl} {outcome} {proto} {src} {dst}[ hit-cnt {hits}][ {interval*}]
106101 base
  Number of cached deny-flows for ACL log has reached limit ({limit})
106102 106103 traffic
  access-list {acl} {outcome} {proto} for user {user*} {src} -> {dst} hit-cnt {hits} {interval*}
    \[{acl_hash*}\]
  access-list {acl} {outcome} {proto} for user {user*} {src} -> {dst}[ hit-cnt {hits}][
    {interval*}]
  access-list {acl} {outcome} {proto} for user {user} {src} {dst}[ hit-cnt {hits}]
107001 base_fail
  RIP auth failed from {src}: version={rip_version}, type={auth_type}, mode={mode},
    sequence={sequence} on interface {on}
107002 base_fail
  RIP pkt failed from {src}: version={rip_version} on interface {on}
108002 traffic
  SMTP replaced {characters*}: out {src} in {dst} data: {data*}
108003 drop
  Terminating ESMTP/SMTP connection; malicious pattern detected in the mail address from {src}
    to {dst}. Data:{data*}
108004-108007 drop
  ESMTP Classification: {action} connection for ESMTP {smtp_kind} from {src} to {dst};[
    {reason*}]
  {action} ESMTP {smtp_kind} from {src} to {dst};[ {reason*}]
  {what*} from {src} to {dst};[ {reason*}]

# 2xxxxx: limits.
201002 201004 base
  Too many {proto} connections on {xlate_kind} {address}[!][ {limits*}]
201003 201010-201013 deny
  Embryonic connection limit exceeded {limits} for {direction} packet from {src} to {dst} on
    interface {on}
  Connection limit exceeded {limits} for {direction} packet from {src} to {dst} on interface
    {on}
  Per-client embryonic connection limit exceeded {limits} for {direction} packet from {src} to
    {dst} on interface {on}
  Per-client connection limit exceeded {limits} for {direction} packet from {src} to {dst} on
    interface {on}
  Embryonic limit exceeded {limits} for {src} ({global_address}) {dst} on interface {on}
201008 base
201009 drop
  {proto} connection limit of {limit} for host {src_ip} on {on} exceeded
202001 202005 202010 fail
  Out of address translation slots
  NAT pool exhausted. Unable to create {proto} connection from {src} to {dst}
  PAT pool exhausted. Unable to create {proto} connection from {src} to {dst}
  Non-embryonic in embryonic list {src} {dst}
202011 deny
  Connection limit exceeded {limits} for {direction} packet from {src} to {dst} on interface
    {on}
209003 drop
  Fragment database limit of {limit} exceeded: src = {src_ip}, dest = {dst_ip}, proto = {proto},
    id = {ip_id}
209004 drop
  Invalid IP fragment, size = {size} exceeds maximum size = {size_max}: src = {src_ip}, dest =
    {dst_ip}, proto = {proto}, id = {ip_id}
209005 drop
  Discard IP fragment set with more than {limit} elements: src = {src_ip}, dest = {dst_ip},
    proto = {proto}, id = {ip_id}

# 303xxx, 304xxx: FTP and URLs.
303002 ftp
  {proto} connection from {src} to {dst}, user {user} {verb} file {file*}
  {src} {verb} {dst_ip}:{file*}
303003 303005 ftp_denied
  FTP {command*} command denied - failed {reason*}, terminating connection from {src} to {dst}
  Strict FTP inspection matched {reason*} in policy-map {policy*}, {action*} from {src} to {dst}
  FTP {command} command unsupported - {reason*}, terminating connection from {src} to {dst}
304001 url_allowed
  {src} {action} URL {dst_ip}:{url*}
  {user} {src} {action} URL {dst_ip}:{url*}
304002 url_denied
  Access {action} URL {url} SRC {src} DEST {dst}[ on interface {on}]
  Access {action} URL {url} SRC {src} DEST {dst_ip}
304003 base_fail
  URL Server {dst_ip} timed out URL {url}
304004 base_fail
  URL Server {dst_ip} request failed URL {url}
304005 base
  URL Server {dst_ip} request pending URL {url}
304006 base_fail
  URL Server {dst_ip} not responding
304007 304008 base
  URL Server {dst_ip} {what*}

# 313xxx: ICMP.
313001 deny
  {action} {proto} type={icmp_type}, code={icmp_code} from {src} on interface {on}
313004 deny
  {action} {proto} type={icmp_type}, from laddr {src_ip} on interface {on} to {dst_ip}:
    {reason*}
  {action} {proto} type={icmp_type}, from {src_ip} on interface {on} to {dst_ip}: {reason*}
313005 drop
  {reason*} for ICMP error message: {proto} src {src} dst {dst} (type {icmp_type}, code
    {icmp_code}) on {on} interface. Original IP payload: {original_payload*}
  {reason*} for ICMP error message: {proto} src {src} dst {dst} (type {icmp_type}, code
    {icmp_code})[ on {on} interface]
313008 deny
  {action} {proto} type={icmp_type}, code={icmp_code} from {src} on interface {on}
313009 deny
  {action} invalid {proto} code {icmp_code}, for {src} to {dst}, ICMP id {icmp_id}, ICMP type
    {icmp_type}
321001-321003 base
  Resource '{resource*}' limit of {limit} reached[ for {context*}]
  Resource '{resource*}' rate limit of {limit} reached[ for {context*}]
  Resource '{resource*}' log level of {limit} reached[ for {context*}]
322001 deny
  {action} MAC address {mac}, possible spoof attempt on interface {on}
322002 drop
  ARP inspection check failed for arp {arp_kind} received from host {mac} on interface {on}.
    This host is advertising MAC Address {advertised_mac} for IP Address {src_ip}, which is
    {reason*}
322003 drop
  ARP inspection check failed for arp {arp_kind} received from host {mac} on interface {on}.
    This host is advertising MAC Address {advertised_mac} for IP Address {src_ip}, which is
    {reason*}
324000-324003 drop
  Drop GTPv{gtp_version} message {gtp_message*} from {src} to {dst} Reason: {reason*}
  GTPv{gtp_version} packet parsing error from {src} to {dst}, TID: {tid}, Reason: {reason*}

# 338xxx: dynamic filter (botnet traffic filter).
338001-338004 338101-338104 338201 338202 finding
  Dynamic Filter {action*} {listing} {@botnet}
  Dynamic Filter {action*} {listing} {proto} traffic from {src} to {dst}
  Dynamic filter {action*} {listing} {proto} traffic from {src} to {dst}
338005-338008 338203 338204 finding_drop
  Dynamic Filter {action*} {listing} {@botnet}
  Dynamic Filter {action*} {listing} {proto} traffic from {src} to {dst}
338301 dns
  Intercepted DNS reply for {list_kind*} {name} from {src} to {dst}, matched {matched_list*}
  Intercepted DNS reply for domain {name} from {src} to {dst}
338302 base
  Address {address} discovered for domain {domain} from {list_kind}, Adding rule
338303 base
  Address {address} ({domain}) timed out[, {reason*}]
338304 base_ok
  Successfully downloaded dynamic filter data file from updater server {url}
338305 338306 338310 base_fail
  Failed to download dynamic filter data file from updater server {url}
  Failed to authenticate with dynamic filter updater server {url}
  Failed to update from dynamic filter updater server {url}, reason: {reason*}

# 4xxxxx: attacks, shuns, ARP.
400000-400050 finding
  IDS:{signature} {title*} from {src} to {dst} on interface {on}
  IPS:{signature} {title*} from {src} to {dst} on interface {on}
  {engine}: {signature} {title*} from {src} to {dst} on interface {on}
401001 base
  Shuns cleared
401002 base
  Shun added: {src_ip} {dst_ip} {src_port} {dst_port}
  Shun added: {src_ip}[ {rest*}]
401003 base
  Shun deleted: {src_ip}
401004 drop
  Shunned packet: {src_ip} = {dst_ip} on interface {on}
  Shunned packet: {src_ip} ==> {dst_ip} on interface {on}
401005 base_fail
  Shun add failed: {reason*} for {src_ip} {dst_ip} {src_port} {dst_port}
402114-402119 drop
  IPSEC: Received an {packet*} packet (SPI= {spi}, sequence number= {sequence}) from {src_ip}
    (user= {user*}) to {dst_ip} {reason*}
  IPSEC: Received an {packet*} packet (SPI= {spi}, sequence number= {sequence}) from {src_ip} to
    {dst_ip} {reason*}
  IPSEC: Received an {packet*} packet from {src_ip} to {dst_ip} containing {reason*}
  IPSEC: Received a non-IPSec ({packet}) packet from {src_ip} to {dst_ip}
402120-402123 drop
  IPSEC: Received an {packet*} packet (SPI= {spi}, sequence number= {sequence}) from {src_ip}
    (user= {user*}) to {dst_ip} {reason*}
  IPSEC: Received a cleartext packet from {src_ip} to {dst_ip} {reason*}
  IPSEC: {what*}
405001 finding
  Received ARP {arp_kind} collision from {src_ip}/{mac} on interface {on}[ to
    {dst_ip}/{existing_mac} on interface {dst_ifc}][ with existing ARP entry {entry*}]
405002 finding
  Received mac mismatch collision from {src_ip}/{mac} for authenticated host
405101-405105 base
  Unable to Pre-allocate H225 Call Signalling Connection for faddr {src_ip}[/{src_port}] to
    laddr {dst_ip}[/{dst_port}]
  {message_kind} message from {src_ip}/{src_port} to {dst_ip}/{dst_port} contains bad protocol
    discriminator {discriminator}
406001 406002 drop
  FTP port command low port: {src} to {dst} on interface {on}
  FTP port command different address: {src_ip}({announced}) to {dst} on interface {on}
407001 deny
  {action} traffic for local-host {src}, license limit of {limit} exceeded
407002 deny
  Embryonic limit {limits} for through connections exceeded. {src} to {dst_ip}
    ({global_address})/{dst_port} on interface {on}
  Embryonic limit {limits} for through connections exceeded
409001 409002 base
410001 drop
  {action} {proto} DNS {dns_kind} from {src} to {dst};[ {reason*}]
  {action} UDP DNS packet from {src} to {dst};[ {reason*}]
410002 drop
  {action} {packets} DNS responses with mis-matched id in the past {seconds} second(s): from
    {src} to {dst}
410003 410004 drop
  DNS Classification: {action*} DNS {dns_kind*} ({dns_id*}) from {src} to {dst};[ {reason*}]
  {policy*}: {action} {dns_kind*} from {src} to {dst};[ {reason*}]
412001 base
  MAC {mac} moved from {src_ifc} to {dst_ifc}
412002 base
  Detected bridge table full while inserting MAC {mac} on interface {on}. Number of entries =
    {entries}
413001-413004 base
  Module {module*} is not able to {what*}
415001-415020 drop
  {inspection*} - matched {matched*} in policy-map {policy*}, {what*} {action} from {src} to
    {dst}
  {inspection*} from {src} to {dst}
  {inspection*} {src} to {dst}
416001 drop
  {action} UDP SNMP packet from {src} to {dst}; version ({snmp_version}) is not allowed through
    the firewall
418001 deny
  Through-the-device packet to/from management-only network is {action}: {proto} src {src} dst
    {dst}
  Through-the-device packet to/from management-only network is {action}: {proto} from {src} to
    {dst}
419001 drop
  {action} {proto} packet from {src} to {dst}, reason: {reason*}
419002 finding
  {title*} from {src} to {dst} with different initial sequence number
419003 traffic
  Cleared {proto} urgent flag from {src} to {dst}
420001-420008 drop
  IPS requested to {action} {proto} packet from {src} to {dst}
  IPS requested to {action} {proto} connection from {src} to {dst}
  IPS card not up and fail-close mode used, {action} {proto} packet from {src} to {dst}
  IPS card not up and fail-close mode used, {action} ICMP packet {src} to {dst} ({icmp})
  Virtual Sensor {sensor} was added on the AIP SSM
  {what*} {src} to {dst}
421001 drop
  {proto} flow from {src} to {dst} is {action} because application has failed
  {proto} flow from {src} to {dst} is {action} because {reason*}
421002 421005 421007 traffic
  {proto} flow from {src} to {dst} is {action} because {reason*}
  {proto} flow from {src} to {dst} bypassed {application*} checking because {reason*}
  {src} is counted as a user of {application*}
422004-422006 base
423001-423005 drop
  {action} {reason*} from {src} to {dst}
424001 deny
  Packet {action}: {proto} src {src} dst {dst}[ ({reason*})]
  Packet {action} {proto} {src} {dst}. {reason*}
424002 deny
  Connection to the backup interface is {action}: {proto} src {src} dst {dst}
  Connection to the backup interface is {action}: {proto} {src} {dst}
431001 431002 drop
  RTP conformance: {action} RTP packet from {src} to {dst}, {reason*}
  RTCP conformance: {action} RTCP packet from {src} to {dst}, {reason*}
434001-434003 drop
  SFR card not up and fail-close mode used, {action} {proto} packet from {src} to {dst}
  SFR requested to {action} {proto} packet from {src} to {dst}
  SFR requested to {action} {proto} connection from {src} to {dst}
434004 traffic
  SFR requested {device} to bypass further packet redirection and process {proto} flow from
    {src} to {dst} locally
434007 traffic
  SFR redirect will override Scansafe redirect for flow from {src} to {dst} with username
    {user*}
447001 base
  ASP DP to CP {queue} was full. Queue length {length}, limit {limit}
448001 deny
  {action} SRTP crypto session setup on flow from {src} to {dst}, licensed K8 SRTP crypto
    session of {limit} exceeded

# 500xxx: active content and odd TCP.
500001 500002 traffic
  ActiveX content in java script is modified: src {src_ip} dest {dst_ip} on interface {on}
  {content*} content modified src {src_ip} dest {dst_ip} on interface {on}
  {content*} content in java script is modified: src {src_ip} dest {dst_ip} on interface {on}
500003 drop
  Bad TCP hdr length (hdrlen={header_length}, pktlen={packet_length}) from {src} to {dst},
    flags: {tcp_flags*}, on interface {on}
500004 drop
  {reason*} for protocol={proto}, from {src} to {dst}
500005 close
  connection terminated for {proto} from {src} to {dst} due to {reason*}
507001-507003 close
  Terminating TCP-Proxy connection from {src} to {dst} - {reason*}
  {proto} flow from {src} to {dst} terminated by inspection engine, reason - {reason*}
  {proto} flow from {src} to {dst} terminated by inspection engine, reason {reason*}
508001 drop
  DCERPC {message_kind} non-standard version {version_major} {version_minor} from {src} to
    {dst}, terminating connection
508002 drop
  DCERPC response has low endpoint port {port} from {src} to {dst}, terminating connection
509001 drop
  Connection attempt from {src} to {dst} was prevented by {reason*}

# 710xxx: to the firewall itself.
710001 permit
  {proto} access {action} from {src} to {dst}
710002 permit
  {proto} access {action} from {src} to {dst}
710003 deny
  {proto} access {action} by ACL from {src} to {dst}
710004 deny
  {proto} connection limit exceeded from {src} to {dst}[ (current connections/connection limit =
    {limits})]
710005 drop
  {proto} request {action} from {src} to {dst}
710006 drop
  {proto} request {action} from {src} to {dst}
  {proto*} request {action} from {src} to {dst}
710007 base
  NAT-T keepalive received from {src} to {dst}
005424 deny
  {proto} access {action} by ACL from {src} to {dst}

# 733xxx: threat detection.
733100 finding
  \[{title*}\] drop {drop_rate} exceeded. Current burst rate is {burst_rate} per second, max
    configured rate is {burst_rate_max}; Current average rate is {average_rate} per second, max
    configured rate is {average_rate_max}; Cumulative total count is {hits}
  \[{title*}\] drop {drop_rate} exceeded
733101 finding
  {object*} {src_ip} is {title*}. Current burst rate is {burst_rate} per second, max configured
    rate is {burst_rate_max}; Current average rate is {average_rate} per second, max configured
    rate is {average_rate_max}; Cumulative total count is {hits}
  {object} {src_ip} ({other*}) is {title*}. Current burst rate is {burst_rate} per second
733102 finding_drop
  Threat-detection {action} host {src_ip} to shun list
733103 base
  Threat-detection {action} host {src_ip} from shun list
733104 733105 finding
  {title} TCP_SYN_ATTACK_{what*}
  {title*}
733201 finding_drop
  Threat-detection: Service\[{service*}\] Peer\[{src_ip}\]: {title*}
`;
