// One record of the audit log while its pairs come in.
import { type ColumnWriter, FIELD, type RawBatch } from '@weir/pipeline';
import { AS, TypedWriter } from '../common/typed-writer.js';
import { CLASS } from '../linux/outcomes.js';
import { isDigit, isHexDigit, OPEN_BRACKET, SLASH, SPACE } from '../text/ascii.js';
import { parseUnsigned } from '../text/number.js';
import { writeClass } from '../text/values.js';
import {
  encodedTable,
  fieldOf,
  KIND,
  keyAs,
  keyTable,
  nametypeTable,
  OF,
  OWN,
  type RecordType,
  recordTypeOf,
  resultTable,
} from './records.js';
import { startsProgram, syscallName } from './syscalls.js';

/** -1 as the kernel's unsigned 32 bits: an id that is not set. */
const UNSET = 4_294_967_295;
const LOGGED = 17;
const decoder = new TextDecoder();
const hexOf = (byte: number): number => (isDigit(byte) ? byte - 0x30 : (byte | 0x20) - 0x57);

export class AuditRecord {
  readonly typed = new TypedWriter();
  #type: RecordType = recordTypeOf(new Uint8Array(0), 0, 0);
  #of = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #archStart = 0;
  #archEnd = 0;
  #activity = 0;
  #commandStart = 0;
  #commandEnd = 0;
  #callStart = 0;
  #callEnd = 0;
  /** kernel.system_call stands in the record, or has a name in the table. */
  #hasCallName = false;
  /** Key and value of the acting process's id. */
  readonly #pid = new Uint32Array(4);

  begin(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.typed.begin(batch, row, out);
    this.#bytes = batch.bytes;
    this.#archEnd = 0;
    this.#commandEnd = 0;
    this.#callEnd = 0;
    this.#hasCallName = false;
    this.#pid[3] = 0;
  }

  /** The name of the type, in the bytes or as a text where it stood as a number. */
  setType(bytes: Uint8Array, start: number, end: number): void {
    this.#type = recordTypeOf(bytes, start, end);
    this.#of = this.#type.of;
    this.#activity = this.#type.activityId;
    const { out, row } = this.typed;
    if (this.#type.kind === KIND.anomaly && bytes === this.#bytes)
      out.span(row, FIELD.finding_title, start, end);
  }

  get isAvc(): boolean {
    return this.#type.kind === KIND.avc;
  }

  /** `{ read write }` of an access vector, and whether it was denied. */
  access(resultStart: number, resultEnd: number, start: number, end: number): void {
    const { out, row } = this.typed;
    out.span(row, FIELD.action, resultStart, resultEnd);
    const first = this.#bytes[resultStart];
    if (first === 0x64) out.number(row, FIELD.disposition_id, 2);
    else if (first === 0x67) out.number(row, FIELD.disposition_id, 1);
    this.typed.unmapped('seperms', start, end);
  }

  pair(keyStart: number, keyEnd: number, start: number, end: number, isQuoted: boolean): void {
    const bytes = this.#bytes;
    if (this.#type.kind === KIND.execve && isArgument(bytes, keyStart, keyEnd)) {
      this.#argument(keyStart, keyEnd, start, end, isQuoted);
      return;
    }
    if (start >= end || (!isQuoted && saysNothing(bytes, start, end))) return;
    const isEncoded = !isQuoted && encodedTable.lookup(bytes, keyStart, keyEnd) !== 0;
    if (!isEncoded || !isHex(bytes, start, end)) {
      this.#put(keyStart, keyEnd, start, end);
      return;
    }
    const { scratch } = this.typed.out;
    const first = scratch.position;
    decodeHex(bytes, start, end, this.typed.out);
    this.#put(keyStart, keyEnd, first, scratch.position);
  }

  /** [start, end) is in the bytes, or decoded in scratch. */
  #put(keyStart: number, keyEnd: number, start: number, end: number): void {
    const { typed } = this;
    const key = keyTable.lookup(this.#bytes, keyStart, keyEnd);
    const as = keyAs[key] as number;
    if (as >= OWN.result) {
      this.#own(as, keyStart, keyEnd, start, end);
      return;
    }
    const field = fieldOf(key, this.#of);
    const isFree = key !== 0 && field !== 0 && !(as === AS.host && typed.out.has(typed.row, field));
    if (!isFree) typed.out.unmapped(typed.row, keyStart, keyEnd, start, end);
    else if (!isUnset(as, this.#bytes, start, end))
      typed.pair(as, field, keyStart, keyEnd, start, end);
  }

  #own(as: number, keyStart: number, keyEnd: number, start: number, end: number): void {
    const { typed } = this;
    const { out, row } = typed;
    const bytes = this.#bytes;
    switch (as) {
      case OWN.result: {
        const status = resultTable.lookup(bytes, start, end);
        if (status !== 0) out.number(row, FIELD.status_id, status);
        else out.unmapped(row, keyStart, keyEnd, start, end);
        return;
      }
      case OWN.session:
        if (!isUnset(AS.unsigned, bytes, start, end)) this.#session(start, end);
        return;
      case OWN.terminal: {
        const isOfProcess = this.#of === OF.process;
        const isSignIn = this.#type.classUid === CLASS.authentication;
        let field: number = isSignIn ? FIELD.session_terminal : FIELD.actor_session_terminal;
        if (isOfProcess) field = FIELD.process_session_terminal;
        out.span(row, field, start, end);
        return;
      }
      case OWN.path:
        this.#path(keyStart, keyEnd, start, end);
        return;
      case OWN.id:
      case OWN.idName:
        this.#id(as, start, end);
        return;
      case OWN.nametype:
        if (this.#type.kind === KIND.path) this.#activity = nametypeTable.lookup(bytes, start, end);
        out.unmapped(row, keyStart, keyEnd, start, end);
        return;
      case OWN.apparmor:
        out.span(row, FIELD.action, start, end);
        if (bytes[start] === 0x44) out.number(row, FIELD.disposition_id, 2);
        else if (bytes[start] === 0x41 && bytes[start + 1] === 0x4c)
          out.number(row, FIELD.disposition_id, 1);
        return;
      case OWN.pid:
        if (this.#of === OF.process)
          typed.pair(AS.unsigned, FIELD.process_pid, keyStart, keyEnd, start, end);
        else this.#keepPid(keyStart, keyEnd, start, end);
        return;
      case OWN.auditId:
        // The one who signed in, and whom all that follows is put down to.
        if (isUnset(AS.unsigned, bytes, start, end)) return;
        if (this.#type.kind === KIND.login) out.span(row, FIELD.user_uid, start, end);
        else out.unmapped(row, keyStart, keyEnd, start, end);
        return;
      case OWN.permissive:
        // Then what was denied was let through all the same, and only logged.
        if (bytes[start] === 0x31) out.number(row, FIELD.disposition_id, LOGGED);
        out.unmapped(row, keyStart, keyEnd, start, end);
        return;
      case OWN.saddr:
        this.#socketAddress(keyStart, keyEnd, start, end);
        return;
      default:
        this.#call(as, keyStart, keyEnd, start, end);
    }
  }

  #keepPid(keyStart: number, keyEnd: number, start: number, end: number): void {
    this.#pid[0] = keyStart;
    this.#pid[1] = keyEnd;
    this.#pid[2] = start;
    this.#pid[3] = end;
  }

  #session(start: number, end: number): void {
    let field: number = FIELD.actor_session_uid;
    if (this.#of === OF.process) field = FIELD.process_session_uid;
    else if (this.#type.classUid === CLASS.authentication) field = FIELD.session_uid;
    this.typed.out.span(this.typed.row, field, start, end);
  }

  /** Of PATH and access vectors: a whole path, or a name in a folder that another record tells. */
  #path(keyStart: number, keyEnd: number, start: number, end: number): void {
    const { out, row } = this.typed;
    const isOfFile = this.#type.kind === KIND.path || this.#type.kind === KIND.avc;
    if (!isOfFile) out.unmapped(row, keyStart, keyEnd, start, end);
    else if (this.#byteAt(start) === SLASH) out.span(row, FIELD.file_path, start, end);
    else out.span(row, FIELD.file_name, start, end);
  }

  #byteAt(position: number): number {
    return position < this.#bytes.length
      ? (this.#bytes[position] as number)
      : this.typed.out.scratch.byteAt(position);
  }

  /** The account, or the group, that is managed; its name comes in the enriched part. */
  #id(as: number, start: number, end: number): void {
    const { out, row } = this.typed;
    const isGroup = this.#type.classUid === CLASS.group;
    const isUser = this.#type.classUid === CLASS.account || this.#type.classUid === 3002;
    let field: number = FIELD.user_uid;
    if (as === OWN.idName) field = isGroup ? FIELD.group_name : FIELD.user_name;
    else if (isGroup) field = FIELD.group_uid;
    if (!isGroup && !isUser) this.typed.unmapped(as === OWN.id ? 'id' : 'ID', start, end);
    else if (!out.has(row, field)) out.span(row, field, start, end);
  }

  /** `arch`, `syscall` as a number or a name, and the name in the enriched part. */
  #call(as: number, keyStart: number, keyEnd: number, start: number, end: number): void {
    const { out, row } = this.typed;
    if (as === OWN.callName) {
      if (this.#of === OF.process) {
        out.unmapped(row, keyStart, keyEnd, start, end);
        return;
      }
      out.span(row, FIELD.kernel_system_call, start, end);
      this.#hasCallName = true;
      return;
    }
    if (as === OWN.arch) {
      this.#archStart = start;
      this.#archEnd = end;
    } else {
      this.#callStart = start;
      this.#callEnd = end;
    }
    if (this.#type.kind !== KIND.syscall || as === OWN.arch)
      out.unmapped(row, keyStart, keyEnd, start, end);
    if (this.#type.kind !== KIND.syscall || as === OWN.arch) return;
    this.#syscall(keyStart, keyEnd, start, end);
  }

  /** Early in the record: which call it is says whose the process is. */
  #syscall(keyStart: number, keyEnd: number, start: number, end: number): void {
    const { out, row } = this.typed;
    const bytes = this.#bytes;
    const number = parseUnsigned(bytes, start, end);
    const isX86 = this.#isX86();
    // Only where it is another architecture a text of it is made.
    const arch = isX86 ? '' : decoder.decode(bytes.subarray(this.#archStart, this.#archEnd));
    const name = syscallName(isX86, number);
    const isNamed = Number.isNaN(number);
    const isExecute = isNamed
      ? isExecuteName(bytes, start, end)
      : startsProgram(isX86, arch, number);
    if (!isNamed || isExecute) out.unmapped(row, keyStart, keyEnd, start, end);
    if (isExecute) {
      // Then it is a Process Activity, which has no system call.
      this.#of = OF.process;
      this.#hasCallName = true;
    } else if (name !== '') {
      const span = out.scratch.constant(name);
      out.span(row, FIELD.kernel_system_call, span.start, span.end);
      this.#hasCallName = true;
    } else if (isNamed) {
      out.span(row, FIELD.kernel_system_call, start, end);
      this.#hasCallName = true;
    }
  }

  /** `arch=c000003e`, or `arch=x86_64` of an interpreted log. */
  #isX86(): boolean {
    const start = this.#archStart;
    const length = this.#archEnd - start;
    if (length === 8 && this.#bytes[start] === 0x63) return this.#bytes[start + 6] === 0x33;
    return length === 6 && this.#bytes[start] === 0x78;
  }

  /** `a0="ls" a1=2D6C`; of a long one `a1[0]=` and `a1[1]=`, which belong together. */
  #argument(keyStart: number, keyEnd: number, start: number, end: number, isQuoted: boolean): void {
    const { out } = this.typed;
    const bytes = this.#bytes;
    const { scratch } = out;
    if (this.#commandEnd === 0) this.#commandStart = scratch.position;
    else if (!isContinued(bytes, keyStart, keyEnd)) scratch.byte(SPACE);
    if (!isQuoted && isHex(bytes, start, end)) decodeHex(bytes, start, end, out);
    else scratch.copy(bytes, start, end);
    this.#commandEnd = scratch.position;
  }

  /**
   * `02000050C0000201...`: a struct sockaddr. Whose address it is, the call says: another record.
   * So it stands under the names that audit's own tools give it.
   */
  #socketAddress(keyStart: number, keyEnd: number, start: number, end: number): void {
    const { typed } = this;
    const { out, row } = typed;
    out.unmapped(row, keyStart, keyEnd, start, end);
    const bytes = this.#bytes;
    if (end - start < 16 || start >= bytes.length || !isHex(bytes, start, end)) return;
    const byte = (index: number): number =>
      hexOf(bytes[start + 2 * index] as number) * 16 +
      hexOf(bytes[start + 2 * index + 1] as number);
    const family = byte(0) + 256 * byte(1);
    const isV6 = family === 10 && end - start >= 48;
    if (family !== 2 && !isV6) return;
    const port = out.scratch.text(String(byte(2) * 256 + byte(3)));
    typed.unmapped('lport', port.start, port.end);
    let address = '';
    if (isV6) {
      for (let i = 8; i < 24; i += 2)
        address += `${i > 8 ? ':' : ''}${(byte(i) * 256 + byte(i + 1)).toString(16)}`;
    } else address = `${byte(4)}.${byte(5)}.${byte(6)}.${byte(7)}`;
    const span = out.scratch.text(address);
    typed.unmapped('laddr', span.start, span.end);
  }

  /**
   * The name in the syslog header is that of the program that sent the record on. So that it does
   * not stand beside another one's id, a process without a name of its own is left out.
   */
  #actor(): void {
    const { typed } = this;
    const { out, row } = typed;
    if (!out.has(row, FIELD.actor_process_name) && out.has(row, FIELD.actor_process_file_path)) {
      const start = out.spanAt(row, FIELD.actor_process_file_path, 0);
      const end = out.spanAt(row, FIELD.actor_process_file_path, 1);
      let name = end;
      while (name > start && this.#byteAt(name - 1) !== SLASH) name--;
      out.span(row, FIELD.actor_process_name, name, end);
    }
    const end = this.#pid[3] as number;
    if (end === 0) return;
    const keyStart = this.#pid[0] as number;
    const keyEnd = this.#pid[1] as number;
    const valueStart = this.#pid[2] as number;
    if (out.has(row, FIELD.actor_process_name))
      typed.pair(AS.unsigned, FIELD.actor_process_pid, keyStart, keyEnd, valueStart, end);
    else out.unmapped(row, keyStart, keyEnd, valueStart, end);
  }

  finish(): void {
    const { out, row } = this.typed;
    this.#actor();
    let { classUid } = this.#type;
    if (this.#type.kind === KIND.syscall && this.#of === OF.process) {
      classUid = CLASS.process;
      this.#activity = 1;
    }
    if (this.#commandEnd > 0)
      out.span(row, FIELD.process_cmd_line, this.#commandStart, this.#commandEnd);
    if (lacks(classUid, row, out)) {
      classUid = CLASS.base;
      this.#activity = 0;
    }
    writeClass(row, classUid, this.#activity, out);
    // Without a name the number is what there is.
    if (this.#callEnd > 0 && !this.#hasCallName && this.#type.kind === KIND.syscall)
      out.span(row, FIELD.kernel_system_call, this.#callStart, this.#callEnd);
  }
}

/** True where OCSF requires of the class what the record has not: then it is a Base Event. */
function lacks(classUid: number, row: number, out: ColumnWriter): boolean {
  switch (classUid) {
    case CLASS.authentication:
    case CLASS.account:
      return !out.has(row, FIELD.user_name) && !out.has(row, FIELD.user_uid);
    case CLASS.group:
      return !out.has(row, FIELD.group_name) && !out.has(row, FIELD.group_uid);
    case CLASS.application:
      return !out.has(row, FIELD.application_name);
    case CLASS.process:
      return (
        !out.has(row, FIELD.process_cmd_line) &&
        !out.has(row, FIELD.process_working_directory) &&
        !out.has(row, FIELD.process_pid)
      );
    case CLASS.file:
      return !out.has(row, FIELD.file_path) && !out.has(row, FIELD.file_name);
    default:
      return false;
  }
}

/** `?`, `(null)`, `(none)`, `(unset)`: the kernel's and auditd's words for no value. */
function saysNothing(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start];
  if (first === 0x3f) return end - start === 1;
  if (first !== 0x28 || bytes[end - 1] !== 0x29) return false;
  const second = bytes[start + 1];
  return second === 0x6e || second === 0x75;
}

function isUnset(as: number, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== 10 || bytes[start] !== 0x34 || start >= bytes.length) return false;
  if (as !== AS.unsigned && as !== AS.text) return false;
  return parseUnsigned(bytes, start, end) === UNSET;
}

/** `a0`, `a12`, `a1[0]`; not `argc`, not `a1_len`. */
function isArgument(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== 0x61) return false;
  let position = start + 1;
  while (position < end && isDigit(bytes[position] as number)) position++;
  return position > start + 1 && (position === end || bytes[position] === OPEN_BRACKET);
}

/** `a1[1]` and up. */
function isContinued(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++)
    if (bytes[i] === OPEN_BRACKET) return bytes[i + 1] !== 0x30 || bytes[i + 2] !== 0x5d;
  return false;
}

function isExecuteName(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length !== 6 && length !== 8) return false;
  return bytes[start] === 0x65 && bytes[start + 1] === 0x78 && bytes[start + 4] === 0x76;
}

/** Hex digits, an even number of them. */
function isHex(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 2 || (end - start) % 2 !== 0) return false;
  for (let i = start; i < end; i++) if (!isHexDigit(bytes[i] as number)) return false;
  return true;
}

/** The decoded bytes into scratch. NULs part the arguments of a process title: they are spaces. */
function decodeHex(bytes: Uint8Array, start: number, end: number, out: ColumnWriter): void {
  let last = end;
  while (last > start && bytes[last - 1] === 0x30 && bytes[last - 2] === 0x30) last -= 2;
  for (let i = start; i < last; i += 2) {
    const byte = hexOf(bytes[i] as number) * 16 + hexOf(bytes[i + 1] as number);
    out.scratch.byte(byte === 0 ? SPACE : byte);
  }
}
