// What an answer means for the rows that were sent. What can be put right on the other side, or in
// the configuration, loses nothing: it is tried again. Only an answer that speaks of these very
// rows rejects them.
import { type FailureRecord, type SinkOutcome, toFailure } from '@weir/pipeline';

/** A longer wait than this is not taken from the other side. */
const RETRY_AFTER_MS_MAX = 3_600_000;
const LOCATION_CHARS_MAX = 300;
const NO_ROWS = new Uint32Array(0);

/** Statuses that call the rows themselves wrong or too many; the runtime halves the payload. */
const REJECTED: Readonly<Record<number, string>> = {
  400: 'refuses the events as malformed',
  413: 'finds the body too large',
  422: 'refuses the events as wrong',
};
/** What whoever runs this collector has to mend. */
const MISCONFIGURED: Readonly<Record<number, string>> = {
  401: 'wants other credentials: look at the headers of this sink',
  403: 'forbids this: look at the headers of this sink',
  404: 'knows no such path: look at the url of this sink',
  405: 'takes no POST there: look at the url of this sink',
  407: 'wants other credentials for its proxy',
  410: 'knows no such path any more: look at the url of this sink',
  415: 'does not know this format or compression: look at both of this sink',
};

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
  /** Beginning of the body, for people. */
  readonly text: string;
}

/** `name` is the server in words, `nowMs` the wall clock in ms since 1970. */
export function judge(answer: Answer, name: string, nowMs: number): SinkOutcome {
  const { status } = answer;
  if (status >= 200 && status <= 299) return { kind: 'delivered' };
  const failure: FailureRecord = {
    code: 'WEIR_SINK_REJECTED',
    message: sentence(answer, name),
    details: { status },
  };
  if (REJECTED[status] !== undefined)
    return { kind: 'rejected', rows: NO_ROWS, isWhole: true, failure };
  return { kind: 'retry', afterMs: retryAfterMs(answer.retryAfter, nowMs), failure };
}

function sentence({ status, text, location }: Answer, name: string): string {
  const said = text === '' ? `HTTP ${status}` : `HTTP ${status}: ${text}`;
  const rejected = REJECTED[status];
  if (rejected !== undefined) return `${name} ${rejected} (${said})`;
  const kept = 'nothing is lost, the events are kept and sent again';
  if (status >= 300 && status <= 399) {
    const where = location === undefined ? '' : ` to ${placeOf(location)}`;
    return `${name} redirects${where} (HTTP ${status}), which is not followed: set the url of this sink; ${kept}`;
  }
  const wrong = MISCONFIGURED[status];
  if (wrong !== undefined) return `${name} ${wrong} (${said}); ${kept}`;
  return `${name} is busy or failing (${said})`;
}

/** Of what an exchange rejects with. */
export const retryAfterError = (error: unknown): SinkOutcome => ({
  kind: 'retry',
  afterMs: null,
  failure: toFailure(error, 'WEIR_SINK_UNREACHABLE'),
});

/**
 * Origin and path only: user, query and fragment may hold a secret. A relative one has no origin.
 */
function placeOf(location: string): string {
  const base = 'http://relative.invalid';
  if (!URL.canParse(location, base)) return 'elsewhere';
  const { origin, protocol, host, pathname } = new URL(location, base);
  const place = origin === base ? pathname : `${protocol}//${host}${pathname}`;
  return place.slice(0, LOCATION_CHARS_MAX);
}

/** Seconds or a date (RFC 9110, 10.2.3); null for none, or for what is neither. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | null {
  if (value === undefined) return null;
  const text = value.trim();
  const delayMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  if (Number.isNaN(delayMs)) return null;
  return Math.min(Math.max(delayMs, 0), RETRY_AFTER_MS_MAX);
}
