// Rules that a schema's own keywords cannot say, each as CEL (what the CRD carries) beside the same rule in TypeScript (what
// `millrace check` and `run` use). A rule is attached to the object it is about.

export interface Rule {
  /** CEL over `self`; a rule about a change also over `oldSelf`. */
  readonly rule: string;
  /** Follows the path of the field: `must have …`. */
  readonly message: string;
  /** The field it is about, below the object: `.recorder.replicas.min`. */
  readonly fieldPath?: string;
}

type Fields = Record<string, unknown>;
type Holds = (self: Fields) => boolean;

const implementations = new Map<string, Holds>();

export function defineRule(rule: Rule, holds: Holds): Rule {
  implementations.set(rule.rule, holds);
  return rule;
}

/** The rules that this object breaks. */
export function brokenRules(rules: readonly Rule[], self: Fields): readonly Rule[] {
  return rules.filter((rule) => implementations.get(rule.rule)?.(self) === false);
}
