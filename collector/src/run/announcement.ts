// What commands find a running process by: control socket and run.json. Without space for them on
// the disk events go on, and they are made later.
import { isNoSpace, messageOf } from '@weir/pipeline';

const RETRY_MS = 5_000;

export interface AnnouncementOptions {
  readonly openSocket: () => Promise<void>;
  readonly writeRunFile: () => void;
  readonly warn: (error: string) => void;
}

export class Announcement {
  readonly #options: AnnouncementOptions;
  #isOpen = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: AnnouncementOptions) {
    this.#options = options;
  }

  /** Rejects for anything but want of space. */
  async make(): Promise<void> {
    try {
      if (!this.#isOpen) await this.#options.openSocket();
      this.#isOpen = true;
    } catch (error) {
      this.#later(error);
    }
    this.write();
  }

  /** What run.json says has changed. Throws for anything but want of space. */
  write(): void {
    try {
      this.#options.writeRunFile();
    } catch (error) {
      this.#later(error);
    }
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #later(error: unknown): void {
    if (!isNoSpace(error)) throw error;
    this.#options.warn(messageOf(error));
    this.stop();
    this.#timer = setTimeout(() => {
      void this.make().catch((later: unknown) => this.#options.warn(messageOf(later)));
    }, RETRY_MS);
    this.#timer.unref();
  }
}
