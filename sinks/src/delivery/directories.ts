import type { Files } from '@weir/pipeline';
import { systemCodeOf } from '@weir/pipeline';

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  if (slash < 0) return '.';
  return slash === 0 ? '/' : path.slice(0, slash);
}

/** What a directory that is not ours may answer. */
const REFUSALS = new Set(['EACCES', 'EPERM', 'EINVAL', 'EROFS']);

/**
 * Makes the directory with its parents, all of them durable. Which of them were made by an earlier
 * start that was cut short is not known, so all are synced.
 */
export async function makeDurableDirectory(files: Files, path: string): Promise<void> {
  await files.makeDir(path);
  const ancestors: string[] = [];
  for (let at = path; at !== '/' && at !== '.'; ) {
    at = parentOf(at);
    ancestors.unshift(at);
  }
  // From the top: an entry in a directory that is lost itself is worth nothing.
  for (const ancestor of ancestors) {
    try {
      await files.syncDir(ancestor);
    } catch (error) {
      if (!REFUSALS.has(systemCodeOf(error))) throw error;
    }
  }
}
