// What Java itself says on the driver's output, where only answers are expected.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import { Driver, JobFailed } from './driver.ts';

/** Answers as spark/Driver.java does, until a job takes all memory. */
const greedy = `package dev.millrace.spark;
public final class Driver {
  public static void main(String[] arguments) throws Exception {
    var orders = new java.io.BufferedReader(new java.io.InputStreamReader(System.in));
    orders.readLine();
    System.out.println("{\\"ready\\": \\"3.5\\"}");
    orders.readLine();
    var all = new java.util.ArrayList<byte[]>();
    while (true) all.add(new byte[1000000]);
  }
}`;

test('a job that takes all memory of its driver fails by its limit', { timeout: 60_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-driver-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'Driver.java'), greedy);
  execFileSync('javac', ['-d', folder, join(folder, 'Driver.java')]);
  const driver = new Driver({
    ...{ classPath: folder, heapBytes: 64 * 1024 * 1024, loggingFile: '', tempFolder: folder, conf: {} },
    ...{ clock: systemClock, logger: silentLogger },
  });
  const failure = await driver.run({}, new AbortController().signal).catch((reason: unknown) => reason);
  assert.ok(failure instanceof JobFailed && failure.kind === 'limit', String(failure));
  assert.match(failure.message, /memory: Spark's driver has 67108864 bytes/);
  assert.equal(driver.alive, false);
  await driver.close();
});
