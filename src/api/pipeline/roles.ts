// The roles, each a number of pods on a cluster. `millrace run` has one process for all of them.

import { object, sizes } from './fields.ts';
import { metadata } from './stores.ts';

export const web = object(
  {
    metadata,
    replicas: sizes([2, 3, 3], 'How many pods serve the pages; more come with load.'),
  },
  { description: 'The pages.', default: {} },
);

export const recorder = object(
  {
    replicas: sizes(
      [1, 2, 6],
      'How many pods write the log; more come with lag, but never more than topics.partitions.',
    ),
  },
  { description: 'From the topics into the log.', default: {} },
);

export const processing = object(
  {
    replicas: sizes(
      [1, 2, 6],
      'How many pods run processors; more come with open windows. `kubectl scale` sets preferred.',
    ),
  },
  { description: 'From the log into the tables.', default: {} },
);
