// The tables that the transforms of a worker look up in: each task brings those that are current,
// and a whole batch sees the same ones.
import type { SharedTable, TableDocument } from '@weir/pipeline';
import { TableView } from '../table/view.js';
import { tableKeyOf } from '../table-spec.js';
import { MmdbView } from '../tables/mmdb.js';

interface Known {
  readonly version: number;
  readonly view: TableView | MmdbView;
}

/** Made once: an exception at each event of a batch is to cost no trace. */
const NOT_LOADED = new Error('its table could not be read yet; the log says why');

export class Tables {
  readonly #wanted = new Map<string, TableDocument>();
  readonly #known = new Map<string, Known>();

  /** The table of a document, read whenever it is asked for. Throws while there is none. */
  rows(document: TableDocument): () => TableView {
    return this.#reader(document) as () => TableView;
  }
  places(document: TableDocument): () => MmdbView {
    return this.#reader(document) as () => MmdbView;
  }

  /** Takes those that came with a task; views of others are kept. */
  use(tables: readonly SharedTable[]): void {
    for (const { key, version, bytes } of tables) {
      if (this.#known.get(key)?.version === version) continue;
      const document = this.#wanted.get(key);
      if (document === undefined) continue;
      const isPlaces = document.type === 'geoip';
      const language = isPlaces ? (document.language ?? 'en') : 'en';
      const view = isPlaces ? new MmdbView(bytes, language) : new TableView(bytes);
      this.#known.set(key, { version, view });
    }
  }

  #reader(document: TableDocument): () => TableView | MmdbView {
    const key = tableKeyOf(document);
    this.#wanted.set(key, document);
    return () => {
      const known = this.#known.get(key);
      if (known === undefined) throw NOT_LOADED;
      return known.view;
    };
  }
}
