// The live panel: rewrites its own lines in place, about four times a second, below whatever was printed before it.
// No alternate screen: the last figures stay when it stops. The cursor comes back whichever way the process ends.

import { type Clock, systemClock } from '../../clock.ts';
import { describeError } from '../../errors.ts';
import type { PipelineStatus } from '../../status/pipeline-status.ts';
import { type PanelSize, renderPanel } from './render-panel.ts';

const redrawEveryMs = 250;
const sizeOfNoTerminal: PanelSize = { width: 80, height: 24 };

const hideCursor = '\x1b[?25l';
const showCursor = '\x1b[?25h';
/** A terminal that knows these shows a frame whole; others ignore them. */
const beginFrame = '\x1b[?2026h';
const endFrame = '\x1b[?2026l';
const clearLine = '\x1b[2K';
const clearBelow = '\x1b[J';

/** What the panel needs of a terminal: a `tty.WriteStream` has it. */
export interface Terminal {
  write(text: string): boolean;
  readonly writableNeedDrain: boolean;
  /** Size in characters; 80 × 24 when it is not known. */
  readonly columns?: number;
  readonly rows?: number;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

export interface PanelOptions {
  readonly stream: Terminal;
  readonly status: () => Promise<PipelineStatus>;
  /** Address of the page, when it is served. */
  readonly url?: string | undefined;
  /** False without a terminal or with NO_COLOR. */
  readonly colours: boolean;
  /** Default: the system's. */
  readonly clock?: Clock;
}

export interface Panel {
  start(): void;
  /** Draws the last figures once more and gives the terminal back. */
  stop(): Promise<void>;
}

export function createPanel(options: PanelOptions): Panel {
  const { stream, status } = options;
  const clock = options.clock ?? systemClock;
  const stopping = new AbortController();
  let latest: PipelineStatus | undefined;
  let drawn: readonly string[] = [];
  let running: Promise<void> | undefined;

  const size = (): PanelSize => ({
    width: stream.columns ?? sizeOfNoTerminal.width,
    // One row less: the cursor rests below the panel, and a full screen would scroll.
    height: (stream.rows ?? sizeOfNoTerminal.height + 1) - 1,
  });

  function draw(): void {
    // A terminal that does not keep up gets the next frame instead.
    if (!latest || stream.writableNeedDrain) return;
    const { width, height } = size();
    const lines = renderPanel(latest, { width, height, colours: options.colours, url: options.url });
    const up = Math.min(rowsOf(drawn, width), height);
    const body = lines.map((line) => `${clearLine}${line}\n`).join('');
    stream.write(`${beginFrame}${up > 0 ? `\x1b[${up}A` : ''}\r${body}${clearBelow}${endFrame}`);
    drawn = lines;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await refresh();
      draw();
      await clock.sleep(redrawEveryMs, stopping.signal).catch((error) => {
        if (!stopping.signal.aborted) throw error;
      });
    }
  }

  async function refresh(): Promise<void> {
    try {
      latest = await status();
    } catch (error) {
      // The figures stay as last known, with the reason why they do not move.
      if (latest) latest = { ...latest, problem: describeError(error) };
    }
  }

  const restore = () => stream.write(showCursor);

  return {
    start: () => {
      if (running) return;
      stream.write(hideCursor);
      stream.on('resize', draw);
      process.once('exit', restore);
      running = run();
    },
    stop: async () => {
      if (!running || stopping.signal.aborted) return;
      stopping.abort();
      await running;
      await refresh();
      draw();
      stream.off('resize', draw);
      process.off('exit', restore);
      restore();
    },
  };
}

/** Rows that the lines take at this width: after the terminal became narrower they are wrapped. */
function rowsOf(lines: readonly string[], width: number): number {
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(visibleLength(line) / width)), 0);
}

function visibleLength(line: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the escapes that styleText writes
  return line.replace(/\x1b\[[0-9;]*m/g, '').length;
}
