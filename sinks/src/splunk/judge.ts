// What an answer of the HTTP Event Collector means, by the codes that Splunk documents
// ("Troubleshoot HTTP Event Collector", possible error codes). Events are looked at one after the
// other: those before `invalid-event-number` are in, the one with this number and all behind it are
// not.
import type { FailureRecord } from '@weir/pipeline';
import { lineOfText } from '../http/client.js';
import { retryAfterMs } from '../http/judge.js';

export interface HecAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

export type HecVerdict =
  | { readonly kind: 'taken'; readonly ackId: number | null }
  /** `index` among the events that were sent. */
  | { readonly kind: 'bad_event'; readonly index: number; readonly failure: FailureRecord }
  /** Some event of them, or their size, is wrong: nobody says which. */
  | { readonly kind: 'bad_body'; readonly failure: FailureRecord }
  | {
      readonly kind: 'retry';
      readonly afterMs: number | null;
      readonly failure: FailureRecord;
    };

/** Codes about one event, which will never be taken. */
const BAD_EVENT: ReadonlySet<number> = new Set([6, 12, 13, 15]);
/** What people have to mend, here or in Splunk; the events wait. */
const FOR_PEOPLE: Readonly<Record<number, string>> = {
  1: 'the token is disabled',
  2: 'a token is required',
  3: 'the authorization is not understood: look at token and headers',
  4: 'the token is not known there',
  5: 'it saw no events in the request',
  7: 'the token may not write to the index: look at index, by_parser and the token',
  10: 'the token wants a channel: set acknowledge = true, or turn acknowledgement off there',
  11: 'the channel is not valid',
  14: 'acknowledgement is off for the token: turn it on there, or set acknowledge = false',
  16: 'it takes no token from the query string: set token, not the url',
  21: 'the token is not known there',
  22: 'the token is disabled',
};
const BY_STATUS: Readonly<Record<number, string>> = {
  401: 'it wants another token',
  403: 'it forbids this: look at the token',
  404: 'there is no event collector at this url',
  405: 'it takes no POST there: look at the url',
  415: 'it does not know this compression',
};

/** `name` is the server in words, `nowMs` the wall clock in ms since 1970. */
export function judgeHec(answer: HecAnswer, name: string, nowMs: number): HecVerdict {
  const { status } = answer;
  const reply = replyOf(answer.text);
  const isOk = status >= 200 && status <= 299;
  if (isOk && reply?.code === 0) return { kind: 'taken', ackId: reply.ackId };
  const code = reply?.code ?? null;
  const failure: FailureRecord = {
    code: 'WEIR_SINK_REJECTED',
    message: `${name}: ${sentence(answer, code)}`,
    details: { status, ...(code === null ? {} : { hec_code: code }) },
  };
  if (status === 400 && code !== null && BAD_EVENT.has(code)) {
    const index = reply?.invalidEvent ?? null;
    return index === null ? { kind: 'bad_body', failure } : { kind: 'bad_event', index, failure };
  }
  if (status === 413 || (status === 400 && code === null)) return { kind: 'bad_body', failure };
  return { kind: 'retry', afterMs: retryAfterMs(answer.retryAfter, nowMs), failure };
}

function sentence({ status, text }: HecAnswer, code: number | null): string {
  const line = lineOfText(text);
  const said = line === '' ? `HTTP ${status}` : `HTTP ${status}: ${line}`;
  if (code !== null && BAD_EVENT.has(code)) return `an event is refused (${said})`;
  const forPeople = code === null ? BY_STATUS[status] : FOR_PEOPLE[code];
  if (forPeople !== undefined)
    return `${forPeople} (${said}); nothing is lost, the events are kept and sent again`;
  if (status >= 200 && status <= 299) return `this is no answer of an event collector (${said})`;
  if (status >= 300 && status <= 399) return `it redirects, which is not followed (${said})`;
  if (status === 413) return `the body is too large (${said})`;
  if (status === 400) return `the events are refused (${said})`;
  return `it is busy or failing (${said})`;
}

interface HecReply {
  readonly code: number;
  readonly ackId: number | null;
  readonly invalidEvent: number | null;
}

function replyOf(text: string): HecReply | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { code, ackId, 'invalid-event-number': invalid } = value as Record<string, unknown>;
  if (typeof code !== 'number') return null;
  return { code, ackId: countOf(ackId), invalidEvent: countOf(invalid) };
}

const countOf = (value: unknown): number | null =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
