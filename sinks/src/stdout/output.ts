/** Where lines go. */
export interface Output {
  /** Resolves when the system has taken all of it; rejects when the reader is gone. */
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
