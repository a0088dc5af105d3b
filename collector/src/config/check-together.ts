// What a JSON Schema cannot say: settings that are right each, and wrong together.
import { WeirError } from '@weir/pipeline';
import { splitHostPort } from './host-port.js';
import type { Config } from './schema.js';

/** Throws WEIR_CONFIG_INVALID with the path of the second of two that do not go together. */
export function checkTogether(config: Config): void {
  if (config.store.url !== '' && !URL.canParse(config.store.url)) {
    throw invalid(`/store/url is not a URL; got ${JSON.stringify(config.store.url)}`);
  }
  const addresses = new Map<string, string>();
  const names = new Map<string, string>();
  for (const [name, source] of Object.entries(config.sources)) {
    const { host, port } = splitHostPort(source.listen, `/sources/${name}/listen`);
    for (const protocol of source.type === 'http' ? ['tcp'] : source.protocols) {
      const path = `/sources/${name}`;
      const listener = source.type === 'http' ? name : `${name}_${protocol}`;
      const otherName = names.get(listener);
      if (otherName !== undefined) {
        throw invalid(
          `${path} would be called ${listener}, as ${otherName} is already; rename one`,
        );
      }
      names.set(listener, path);
      const other = addresses.get(`${protocol} ${host} ${port}`);
      if (other !== undefined && port !== 0) {
        throw invalid(`${path}/listen is the address of ${other} already; got ${source.listen}`);
      }
      addresses.set(`${protocol} ${host} ${port}`, path);
    }
  }
}

const invalid = (message: string): WeirError => new WeirError('WEIR_CONFIG_INVALID', message);
