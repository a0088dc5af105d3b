// Does the ledger close? issued = stored + quarantined + filtered + lost + in flight, per stream.
import { countOf, normalize, type SeqRange, subtract } from './ranges.js';
import { type LedgerStream, streamKey } from './read-ledger.js';

export interface IssuedStream {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  /** Highest number that admission gave; -1 for none. */
  readonly issuedSeqLast: number;
  /**
   * Of a stream that another node numbers: what was forwarded here, or named as lost or filtered.
   * Absent for an own stream, whose numbers are all of 0 to issuedSeqLast.
   */
  readonly received?: readonly SeqRange[];
}

/** Numbers that are durable in the spool and not settled. */
export interface PendingRange {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  readonly seqFirst: number;
  readonly seqLast: number;
}

export interface VerifiedStream {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  readonly issued: number;
  readonly stored: number;
  readonly quarantined: number;
  readonly filtered: number;
  readonly lost: number;
  /** Of stored: in quarantine first. Absent for none. */
  readonly requeued?: number;
  readonly inFlight: number;
  readonly refused: Readonly<Record<string, number>>;
  /** Issued, and neither in the ledger nor pending. */
  readonly missing: readonly SeqRange[];
}

export interface LedgerReport {
  readonly streams: readonly VerifiedStream[];
  /** No problem was found. Numbers in flight do not stand against it. */
  readonly closes: boolean;
  readonly inFlight: number;
  /** One sentence each. */
  readonly problems: readonly string[];
}

const RANGES_SHOWN_MAX = 5;

export function verifyLedger(
  issued: readonly IssuedStream[],
  ledger: readonly LedgerStream[],
  pending: readonly PendingRange[] = [],
): LedgerReport {
  const ledgerByKey = new Map(
    ledger.map((entry) => [streamKey(entry.tenant, entry.stream, entry.epoch), entry]),
  );
  const problems: string[] = [];
  const streams = issued.map((entry) => {
    const key = streamKey(entry.tenant, entry.stream, entry.epoch);
    const found = ledgerByKey.get(key);
    ledgerByKey.delete(key);
    const pendingRanges = pending
      .filter((range) => streamKey(range.tenant, range.stream, range.epoch) === key)
      .map((range): SeqRange => [range.seqFirst, range.seqLast]);
    return verifyStream(entry, found, normalize(pendingRanges), problems);
  });
  for (const entry of ledgerByKey.values())
    if (entry.seqMax >= 0)
      problems.push(
        `${nameOf(entry)}: the store has numbers up to ${entry.seqMax} of a stream and epoch ` +
          'that was never issued here',
      );
  const inFlight = streams.reduce((sum, stream) => sum + stream.inFlight, 0);
  return { streams, closes: problems.length === 0, inFlight, problems };
}

function verifyStream(
  issued: IssuedStream,
  ledger: LedgerStream | undefined,
  pending: readonly SeqRange[],
  problems: string[],
): VerifiedStream {
  if (issued.received !== undefined)
    return verifyForeign(issued, issued.received, ledger, pending, problems);
  const { tenant, stream, epoch, issuedSeqLast } = issued;
  const seqMax = ledger?.seqMax ?? -1;
  const absent = absentUpTo(issuedSeqLast, ledger);
  const missing = subtract(absent, pending);
  const inFlight = countOf(absent) - countOf(missing);
  const name = nameOf(issued);
  if (seqMax > issuedSeqLast)
    problems.push(`${name}: the store has number ${seqMax}, only ${issuedSeqLast} was issued`);
  if (missing.length > 0)
    problems.push(`${name}: ${countOf(missing)} numbers are missing: ${textOf(missing)}`);
  const { stored = 0, quarantined = 0, filtered = 0, lost = 0, refused = {} } = ledger ?? {};
  const accounted = stored + quarantined + filtered + lost + inFlight + countOf(missing);
  // Holds by construction of the sets; a violation means that a kind was read wrongly.
  if (seqMax <= issuedSeqLast && accounted !== issuedSeqLast + 1)
    problems.push(`${name}: kinds add up to ${accounted}, ${issuedSeqLast + 1} were issued`);
  return {
    tenant,
    stream,
    epoch,
    issued: issuedSeqLast + 1,
    stored,
    quarantined,
    filtered,
    lost,
    ...requeuedOf(ledger),
    inFlight,
    refused,
    missing,
  };
}

const requeuedOf = (ledger: LedgerStream | undefined): { readonly requeued?: number } =>
  ledger?.requeued === undefined ? {} : { requeued: ledger.requeued };

/** Numbers up to this one that are in no kind. */
function absentUpTo(seqLast: number, ledger: LedgerStream | undefined): SeqRange[] {
  const seqMax = ledger?.seqMax ?? -1;
  return normalize([
    ...(ledger?.missing ?? []),
    ...(seqLast > seqMax ? [[seqMax + 1, seqLast] as const] : []),
  ]);
}

/**
 * What came of another node's stream must be accounted for. That the store knows more is no problem
 * here: it may have come by way of another collector that shares the store. Holes are no business
 * of this node: what was not sent, the other one accounts for.
 */
function verifyForeign(
  issued: IssuedStream,
  received: readonly SeqRange[],
  ledger: LedgerStream | undefined,
  pending: readonly SeqRange[],
  problems: string[],
): VerifiedStream {
  const { tenant, stream, epoch, issuedSeqLast } = issued;
  const all = normalize(received);
  const notInLedger = absentUpTo(issuedSeqLast, ledger);
  const absent = subtract(all, subtract(all, notInLedger));
  const missing = subtract(absent, pending);
  if (missing.length > 0)
    problems.push(
      `${nameOf(issued)}: ${countOf(missing)} numbers that came from another node are missing: ${textOf(missing)}`,
    );
  const { stored = 0, quarantined = 0, filtered = 0, lost = 0, refused = {} } = ledger ?? {};
  const inFlight = countOf(absent) - countOf(missing);
  const kinds = { stored, quarantined, filtered, lost, inFlight, refused, missing };
  const requeued = requeuedOf(ledger);
  return { tenant, stream, epoch, issued: countOf(all), ...kinds, ...requeued };
}

export const nameOf = (entry: {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
}): string => `${entry.tenant} ${entry.stream} epoch ${entry.epoch}`;

function textOf(ranges: readonly SeqRange[]): string {
  const shown = ranges
    .slice(0, RANGES_SHOWN_MAX)
    .map(([first, last]) => (first === last ? String(first) : `${first}-${last}`));
  const more = ranges.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more ranges` : '');
}
