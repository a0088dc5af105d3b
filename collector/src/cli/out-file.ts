// Files that commands write, looked at before the work.
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { WeirError } from '@weir/pipeline';

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Throws WEIR_USAGE for a name that no file can have. */
export function checkOutFile(path: string): void {
  if (isDirectory(path)) throw new WeirError('WEIR_USAGE', `${path} is a directory; name a file`);
  const folder = dirname(path);
  if (!isDirectory(folder))
    throw new WeirError('WEIR_USAGE', `cannot write ${path}: there is no directory ${folder}`);
}
