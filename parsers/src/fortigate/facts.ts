// What a FortiGate event has said so far, as numbers: its class follows from these.

/** What the words of an event are, by the tables of words.ts; 0 for none. */
export class FortigateFacts {
  type = 0;
  subtype = 0;
  action = 0;
  /** activity_id of Entity Management that the action would be. */
  change = 0;
  method = 0;
  dnsKind = 0;
  dhcp = 0;
  status = 0;
  /** True for a change of the configuration. */
  hasConfig = false;

  reset(): void {
    this.type = 0;
    this.subtype = 0;
    this.action = 0;
    this.change = 0;
    this.method = 0;
    this.dnsKind = 0;
    this.dhcp = 0;
    this.status = 0;
    this.hasConfig = false;
  }
}
