// What one transform did with one batch.
import { messageOf, type StepCounts } from '@weir/pipeline';

const ERROR_CHARS_MAX = 300;

export class Counts {
  readonly component: string;
  receivedEvents = 0;
  sentEvents = 0;
  failedEvents = 0;
  #firstError = '';

  constructor(component: string) {
    this.component = component;
  }

  failed(error: unknown): void {
    if (this.failedEvents++ === 0) this.#firstError = textOf(error);
  }

  /** What was counted; counting starts anew. */
  take(): StepCounts {
    const { component, receivedEvents, sentEvents, failedEvents } = this;
    const counts = { component, receivedEvents, sentEvents, failedEvents };
    this.receivedEvents = 0;
    this.sentEvents = 0;
    this.failedEvents = 0;
    return failedEvents === 0 ? counts : { ...counts, firstError: this.#firstError };
  }
}

/** Anything can be thrown, also what cannot be told. */
function textOf(thrown: unknown): string {
  try {
    return messageOf(thrown).slice(0, ERROR_CHARS_MAX);
  } catch {
    return 'something that has no text';
  }
}
