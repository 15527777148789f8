// How figures are written for people, the same in the terminal and on the page: commas between thousands,
// bytes as MiB, ages as "12 s ago". Exact for numbers of any size: decimal text stays text.

/** `1234567` → `1,234,567`. Takes decimal text of any length; a fraction stays as it is. */
export function formatCount(value: number | bigint | string): string {
  const [whole = '', fraction] = String(value).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** `1572864` → `1.5 MiB`; no fraction from 100 MiB on. */
export function formatBytes(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  return `${formatCount(mebibytes.toFixed(mebibytes < 99.95 ? 1 : 0))} MiB`;
}

/** One thing's size, however small: `812 B`, `14.2 KiB`, `1.5 MiB`. */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 2 ** 20 ? `${(bytes / 1024).toFixed(1)} KiB` : formatBytes(bytes);
}

/** A rate per second: `0.4`, `37`, `12,345`. */
export function formatRate(perSecond: number): string {
  return formatCount(perSecond.toFixed(perSecond > 0 && perSecond < 9.95 ? 1 : 0));
}

/** `75` seconds → `1 min 15 s`. The two largest units that say something. */
export function formatDuration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return pair(s, 60, 'min', 's');
  if (s < 86_400) return pair(Math.floor(s / 60), 60, 'h', 'min');
  return pair(Math.floor(s / 3600), 24, 'd', 'h');
}

/** `12` seconds → `12 s ago`: one unit, for places where it ticks. */
export function formatAge(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 120) return `${s} s ago`;
  if (s < 7200) return `${Math.floor(s / 60)} min ago`;
  if (s < 172_800) return `${Math.floor(s / 3600)} h ago`;
  return `${formatCount(Math.floor(s / 86_400))} d ago`;
}

/** `71.2 %`, never rounded up to 100 before everything is there. */
export function formatShare(part: number, whole: number): string {
  if (whole <= 0) return '0 %';
  if (part >= whole) return '100 %';
  return `${Math.min(99.9, Math.round((part / whole) * 1000) / 10).toFixed(1)} %`;
}

/** `0x1234abcd…5678`: enough of a hash or address to recognise it. */
export function shortHash(hash: string, head = 6, tail = 4): string {
  return hash.length <= head + tail + 3 ? hash : `${hash.slice(0, head + 2)}…${hash.slice(-tail)}`;
}

/** `2023-07-13 14:35:00` in UTC, from Unix seconds. */
export function formatTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
}

/** `1 block`, `3 blocks`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function pair(total: number, base: number, large: string, small: string): string {
  const rest = total % base;
  return `${formatCount(Math.floor(total / base))} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`;
}
