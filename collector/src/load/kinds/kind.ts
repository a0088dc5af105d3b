import type { Draw } from '../random.js';
import type { TemplateWriter } from '../template.js';

/** How a device's event is carried when the sender speaks RFC 3164. */
export type LegacyHeader =
  /** `<PRI>Nov 21 13:05:09 host app[pid]: ` */
  | 'bsd'
  /** `<PRI>Nov 21 13:05:09 host `: the message has no tag (PAN-OS) */
  | 'bsd_untagged'
  /** `<PRI>Nov 21 2026 13:05:09 host : ` (Cisco ASA with `logging device-id`) */
  | 'asa'
  /** `<PRI>` alone (FortiGate's default) */
  | 'bare';

/** One event before it is put on the wire. */
export interface Drawn {
  readonly pri: number;
  readonly host: string;
  readonly app: string;
  /** Whether the application names its process. */
  readonly hasPid: boolean;
  readonly legacy: LegacyHeader;
  /** Whether the body is a JSON object, which HTTP then carries as it is. */
  readonly isJson: boolean;
  readonly body: (t: TemplateWriter) => void;
}

/** A family of events of one device or program. */
export interface Kind {
  readonly name: string;
  draw(draw: Draw): Drawn;
}
