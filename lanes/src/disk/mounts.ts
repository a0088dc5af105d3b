// Small file systems of the real kernel, for a test: mounted as root, unmounted whatever happens.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingTools } from '../tools.js';

export interface SmallDisk {
  readonly kind: 'tmpfs' | 'ext4';
  readonly sizeMiB: number;
  /** Files and directories that fit; 0 for what the file system makes of its size. */
  readonly inodeCount: number;
}

/** Null when file systems can be mounted here; otherwise the reason for a skip. */
export function whyNoMounts(disk: SmallDisk): string | null {
  const missing = missingTools('mount', 'umount', ...(disk.kind === 'ext4' ? ['mkfs.ext4'] : []));
  if (missing !== null) return missing;
  if (process.getuid?.() !== 0) return 'SKIPPED: mounting needs root';
  const probe = mkdtempSync(join(tmpdir(), 'weir-mount-'));
  try {
    mountDisk(join(probe, 'disk'), disk).unmount();
    return null;
  } catch (error) {
    return `SKIPPED: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}

export interface Mounted {
  readonly path: string;
  unmount(): void;
}

/** Makes PATH and mounts the file system there; the image of an ext4 is PATH.img. */
export function mountDisk(path: string, { kind, sizeMiB, inodeCount }: SmallDisk): Mounted {
  mkdirSync(path, { recursive: true });
  const image = `${path}.img`;
  if (kind === 'tmpfs') {
    const inodes = inodeCount > 0 ? `,nr_inodes=${inodeCount}` : '';
    command('mount', '-t', 'tmpfs', '-o', `size=${sizeMiB}m${inodes}`, 'weir-lane', path);
  } else {
    const fd = openSync(image, 'w');
    ftruncateSync(fd, sizeMiB * 1024 * 1024);
    closeSync(fd);
    const inodes = inodeCount > 0 ? ['-N', String(inodeCount)] : [];
    command('mkfs.ext4', '-q', '-F', '-m', '0', ...inodes, image);
    // The kernel gives the loop device back with the last unmount.
    command('mount', '-o', 'loop', image, path);
  }
  let isMounted = true;
  const unmount = (): void => {
    if (!isMounted) return;
    isMounted = false;
    process.off('exit', unmount);
    if (spawnSync('umount', [path]).status !== 0) spawnSync('umount', ['-l', path]);
    rmSync(image, { force: true });
  };
  process.once('exit', unmount);
  return { path, unmount };
}

function command(name: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(name, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} ${args.join(' ')}: ${stderr.trim()}`);
}

/** Takes what is left, of bytes or of inodes, and gives it back. */
export class Ballast {
  readonly #directory: string;
  readonly #kind: 'bytes' | 'inodes';
  #count = 0;
  constructor(disk: string, kind: 'bytes' | 'inodes') {
    this.#directory = join(disk, 'ballast');
    this.#kind = kind;
    mkdirSync(this.#directory);
  }

  /** Can be called again, when others have freed something. */
  fill(): void {
    if (this.#kind === 'inodes') this.#fillInodes();
    else this.#fillBytes();
  }

  free(): void {
    for (const name of readdirSync(this.#directory)) unlinkSync(join(this.#directory, name));
  }

  #fillInodes(): void {
    try {
      for (;;) closeSync(openSync(join(this.#directory, String(this.#count++)), 'wx'));
    } catch (error) {
      assertNoSpace(error);
    }
  }

  #fillBytes(): void {
    const { bavail, bsize } = statfsSync(this.#directory);
    if (bavail === 0) return;
    const block = new Uint8Array(1024 * 1024);
    try {
      const fd = openSync(join(this.#directory, String(this.#count++)), 'wx');
      try {
        for (let size = block.length; size >= bsize; size /= 4)
          fillWith(fd, block.subarray(0, size));
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      assertNoSpace(error);
    }
  }
}

function fillWith(fd: number, block: Uint8Array): void {
  try {
    for (;;) writeSync(fd, block);
  } catch (error) {
    assertNoSpace(error);
  }
}

function assertNoSpace(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
}
