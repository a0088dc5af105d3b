// Where a backup is that a server keeps.

import { WeirError } from '@weir/pipeline';
import type { BackupPlace } from '@weir/sinks/clickhouse';
import { readRunFile } from '../../run/data-directory.js';
import type { Instance } from '../instance.js';

/** Whether the store is the data directory's own, so that its files can be reached. */
export function isEmbedded({ directory, storeUrl }: Instance): boolean {
  return storeUrl === null || storeUrl === embeddedUrl(directory);
}

function embeddedUrl(directory: string): string | null {
  const running = readRunFile(directory);
  return running === null || running.storePid === null ? null : running.storeUrl;
}

const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

/** In ClickHouse's words; relative names are below the server's backups.allowed_path. */
export function serverPlace(name: string, disk: string | undefined): BackupPlace {
  if (name === '' || name.split('/').includes('..'))
    throw new WeirError('WEIR_USAGE', `a backup cannot be called "${name}"`);
  return (part) =>
    disk === undefined
      ? `File(${quote(`${name}/${part}`)})`
      : `Disk(${quote(disk)}, ${quote(`${name}/${part}`)})`;
}
