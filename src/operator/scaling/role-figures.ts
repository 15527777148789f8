// What the answer of one pod says about the lag. docs/metrics.md has the names. A figure that is absent there is not known.

import type { TextSample } from './metrics-text.ts';
import { known, type OpenWindows, type Reading, type RecorderLag, unknown } from './reading.ts';

/** All groups together: bytes and records add up, the age is that of the oldest. */
export function recorderLagOf(samples: readonly TextSample[]): Reading<RecorderLag> {
  const [records, bytes, seconds] = ['records', 'bytes', 'seconds'].map((unit) =>
    valuesOf(samples, `millrace_lag_${unit}`),
  );
  if (!records?.length || !bytes?.length || !seconds?.length)
    return unknown('the topics did not tell it how far the recorders are');
  return known({ records: sum(records), bytes: sum(bytes), seconds: Math.max(...seconds) });
}

/** Of a pod of the processors. One that has failed has nothing before it that more pods would do. */
export function openWindowsOf(samples: readonly TextSample[]): Reading<OpenWindows> {
  const name = ({ labels }: TextSample): string => `${labels.owner}/${labels.processor}`;
  const due = new Map(
    samples
      .filter((sample) => sample.name === 'millrace_processor_windows_due')
      .map((sample) => [name(sample), sample.value]),
  );
  const working = samples.filter(
    (sample) => sample.name === 'millrace_processor_failed' && sample.value === 0,
  );
  const missing = working.map(name).filter((each) => !Number.isFinite(due.get(each) ?? Number.NaN));
  if (missing.length > 0)
    return unknown(`the windows before ${missing.slice(0, 3).join(', ')} have not been counted yet`);
  return known({ due: sum([...due.values()]) });
}

const valuesOf = (samples: readonly TextSample[], name: string): readonly number[] =>
  samples.filter((sample) => sample.name === name && Number.isFinite(sample.value)).map(({ value }) => value);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
