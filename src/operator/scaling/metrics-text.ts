// Prometheus' text form, as far as the roles write it: one sample a line. Lines of other names are skipped unread.

export interface TextSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?[ \t]+(\S+)(?:[ \t]+-?\d+)?[ \t]*$/s;
const label = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(?:,|$)/sy;
const escapes: Readonly<Record<string, string>> = { n: '\n', '\\': '\\', '"': '"' };

/** The samples whose names begin with `prefix`, in their order. @throws SyntaxError that quotes the first bad line */
export function parseMetrics(text: string, prefix: string): readonly TextSample[] {
  return text
    .split('\n')
    .filter((each) => each.startsWith(prefix))
    .map((each) => {
      const [, name, labels, value] = line.exec(each) ?? [];
      if (name === undefined || value === undefined) throw bad(each);
      return {
        name,
        labels: parseLabels((labels ?? '').trimEnd(), each),
        value: number(value, each),
      };
    });
}

function parseLabels(text: string, whole: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  label.lastIndex = 0;
  while (label.lastIndex < text.length) {
    const [, name, value] = label.exec(text) ?? [];
    if (name === undefined || value === undefined) throw bad(whole);
    labels[name] = value.replace(/\\(.)/gs, (pair, char: string) => escapes[char] ?? pair);
  }
  return labels;
}

function number(text: string, whole: string): number {
  if (/^[+-]?Inf$/i.test(text))
    return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (text === 'NaN') return Number.NaN;
  const value = Number(text);
  if (Number.isNaN(value)) throw bad(whole);
  return value;
}

const bad = (text: string): SyntaxError => new SyntaxError(`no sample: ${text.slice(0, 200)}`);
