// Run by crash.test.ts in a process of its own: publishes numbered pairs of batches on two topics until it is killed, and
// prints each number once its publish is acknowledged.

import { writeSync } from 'node:fs';
import { systemClock as clock } from '../../clock.ts';
import { openEmbeddedTopics } from './embedded.ts';

const [file = '', topicOfBlocks = '', topicOfTransactions = ''] = process.argv.slice(2);
const topics = await openEmbeddedTopics({ file, clock });
const publisher = await topics.publisher('streamer');
const [end] = await topics.ends(topicOfBlocks);

for (let number = end?.next ?? 0; ; number++) {
  const values = Array.from({ length: 50 }, (_, at) => `${number}:${at}:${'x'.repeat((number * 37) % 900)}`);
  await publisher.publish([
    { topic: topicOfTransactions, key: `${number}`, headers: {}, values },
    { topic: topicOfBlocks, key: 'blocks', headers: {}, values: [`${number}`] },
  ]);
  writeSync(1, `${number}\n`);
}
