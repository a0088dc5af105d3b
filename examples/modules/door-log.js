// A parser of one's own: lines of a door controller, such as
// `door|north gate|4711|granted`. Whatever is no such line is left to Weir's own packs.
import { defineParser } from '@weir/pipeline';

export default defineParser({
  name: 'door_log',
  version: '1',
  adds: { 'door.name': 'string' },
  parse(event) {
    const [kind, door, badge, result] = event.text().trim().split('|');
    if (kind !== 'door') return false;
    if (door === undefined || badge === undefined || result === undefined) {
      event.reject('missing_field');
      return true;
    }
    // OCSF: class 3001 is for accounts, 3002 for authentication; activity 1 is a logon.
    event.set('class_uid', 3002);
    event.set('category_uid', 3);
    event.set('activity_id', 1);
    event.set('type_uid', 300201);
    event.set('severity_id', result === 'granted' ? 1 : 3);
    event.set('status_id', result === 'granted' ? 1 : 2);
    event.set('metadata.product.name', 'Door controller');
    event.set('actor.user.name', badge);
    event.set('action', result);
    event.set('door.name', door);
    return true;
  },
});
