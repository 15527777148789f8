// Which image a pod runs.

export interface Images {
  /** Of every role. */
  readonly role: string;
  /** The same with Java and Spark. */
  readonly spark: string;
  readonly geth: string;
  readonly consensus: string;
}

export interface ImageSettings {
  /** The operator's own image: its repository has the roles of every version, by tag. */
  readonly own: string;
  readonly ownVersion: string;
  readonly geth: string;
  readonly consensus: string;
}

export const nodeImages = {
  geth: 'ethereum/client-go:v1.17.8',
  consensus: 'sigp/lighthouse:v8.0.1',
} as const;

/** Of the operator's own version: the very image that it runs. Of another: the tag of that version beside it. */
export function imagesOf({ own, ownVersion, geth, consensus }: ImageSettings, version: string): Images {
  const repository = repositoryOf(own);
  return {
    role: version === ownVersion ? own : `${repository}:${version}`,
    spark: `${repository}:${version}-spark`,
    geth,
    consensus,
  };
}

/** `registry:5000/millrace:0.3.0@sha256:…` → `registry:5000/millrace` */
export function repositoryOf(image: string): string {
  const named = image.split('@', 1)[0] ?? image;
  const colon = named.lastIndexOf(':');
  return colon > named.lastIndexOf('/') ? named.slice(0, colon) : named;
}
