// The registered segments in block order, none overlapping another. A segment in use keeps its files until it is
// released: a query may open a file again long after it was given the path, when it would be gone.

import type { Logger } from '../../../logger.ts';
import type { LogTable } from '../columns.ts';
import type { SegmentRecord } from './segment-builder.ts';
import { removeSegmentFiles, segmentFile } from './segment-files.ts';
import { SegmentIndex } from './segment-index.ts';

/** Each open index takes two file descriptors and up to 256 KiB of pages. */
const OPEN_INDEXES = 128;

export interface Segment extends SegmentRecord {
  readonly id: number;
}

export class Segments {
  readonly #folder: string;
  readonly #logger: Logger;
  #list: readonly Segment[];
  readonly #open = new Map<number, SegmentIndex>();
  readonly #uses = new Map<number, number>();
  readonly #dropped = new Map<number, Segment>();
  #removals: Promise<void> = Promise.resolve();

  constructor(folder: string, segments: readonly Segment[], logger: Logger) {
    this.#folder = folder;
    this.#list = segments.toSorted((a, b) => a.first - b.first);
    this.#logger = logger;
  }

  /** Ascending. The list never changes; a change makes another. */
  get list(): readonly Segment[] {
    return this.#list;
  }

  file(segment: Segment, table: LogTable): string {
    return segmentFile(this.#folder, segment.name, table);
  }

  holding(number: number): Segment | undefined {
    let low = 0;
    let high = this.#list.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const segment = this.#list[middle] as Segment;
      if (number < segment.first) high = middle - 1;
      else if (number > segment.last) low = middle + 1;
      else return segment;
    }
    return undefined;
  }

  /** Hash of the block at a number that a segment holds. */
  hashAt(number: number): string | undefined {
    const segment = this.holding(number);
    return segment && this.index(segment).block(number)?.hash;
  }

  /** To be used at once: another call may close it. @throws SegmentDamaged */
  index(segment: Segment): SegmentIndex {
    const index =
      this.#open.get(segment.id) ?? new SegmentIndex(segmentFile(this.#folder, segment.name, 'index'));
    // A Map keeps the order of insertion: the first is the one not used for longest.
    this.#open.delete(segment.id);
    this.#open.set(segment.id, index);
    for (const [id, oldest] of this.#open) {
      if (this.#open.size <= OPEN_INDEXES) break;
      this.#open.delete(id);
      oldest.close();
    }
    return index;
  }

  add(segment: Segment): void {
    this.#list = [...this.#list, segment].toSorted((a, b) => a.first - b.first);
  }

  /** Takes them off the list; their files go when nobody uses them. */
  drop(segments: readonly Segment[]): void {
    const gone = new Set(segments.map(({ id }) => id));
    this.#list = this.#list.filter(({ id }) => !gone.has(id));
    for (const segment of segments) {
      this.#open.get(segment.id)?.close();
      this.#open.delete(segment.id);
      this.#dropped.set(segment.id, segment);
      this.#removeUnused(segment.id);
    }
  }

  /** Keeps the files of these segments until the returned function is called. */
  use(segments: readonly Segment[]): () => void {
    for (const { id } of segments) this.#uses.set(id, (this.#uses.get(id) ?? 0) + 1);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      for (const { id } of segments) {
        const left = (this.#uses.get(id) ?? 1) - 1;
        if (left > 0) this.#uses.set(id, left);
        else this.#uses.delete(id);
        this.#removeUnused(id);
      }
    };
  }

  bytes(): number {
    let bytes = 0;
    for (const { files } of this.#list) for (const file of Object.values(files)) bytes += file.bytes;
    return bytes;
  }

  /** Resolves when the files that were to go are gone. */
  async settled(): Promise<void> {
    await this.#removals;
  }

  async close(): Promise<void> {
    for (const index of this.#open.values()) index.close();
    this.#open.clear();
    await this.#removals;
  }

  #removeUnused(id: number): void {
    const segment = this.#dropped.get(id);
    if (segment === undefined || this.#uses.has(id)) return;
    this.#dropped.delete(id);
    // Failing costs disk space only: what is not registered is deleted at the next opening.
    this.#removals = Promise.all([this.#removals, removeSegmentFiles(this.#folder, segment.name)]).then(
      () => undefined,
      (error: unknown) =>
        this.#logger.warn({ error, segment: segment.name }, 'cannot delete an expired segment'),
    );
  }
}
