import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aStatus } from './a-status.fixture.ts';
import { type PanelLook, renderPanel } from './render-panel.ts';
import { statusLine } from './status-line.ts';

const look: PanelLook = { width: 120, height: 40, colours: false, url: 'http://127.0.0.1:4000/' };

test('the panel shows every figure that a person asks first', () => {
  const text = renderPanel(aStatus(), look).join('\n');
  for (const wanted of [
    /mainnet {2}chain 1 {2}running for 1 min 32 s/,
    /head +17,686,132 {2}0xababab…abab {2}12 s ago/,
    /finalized +17,686,129 .* 3 blocks behind the head/,
    /streamer +17,686,132 +1,234 +1\.5 MiB {2}none/,
    /recorder +17,686,130 +1,100 +0\.0 MiB {2}2 blocks · 311 records {2}history/,
    /processor +– +0 +0\.0 MiB {2}window open to 14:35/,
    /coverage +█+░+ {2}50\.0 % {2}10 of 20 blocks {2}1 min 15 s left/,
    /reorgs +1, deepest 3, last of 3 blocks 12 s ago/,
    /4,100 transactions in 21 blocks, 3\.2 MiB/,
    /gas-by-minute +running +2 windows, newest 07-13 14:33, open to 14:35/,
    /transfers-by-token +waiting +1 window$/m,
    /http:\/\/127\.0\.0\.1:4000\/ +Ctrl-C/,
  ]) {
    assert.match(text, wanted);
  }
});

test('the progress bar is half full at half of the blocks, and full only when all are there', () => {
  const bar = (covered: number) => {
    const coverage = { intervals: [], blocksWanted: 1000, blocksCovered: covered };
    const line = renderPanel(aStatus({ coverage }), look).find((one) => one.startsWith('coverage')) ?? '';
    return [line.split('█').length - 1, line.split('░').length - 1];
  };
  assert.deepEqual(bar(500), [20, 20]);
  assert.deepEqual(bar(0), [0, 40]);
  assert.deepEqual(bar(999), [39, 1]);
  assert.deepEqual(bar(1000), [40, 0]);
});

test('every size is kept, and the figures that matter most go last', () => {
  for (let height = 1; height < 40; height += 1) {
    for (const width of [10, 37, 80, 200]) {
      const lines = renderPanel(aStatus({ problem: 'EndpointUnreachable: '.repeat(20) }), {
        ...look,
        width,
        height,
      });
      assert.ok(lines.length <= height, `${lines.length} lines in ${height}`);
      for (const line of lines) assert.ok(line.length <= width, `${line.length} columns in ${width}`);
    }
  }
  const small = renderPanel(aStatus(), { ...look, height: 4 }).map((line) => line.split(' ')[0]);
  assert.deepEqual(small, ['mainnet', 'head', 'coverage', 'page']);
});

test('at 60 columns whole parts are left out, and nothing is cut', () => {
  const lines = renderPanel(aStatus(), { ...look, width: 60 });
  const text = lines.join('\n');
  assert.ok(!text.includes('…\n') && lines.every((line) => line.length <= 60), text);
  for (const wanted of [
    /^mainnet {2}chain 1 {2}running for 1 min 32 s$/m,
    /finalized +17,686,129 +48 s ago, 3 blocks behind the head$/m,
    /recorder +17,686,130 +1,100 {2}2 blocks · 311 records$/m,
    /coverage +█+░+ {2}50\.0 % {2}.*1 min 15 s left$/m,
    /gas-by-minute .* 2 windows, open to 14:35$/m,
    /^page +http:\/\/127\.0\.0\.1:4000\/$/m,
  ])
    assert.match(text, wanted);
});

test('a problem is told whole while it runs, and the last frame says that it stopped', () => {
  const problem = `EndpointUnreachable: ${'no node answers '.repeat(6)}; since 14:35`;
  const lines = renderPanel(aStatus({ problem }), { ...look, width: 70 });
  assert.equal(
    lines
      .slice(1, 4)
      .map((line) => line.trim())
      .join(' '),
    `! ${problem.replace(/ +/g, ' ')}`,
  );
  const stopped = renderPanel(aStatus({ state: 'stopping' }), look).join('\n');
  assert.match(stopped, /^mainnet {2}chain 1 {2}stopped after 1 min 32 s/);
  assert.doesNotMatch(stopped, /Ctrl-C|stopping/);
});

test('colours are there when asked for and only then; a node cannot write to the terminal', () => {
  const status = aStatus({ state: 'failed', problem: 'the node said \x1b[2J\nboo' });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are what this is about
  const escapes = /[\x00-\x1f]/;
  for (const line of renderPanel(status, look)) assert.doesNotMatch(line, escapes);
  const coloured = renderPanel(status, { ...look, colours: true }).join('\n');
  assert.ok(coloured.includes('\x1b[31mfailed\x1b[39m'));
  assert.ok(!coloured.includes('\x1b[2J'));
});

test('a pipeline that knows nothing yet says so', () => {
  const text = renderPanel(
    aStatus({
      state: 'starting',
      head: undefined,
      finalized: undefined,
      start: undefined,
      coverage: { intervals: [], blocksWanted: 0, blocksCovered: 0 },
      reorgs: { count: 0, deepest: 0 },
      processors: [],
    }),
    { ...look, url: undefined },
  ).join('\n');
  assert.match(text, /head +not yet/);
  assert.match(text, /0 % {2}0 of 0 blocks/);
  assert.match(text, /reorgs +none since the start/);
});

test('the log line has the same figures as flat fields and leaves out what is not known', () => {
  const fields = statusLine(aStatus());
  assert.equal(fields.head, 17_686_132);
  assert.equal(fields.recorder_lag_blocks, 2);
  assert.equal(fields.streamer_tx_per_s, 1234);
  assert.equal(fields.windows_done, 3);
  assert.ok(!('processor_height' in fields) && !('problem' in fields));
});
