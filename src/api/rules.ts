// Rules that a schema's own keywords cannot say, each as CEL (what the CRD will carry) beside the same rule in
// TypeScript (what `millrace check` and `run` use). A rule is attached to the object it is about.

export interface Rule {
  /** CEL over `self`. */
  readonly rule: string;
  readonly message: string;
}

type Holds = (self: Record<string, unknown>) => boolean;
const implementations = new Map<string, Holds>();

export function defineRule(rule: Rule, holds: Holds): Rule {
  implementations.set(rule.rule, holds);
  return rule;
}

/** The messages of the rules that this object breaks. */
export function brokenRules(rules: readonly Rule[], self: Record<string, unknown>): readonly string[] {
  return rules.filter((rule) => implementations.get(rule.rule)?.(self) === false).map((rule) => rule.message);
}

export const orderedSizes = defineRule(
  {
    rule: 'self.min <= self.preferred && self.preferred <= self.max',
    message: 'must have min <= preferred <= max',
  },
  ({ min, preferred, max }) => Number(min) <= Number(preferred) && Number(preferred) <= Number(max),
);

/** Exactly one of the fields is set. */
export function exactlyOne(...fields: readonly string[]): Rule {
  const terms = fields.map((field) => `has(self.${field})`);
  return defineRule(
    {
      rule: `[${terms.join(', ')}].filter(x, x).size() == 1`,
      message: `must have exactly one of ${fields.join(' and ')}`,
    },
    (self) => fields.filter((field) => self[field] !== undefined).length === 1,
  );
}

export const filesFromTheLog = defineRule(
  {
    rule: "self.output == 'table' || self.source == 'log'",
    message: 'must have source: log to write files: a file is written once, when its window is final',
  },
  ({ output, source }) => output === 'table' || source === 'log',
);

export const sparkFromTheLog = defineRule(
  {
    rule: "self.engine != 'spark' || self.source == 'log'",
    message: 'must have source: log to run on spark: an open window is kept up to date inside the processor',
  },
  ({ engine, source }) => engine !== 'spark' || source === 'log',
);

export const sparkIntoTables = defineRule(
  {
    rule: "self.engine != 'spark' || self.output == 'table'",
    message:
      'must have output: table to run on spark: files are written by DuckDB; give engine: duckdb or auto',
  },
  ({ engine, output }) => engine !== 'spark' || output === 'table',
);

export const uniqueProcessorNames = defineRule(
  {
    rule: 'self.processors.all(p, self.processors.filter(q, q.name == p.name && q.owner == p.owner).size() == 1)',
    message: 'must not name two processors of one owner alike',
  },
  ({ processors }) => {
    const names = (processors as readonly { name: string; owner: string }[]).map(
      (p) => `${p.owner}/${p.name}`,
    );
    return new Set(names).size === names.length;
  },
);
