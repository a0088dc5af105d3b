// One Windows event, whatever shipper brought it: what the readers find is kept as positions, since
// the event id that says what the data mean may come last; at the end it is written by its rule.
import { type ColumnWriter, FIELD, FIELDS, type RawBatch } from '@weir/pipeline';
import { MINUS } from '../text/ascii.js';
import { parseUnsigned } from '../text/number.js';
import { writeClass } from '../text/values.js';
import { ELASTIC_FIELDS } from './elastic.js';
import { KIND } from './kinds.js';
import { readMessage } from './message.js';
import { auditStatus } from './outcome.js';
import { DATA_NAMES, dataTable, numberOf, PROFILES } from './profiles.js';
import { Refinement } from './refine.js';
import {
  channelTable,
  BASE as NO_RULE,
  PRODUCTS,
  PROVIDER,
  providerTable,
  REFINE,
  type Rule,
  ruleOf,
} from './rules.js';
import {
  LEVEL,
  LEVEL_WORDS,
  levelTable,
  SEVERITY_BY_LEVEL,
  SYS,
  SYS_COUNT,
  SYS_NAMES,
} from './system.js';
import { DONE, INVALID, WindowsValues } from './values.js';

const UTC_TIME = numberOf('UtcTime');
const ACCOUNT_NAME = numberOf('AccountName');
const FINDING = 2004;
/** By class: the fields of which one must be there. */
const REQUIRED: ReadonlyMap<number, readonly number[]> = new Map([
  [1001, [FIELD.file_path, FIELD.file_name]],
  [1002, [FIELD.driver_file_path]],
  [1003, [FIELD.kernel_name]],
  [1005, [FIELD.module_file_path]],
  [1006, [FIELD.job_name]],
  [1007, [FIELD.process_file_path, FIELD.process_pid, FIELD.process_name, FIELD.process_uid]],
  [1009, [FIELD.script_script_content_value, FIELD.script_uid, FIELD.script_file_path]],
  [FINDING, [FIELD.finding_info_uid]],
  [3001, [FIELD.user_name, FIELD.user_uid]],
  [3002, [FIELD.user_name, FIELD.user_uid]],
  [3003, [FIELD.user_name, FIELD.user_uid]],
  [3004, [FIELD.entity_name, FIELD.entity_uid, FIELD.entity_data, FIELD.entity_type]],
  [3005, [FIELD.privileges]],
  [3006, [FIELD.group_name, FIELD.group_uid]],
  [201_001, [FIELD.reg_key_path]],
  [201_002, [FIELD.reg_value_path]],
  [201_003, [FIELD.win_resource_name]],
  [201_004, [FIELD.win_service_name]],
]);
const PROCESS_ACTIVITY = 1007;
const AUTHENTICATION = 3002;
const NO_ID = -1;
const WORD_BYTES_MAX = 16;

export class WindowsEvent {
  readonly values = new WindowsValues();
  /** By SYS: start and end of the value, 0 where there is none. */
  readonly #system = new Uint32Array(2 * SYS_COUNT);
  /** By data name: start and end; and the names of the event in their order. */
  readonly #data = new Uint32Array(2 * DATA_NAMES.length);
  readonly #names = new Uint16Array(DATA_NAMES.length);
  #nameCount = 0;
  /** The data were taken out of the message, which keeps what has no field. */
  #isFromText = false;
  readonly #elastic = new Uint32Array(2 * (ELASTIC_FIELDS.length + 1));
  readonly #elasticSeen = new Uint8Array(ELASTIC_FIELDS.length + 1);
  #elasticCount = 0;
  readonly #refinement = new Refinement(this.values);
  #word = new Uint8Array(WORD_BYTES_MAX);

  begin(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.values.begin(batch, row, out);
    this.#system.fill(0);
    for (let i = 0; i < this.#nameCount; i++) this.#data[2 * (this.#names[i] as number) + 1] = 0;
    this.#nameCount = 0;
    this.#isFromText = false;
    for (let i = 0; i < this.#elasticCount; i++)
      this.#elastic[2 * (this.#elasticSeen[i] as number) + 1] = 0;
    this.#elasticCount = 0;
  }

  /** What any event says of itself, by SYS. False where it was there before. */
  system(number: number, start: number, end: number): boolean {
    const at = 2 * number;
    if (this.#system[at + 1] !== 0) return false;
    this.#system[at] = start;
    this.#system[at + 1] = end;
    return true;
  }

  /** A field of ECS by its number. */
  elastic(number: number, start: number, end: number): boolean {
    const at = 2 * number;
    if (this.#elastic[at + 1] !== 0) return false;
    this.#elastic[at] = start;
    this.#elastic[at + 1] = end;
    this.#elasticSeen[this.#elasticCount++] = number;
    return true;
  }

  /** Data by name; false where it is not known, or was there before. `-` is no value. */
  data(source: Uint8Array, from: number, to: number, start: number, end: number): boolean {
    const number = dataTable.lookup(source, from, to);
    return number !== 0 && this.known(number, start, end);
  }

  known(number: number, start: number, end: number): boolean {
    if (this.saysNothing(start, end)) return true;
    const at = 2 * number;
    if (this.#data[at + 1] !== 0) return false;
    this.#data[at] = start;
    this.#data[at + 1] = end;
    this.#names[this.#nameCount++] = number;
    return true;
  }

  /** Windows writes `-` for what there is not; newer events have `N/A`. */
  saysNothing(start: number, end: number): boolean {
    const length = end - start;
    if (length > 3 || length === 2) return false;
    if (length < 1) return true;
    if (length === 1) return this.#byteAt(start) === MINUS;
    return (
      this.#byteAt(start) === 0x4e &&
      this.#byteAt(start + 1) === 0x2f &&
      this.#byteAt(start + 2) === 0x41
    );
  }

  #byteAt(position: number): number {
    const { batch, out } = this.values;
    return position < batch.bytes.length
      ? (batch.bytes[position] as number)
      : out.scratch.byteAt(position);
  }

  /** Writes the event. False when it has no id: then it is no Windows event. */
  finish(): boolean {
    const { row, out } = this.values;
    const eventId = this.#eventId();
    if (eventId === NO_ID) return false;
    const provider = this.#provider();
    // A shipper that leaves the data out sends the text that was made from them.
    const isEmpty = this.#nameCount === 1 && this.#names[0] === ACCOUNT_NAME;
    if (isEmpty || this.#nameCount === 0) this.#readMessage();
    let rule = ruleOf(provider, eventId);
    if (rule.refine !== 0) rule = this.#refinement.refine(rule, this.#data);
    const { scratch } = out;
    out.code(row, FIELD.metadata_product_vendor_name, 'Microsoft');
    out.code(row, FIELD.metadata_product_name, PRODUCTS[provider] as string);
    writeClass(row, rule.classUid, rule.activityId, out);
    this.#writeData(rule);
    this.#writeSystem();
    this.#writeTime();
    this.#writeLevel();
    this.#writeUser(provider);
    this.#writeElastic(rule.classUid);
    this.#writeStatus(rule);
    if (rule.dispositionId !== 0) out.number(row, FIELD.disposition_id, rule.dispositionId);
    this.#refinement.finish(rule, this.#data, scratch);
    this.#complete(rule, PRODUCTS[provider] as string);
    return true;
  }

  /** Provider and id of the event that was written last, and whether these have a rule. */
  ruleWords(): string {
    const text = (number: number): string => {
      const start = this.#system[2 * number] as number;
      const end = this.#system[2 * number + 1] as number;
      if (end === 0) return '';
      const bytes = this.#source(start).subarray(this.#local(start), this.#local(end));
      return Buffer.from(bytes).toString();
    };
    const id = text(SYS.eventId) || text(SYS.eventCode);
    const rule = ruleOf(this.#provider(), Number(id));
    const provider = text(SYS.provider) || text(SYS.channel);
    return `${provider} ${id}: ${rule === NO_RULE ? 'no rule' : `rule with profile ${rule.profile}`}`;
  }

  /** What a class requires; an event that has nothing of it is a Base Event. */
  #complete(rule: Rule, product: string): void {
    const { classUid } = rule;
    const { row, out } = this.values;
    if (rule.refine === REFINE.product) {
      const name = out.scratch.constant(product);
      out.span(row, FIELD.entity_name, name.start, name.end);
    }
    if (classUid === FINDING && !out.has(row, FIELD.finding_info_uid)) {
      const start = out.spanAt(row, FIELD.malware_uid, 0);
      out.span(row, FIELD.finding_info_uid, start, out.spanAt(row, FIELD.malware_uid, 1));
    }
    if (classUid === FINDING) {
      const start = out.spanAt(row, FIELD.malware_name, 0);
      out.span(row, FIELD.finding_title, start, out.spanAt(row, FIELD.malware_name, 1));
    }
    const required = REQUIRED.get(classUid);
    if (required === undefined) return;
    for (let i = 0; i < required.length; i++) if (out.has(row, required[i] as number)) return;
    writeClass(row, 0, 0, out);
  }

  #eventId(): number {
    const { row, out } = this.values;
    for (const number of [SYS.eventId, SYS.eventCode]) {
      const start = this.#system[2 * number] as number;
      const end = this.#system[2 * number + 1] as number;
      if (end === 0) continue;
      const id = parseUnsigned(this.#source(start), this.#local(start), this.#local(end));
      if (Number.isNaN(id)) continue;
      out.span(row, FIELD.metadata_event_code, start, end);
      return id;
    }
    return NO_ID;
  }

  #readMessage(): void {
    const start = this.#system[2 * SYS.message] as number;
    const end = this.#system[2 * SYS.message + 1] as number;
    if (end === 0) return;
    const shift = start < this.values.batch.bytes.length ? 0 : this.values.batch.bytes.length;
    readMessage(this.#source(start), start - shift, end - shift, shift, this);
    this.#isFromText = this.#nameCount > 0;
  }

  #provider(): number {
    const end = this.#system[2 * SYS.provider + 1] as number;
    if (end > 0) return this.#lookup(providerTable, SYS.provider);
    return this.#lookup(channelTable, SYS.channel);
  }

  #lookup(table: typeof providerTable, number: number): number {
    const start = this.#system[2 * number] as number;
    const end = this.#system[2 * number + 1] as number;
    if (end === 0) return 0;
    return table.lookup(this.#source(start), this.#local(start), this.#local(end));
  }

  /** The bytes in which an absolute position stands, and where it stands there. */
  #source(position: number): Uint8Array {
    const { batch, out } = this.values;
    return position < batch.bytes.length ? batch.bytes : out.scratch.memory;
  }

  #local(position: number): number {
    const { length } = this.values.batch.bytes;
    return position <= length ? position : position - length;
  }

  #writeData(rule: Rule): void {
    const { values } = this;
    const { kinds, fields } = PROFILES[rule.profile];
    for (let i = 0; i < this.#nameCount; i++) {
      const number = this.#names[i] as number;
      const start = this.#data[2 * number] as number;
      const end = this.#data[2 * number + 1] as number;
      const kind = kinds[number] as number;
      if (kind !== 0) {
        const verdict = values.value(kind, fields[number] as number, start, end);
        if (verdict === DONE) continue;
        if (this.#isFromText) continue;
        if (verdict === INVALID) values.invalid(start);
      } else if (number === ACCOUNT_NAME && this.system(SYS.userName, start, end)) continue;
      else if (this.#isFromText && number !== ACCOUNT_NAME) continue;
      values.unmapped(DATA_NAMES[number] as string, start, end);
    }
  }

  #writeSystem(): void {
    const { values } = this;
    const { row, out } = values;
    const system = this.#system;
    this.#span(SYS.provider, FIELD.metadata_log_provider);
    this.#span(SYS.channel, FIELD.metadata_log_name);
    this.#span(SYS.message, FIELD.message);
    const isHostKnown = (system[2 * SYS.host + 1] as number) > 0;
    this.#span(isHostKnown ? SYS.host : SYS.computer, FIELD.device_hostname);
    if (isHostKnown && !this.#isSame(SYS.host, SYS.computer))
      this.#span(SYS.computer, FIELD.device_name);
    this.#typed(SYS.recordId, KIND.unsigned, FIELD.metadata_sequence, 'EventRecordID');
    this.#typed(SYS.activityId, KIND.guid, FIELD.metadata_correlation_uid, 'ActivityID');
    for (let number = 1; number < SYS_COUNT; number++) {
      const name = SYS_NAMES[number];
      if (name === undefined || isOfUser(number)) continue;
      const start = system[2 * number] as number;
      const end = system[2 * number + 1] as number;
      if (end > 0 && !this.saysNothing(start, end)) values.unmapped(name, start, end);
    }
    const ecsCode = system[2 * SYS.eventCode + 1] as number;
    if (ecsCode > 0 && !out.has(row, FIELD.metadata_event_code))
      values.unmapped('event.code', system[2 * SYS.eventCode] as number, ecsCode);
  }

  #span(number: number, field: number): void {
    const start = this.#system[2 * number] as number;
    const end = this.#system[2 * number + 1] as number;
    if (end > 0) this.values.out.span(this.values.row, field, start, end);
  }

  #typed(number: number, kind: number, field: number, name: string): void {
    const start = this.#system[2 * number] as number;
    const end = this.#system[2 * number + 1] as number;
    if (end === 0 || this.saysNothing(start, end)) return;
    if (this.values.value(kind, field, start, end) !== DONE) this.values.unmapped(name, start, end);
  }

  #isSame(a: number, b: number): boolean {
    const system = this.#system;
    const length = (system[2 * a + 1] as number) - (system[2 * a] as number);
    if ((system[2 * b + 1] as number) - (system[2 * b] as number) !== length) return false;
    for (let i = 0; i < length; i++)
      if (
        this.#byteAt((system[2 * a] as number) + i) !== this.#byteAt((system[2 * b] as number) + i)
      )
        return false;
    return true;
  }

  /**
   * The time of the log, which has a zone; else that of Sysmon, which is UTC; else NXLog's local
   * one, marked.
   */
  #writeTime(): void {
    const { values } = this;
    const system = this.#system;
    const timeEnd = system[2 * SYS.time + 1] as number;
    const utcEnd = this.#data[2 * UTC_TIME + 1] as number;
    const localEnd = system[2 * SYS.localTime + 1] as number;
    const local = system[2 * SYS.localTime] as number;
    let isLocalLeft = localEnd > 0;
    const isRead =
      (timeEnd > 0 && values.eventTime(system[2 * SYS.time] as number, timeEnd, false)) ||
      (!(isLocalLeft && values.isZoned(local, localEnd)) &&
        utcEnd > 0 &&
        values.eventTime(this.#data[2 * UTC_TIME] as number, utcEnd, true));
    if (!isRead && isLocalLeft && values.eventTime(local, localEnd, false)) isLocalLeft = false;
    else if (!isRead && timeEnd + localEnd > 0)
      values.badTime(timeEnd > 0 ? (system[2 * SYS.time] as number) : local);
    if (isLocalLeft) values.unmapped('EventTime', local, localEnd);
  }

  #writeLevel(): void {
    const { row, out } = this.values;
    let level = this.#lowerLookup(SYS.level);
    if (level === 0) level = this.#lowerLookup(SYS.eventType);
    // An audit has a result in the place of a level; an event with neither says nothing of it.
    if (level === 0 && !this.#isGiven(SYS.level) && !this.#isGiven(SYS.eventType)) return;
    if (level === 0) level = LEVEL.information;
    out.number(row, FIELD.severity_id, SEVERITY_BY_LEVEL[level] as number);
    const word = out.scratch.constant(LEVEL_WORDS[level] as string);
    out.span(row, FIELD.metadata_log_level, word.start, word.end);
  }

  #isGiven(number: number): boolean {
    return (this.#system[2 * number + 1] as number) > (this.#system[2 * number] as number);
  }

  #lowerLookup(number: number): number {
    const start = this.#system[2 * number] as number;
    const length = (this.#system[2 * number + 1] as number) - start;
    if (length <= 0 || length > WORD_BYTES_MAX) return 0;
    for (let i = 0; i < length; i++) {
      const byte = this.#byteAt(start + i);
      this.#word[i] = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    }
    return levelTable.lookup(this.#word, 0, length);
  }

  /**
   * The user in whose name the event was logged is who acted, where the event names no other. For
   * Sysmon it is always the account of its service, and says nothing of the event.
   */
  #writeUser(provider: number): void {
    const { row, out } = this.values;
    const isActor =
      provider !== PROVIDER.sysmon &&
      !out.has(row, FIELD.actor_user_name) &&
      !out.has(row, FIELD.actor_user_uid);
    if (isActor) {
      this.#span(SYS.userSid, FIELD.actor_user_uid);
      const start = this.#system[2 * SYS.userName] as number;
      const end = this.#system[2 * SYS.userName + 1] as number;
      if (!this.saysNothing(start, end))
        this.values.put(KIND.account, FIELD.actor_user_name, start, end);
      this.#span(SYS.userDomain, FIELD.actor_user_domain);
      return;
    }
    for (const number of [SYS.userSid, SYS.userName, SYS.userDomain]) {
      const start = this.#system[2 * number] as number;
      const end = this.#system[2 * number + 1] as number;
      if (end > 0) this.values.unmapped(SYS_NAMES[number] as string, start, end);
    }
  }

  #writeElastic(classUid: number): void {
    const { values } = this;
    const { row, out } = values;
    for (let i = 0; i < this.#elasticCount; i++) {
      const number = this.#elasticSeen[i] as number;
      const field = ELASTIC_FIELDS[number - 1];
      if (field === undefined) continue;
      const start = this.#elastic[2 * number] as number;
      const end = this.#elastic[2 * number + 1] as number;
      let target = classUid === PROCESS_ACTIVITY ? field.ofProcess : field.ofOthers;
      if (classUid === AUTHENTICATION && target === FIELD.actor_user_name) target = FIELD.user_name;
      else if (classUid === AUTHENTICATION && target === FIELD.actor_user_domain)
        target = FIELD.user_domain;
      const isOfClass = field.classUid === 0 || field.classUid === classUid;
      const isTaken =
        isOfClass &&
        FIELDS[target] !== undefined &&
        !out.has(row, target) &&
        values.value(field.kind, target, start, end) === DONE;
      if (!isTaken) values.unmapped(field.path, start, end);
    }
  }

  /** By the audit's result, else by what the event's kind says. */
  #writeStatus(rule: Rule): void {
    const { row, out } = this.values;
    let status = 0;
    for (const number of [SYS.keywords, SYS.eventType, SYS.outcome, SYS.keywordNames]) {
      const start = this.#system[2 * number] as number;
      const end = this.#system[2 * number + 1] as number;
      if (end === 0 || status !== 0) continue;
      status = auditStatus(this.#source(start), this.#local(start), this.#local(end));
    }
    if (status === 0 || rule.statusId === 2) status = rule.statusId || status;
    if (status !== 0) out.number(row, FIELD.status_id, status);
    const outcomeEnd = this.#system[2 * SYS.outcome + 1] as number;
    if (outcomeEnd > 0 && status === 0)
      this.values.unmapped('event.outcome', this.#system[2 * SYS.outcome] as number, outcomeEnd);
  }
}

const isOfUser = (number: number): boolean => number >= SYS.userSid && number <= SYS.userDomain;
