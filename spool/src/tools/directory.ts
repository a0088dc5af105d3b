import type { Files } from '@weir/pipeline';
import { systemCodeOf } from '@weir/pipeline';

/** None if the directory is not there. Rejects with the system's error. */
export async function namesOrNone(files: Files, directory: string): Promise<string[]> {
  try {
    return await files.readDir(directory);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Names of the folders in a directory, sorted; none if it is not there. */
export async function foldersIn(files: Files, directory: string): Promise<string[]> {
  const folders: string[] = [];
  for (const name of (await namesOrNone(files, directory)).sort())
    if (await isFolder(files, `${directory}/${name}`)) folders.push(name);
  return folders;
}

async function isFolder(files: Files, path: string): Promise<boolean> {
  try {
    await files.readDir(path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOTDIR' || systemCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
