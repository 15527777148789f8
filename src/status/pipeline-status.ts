// What a person asks a running pipeline first: how far is it, how far behind, what holds it up. One shape for the
// terminal panel, the page, `/api/status` and the log line, so that they can never disagree. JSON all through:
// times are milliseconds or Unix seconds as said, an absent figure is not known (yet), never zero.

export interface BlockStatus {
  readonly number: number;
  readonly hash: string;
  /** Unix seconds. */
  readonly timestamp: number;
}

/** How much a stage has still before it. Only the figures that the stage can know. */
export interface StageLag {
  readonly blocks?: number | undefined;
  readonly records?: number | undefined;
  readonly bytes?: number | undefined;
}

export interface StageStatus {
  readonly name: 'streamer' | 'recorder' | 'processor';
  /** Number of the newest block that left the stage. */
  readonly height?: number | undefined;
  readonly lag: StageLag;
  /** Over the last few seconds. */
  readonly transactionsPerSecond?: number | undefined;
  /** Since the start of the process that runs the stage. */
  readonly transactions?: number | undefined;
  /** Taken in and not yet given on. */
  readonly bufferedBytes?: number | undefined;
  /** What it is doing, in a few words: `history 17,686,110 to 17,686,120`. */
  readonly detail?: string | undefined;
}

/** Final blocks in the log, of those wanted. */
export interface CoverageStatus {
  /** Ascending, merged, both ends included. */
  readonly intervals: readonly { readonly from: number; readonly to: number }[];
  /** From the first block wanted to the finalized one. */
  readonly blocksWanted: number;
  readonly blocksCovered: number;
  readonly etaSeconds?: number | undefined;
}

/** What a topic holds, and how far its recorders are. */
export interface TopicStatus {
  readonly name: string;
  readonly partitions: number;
  /** Kept. */
  readonly records: number;
  /** Next offsets of all partitions together: every record there ever was. */
  readonly end: number;
  /** Of the group that records it. `oldest` in milliseconds since 1970. */
  readonly lag: {
    readonly group: string;
    readonly records: number;
    readonly bytes: number;
    readonly oldest?: number | undefined;
  };
}

export interface ReorgStatus {
  readonly count: number;
  /** Blocks undone by the deepest one. */
  readonly deepest: number;
  /** `at` in milliseconds since 1970. */
  readonly last?: { readonly depth: number; readonly at: number } | undefined;
  /** Counted from here on, milliseconds since 1970. Default: since the start of the process. */
  readonly since?: number | undefined;
}

export interface ProcessorStatus {
  readonly name: string;
  /** `cluster` or `user/<id>`. */
  readonly owner: string;
  readonly table: string;
  readonly state?: 'running' | 'waiting' | 'failed' | undefined;
  readonly windowsDone: number;
  /** Start of the newest done window, Unix seconds. */
  readonly newestWindow?: number | undefined;
  /** The next window, waiting until the log covers it; Unix seconds, half open. */
  readonly openWindow?: { readonly start: number; readonly end: number } | undefined;
  /** Code and message, when failed. */
  readonly problem?: string | undefined;
}

export interface PipelineStatus {
  readonly pipeline: string;
  readonly chainId: number;
  /** Addresses of the nodes, credentials masked. */
  readonly endpoints: readonly string[];
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly now: number;
  readonly state: 'starting' | 'running' | 'stopping' | 'failed';
  /** Code and message of what stopped it, or of what it is retrying. */
  readonly problem?: string | undefined;
  readonly head?: BlockStatus | undefined;
  readonly finalized?: BlockStatus | undefined;
  /** The first block wanted; absent until it is resolved. */
  readonly start?: number | undefined;
  /** In the order of the flow. */
  readonly stages: readonly StageStatus[];
  readonly coverage: CoverageStatus;
  readonly reorgs: ReorgStatus;
  readonly log: {
    readonly blocks: number;
    readonly transactions: number;
    readonly logs: number;
    readonly bytes: number;
  };
  readonly topics: {
    readonly records: number;
    readonly bytes?: number | undefined;
    readonly each?: readonly TopicStatus[];
  };
  readonly processors: readonly ProcessorStatus[];
  readonly memory: { readonly rssBytes: number };
}
