// Sign-in events of turnstile, one a line: `turnstile|alice|192.0.2.10|ok`.
import { isIP } from 'node:net';
import { defineParser } from '@weir/pipeline';

/** OCSF 1.8: class Authentication, activity Logon. */
const LOGON = { category_uid: 3, class_uid: 3002, activity_id: 1, type_uid: 300201 };

export default defineParser({
  name: 'turnstile',
  // Change it when the same bytes give another event.
  version: '1',
  // Paths that the OCSF schema does not have, with their types.
  adds: { 'turnstile.address': 'string' },
  parse(event) {
    const [mark, user, address, result] = event.text().trim().split('|');
    // Not ours: Weir's own packs are asked.
    if (mark !== 'turnstile') return false;
    if (!user || address === undefined || result === undefined) {
      // To quarantine, with its bytes.
      event.reject('missing_field');
      return true;
    }
    for (const [path, value] of Object.entries(LOGON)) event.set(path, value);
    event.set('metadata.product.name', 'turnstile');
    event.set('user.name', user);
    // A field never holds what it is not: an address that is none keeps its own name.
    event.set(isIP(address) === 0 ? 'turnstile.address' : 'src_endpoint.ip', address);
    event.set('action', result);
    event.set('severity_id', result === 'ok' ? 1 : 3);
    event.set('status_id', result === 'ok' ? 1 : 2);
    return true;
  },
});
