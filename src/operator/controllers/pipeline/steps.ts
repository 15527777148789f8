// The order in which a pipeline starts; it ends the other way round.

import { nodes } from './nodes.ts';
import { processors } from './processors.ts';
import { recorder } from './recorder.ts';
import type { Step } from './step.ts';
import { streamer } from './streamer.ts';
import { web } from './web.ts';

export const steps: readonly Step[] = [web, nodes, streamer, recorder, processors];
