// How an event came to its pack, for `weir parse --explain`: nothing here runs unless it is asked.
import type { Parser, ParseVerdict, RawBatch } from '@weir/pipeline';
import type { Pack } from './pack.js';
import type { SyslogHeader } from './syslog/header.js';

export interface Explanation {
  readonly pack: string;
  readonly version: string;
  /** What of the pack took the event, in the pack's own words; absent where it cannot say. */
  readonly rule?: string;
  /** Form of the header that was read in front of what the pack got. */
  readonly header: 'rfc3164' | 'rfc5424' | 'none';
  /** Packs that looked at the first bytes and saw nothing of theirs, in the order of the asking. */
  readonly not_recognised: readonly string[];
  /** Packs that read the event and answered `no`. */
  readonly said_no: readonly string[];
}

type Named = Pick<Parser, 'name' | 'version'>;
type Taker = Named & Pick<Pack, 'rule'>;

/** Of one row at a time. */
export class Trace {
  #batch!: RawBatch;
  #row = 0;
  #taker: Taker | null = null;
  #takenFrom = -1;
  readonly #notRecognised = new Set<string>();
  readonly #saidNo = new Set<string>();

  begin(batch: RawBatch, row: number): void {
    this.#batch = batch;
    this.#row = row;
    this.#taker = null;
    this.#takenFrom = -1;
    this.#notRecognised.clear();
    this.#saidNo.clear();
  }

  passedOver({ name }: Named): void {
    if (!this.#saidNo.has(name)) this.#notRecognised.add(name);
  }

  refused({ name }: Named): void {
    this.#saidNo.add(name);
  }

  /** `start` is where the text begins that the pack was given. */
  answered(pack: Taker, start: number, verdict: ParseVerdict): void {
    if (verdict === 'no') {
      this.refused(pack);
      return;
    }
    this.#taker = pack;
    this.#takenFrom = start;
  }

  /** To be called before the next row: the rule is that of the event parsed last. */
  explanation(parser: Named, header: SyslogHeader): Explanation {
    const rule = this.#taker?.name === parser.name ? (this.#taker.rule?.(this.#batch) ?? '') : '';
    return {
      pack: parser.name,
      version: parser.version,
      ...(rule === '' ? {} : { rule }),
      header: this.#headerForm(header),
      not_recognised: [...this.#notRecognised],
      said_no: [...this.#saidNo],
    };
  }

  #headerForm({ format, bodyStart }: SyslogHeader): Explanation['header'] {
    const { format: inputFormat, offsets } = this.#batch;
    const start = offsets[this.#row] as number;
    // A blank event has no header, and what stands in `header` is that of an earlier one.
    const isWhole = this.#takenFrom === start || bodyStart <= start;
    return inputFormat === 'json' || isWhole ? 'none' : format;
  }
}
