// Requests to an S3-compatible store, signed with AWS Signature Version 4 (Amazon S3 API Reference,
// "Authenticating Requests"), where the body counts by its SHA-256.
import { createHash } from 'node:crypto';
import { WeirError } from '@weir/pipeline';
import aws4 from 'aws4';
import type { HttpRequest } from '../http/client.js';
import { httpUrlOf } from '../http/setup.js';
import type { S3Credentials } from './options.js';

export interface Bucket {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly isPathStyle: boolean;
}

/** Address of the bucket; its path ends with a slash. Throws WEIR_CONFIG_INVALID. */
export function bucketUrlOf({ endpoint, bucket, isPathStyle }: Omit<Bucket, 'region'>): URL {
  const url = httpUrlOf(endpoint, 'an s3 sink');
  if (url.username !== '' || url.password !== '')
    throw new WeirError('WEIR_CONFIG_INVALID', 'an s3 endpoint takes no user and password');
  const base = url.pathname.replace(/\/*$/, '/');
  url.search = '';
  url.hash = '';
  url.pathname = isPathStyle ? `${base}${bucket}/` : base;
  if (isPathStyle) return url;
  const hostname = `${bucket}.${url.hostname}`;
  url.hostname = hostname;
  // An address of numbers takes no name in front of it, and says nothing.
  if (url.hostname !== hostname)
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      'an s3 endpoint that is an address of numbers needs path_style = true',
    );
  return url;
}

export interface Signing {
  readonly bucketUrl: URL;
  readonly region: string;
  readonly credentials: S3Credentials;
  /** Wall clock, ms since 1970: a store refuses what is 15 minutes off. */
  readonly nowMs: number;
}

/** `path` is behind that of the bucket: a key, percent-encoded by part, or a query. */
export function signedRequest(
  { method, path, headers, chunks = [] }: HttpRequest,
  { bucketUrl, region, credentials, nowMs }: Signing,
): HttpRequest {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  const whole = `${bucketUrl.pathname}${path}`;
  const { headers: signed = {} } = aws4.sign(
    {
      ...{ service: 's3', region, method, path: whole, host: bucketUrl.host },
      headers: {
        ...headers,
        'X-Amz-Content-Sha256': hash.digest('hex'),
        'X-Amz-Date': new Date(nowMs).toISOString().replaceAll(/[:-]|\.\d{3}/g, ''),
      },
    },
    { ...credentials },
  );
  return {
    method,
    path: whole,
    headers: signed as Record<string, string>,
    ...(method === 'PUT' ? { chunks } : {}),
  };
}

/** Everything but unreserved characters (RFC 3986, 2.3) is escaped. */
export const encodedPart = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** The slashes between parts stay. */
export const encodedKey = (key: string): string => encodedPart(key).replaceAll('%2F', '/');
