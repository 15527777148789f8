// A Pipeline as the operator works with it: read, complete, with the version that its roles have.

import type { Pipeline, PipelineSpec } from '../api/pipeline.ts';
import type { Owner } from '../kube/applier-port.ts';
import type { Images } from './images.ts';

export interface Declared {
  readonly name: string;
  readonly namespace: string;
  readonly owner: Owner;
  readonly generation: number;
  readonly pipeline: Pipeline;
  readonly spec: PipelineSpec;
  /** Of the roles. */
  readonly version: string;
  readonly images: Images;
  /** Value of the annotation that asks for new generated Secrets. */
  readonly rotate: string | undefined;
}
