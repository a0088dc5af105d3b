// Authentication, VPN, certificates and TLS (109xxx, 113xxx, 316xxx, 602xxx, 603xxx, 702xxx to
// 725xxx, 734xxx to 751xxx).
// Notation: ../cisco/message-table.ts.
export const VPN = String.raw`
# 109xxx: authentication of and for traffic through the firewall.
109001 logon
  Auth start for user {user} from {src} to {dst}
109002 logon_fail
  Auth from {src} to {dst} failed (server {auth_server} failed) on interface {on}
109003 logon_fail
  Auth from {src} to {dst} failed (all servers failed) on interface {on}
109005 logon_ok
  Authentication succeeded for user {user} from {src} to {dst} on interface {on}
109006 logon_fail
  Authentication failed for user {user^} from {src} to {dst} on interface {on}
109007 permit
  Authorization {outcome} for user {user} from {src} to {dst} on interface {on}
109008 deny
  Authorization {outcome} for user {user^} from {src} to {dst} on interface {on}
  Authorization {outcome} (acl={acl}) for user {user^} from {src} to {dst} on interface {on}
109010 logon_fail
  {reason*} from {src} to {dst} (too many pending auths) on interface {on}
109011 logon
  Authen Session Start: user {user}, sid {session}
109012 logoff
  Authen Session End: user {user}, sid {session}, elapsed {elapsed_seconds} seconds
109013 logon
  User must authenticate before using this service
109014 logon
  uauth_lookup_net fail for {what*}
109016 109024 deny
  Can't find authorization ACL {acl} for user {user}
  Authorization denied from {src} to {dst} (not authenticated) on interface {on} using {proto}
109017 deny
  User at {src_ip} exceeded auth proxy connection limit ({limit})
109021 109022 logon_fail
  Uauth null proxy error
  exceeded HTTPS proxy process limit
109023 deny
  User from {src} to {dst} on interface {on} must authenticate before using this service
109025 deny
  Authorization {outcome} (acl={acl}) for user '{user^}' from {src} to {dst} on interface {on}
    using {proto}
109026 base_fail
  \[{protocol_aaa}\] Invalid reply digest received; shared server key may be mismatched
109027 logon_fail
  \[{protocol_aaa}\] Unable to decipher response message Server = {dst_ip}, User = {user*}
109028 permit
  aaa bypassed for same-security traffic from {src} to {dst}
109031 logon_fail
  NT Domain Authentication Failed: rejecting guest login for {user*}
109032 base_fail
  Unable to install ACL {acl}, downloaded for user {user}; Error in ACE: '{ace*}'
109033 109034 logon_fail
  Authentication failed for admin user {user^} from {src_ip}. Interactive challenge processing is
    not supported for {service} connections
  Authentication failed for network user {user^} from {src} to {dst}. Interactive challenge
    processing is not supported for {service} connections
109035 base
  Exceeded maximum number ({limit}) of DAP attribute instances for user {user*}
109201 109203 109204 109206-109213 logon
  UAUTH: Session={session}, User={user+}, Assigned IP={src_ip}, {outcome} {what*}
  UAUTH: Session={session}, User={user+}, Assigned IP={src_ip}, {what*}
109202 109205 logon_fail
  UAUTH: Session={session}, User={user+}, Assigned IP={src_ip}, {what*}

# 113xxx: AAA.
113001 logon_fail
  Unable to open AAA session. Session limit \[{limit}\] reached
113003 logon
  AAA group policy for user {user} is being set to {group_policy*}
  AAA group policy for user {user} is set to {group_policy*}
113004 logon_ok
  AAA user {aaa_type} Successful : server = {dst_ip} : user = {user*}
  AAA user {aaa_type} Successful: server = {dst_ip}, User = {user*}
  AAA user {aaa_type} Successful : server = {dst_ip} , User = {user*}
113005 logon_fail
  AAA user {aaa_type} Rejected : reason = {reason*} : server = {dst_ip} : user = {user^} : user
    IP = {src_ip}
  AAA user {aaa_type} Rejected: reason = {reason*}: server = {dst_ip}, User = {user^}: user IP =
    {src_ip}
  AAA user {aaa_type} Rejected : reason = {reason*} : server = {dst_ip} : user = {user*}
  AAA user {aaa_type} Rejected: reason = {reason*}: server = {dst_ip}, User = {user*}
113006 user_lock
  User {user} locked out on exceeding {attempts} successive failed authentication attempts
113007 user_unlock
  User {user} unlocked by {actor*}
113008 113012 logon_ok
  AAA transaction status ACCEPT : user = {user*}
  AAA user authentication Successful : local database : user = {user*}
113009 113011 logon
  AAA retrieved default group policy ({group_policy*}) for user = {user*}
  AAA retrieved default group policy {group_policy} for user {user*}
  AAA retrieved user specific group policy ({group_policy*}) for user = {user*}
113010 logon
  AAA challenge received for user {user} from server {dst_ip}
113013 logon_fail
  AAA unable to complete the request Error : reason = {reason*} : user = {user*}
113014 logon_fail
  AAA authentication server not accessible : server = {dst_ip} : user = {user*}
113015 logon_fail
  AAA user authentication Rejected : reason = {reason*} : local database : user = {user^} : user
    IP = {src_ip}
  AAA user authentication Rejected : reason = {reason*} : local database : user = {user*}
113016 logon_fail
  AAA credentials rejected : reason = {reason*} : server = {dst_ip} : user = {user^} : user IP =
    {src_ip}
  AAA credentials rejected : reason = {reason*} : server = {dst_ip} : user = {user*}
113017 logon_fail
  AAA credentials rejected : reason = {reason*} : local database : user = {user^} : user IP =
    {src_ip}
  AAA credentials rejected : reason = {reason*} : local database : user = {user*}
113018 base
  User: {user}, Unsupported downloaded ACL Entry: '{ace*}', Action: {action*}
113019 tunnel_close
  Group = {group_policy*}, Username = {user*}, IP = {src_ip}, Session {action}. Session Type:
    {tunnel*}, Duration: {duration*}, Bytes xmt: {bytes_in}, Bytes rcv: {bytes_out}[, Reason:
    {reason*}]
113020 logon_fail
  Kerberos error: Clock skew with server {dst_ip} greater than {limit} seconds
113021 logon_fail
  Attempted console login failed. User {user^} did NOT have appropriate Admin Rights
113022 113023 base
  AAA Marking {aaa_protocol} server {dst_ip} in aaa-server group {server_group} as {state*}
113024 113025 logon
  Group {group_policy}: Authenticating {connection_kind} connection from {src_ip} with username,
    {user*}, from client certificate
  {fields*} for {connection_kind} connection from {src_ip}
113026 logon_fail
  Error {error} while executing Lua script for group {group_policy*}
113029-113038 tunnel_fail
  {@client}Session could not be established: {reason*}
  {@client}Unable to create AnyConnect parent session
  {@client}{what*}
113039 tunnel_open
  {@client}AnyConnect parent session started
113040 tunnel_close
  Terminating the VPN connection attempt from {what*}. Reason: {reason*}
113042 logon_fail
  CoA: Non-HTTP connection from {src} to {dst} for user {user} at {client_ip} denied by redirect
    filter; only HTTP connections are supported for redirection

# 315xxx, 316xxx: SSH and limits.
315004 logon_fail
  Fail to establish SSH session because RSA host key retrieval failed
315011 logoff
  SSH session from {src_ip} on interface {on} for user {user} disconnected by SSH server,
    reason: {reason*}
  SSH session from {src_ip} on interface {on} for user {user} terminated normally
315012 315013 logon
  Weak SSH {algorithm_kind} ({algorithm}) provided from client {src_ip} on interface {on}.
    Connection failed. Not FIPS 140-2 compliant
  SSH session from {src_ip} on interface {on} for user {user} rekeyed successfully
316001 316002 tunnel_fail
  Denied new tunnel to {dst_ip}. VPN peer limit ({limit}) exceeded
  VPN Handle error: protocol={tunnel}, src {src} dst {dst}

# 602xxx, 702xxx: IPsec associations.
602101 base
  PMTU-D packet {packet_bytes} bytes greater than effective mtu {mtu} dest_addr={dst_ip},
    src_addr={src_ip}, prot={proto}
602303 tunnel_open
  {tunnel}: An {direction} {tunnel_kind*} SA (SPI= {spi}) between {src_ip} and {dst_ip} (user=
    {user*}) has been created
602304 tunnel_close
  {tunnel}: An {direction} {tunnel_kind*} SA (SPI= {spi}) between {src_ip} and {dst_ip} (user=
    {user*}) has been deleted
602305 tunnel_fail
  {tunnel}: SA creation error, source {src_ip}, destination {dst_ip}, reason {reason*}
602306 tunnel_fail
  {tunnel}: SA change peer IP error, SPI: {spi}, (src {src_ip} -> {new_src}, dest {dst_ip} ->
    {new_dst}), reason {reason*}
603101 tunnel
  PPTP received out of seq or duplicate pkt, tnl_id={tunnel_id}, sess_id={session},
    seq={sequence}
603102 603103 logon_ok
  PPP virtual interface {virtual_interface} - user: {user} aaa authentication started
  PPP virtual interface {virtual_interface} - user: {user} aaa authentication {outcome}
603104 tunnel_open
  PPTP Tunnel created, tunnel_id is {tunnel_id}, remote_peer_ip is {src_ip},
    ppp_virtual_interface_id is {virtual_interface}, client_dynamic_ip is {assigned}, username
    is {user*}, MPPE_key_strength is {key_strength}
603105 tunnel_close
  PPTP Tunnel deleted, tunnel_id = {tunnel_id}, remote_peer_ip = {src_ip}
603106 tunnel_open
  L2TP Tunnel created, tunnel_id is {tunnel_id}, remote_peer_ip is {src_ip},
    ppp_virtual_interface_id is {virtual_interface}, client_dynamic_ip is {assigned}, username
    is {user*}
603107 tunnel_close
  L2TP Tunnel deleted, tunnel_id = {tunnel_id}, remote_peer_ip = {src_ip}
603108 tunnel_open
  Built {tunnel} Tunnel at {interface}, tunnel-id = {tunnel_id}, remote-peer = {src_ip},
    virtual-interface = {virtual_interface}, client-dynamic-ip = {assigned}, username = {user*},
    MPPE-key-strength = {key_strength}
  Built {tunnel} Tunnel at {interface}, tunnel-id = {tunnel_id}, remote-peer = {src_ip}
603109 tunnel_close
  Teardown {tunnel} Tunnel at {interface}, tunnel-id = {tunnel_id}, remote-peer = {src_ip}
702305 702307 tunnel_renew
  {tunnel}: An {direction} {tunnel_kind*} SA (SPI={spi}) between {src_ip} and {dst_ip}
    (user={user*}) is rekeying due to {reason*}
  {tunnel}: An {direction} {tunnel_kind*} SA (SPI={spi}) between {src_ip} and {dst_ip} ({user*})
    is rekeying due to {reason*}

# 713xxx: IKEv1.
713048 713050 tunnel_close
  {@peer}Connection terminated for peer {peer}. Reason: {reason*} Remote Proxy {remote_proxy},
    Local Proxy {local_proxy}
  {@peer}Error processing payload: Payload ID: {payload}
  {@peer}Connection terminated for peer {peer}. Reason: {reason*}
713049 tunnel_open
  {@peer}Security negotiation complete for {tunnel_kind*} ({peer*}) {role}, Inbound SPI =
    {spi_in}, Outbound SPI = {spi_out}
  {@peer}Security negotiation complete for {tunnel_kind*}
713052 logon_ok
  {@peer}User ({xauth_user*}) authenticated
713060 713061 713065 tunnel_fail
  {@peer}Tunnel Rejected: User ({xauth_user*}) not member of group ({group*}), group-lock check
    failed
  {@peer}Tunnel rejected: Crypto Map Policy not found for Src: {proxy_src}, Dst: {proxy_dst}!
713066 tunnel
  {@peer}IKE Remote Peer configured for SA: {crypto_map*}
713073 713075 713076 tunnel
  {@peer}Responder forcing change of {what*} rekeying duration from {duration_old} to
    {duration_new} seconds
  {@peer}Overriding Initiator's IPSec rekeying duration from {duration_old} to {duration_new}
    seconds
713119 tunnel_open
  {@peer}PHASE 1 COMPLETED
713120 tunnel_open
  {@peer}PHASE 2 COMPLETED (msgid={ike_message_id})
713121 713122 tunnel
  {@peer}Keep-alive type for this connection: {keepalive*}
  {@peer}Keep-alives configured {keepalive*} but peer {what*}
713123 tunnel_close
  {@peer}IKE lost contact with remote peer, deleting connection (keepalive type: {keepalive*})
713127 713166 713167 tunnel_fail
  {@peer}Xauth required but selected Proposal does not support xauth, Check priorities of ike
    xauth proposals in ike proposal list
  {@peer}Headend security gateway has failed our user authentication attempt - check configured
    username and password
  {@peer}Remote peer has failed user authentication - check configured username and password
713130 713131 tunnel
  {@peer}Received unsupported transaction mode attribute: {attribute*}
  {@peer}Received unknown transaction mode attribute: {attribute*}
713172 tunnel
  {@peer}Automatic NAT Detection Status: Remote end {remote_nat*} behind a NAT device This end
    {local_nat*} behind a NAT device
713184 tunnel
  {@peer}Client Type: {client_type*} Client Application Version: {client_version*}
713194 tunnel_close
  {@peer}Sending {tunnel} Delete With Reason message: {reason*}
713202 tunnel
  {@peer}Duplicate {packet} packet detected. {what*}
713204 713206 713211 713213 tunnel
  {@peer}Adding static route for client address: {assigned}
  {@peer}Tunnel Rejected: {reason*}
  {@peer}Adding static route for L2L peer coming in on a dynamic map. address: {route_address},
    mask: {route_mask}
  {@peer}Deleting static route for L2L peer that came in on a dynamic map. address:
    {route_address}, mask: {route_mask}
713228 tunnel
  {@peer}Assigned private IP address {assigned} to remote user
713236 tunnel
  {@peer}IKE_DECODE {packet} Message (msgid={ike_message_id}) with payloads : {payloads*}
713254 713255 tunnel_fail
  {@peer}Received ISAKMP Aggressive Mode message 1 with unknown tunnel group name
    '{tunnel_group*}'
713257 tunnel_fail
  {@peer}Phase {phase} failure: Mismatched attribute types for class {attribute*}: Rcv'd:
    {received*} Cfg'd: {configured*}
713259 tunnel_close
  {@peer}Session is being torn down. Reason: {reason*}
713902-713906 tunnel
  {@peer}{status_text*}
714001-714007 714011 715001 715004-715007 715009 715013 715019-715022
715027 715028 715033-715037 715039-715042 715044-715050 715055
715060-715072 715074-715077 tunnel
  {@peer}{status_text*}

# 716xxx, 722xxx: clientless VPN and AnyConnect.
716001 tunnel_open
  {@client}{tunnel} session started
716002 tunnel_close
  {@client}{tunnel} session terminated: {reason*}
716003 716005-716009 tunnel
  {@client}{status_text*}
716004 url_denied
  {@client}{tunnel} access DENIED to specified location: {url}
716010-716027 tunnel
  {@client}{status_text*}
716038 logon_ok
  {@client}Authentication: {outcome}, Session Type: {session_type*}
716039 logon_fail
  {@client}Authentication: {outcome}, Session Type: {session_type*}
  Authentication: {outcome}, Group = {group_policy*} User = {user^}, Session Type: {session_type*}
716040 logon_fail
  {reason*} for user {user^} denied login
  Reboot pending, new sessions disabled. Denied user login {user*}
716041 716042 permit
  access-list {acl} action {outcome} url {url} hit_cnt {hits}
  access-list {acl} action {outcome} {proto} {src} -> {dst} hit-cnt {hits}
716043-716047 716050-716052 tunnel
  {@client}{status_text*}
716053-716059 tunnel
  {@client}Authentication to SSO server name: {sso_server} type {sso_type} succeeded
  {@client}Authentication to SSO server name: {sso_server} type {sso_type} failed reason:
    {reason*}
  {@client}{status_text*}
716500-716507 base_fail

# 717xxx: certificates.
717001-717008 base
  Querying keypair failed
  Certificate enrollment failed for trustpoint {trustpoint}. Reason: {reason*}
  Certificate received from Certificate Authority for trustpoint {trustpoint}
  PKCS #12 export {outcome} for trustpoint {trustpoint}
  PKCS #12 import {outcome} for trustpoint {trustpoint}
717009 base_fail
  Certificate validation failed. {reason*}, serial number: {serial}, subject name: {subject*}
  Certificate validation failed. {reason*}
717010 base
  CRL polling failed for trustpoint {trustpoint}
717022 base_ok
  Certificate was successfully validated. serial number: {serial}, subject name: {subject*}
  Certificate was successfully validated. {certificate*}
717025-717027 base
  Validating certificate chain containing {certificates} certificate(s)
  Name lookup failed for hostname {hostname} during PKI operation
  Certificate chain failed validation. {reason*}
717028 base_ok
  Certificate chain was successfully validated {what*}
717029 base
  Identified client certificate within certificate chain. serial number: {serial}, subject name:
    {subject*}
717030 base
  Found a suitable trustpoint {trustpoint} to validate certificate
717031-717033 base
  Failed to find a suitable trustpoint for the issuer: {issuer*} Reason: {reason*}
  OCSP response received
717036 base
  Looking for a tunnel group match based on certificate maps for peer certificate with serial
    number: {serial}, subject name: {subject*}, issuer_name: {issuer*}
717037 base_fail
  Tunnel group search using certificate maps failed for peer certificate: serial number:
    {serial}, subject name: {subject*}, issuer_name: {issuer*}
717038 base_ok
  Tunnel group match found. Tunnel Group: {tunnel_group*}, Peer certificate: serial number:
    {serial}, subject name: {subject*}, issuer_name: {issuer*}
717043 717044 717047-717051 717054 717055 base
  Certificate: {certificate*} {what*} for trustpoint {trustpoint}
  The {certificate_kind*} certificate in the trustpoint {trustpoint} {what*}. Subject Name
    {subject*} Issuer Name {issuer*} Serial Number {serial}
  Local CA Server certificate is due to expire in {days} days

# 718xxx: load balancing of VPN.
718010 718012 718015-718019 718021-718024 base
  Sent {packet*} to {dst_ip}
  Received {packet*} from {src_ip}
  Send {packet*} to {dst_ip}
  Got {packet*} from {src_ip}
718060-718063 base
  {thread} thread is {state} (context={context})
  {what*} (context={context})
718072-718074 718077 718084 718085 718088 base
  Becoming {role} of Load Balancing in context {context}

# 721xxx: VPN in high availability.
721001-721004 721010-721013 base
  ({device}) {what*}
721016 tunnel
  ({device}) WebVPN session for client user {user}, IP {src_ip} has been {state*}
721018 tunnel
  ({device}) WebVPN session for client user {user}, IP {src_ip} has been {state*}

# 722xxx: AnyConnect.
722001-722004 base
  IP {src_ip} Error {reason*}
722006-722020 tunnel
  {@client}SVC Message: {svc_type}/{svc_severity}: {status_text*}
  {@client}TunnelGroup <{tunnel_group*}> Invalid address <{address}> assigned to SVC connection
  {@client}{status_text*}
722022 tunnel_open
  {@client}{proto} SVC connection established {what*}
  {@client}{proto} connection established {what*}
722023 tunnel_close
  {@client}{proto} SVC connection terminated {what*}
  {@client}{proto} connection terminated {what*}
722024-722027 tunnel
  {@client}SVC Global Compression {state*}
  {@client}{status_text*}
722028 tunnel_close
  {@client}Stale SVC connection closed
  {@client}{status_text*}
722029-722031 tunnel_close
  {@client}SVC Session Termination: Conns: {connections}, DPD Conns: {dpd_connections}, Comp
    resets: {compression_resets}, Dcmp resets: {decompression_resets}
  {@client}SVC Session Termination: In: {bytes_out} (+{control_in}) bytes, {packets_out}
    (+{control_packets_in}) packets, {drops_in} drops
  {@client}SVC Session Termination: Out: {bytes_in} (+{control_out}) bytes, {packets_in}
    (+{control_packets_out}) packets, {drops_out} drops
722032 tunnel_renew
  {@client}New {proto} SVC connection replacing old connection
  {@client}{status_text*}
722033 tunnel_open
  {@client}First {proto} SVC connection established for SVC session
  {@client}{status_text*}
722034 tunnel_renew
  {@client}New {proto} SVC connection, no existing connection
  {@client}{status_text*}
722035 722036 tunnel
  {@client}Received large packet {packet_bytes} (threshold {threshold})
  {@client}Transmitting large packet {packet_bytes} (threshold {threshold})
722037 tunnel_close
  {@client}SVC closing connection: {reason*}
  {@client}{status_text*}
722038 tunnel_close
  {@client}SVC terminating session: {reason*}
722039 722040 722042-722050 tunnel
  {@client}{status_text*}
722041 tunnel
  TunnelGroup <{tunnel_group*}> GroupPolicy <{group_policy*}> User <{user*}> IP <{src_ip}>
    {status_text*}
722051 tunnel_open
  {@client}IPv4 Address <{assigned}> IPv6 address <{assigned_ipv6}> assigned to session
  {@client}IPv4 Address <> IPv6 address <{assigned}> assigned to session
  {@client}Address <{assigned}> assigned to session
722053 tunnel
  {@client}Unknown client {user_agent*} connection
722054 tunnel_fail
  {@client}SVC terminating connection: {reason*}
722055 tunnel
  {@client}Client Type: {user_agent*}
722056 tunnel
  Unsupported AnyConnect client connection rejected from {src_ip}. Client info: {user_agent*}.
    Reason: {reason*}
722057 tunnel_close
  {@client}SVC terminating connection: Failed to Re-Connect previous VPN session

# 723xxx, 724xxx: Citrix and posture.
723001 723002 tunnel
  {@client}WebVPN Citrix ICA connection {conn} is {state*}
723003-723014 tunnel
  {@client}{status_text*}
  Group {group_policy*}, User {user*}, IP {src_ip}: {status_text*}
724001 724002 logon_fail
  {@client}WebVPN session not allowed. {reason*}
  {@client}WebVPN session not terminated. {reason*}

# 725xxx: TLS.
725001 open
  Starting {tls_kind*} handshake with {peer_role} {src} to {dst} for {tls} session
  Starting {tls_kind*} handshake with {peer_role} {src} for {tls} session
725002 open
  Device completed {tls_kind*} handshake with {peer_role} {src}[ to {dst}][ for {tls} session]
725003 open
  {tls_kind} client {src}[ to {dst}] requesting to resume previous session
  {tls_kind} client {src} requesting to resume previous session
725004 725005 open
  Device requesting certificate from SSL client {src}[ to {dst}] for authentication
  SSL server {src}[ to {dst}] requesting our device certificate for authentication
725006 fail
  Device failed {tls_kind*} handshake with {peer_role} {src}[ to {dst}]
725007 close
  {tls_kind} session with {peer_role} {src} to {dst} terminated
  {tls_kind} session with {peer_role} {src} terminated
725008 725009 open
  {tls_kind} {peer_role} {src} to {dst} proposes the following {ciphers} cipher(s)
  {tls_kind} {peer_role} {src} proposes the following {ciphers} cipher(s)
  Device proposes the following {ciphers} cipher(s) to server {src}
725010 725011 base
  Device supports the following {ciphers} cipher(s)
  Cipher\[{cipher_order}\] : {cipher}
725012 open
  Device chooses cipher {cipher} for the SSL session with client {src} to {dst}
  Device chooses cipher {cipher} for the SSL session with client {src}
  Device chooses cipher : {cipher} for the SSL session with client {src}
725013 open
  SSL server {src}[ to {dst}] chooses cipher {cipher}
  SSL Server {src} chooses cipher : {cipher}
725014 725015 fail
  SSL lib error. Function: {function} Reason: {reason*}
  Error verifying client certificate. Public key size in client certificate exceeds the maximum
    supported key size
725016 open
  Device selects trust-point {trustpoint} for client {src} to {dst}
  Device selects trust-point {trustpoint} for client {src}
725017 open
  No certificates received during the handshake with {peer_role} {src} to {dst} for {tls}
    session
  No certificates received during the handshake with {what*} {src} to {dst} for {tls} session

# 734xxx to 751xxx: access policies, addresses, IKEv2.
734001 logon
  DAP: User {user}, Addr {src_ip}, Connection {service}: The following DAP records were selected
    for this connection: {dap_records*}
734002 logon_fail
  DAP: User {user^}, Addr {src_ip}: Connection terminated by the following DAP records:
    {dap_records*}
734003 logon
  DAP: User {user}, Addr {src_ip}: Session Attribute {attribute*}
734004 base
  DAP: Processing error: {reason*}
735001-735010 base
737001-737019 737023-737036 737038 737400-737402 base
  IPAA: Session={session}, {what*} address {src_ip}
  IPAA: Freeing local pool address {src_ip}
  IPAA: Freeing local pool {pool} address {src_ip}
  IPAA: Client assigned {src_ip} from local pool[ {pool}]
  IPAA: Session={session}, Client assigned {src_ip} from {what*}
  IPAA: Client requested address {src_ip}, {what*}
  IPAA: DHCP request attempt {attempt} {outcome}
  IPAA: Unable to get address from group-policy or tunnel-group local pools
  IPAA: {what*} address {src_ip}
742001-742010 base_fail
746001-746004 base
  user-identity: {what*}
746005 base_fail
  user-identity: The AD Agent {dst_ip} cannot be reached - {reason*}
746010 746011 base
  user-identity: update import-user {group*} - {what*}
  user-identity: Total number of users created = {users}
746012 logon
  user-identity: Add IP-User mapping {src_ip} - {user*} {result+} - {reason*}
  user-identity: Add IP-User mapping {src_ip} - {user}
746013 logoff
  user-identity: Delete IP-User mapping {src_ip} - {user*} {result+} - {reason*}
  user-identity: Delete IP-User mapping {src_ip} - {user}
746014-746019 base
  user-identity: \[FQDN\] {name} address {address} obsolete
  user-identity: \[FQDN\] {name} resolved {address}
  user-identity: DNS lookup failed for {name}, reason: {reason*}
  user-identity: Update import-user {user*}
  user-identity: {what*}
747001-747008 747010 747011 747014-747016 747019 747022 747030 base
750001 750002 tunnel
  Local:{src} Remote:{dst} Username:{user*} Received request to {what*}
  Local:{src} Remote:{dst} Username:{user*} Received a IKE_INIT_SA request
750003 tunnel_fail
  Local:{src} Remote:{dst} Username:{user^} IKEv2 Negotiation aborted due to ERROR: {reason*}
  Local:{src} Remote:{dst} Username:{user^} Negotiation aborted due to ERROR: {reason*}
750004 750005 tunnel
  Local:{src} Remote:{dst} Username:{user*} Sending COOKIE challenge to throttle possible DoS
  Local:{src} Remote:{dst} Username:{user*} IPsec rekey collision detected. {what*}
750006 tunnel_open
  Local:{src} Remote:{dst} Username:{user*} IKEv2 SA UP. Reason: {reason*}
  Local:{src} Remote:{dst} Username:{user*} SA UP. Reason: {reason*}
750007 tunnel_close
  Local:{src} Remote:{dst} Username:{user*} IKEv2 SA DOWN. Reason: {reason*}
  Local:{src} Remote:{dst} Username:{user*} SA DOWN. Reason: {reason*}
750008-750015 tunnel
  Local:{src} Remote:{dst} Username:{user} SA rejected due to {reason*}
  Local:{src} Remote:{dst} Username:{user} {status_text*}
751001-751028 tunnel
  Local:{src} Remote:{dst} Username:{user} Failed to {reason*}
  Local:{src} Remote:{dst} Username:{user} Group:{tunnel_group} IPv4 Address={assigned} IPv6
    address={assigned_ipv6} assigned to session
  Local:{src} Remote:{dst} Username:{user} IKEv2 Group:{tunnel_group} {status_text*}
  Local:{src} Remote:{dst} Username:{user} Group:{tunnel_group} {status_text*}
  Local:{src} Remote:{dst} Username:{user} {status_text*}
752001-752017 tunnel
  Tunnel Manager dispatching a KEY_ACQUIRE message to {ike_version}. Map Tag = {crypto_map*}.
    Map Sequence Number = {sequence}
  Tunnel Manager failed to {what*}. Map Tag = {crypto_map}. Map Sequence Number = {sequence},
    SRC Addr: {proxy_src} port: {proxy_src_port} Dst Addr: {proxy_dst} port: {proxy_dst_port}
  {ike_version} was {outcome} at setting up a tunnel. Map Tag = {crypto_map}. Map Sequence
    Number = {sequence}

# 611xxx: EasyVPN client and management sign-in.
611101 logon_ok
  User authentication succeeded: IP address: {src_ip}, Uname: {user*}
  User authentication succeeded: Uname: {user*}
  User authentication succeeded: IP, {src_ip}: Uname: {user*}
  User authentication succeeded: IP = {src_ip}, Uname: {user*}
611102 logon_fail
  User authentication failed: IP address: {src_ip}, Uname: {user*}
  User authentication failed: Uname: {user*}
  User authentication failed: IP = {src_ip}, Uname: {user*}
611103 logoff
  User logged out: Uname: {user*}
611104 logon_fail
  Serial console idle timeout exceeded
611301-611323 tunnel
  VPNClient: {status_text*}
`;
