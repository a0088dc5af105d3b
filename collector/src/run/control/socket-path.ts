// Where the control socket stands: in the data directory, or under a short name when that path is
// longer than a unix socket's address can be (sockaddr_un, unix(7): 108 bytes with the final NUL).
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemCodeOf, WeirError } from '@weir/pipeline';

export const SOCKET_PATH_BYTES_MAX = 107;
/** While it is made, the socket stands in a directory of its own beside its place. */
export const DRAFT_DIRECTORY = '.control';
const DRAFT_BYTES = '-XXXXXX/s'.length;

/**
 * The given path, or one under the system's directory for temporary files, in a directory that only
 * this user can enter. Throws WEIR_DATA_DIR_UNWRITABLE when that one belongs to someone else.
 */
export function usableSocketPath(path: string): string {
  const draft = join(dirname(path), DRAFT_DIRECTORY);
  const longest = Math.max(Buffer.byteLength(path), Buffer.byteLength(draft) + DRAFT_BYTES);
  if (longest <= SOCKET_PATH_BYTES_MAX) return path;
  const name = createHash('sha256').update(path).digest('hex').slice(0, 16);
  const directory = join(tmpdir(), `weir-${process.getuid?.() ?? 0}-${name}`);
  makePrivate(directory);
  return join(directory, 'control.sock');
}

function makePrivate(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error;
  }
  // Anyone may have made it before, as a link or with rights for others.
  const { mode, uid } = lstatSync(directory);
  const isPrivate = (mode & 0o170777) === 0o040700 && uid === process.getuid?.();
  if (isPrivate) return;
  throw new WeirError(
    'WEIR_DATA_DIR_UNWRITABLE',
    `${directory} is needed for the control socket and is not a directory of this user alone`,
  );
}
