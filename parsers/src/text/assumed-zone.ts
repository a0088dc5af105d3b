// The zone of timestamps that name none, as somebody configured it for their source. Without one,
// they are read as UTC, and marked. Set for a stretch of rows before they are parsed.
import { WeirError } from '@weir/pipeline';

const US_PER_MINUTE = 60_000_000;
const US_PER_HOUR = 60 * US_PER_MINUTE;
const FIXED = /^([+-])(\d\d):?(\d\d)$/;

export interface AssumedZone {
  /** Minutes east of Greenwich at a local time, in microseconds as if it were UTC. */
  minutesAt(localUs: number): number;
}

/** `UTC`, `+02:00` or a name of the IANA database. Throws WEIR_CONFIG_INVALID. */
export function zoneNamed(name: string): AssumedZone {
  const fixed = FIXED.exec(name);
  if (fixed !== null) {
    const minutes = Number(fixed[2]) * 60 + Number(fixed[3]);
    const offset = fixed[1] === '-' ? -minutes : minutes;
    return { minutesAt: () => offset };
  }
  try {
    return new NamedZone(name);
  } catch {
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      `a time zone is UTC, an offset such as +02:00, or a name such as Europe/Berlin; got "${name}"`,
      { value: name },
    );
  }
}

class NamedZone implements AssumedZone {
  readonly #format: Intl.DateTimeFormat;
  /** Offsets change on whole quarters of an hour at most; neighbouring events share one. */
  #hour = Number.NaN;
  #minutes = 0;

  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      timeZoneName: 'longOffset',
      year: 'numeric',
    });
  }

  minutesAt(localUs: number): number {
    const hour = Math.floor((4 * localUs) / US_PER_HOUR);
    if (hour === this.#hour) return this.#minutes;
    const guess = this.#offsetAt(localUs);
    // Near a change of the clock the first guess is of the wrong side. An hour that comes twice is
    // taken as the first, one that never was as the one behind the gap.
    const minutes = this.#offsetAt(localUs - guess * US_PER_MINUTE);
    this.#hour = hour;
    this.#minutes = minutes;
    return minutes;
  }

  #offsetAt(us: number): number {
    const parts = this.#format.formatToParts(new Date(us / 1000));
    const text = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
    const [, sign, hours = '0', minutes = '0'] = /^GMT([+-])(\d\d):(\d\d)/.exec(text) ?? [];
    const total = Number(hours) * 60 + Number(minutes);
    return sign === '-' ? -total : total;
  }
}

let assumed: AssumedZone | null = null;

/** For the rows that are parsed from now on; null is UTC, marked. */
export function assumeZone(zone: AssumedZone | null): void {
  assumed = zone;
}

/** Minutes east of Greenwich at a local time without a zone; NaN when nobody said. */
export const assumedMinutesAt = (localUs: number): number =>
  assumed === null ? Number.NaN : assumed.minutesAt(localUs);
