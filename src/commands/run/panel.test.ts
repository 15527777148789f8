import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { systemClock } from '../../clock.ts';
import { aStatus } from './a-status.fixture.ts';
import { createPanel } from './panel.ts';

/** A terminal of a given size that understands what the panel writes: a grid of rows and whether there is a cursor. */
class Screen extends EventEmitter {
  columns = 90;
  rows = 30;
  writableNeedDrain = false;
  cursorShown = true;
  lines: string[] = ['$ millrace run'];
  row = 1;

  write(text: string): boolean {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are what a terminal reads
    for (const [token, count, mode] of text.matchAll(/\x1b\[(\??\d*)([A-Za-z])|\n|\r|[^\x1b\r\n]+/g)) {
      if (token === '\n') this.row += 1;
      else if (mode === 'A') this.row -= Number(count);
      else if (mode === 'K') this.lines[this.row] = '';
      else if (mode === 'J') this.lines.length = this.row;
      else if (count === '?25') this.cursorShown = mode === 'h';
      else if (mode === undefined && token !== '\r')
        this.lines[this.row] = (this.lines[this.row] ?? '') + token;
    }
    return true;
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 10) {
    assert.ok(waited < 5000, 'it did not come within 5 s');
    await systemClock.sleep(10);
  }
}

test('it rewrites its own lines in place and gives the terminal back', async () => {
  const screen = new Screen();
  let reads = 0;
  const panel = createPanel({
    stream: screen,
    colours: false,
    url: 'http://127.0.0.1:4000/',
    // Fewer lines later: what is left over of the longer frame must go.
    status: async () => aStatus({ chainId: ++reads, ...(reads > 2 ? { processors: [] } : {}) }),
  });
  panel.start();
  await until(() => reads > 3);
  assert.equal(screen.cursorShown, false);
  await panel.stop();
  assert.equal(screen.cursorShown, true);
  assert.equal(screen.lines[0], '$ millrace run');
  assert.match(screen.lines[1] ?? '', new RegExp(`^mainnet {2}chain ${reads} `));
  assert.equal(screen.lines.filter((line) => line.includes('mainnet')).length, 1);
  assert.ok(!screen.lines.some((line) => line.includes('gas-by-minute')));
  assert.match(screen.lines.at(-1) ?? '', /Ctrl-C/);
  assert.equal(screen.listenerCount('resize'), 0);
});

test('a status that fails leaves the last figures and says why', async () => {
  const screen = new Screen();
  let reads = 0;
  const panel = createPanel({
    stream: screen,
    colours: false,
    status: async () => {
      if (++reads > 1) throw new Error('the store is closed');
      return aStatus();
    },
  });
  panel.start();
  await until(() => reads > 2);
  await panel.stop();
  const text = screen.lines.join('\n');
  assert.match(text, /17,686,132/);
  assert.match(text, /the store is closed/);
});

test('a terminal that does not keep up is not written to', async () => {
  const screen = new Screen();
  screen.writableNeedDrain = true;
  let reads = 0;
  const panel = createPanel({
    stream: screen,
    colours: false,
    status: async () => aStatus({ chainId: ++reads }),
  });
  panel.start();
  await until(() => reads > 2);
  await panel.stop();
  assert.deepEqual(screen.lines, ['$ millrace run']);
  assert.equal(screen.cursorShown, true);
});
