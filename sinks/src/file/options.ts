import type { Files } from '@weir/pipeline';

export interface FileSinkOptions {
  /** Of the file that is being written; rotated ones get a number behind it. */
  readonly path: string;
  /** A file that would become larger is rotated first; 0 never. Default 1 GiB. */
  readonly maxFileBytes?: number;
  /** Rotated files that are kept, 0 for all (the default). */
  readonly maxFiles?: number;
  /** Of rotated files, in the background. Default none. */
  readonly compression?: 'none' | 'zstd';
}

export interface FileSinkPorts {
  readonly files: Files;
  readonly log?: (message: string) => void;
}
