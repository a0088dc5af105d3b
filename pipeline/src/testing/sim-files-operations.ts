// Calls of a simulated file system as a test sees them, and what it can make of them.

export type SimOperationKind =
  | 'open'
  | 'create'
  | 'read'
  | 'write'
  | 'datasync'
  | 'sync'
  | 'truncate'
  | 'close'
  | 'rename'
  | 'unlink'
  | 'syncDir'
  | 'makeDir'
  | 'readDir'
  | 'sizeBytes'
  | 'freeBytes';

/** One call, before it takes effect. */
export interface SimOperation {
  /** Counts all calls from 0. */
  readonly index: number;
  readonly kind: SimOperationKind;
  readonly path: string;
  readonly byteCount: number;
  /** True if the call can change what a power cut leaves behind. */
  readonly isMutation: boolean;
}

/**
 * Makes the call fail with this system code. A write may have written some bytes before. A failed
 * datasync or sync drops the dirty pages, as Linux does, unless `keepsPages`.
 */
export interface SimFault {
  readonly code: string;
  readonly partialBytes?: number;
  readonly keepsPages?: boolean;
}

/** A write that reports success but went elsewhere: null for nowhere at all. */
export interface SimMisdirection {
  readonly landsAt: { readonly path: string; readonly position: number } | null;
}

/** Codes that a disk, a quota, a mount or the system can give for any call. */
export const SIM_ERROR_CODES = ['EIO', 'ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'EINTR'] as const;

const mutations: ReadonlySet<SimOperationKind> = new Set<SimOperationKind>([
  'create',
  'write',
  'datasync',
  'sync',
  'truncate',
  'rename',
  'unlink',
  'syncDir',
  'makeDir',
]);

export const isMutation = (kind: SimOperationKind): boolean => mutations.has(kind);

export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
