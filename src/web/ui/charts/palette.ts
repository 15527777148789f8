// Colours of the charts, taken from the style sheet so that light and dark are decided in one place.

const slots = 8;

export interface Palette {
  readonly ink: string;
  readonly grid: string;
  readonly series: readonly string[];
}

export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    ink: read('--quiet'),
    grid: read('--line'),
    series: Array.from({ length: slots }, (_, at) => read(`--series-${at + 1}`)),
  };
}

/** Class for a legend's swatch of the same colour. */
export function swatchClass(at: number): string {
  return `swatch swatch-${(at % slots) + 1}`;
}
