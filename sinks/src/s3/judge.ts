// What an answer of the store means (Amazon S3 API Reference, "Error responses"). An object is
// taken whole or not at all, and nothing in events makes a store refuse them: whatever it says is
// put right there or in the configuration, and the object comes again.
import type { FailureRecord, SinkOutcome } from '@weir/pipeline';
import { lineOfText } from '../http/client.js';
import { retryAfterMs } from '../http/judge.js';

export interface S3Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** Beginning of the body: XML with Code and Message. */
  readonly text: string;
}

/** What whoever runs this collector has to mend, by the code in the answer. */
const TO_MEND: Readonly<Record<string, string>> = {
  AccessDenied: 'the credentials lack the right (s3:PutObject, or s3:ListBucket and s3:GetObject)',
  AuthorizationHeaderMalformed: 'set the region of this sink to that of the bucket',
  ExpiredToken: 'the session token has expired',
  InvalidAccessKeyId: 'the access key is not known there',
  InvalidStorageClass: 'the store does not know this storage_class',
  NoSuchBucket: 'make the bucket, or set the bucket of this sink',
  PermanentRedirect: 'set endpoint and region of this sink to those of the bucket',
  RequestTimeTooSkewed: 'the clock of this machine, or of the store, is wrong',
  SignatureDoesNotMatch: 'the secret access key, or the region, is wrong',
};

export function judgeS3(answer: S3Answer, name: string, nowMs: number): SinkOutcome {
  const { status, retryAfter } = answer;
  if (status === 200) return { kind: 'delivered' };
  const failure: FailureRecord = {
    code: 'WEIR_SINK_REJECTED',
    message: sentence(answer, name),
    details: { status, reason: codeOf(answer.text) },
  };
  return { kind: 'retry', afterMs: retryAfterMs(retryAfter, nowMs), failure };
}

function sentence({ status, text }: S3Answer, name: string): string {
  const said = errorText(status, text);
  if (status === 429 || status >= 500) return `${name} is busy or failing (${said})`;
  return `${name} does not take objects (${said}); nothing is lost, the events are kept and sent again`;
}

/** Status, code and message of an answer, and what to do where that is known. */
export function errorText(status: number, text: string): string {
  const code = codeOf(text);
  const message = lineOfText(/<Message>([^<]*)<\/Message>/.exec(text)?.[1] ?? '');
  const said = [`HTTP ${status}`, ...(code === '' ? [] : [code])].join(' ');
  const all = message === '' ? said : `${said}: ${message}`;
  const toMend = TO_MEND[code];
  return toMend === undefined ? all : `${all}; ${toMend}`;
}

const codeOf = (text: string): string => /<Code>([A-Za-z0-9]{1,100})<\/Code>/.exec(text)?.[1] ?? '';
