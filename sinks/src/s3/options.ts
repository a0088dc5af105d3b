// What an s3 sink is told.
import type { Clock } from '@weir/pipeline';
import type { BodyCompression } from '../http/body.js';
import type { HttpClientDependencies } from '../http/client.js';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string;
}

export interface S3SinkOptions {
  /** Address of the service without the bucket, such as https://s3.eu-central-1.amazonaws.com. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly credentials: S3Credentials;
  /** The bucket in the path, not in the host name. Default true: every server knows that. */
  readonly isPathStyle?: boolean;
  /** Before the name of each object; `{date}` is the day (UTC) of its first event. */
  readonly prefix?: string;
  readonly compression?: BodyCompression;
  /** Such as STANDARD_IA; null for that of the bucket. */
  readonly storageClass?: string | null;
  /** AES256 or aws:kms; null for what the bucket does by itself. */
  readonly serverSideEncryption?: string | null;
  /** Key for aws:kms; null for that of the account. */
  readonly kmsKeyId?: string | null;
  /** Longest time from the beginning of a request to the end of its answer. Default 60,000. */
  readonly timeoutMs?: number;
  /** PEM file with the certificates that are trusted, instead of those of Node.js. */
  readonly tlsCaFile?: string | null;
  /** Requests at once. Default 4. */
  readonly connectionsMax?: number;
}

export interface S3SinkDependencies extends HttpClientDependencies {
  readonly clock: Clock;
}

export const S3_SINK_DEFAULTS = {
  isPathStyle: true,
  prefix: 'weir/{date}/',
  compression: 'zstd',
  storageClass: null,
  serverSideEncryption: null,
  kmsKeyId: null,
  timeoutMs: 60_000,
  tlsCaFile: null,
  connectionsMax: 4,
} as const;
