// What an event of PAN-OS has said so far, as numbers and positions: its class follows from these.

/** What the event has said so far; classify reads it. */
export class PanosFacts {
  type = 0;
  subtype = 0;
  disposition = 0;
  status = 0;
  method = 0;
  /** IANA number, -1 while unknown. */
  protocol = -1;
  isReset = false;
  /** Numbers of the tables of words.ts for SYSTEM, GLOBALPROTECT and CONFIG. */
  systemAuth = 0;
  eventStart = 0;
  eventEnd = 0;
  commandStart = 0;
  commandEnd = 0;
  /** Positions of a value, 0 for none. */
  userStart = 0;
  userEnd = 0;
  miscStart = 0;
  miscEnd = 0;
  threatStart = 0;
  threatEnd = 0;
  categoryStart = 0;
  categoryEnd = 0;
  textStart = 0;
  textEnd = 0;
  /** Of SYSTEM's text: 1 logged in, 2 logged out. */
  textAuth = 0;

  reset(): void {
    this.type = 0;
    this.subtype = 0;
    this.disposition = 0;
    this.status = 0;
    this.method = 0;
    this.protocol = -1;
    this.isReset = false;
    this.systemAuth = 0;
    this.eventEnd = 0;
    this.commandEnd = 0;
    this.userEnd = 0;
    this.miscEnd = 0;
    this.threatEnd = 0;
    this.categoryEnd = 0;
    this.textEnd = 0;
    this.textAuth = 0;
  }
}
