import { HEADER_LENGTH, ReplayWindow, formatAddress, header, locator, makeKeyId, question } from '@overlane/directory';
import { TokenBuckets } from '../admit/token-buckets.js';
import type { CancelTimer } from '../clock.js';
import { Corrector } from '../correct/corrector.js';
import type { Follower } from '../follow/follower.js';
import { storeKeyOf } from '../follow/store-layout.js';
import type { HostId } from '../lookup/answer-lookup.js';
import type { Counters } from '../lookup/counters.js';
import type { Gate } from '../lookup/gate.js';
import { NO_RECORD } from '../table/key-index.js';
import type { MappingTable } from '../table/mapping-table.js';
import { type ControlPoint, Hosts } from '../update/hosts.js';
import { textOfBlock } from './key-text.js';
import type { ServerEvent, ServerParts } from './options.js';

const REPEAT_TICK_MS = 25;

/** What stale reports are handled with. */
export interface StaleReportsParts extends ServerParts {
  readonly table: MappingTable;
  readonly follower: Follower;
  readonly counters: Counters;
  readonly gate: Gate;
}

/** Takes STALE_REPORT and has the sender of the misled packet corrected. */
export class StaleReports {
  readonly #parts: StaleReportsParts;
  readonly #confirm: (keys: readonly Uint8Array[]) => Promise<boolean>;
  readonly #tell: (event: ServerEvent) => void;
  readonly #hosts: Hosts;
  readonly #rate: TokenBuckets;
  readonly #window = new ReplayWindow();
  readonly #corrector: Corrector;
  #cancelTimer: CancelTimer | undefined;

  /** `confirm` reads keys from the store into the table. */
  constructor(
    parts: StaleReportsParts,
    confirm: (keys: readonly Uint8Array[]) => Promise<boolean>,
    tell: (event: ServerEvent) => void,
  ) {
    this.#parts = parts;
    this.#confirm = confirm;
    this.#tell = tell;
    const { table, counters, follower, gate, send, mode, keyEpoch, random32 } = parts;
    this.#hosts = new Hosts(table);
    this.#rate = new TokenBuckets({ perSecond: parts.settings.staleRate });
    this.#corrector = new Corrector({
      table,
      counters,
      progress: follower,
      keyIdOf: (hostId) => (mode === 'none' ? undefined : makeKeyId(keyEpoch, hostId)),
      newTxid: () => [random32(), random32()],
      send: (bytes, length, to) => send(bytes, gate.seal(bytes, length), { address: formatAddress(to), port: to.port }),
    });
  }

  /** Takes a report from `hostId`. */
  receive(bytes: Uint8Array, end: number, hostId: HostId): void {
    const { counters, clock } = this.#parts;
    const [txidHi, txidLo] = [header.readTxidHi(bytes, 0), header.readTxidLo(bytes, 0)];
    const keyId = header.readKeyId(bytes, 0);
    const fault = this.#window.admit(keyId, txidHi, txidLo, header.readTime(bytes, 0), clock.unixS());
    if (fault !== undefined) return counters.fault(fault);
    if (!this.#rate.take(hostId ?? 0, clock.monotonicMs())) return counters.fault('E_OLD_STALE_RATE');
    counters.staleReports++;
    const to = this.#hosts.controlPointOf(bytes, HEADER_LENGTH);
    if (to === undefined) {
      counters.uselessReports++;
      return;
    }
    void this.#handle(bytes.slice(0, end), hostId, to);
  }

  /** Takes a CORRECT_ACK. */
  acknowledge(bytes: Uint8Array, hostId: HostId): void {
    const isKnown = this.#corrector.acknowledge(header.readTxidHi(bytes, 0), header.readTxidLo(bytes, 0), hostId);
    if (!isKnown) this.#parts.counters.fault('E_OLD_UNKNOWN_TRANSACTION');
  }

  /** Repeats nothing any more. */
  stop(): void {
    this.#cancelTimer?.();
  }

  /** Looks at what is to be repeated, as long as anything may be. */
  #repeatLater(): void {
    const { clock } = this.#parts;
    if (this.#cancelTimer !== undefined || this.#corrector.length === 0) return;
    this.#cancelTimer = clock.setTimer(REPEAT_TICK_MS, () => {
      this.#cancelTimer = undefined;
      this.#corrector.tick(clock.monotonicMs());
      this.#repeatLater();
    });
  }

  async #handle(bytes: Uint8Array, hostId: HostId, to: ControlPoint): Promise<void> {
    const { table } = this.#parts;
    const offsets = Array.from(
      { length: header.readCount(bytes, 0) },
      (_, i) => HEADER_LENGTH + locator.LENGTH + i * question.LENGTH,
    );
    const isNewer = (at: number): boolean => {
      const record = table.find(bytes, at);
      return record !== NO_RECORD && table.versionOf(record) > question.readKnownVersion(bytes, at);
    };
    // What is not newer than what the reporter knows may be stale itself.
    const doubtful = offsets.filter((at) => !isNewer(at));
    if (doubtful.length > 0) await this.#confirm(doubtful.map((at) => storeKeyOf(bytes, at)));
    for (const at of offsets) {
      if (isNewer(at)) this.#correct(bytes, at, hostId, to);
      else this.#parts.counters.uselessReports++;
    }
  }

  #correct(bytes: Uint8Array, at: number, hostId: HostId, to: ControlPoint): void {
    const { table, clock, counters } = this.#parts;
    const record = table.find(bytes, at);
    // A host that is said to have the address reports that it does not: no correction can help.
    if (hostId !== undefined && table.isLive(record) && table.ownerOf(record) === hostId) {
      counters.uselessReports++;
      return this.#tell({ event: 'ownerAlarm', hostId, key: textOfBlock(bytes, at) });
    }
    this.#corrector.correct(record, to, clock.monotonicMs(), clock.unixS());
    this.#repeatLater();
  }
}
