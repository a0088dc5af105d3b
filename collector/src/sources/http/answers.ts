// What a sender of a request is told.
import { type BodyRefusal, refused } from './body.js';

const RETRY_AFTER_S = '1';

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export const answer = (status: number, error: string): Answer => ({ status, body: { error } });

export const retryLater = (status: 429 | 503, error: string): Answer => ({
  status,
  body: { error },
  headers: { 'retry-after': RETRY_AFTER_S },
});

export const blocked = (cause: 'spool_full' | 'queue_full'): BodyRefusal =>
  refused(
    503,
    cause,
    cause === 'spool_full' ? 'the spool is full' : 'the queue of the stream is full',
  ).refusal;

export const NO_TURN = refused(503, 'queue_full', 'too many compressed bodies at once');
