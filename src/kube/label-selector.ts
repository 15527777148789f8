// Label selectors as the API server reads them, as far as caches use them: does what we wrote belong into this cache?

export type LabelMatcher = (labels: Readonly<Record<string, string>> | undefined) => boolean;

/** `a=b,c!=d,e,!f`. @throws TypeError for a term of another form (`in`, `notin`) */
export function parseSelector(selector: string): LabelMatcher {
  const terms = selector
    .split(',')
    .map((term) => term.trim())
    .filter((term) => term !== '')
    .map(parseTerm);
  return (labels = {}) => terms.every((term) => term(labels));
}

function parseTerm(term: string): (labels: Readonly<Record<string, string>>) => boolean {
  const read = /^(?<not>!?)(?<key>[\w./-]+)(?:(?<operator>==?|!=)(?<value>[\w.-]*))?$/.exec(term);
  const { not, key = '', operator, value } = read?.groups ?? {};
  if (!read || (not && operator)) throw new TypeError(`label selector: ${term} is not understood`);
  if (operator === undefined) return (labels) => (labels[key] !== undefined) === (not === '');
  return (labels) => (labels[key] === value) === (operator !== '!=');
}
