// Keys by the time at which they are due, earliest first: a binary heap. A key that was moved leaves its old entry
// behind, which is skipped when it comes up; too many of them, and the heap is built anew.

interface Due {
  readonly key: string;
  readonly at: number;
}

export interface DueTimes {
  /** Takes the place of the key's earlier time. */
  set(key: string, at: number): void;
  delete(key: string): void;
  at(key: string): number | undefined;
  /** The earliest time; undefined when there is none. */
  next(): number | undefined;
  /** Removes and answers the earliest key that is due at `now`. */
  take(now: number): string | undefined;
  readonly size: number;
}

export function createDueTimes(): DueTimes {
  const times = new Map<string, number>();
  let heap: Due[] = [];

  const before = (a: number, b: number): boolean => (heap[a] as Due).at < (heap[b] as Due).at;
  const swap = (a: number, b: number): void => {
    [heap[a], heap[b]] = [heap[b] as Due, heap[a] as Due];
  };
  const up = (from: number): void => {
    for (let child = from; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!before(child, parent)) return;
      swap(child, parent);
      child = parent;
    }
  };
  const down = (): void => {
    for (let parent = 0; ; ) {
      const left = 2 * parent + 1;
      const right = left + 1;
      let least = parent;
      if (left < heap.length && before(left, least)) least = left;
      if (right < heap.length && before(right, least)) least = right;
      if (least === parent) return;
      swap(parent, least);
      parent = least;
    }
  };
  const pop = (): void => {
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    down();
  };
  /** The earliest entry that still holds. */
  const first = (): Due | undefined => {
    while (heap[0] && times.get(heap[0].key) !== heap[0].at) pop();
    return heap[0];
  };

  return {
    set: (key, at) => {
      times.set(key, at);
      // A sorted array is a heap.
      if (heap.length > 2 * times.size + 64)
        heap = [...times].map(([of, when]) => ({ key: of, at: when })).sort((a, b) => a.at - b.at);
      else {
        heap.push({ key, at });
        up(heap.length - 1);
      }
    },
    delete: (key) => {
      times.delete(key);
    },
    at: (key) => times.get(key),
    next: () => first()?.at,
    take: (now) => {
      const due = first();
      if (!due || due.at > now) return undefined;
      pop();
      times.delete(due.key);
      return due.key;
    },
    get size() {
      return times.size;
    },
  };
}
