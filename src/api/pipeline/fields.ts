// What the parts of the spec are made of. Every text, list and number has an upper limit, so that the API server can bound
// the cost of the rules.

import { type TSchema, Type } from 'typebox';
import { exactlyOne, orderedSizes } from '../rules.ts';

/** Unknown fields are refused. */
export const object = <P extends Record<string, TSchema>>(
  properties: P,
  options: Record<string, unknown> = {},
) => Type.Object(properties, { additionalProperties: false, ...options });

const maxText = 1_024;
const maxReplicas = 1_000;

/** Of up to `length` characters; examples are good ones. */
export const name = (
  description: string,
  { length, example }: { readonly length: number; readonly example: string },
) =>
  Type.String({
    description,
    maxLength: length,
    pattern: `^[a-z]([-a-z0-9]{0,${length - 2}}[a-z0-9])?$`,
    examples: [example],
  });

export const secretKeyRef = object(
  {
    name: Type.String({ minLength: 1, maxLength: 253, description: 'Name of the Secret.' }),
    key: Type.String({ minLength: 1, maxLength: 253, description: 'Key in the Secret.' }),
  },
  {
    description:
      'Where the value is kept. On a laptop: the variable NAME_KEY (upper case, _ for -) of `.env`.',
  },
);

export const urlFrom = object({ secretKeyRef }, { description: 'The address, kept in a Secret.' });

/** An address that is written down, or one that is kept in a Secret. */
export const address = (options: {
  readonly pattern: string;
  readonly url: string;
  readonly examples: readonly string[];
  readonly description: string;
}) =>
  object(
    {
      url: Type.Optional(
        Type.String({
          maxLength: maxText,
          pattern: options.pattern,
          description: options.url,
          examples: options.examples,
        }),
      ),
      urlFrom: Type.Optional(urlFrom),
    },
    { description: options.description, 'x-kubernetes-validations': [exactlyOne('url', 'urlFrom')] },
  );

/** Default min, preferred, max. */
export type Sizes = readonly [min: number, preferred: number, max: number];

/** A number of replicas; always all three. */
export const sizes = (
  [min, preferred, max]: Sizes,
  description: string,
  options: Record<string, unknown> = {},
) => {
  const size = (value: number, what: string) =>
    Type.Integer({ minimum: 1, maximum: maxReplicas, default: value, description: what });
  return object(
    {
      min: size(min, 'Never fewer.'),
      preferred: size(preferred, 'How many at first.'),
      max: size(max, 'Never more.'),
    },
    { default: {}, description, 'x-kubernetes-validations': [orderedSizes], ...options },
  );
};

/** Of storage. */
export const quantity = (description: string, options: Record<string, unknown>) =>
  Type.String({
    maxLength: 20,
    pattern: '^[1-9][0-9]{0,11}(Mi|Gi|Ti|Pi|M|G|T|P)$',
    description,
    ...options,
  });
