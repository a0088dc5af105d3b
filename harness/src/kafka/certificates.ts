// A certificate authority with a server certificate for 127.0.0.1 and a client certificate, in
// PEM, made by openssl.
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const DAYS = ['-days', '2'];

/** Absolute paths. */
export interface KafkaCertificates {
  readonly caFile: string;
  /** Key (PKCS#8) and certificate in one file, as Kafka's PEM keystore wants it. */
  readonly serverKeyAndCertFile: string;
  readonly clientKeyFile: string;
  readonly clientCertFile: string;
}

export async function makeKafkaCertificates(directory: string): Promise<KafkaCertificates> {
  await mkdir(directory, { recursive: true });
  const file = (name: string): string => join(directory, name);
  await run('openssl', [
    ...['req', '-x509', ...newKey(file('ca.key')), '-out', file('ca.pem'), ...DAYS],
    ...['-subj', '/CN=Test authority'],
  ]);
  const sign = async (name: string, extensions: string): Promise<void> => {
    const request = file(`${name}.csr`);
    await run('openssl', [
      ...['req', ...newKey(file(`${name}.key`)), '-out', request, '-subj', `/CN=${name}`],
    ]);
    await writeFile(file(`${name}.ext`), extensions);
    await run('openssl', [
      ...['x509', '-req', '-in', request, '-CA', file('ca.pem'), '-CAkey', file('ca.key')],
      ...['-CAcreateserial', '-out', file(`${name}.pem`), ...DAYS],
      ...['-extfile', file(`${name}.ext`)],
    ]);
  };
  await sign('server', 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  await sign('client', 'extendedKeyUsage=clientAuth\n');
  const parts = [await readFile(file('server.key')), await readFile(file('server.pem'))];
  await writeFile(file('server-both.pem'), Buffer.concat(parts));
  return {
    caFile: file('ca.pem'),
    serverKeyAndCertFile: file('server-both.pem'),
    clientKeyFile: file('client.key'),
    clientCertFile: file('client.pem'),
  };
}

const newKey = (path: string): string[] => [
  ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', path],
];
