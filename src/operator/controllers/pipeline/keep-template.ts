// A pod template changes only when what a person declared changes. The template as it was built stands beside it in an
// annotation: it is what is applied again, so that a newer operator rolls nothing and a hand that changed it is undone.

import { canonicalJson } from '../../../kube/canonical-json.ts';
import type { KubeObject, LiveObject } from '../../../kube/object.ts';
import { annotations } from '../../names.ts';

interface Template {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
}

/** `hold`: the present template stays although another one is declared. */
export function keepTemplate(built: KubeObject, live: LiveObject | undefined, hold: boolean): KubeObject {
  const spec = built.spec as Readonly<Record<string, unknown>>;
  const before = live && templateOf(live);
  const kept = before && (hold || inputs(before) === inputs(spec.template as Template));
  const template = kept ? before : spec.template;
  const { metadata } = built;
  return {
    ...built,
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, [annotations.template]: canonicalJson(template) },
    },
    spec: { ...spec, template },
  };
}

/** Are its pods asked to be as it is built now? */
export function isCurrent(built: KubeObject, live: LiveObject): boolean {
  const before = templateOf(live);
  const { template } = built.spec as { readonly template: Template };
  return before !== undefined && inputs(before) === inputs(template);
}

/** undefined: it was lost or broken by hand, and is built anew. */
function templateOf({ metadata }: LiveObject): Template | undefined {
  const text = metadata.annotations?.[annotations.template];
  if (text === undefined) return undefined;
  try {
    const template = JSON.parse(text) as Partial<Template> | null;
    return template?.metadata?.annotations?.[annotations.inputs] ? (template as Template) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const inputs = ({ metadata }: Template): string | undefined => metadata.annotations[annotations.inputs];
