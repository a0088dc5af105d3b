// Registers a schema and gets its id (Confluent Schema Registry API: /subjects/SUBJECT/versions,
// /config/SUBJECT). Registering the same schema again gives the same id.
import { lineOf, WeirError } from '@weir/pipeline';
import { request } from 'undici';
import type { AvroRecord } from '../avro/index.js';

const TIMEOUT_MS = 10_000;
const TYPE = 'application/vnd.schemaregistry.v1+json';

/** Rejects with WEIR_KAFKA_UNREACHABLE. `url` may hold user and password. */
export async function registerSchema(
  url: string,
  subject: string,
  schema: AvroRecord,
): Promise<number> {
  const name = encodeURIComponent(subject);
  await ask(url, 'PUT', `/config/${name}`, { compatibility: 'BACKWARD' });
  const answer = await ask(url, 'POST', `/subjects/${name}/versions`, {
    schemaType: 'AVRO',
    schema: JSON.stringify(schema),
  });
  const { id } = answer as { readonly id?: unknown };
  if (typeof id !== 'number')
    throw new WeirError('WEIR_KAFKA_UNREACHABLE', 'the schema registry gave no id');
  return id;
}

async function ask(url: string, method: 'PUT' | 'POST', path: string, body: unknown) {
  const base = new URL(url);
  const { username, password } = base;
  const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  base.username = '';
  base.password = '';
  const target = `${String(base).replace(/\/+$/, '')}${path}`;
  try {
    const response = await request(target, {
      method,
      headers: {
        'content-type': TYPE,
        accept: TYPE,
        ...(username === '' ? {} : { authorization: `Basic ${basic.toString('base64')}` }),
      },
      body: JSON.stringify(body),
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
    const text = await response.body.text();
    if (response.statusCode < 200 || response.statusCode > 299)
      throw new WeirError(
        'WEIR_KAFKA_UNREACHABLE',
        `the schema registry answered ${response.statusCode} to ${method} ${path}: ` +
          text.slice(0, 300),
        { status: response.statusCode },
      );
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof WeirError) throw error;
    throw new WeirError(
      'WEIR_KAFKA_UNREACHABLE',
      `the schema registry ${base.origin} cannot be reached: ${lineOf(error)}`,
    );
  }
}
