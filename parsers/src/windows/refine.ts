// What an event's own words decide about its class and activity, where its id leaves that open.
import { FIELD, type Scratch } from '@weir/pipeline';
import { BACKSLASH } from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';
import { numberOf } from './profiles.js';
import { REFINE, type Rule } from './rules.js';
import type { WindowsValues } from './values.js';

const OBJECT_TYPE = numberOf('ObjectType');
const ACCESS_MASK = numberOf('AccessMask');
const EVENT_TYPE = numberOf('EventType');
const OPERATION = numberOf('Operation');
const OPERATION_TYPE = numberOf('OperationType');
const SERVICE_STATE = numberOf('param2');
const SHARE_PATH = numberOf('ShareLocalPath');
const RELATIVE_NAME = numberOf('RelativeTargetName');

const OTHER = 99;
const KERBEROS_ID = 2;
const REMOTE_THREAD = 1;

/**
 * Class and profile by type of object (a process is told by its image alone: it is a resource), and
 * the activities of open, permissions, delete.
 */
const OBJECT_TYPES: readonly Pick<Rule, 'classUid' | 'profile'>[] = [
  { classUid: 201_003, profile: 'OBJECT' },
  { classUid: 1001, profile: 'OBJECT_FILE' },
  { classUid: 201_001, profile: 'OBJECT_KEY' },
];
const objectTable = new KeyTable([
  ['File', 1],
  ['Key', 2],
]);
const OPEN = [1, 14, 2];
const PERMISSIONS = [OTHER, 7, 6];
const DELETE = [OTHER, 4, 4];
/** Access rights (winnt.h) of files and keys. */
const ACCESS_DELETE = 0x1_0000;
const ACCESS_WRITE_DAC = 0xc_0000;
const FILE_WRITE = 0x2 | 0x4;
const FILE_READ = 0x1;
const KEY_WRITE = 0x2 | 0x4;

/** Sysmon's EventType: class and activity. */
const registryTable = new KeyTable([
  ['CreateKey', 1],
  ['DeleteKey', 2],
  ['DeleteValue', 3],
]);
const REGISTRY: readonly (readonly [number, number])[] = [
  [201_001, OTHER],
  [201_001, 1],
  [201_001, 4],
  [201_002, 4],
];
const wmiTable = new KeyTable([
  ['Created', 1],
  ['Modified', 3],
  ['Deleted', 4],
]);
/** Security 4657: new value, changed value, deleted value. */
const valueTable = new KeyTable([
  ['%%1904', 2],
  ['%%1905', 3],
  ['%%1906', 4],
]);
const stateTable = new KeyTable([
  ['running', 3],
  ['stopped', 4],
  ['paused', 5],
]);
const PREFIX = [BACKSLASH, 0x3f, 0x3f, BACKSLASH];

interface MutableRule {
  classUid: number;
  activityId: number;
  profile: Rule['profile'];
  statusId: number;
  dispositionId: number;
  refine: number;
}

export class Refinement {
  readonly #values: WindowsValues;
  /** One object is reused for all events. */
  readonly #rule: MutableRule = {
    classUid: 0,
    activityId: 0,
    profile: 'OTHER',
    statusId: 0,
    dispositionId: 0,
    refine: 0,
  };

  constructor(values: WindowsValues) {
    this.#values = values;
  }

  /** The rule as the event's words make it; `data` has start and end by number of the name. */
  refine(rule: Rule, data: Uint32Array): Rule {
    const refined = this.#rule;
    refined.classUid = rule.classUid;
    refined.activityId = rule.activityId;
    refined.profile = rule.profile;
    refined.statusId = rule.statusId;
    refined.dispositionId = rule.dispositionId;
    refined.refine = rule.refine;
    switch (rule.refine) {
      case REFINE.object:
        this.#object(data, OPEN);
        this.#access(data);
        break;
      case REFINE.permissions:
        this.#object(data, PERMISSIONS);
        break;
      case REFINE.objectDeleted:
        this.#object(data, DELETE);
        break;
      case REFINE.registryEvent: {
        const [classUid, activity] = REGISTRY[this.#word(registryTable, EVENT_TYPE, data)] ?? [
          201_001,
          OTHER,
        ];
        refined.classUid = classUid;
        refined.activityId = activity;
        if (classUid === 201_002) refined.profile = 'SYSMON_REG_VALUE';
        break;
      }
      case REFINE.wmi:
        refined.activityId = this.#word(wmiTable, OPERATION, data) || OTHER;
        break;
      case REFINE.registryValue:
        refined.activityId = this.#word(valueTable, OPERATION_TYPE, data) || OTHER;
        break;
      case REFINE.serviceState:
        refined.activityId = this.#word(stateTable, SERVICE_STATE, data) || OTHER;
        break;
      default:
    }
    return refined;
  }

  /** What the kind of event says beside its data. */
  finish(rule: Rule, data: Uint32Array, scratch: Scratch): void {
    const { row, out } = this.#values;
    if (rule.refine === REFINE.kerberos) {
      out.number(row, FIELD.auth_protocol_id, KERBEROS_ID);
      const word = scratch.constant('Kerberos');
      out.span(row, FIELD.auth_protocol, word.start, word.end);
    } else if (rule.refine === REFINE.remoteThread) {
      out.number(row, FIELD.injection_type_id, REMOTE_THREAD);
    } else if (rule.refine === REFINE.share) this.#sharedFile(data, scratch);
  }

  #word(table: KeyTable, number: number, data: Uint32Array): number {
    const end = data[2 * number + 1] as number;
    if (end === 0) return 0;
    const { batch, out } = this.#values;
    const start = data[2 * number] as number;
    const { length } = batch.bytes;
    if (start < length) return table.lookup(batch.bytes, start, end);
    return table.lookup(out.scratch.memory, start - length, end - length);
  }

  #object(data: Uint32Array, activities: readonly number[]): void {
    const type = this.#word(objectTable, OBJECT_TYPE, data);
    const { classUid, profile } = OBJECT_TYPES[type] as (typeof OBJECT_TYPES)[number];
    this.#rule.classUid = classUid;
    this.#rule.profile = profile;
    this.#rule.activityId = activities[type] as number;
  }

  /** What was asked of a file or key, where the mask has one such right. */
  #access(data: Uint32Array): void {
    const { classUid } = this.#rule;
    const end = data[2 * ACCESS_MASK + 1] as number;
    if (end === 0 || (classUid !== 1001 && classUid !== 201_001)) return;
    const mask = this.#values.hexAt(data[2 * ACCESS_MASK] as number, end);
    const isFile = classUid === 1001;
    if ((mask & ACCESS_DELETE) !== 0) this.#rule.activityId = 4;
    else if ((mask & ACCESS_WRITE_DAC) !== 0) this.#rule.activityId = isFile ? 7 : 6;
    else if ((mask & (isFile ? FILE_WRITE : KEY_WRITE)) !== 0) this.#rule.activityId = 3;
    else if (isFile && (mask & FILE_READ) !== 0) this.#rule.activityId = 2;
  }

  /** The path of a shared file: the share's folder and the name below it. */
  #sharedFile(data: Uint32Array, scratch: Scratch): void {
    const folderEnd = data[2 * SHARE_PATH + 1] as number;
    const nameEnd = data[2 * RELATIVE_NAME + 1] as number;
    if (folderEnd === 0 || nameEnd === 0) return;
    let folder = data[2 * SHARE_PATH] as number;
    const name = data[2 * RELATIVE_NAME] as number;
    const hasPrefix = PREFIX.every((byte, index) => this.#byteAt(folder + index) === byte);
    if (hasPrefix && folderEnd - folder > PREFIX.length) folder += PREFIX.length;
    const start = scratch.position;
    for (let i = folder; i < folderEnd; i++) scratch.byte(this.#byteAt(i));
    if (this.#byteAt(folderEnd - 1) !== BACKSLASH && this.#byteAt(name) !== BACKSLASH)
      scratch.byte(BACKSLASH);
    for (let i = name; i < nameEnd; i++) scratch.byte(this.#byteAt(i));
    this.#values.out.span(this.#values.row, FIELD.file_path, start, scratch.position);
  }

  #byteAt(position: number): number {
    const { batch, out } = this.#values;
    return position < batch.bytes.length
      ? (batch.bytes[position] as number)
      : out.scratch.byteAt(position);
  }
}
