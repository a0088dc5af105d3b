// What the answer to a bulk request means, for the request and for each document in it
// (Elasticsearch and OpenSearch, bulk API).
import type { FailureRecord } from '@weir/pipeline';
import { lineOfText } from '../http/client.js';
import { retryAfterMs } from '../http/judge.js';

export interface BulkAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

export type BulkVerdict =
  | { readonly kind: 'items'; readonly items: readonly BulkItem[] }
  /** Some document of them, or their size, is wrong: nobody says which. */
  | { readonly kind: 'bad_body'; readonly failure: FailureRecord }
  | {
      readonly kind: 'retry';
      readonly afterMs: number | null;
      readonly failure: FailureRecord;
    };

export interface BulkItem {
  /** `taken` also where the document is there already: it has this event's `_id`. */
  readonly kind: 'taken' | 'refused' | 'retry';
  readonly status: number;
  /** Empty for one that was taken. */
  readonly reason: string;
}

/** The document itself is wrong: its fields do not go with the mapping, or it is too large. */
const REFUSED: ReadonlySet<number> = new Set([400, 413]);
const TAKEN: ReadonlySet<number> = new Set([200, 201, 409]);
const FOR_PEOPLE: Readonly<Record<number, string>> = {
  401: 'it wants other credentials: look at api_key, url and headers',
  403: 'it forbids this: look at the rights of the user or API key',
  404: 'there is no bulk API at this url',
  405: 'it takes no POST there: look at the url',
  406: 'it does not know this kind of body: is it an Elasticsearch or OpenSearch?',
  415: 'it does not know this kind of body or compression',
};

/** `count` is the number of documents that were sent. */
export function judgeBulk(
  answer: BulkAnswer,
  count: number,
  name: string,
  nowMs: number,
): BulkVerdict {
  const { status } = answer;
  const isOk = status >= 200 && status <= 299;
  const items = isOk ? itemsOf(answer.text) : null;
  if (items !== null && items.length === count) return { kind: 'items', items };
  const failure: FailureRecord = {
    code: 'WEIR_SINK_REJECTED',
    message: `${name}: ${sentence(answer)}`,
    details: { status },
  };
  if (status === 400 || status === 413) return { kind: 'bad_body', failure };
  return { kind: 'retry', afterMs: retryAfterMs(answer.retryAfter, nowMs), failure };
}

export const itemFailure = ({ status, reason }: BulkItem, name: string): FailureRecord => ({
  code: 'WEIR_SINK_REJECTED',
  message: `${name} refuses the event (HTTP ${status}: ${reason})`,
  details: { status },
});

function sentence({ status, text }: BulkAnswer): string {
  const line = lineOfText(reasonOf(text) ?? text);
  const said = line === '' ? `HTTP ${status}` : `HTTP ${status}: ${line}`;
  const forPeople = FOR_PEOPLE[status];
  if (forPeople !== undefined)
    return `${forPeople} (${said}); nothing is lost, the events are kept and sent again`;
  if (status >= 200 && status <= 299) return `this is no answer to a bulk request (${said})`;
  if (status >= 300 && status <= 399) return `it redirects, which is not followed (${said})`;
  if (status === 413) return `the body is too large (${said})`;
  if (status === 400) return `the events are refused (${said})`;
  return `it is busy or failing (${said})`;
}

type Json = Readonly<Record<string, unknown>>;

const objectOf = (value: unknown): Json | null =>
  typeof value === 'object' && value !== null ? (value as Json) : null;

function parse(text: string): Json | null {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Null for anything but the list of a bulk answer. */
function itemsOf(text: string): BulkItem[] | null {
  const items = parse(text)?.items;
  if (!Array.isArray(items)) return null;
  const found = items.map((item: unknown) => itemOf(objectOf(objectOf(item)?.create)));
  return found.every((item) => item !== null) ? (found as BulkItem[]) : null;
}

function itemOf(result: Json | null): BulkItem | null {
  const status = result?.status;
  if (typeof status !== 'number') return null;
  if (TAKEN.has(status)) return { kind: 'taken', status, reason: '' };
  const reason = causeOf(objectOf(result?.error));
  return { kind: REFUSED.has(status) ? 'refused' : 'retry', status, reason };
}

const reasonOf = (text: string): string | null => {
  const error = objectOf(parse(text)?.error);
  return error === null ? null : causeOf(error);
};

/** `type: reason; cause`, as far as the error has them. */
function causeOf(error: Json | null): string {
  const texts = [error, objectOf(error?.caused_by)].flatMap((each) => {
    const parts = [each?.type, each?.reason].filter((part) => typeof part === 'string');
    return parts.length === 0 ? [] : [parts.join(': ')];
  });
  return lineOfText(texts.join('; ')) || 'no reason given';
}
