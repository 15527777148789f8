import { after } from 'node:test';
import { testServer } from '../../../../test/servers/address.ts';
import { topicsContract } from '../contract.ts';
import type { Topics } from '../port.ts';
import { deleteTopics, dropRecords, openTopics } from './servers.fixture.ts';

const made: string[] = [];

async function open(): Promise<Topics> {
  const topics = await openTopics(testServer('KAFKA'));
  return {
    ...topics,
    create: async (specs) => {
      made.push(...specs.map(({ name }) => name));
      await topics.create(specs);
    },
  };
}

topicsContract('Kafka topics', async (t) => {
  let topics = await open();
  t.after(() => topics.close());
  return {
    store: topics,
    reopen: async () => {
      await topics.close();
      topics = await open();
      return topics;
    },
    expire: (topic) => dropRecords(topics, topic),
  };
});

after(() => deleteTopics(made));
