// The three requests that the client library does not have in the form needed here: Produce 12 and EndTxn 5, which
// together are transactions of version 2 (KIP-890: the brokers add partitions themselves, and every transaction has an
// epoch of its own), and Fetch with its records left as bytes, so that they are decompressed a batch at a time.

import {
  type API,
  createAPI,
  endTxnV4,
  fetchV17,
  produceV11,
  type Reader,
  ResponseError,
  Writer,
} from '@platformatic/kafka';

export interface ProducePartition {
  readonly partition: number;
  /** One sealed record batch. */
  readonly records: Buffer;
}

export interface ProduceTopic {
  readonly topic: string;
  readonly partitions: readonly ProducePartition[];
}

const ACKS_ALL = -1;

export const produce: API<
  [transactionalId: string, timeoutMs: number, topics: readonly ProduceTopic[]],
  produceV11.ProduceResponse
> = createAPI(
  0,
  12,
  (transactionalId: string, timeoutMs: number, topics: readonly ProduceTopic[]) =>
    Writer.create()
      .appendString(transactionalId)
      .appendInt16(ACKS_ALL)
      .appendInt32(timeoutMs)
      .appendArray([...topics], (w, { topic, partitions }) => {
        w.appendString(topic).appendArray([...partitions], (each, { partition, records }) => {
          each
            .appendInt32(partition)
            .appendUnsignedVarInt(records.length + 1)
            .append(records);
        });
      })
      .appendTaggedFields(),
  produceV11.parseResponse,
);

export interface ProducerEpoch {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** Answers the epoch for the next transaction. */
export const endTransaction: API<
  [transactionalId: string, producerId: bigint, producerEpoch: number, commit: boolean],
  ProducerEpoch
> = createAPI(26, 5, endTxnV4.createRequest, (_correlation, apiKey, version, reader: Reader) => {
  reader.readInt32(); // throttle time
  const errorCode = reader.readInt16();
  const response = { producerId: reader.readInt64(), producerEpoch: reader.readInt16() };
  reader.readTaggedFields();
  if (errorCode !== 0) throw new ResponseError(apiKey, version, { '/': [errorCode, null] }, response);
  return response;
});

export interface FetchedPartition {
  readonly topicId: string;
  readonly partition: number;
  readonly errorCode: number;
  /** Everything before it is decided: committed or aborted. */
  readonly stableEnd: number;
  readonly first: number;
  readonly aborted: readonly { readonly producerId: bigint; readonly first: number }[];
  /** Whole record batches; the last one may be cut. */
  readonly records: Buffer;
}

export interface FetchResponse {
  readonly errorCode: number;
  readonly partitions: readonly FetchedPartition[];
}

export type FetchArguments = [
  maxWaitMs: number,
  minBytes: number,
  maxBytes: number,
  isolationLevel: number,
  sessionId: number,
  sessionEpoch: number,
  topics: fetchV17.FetchRequestTopic[],
  forgottenTopicsData: [],
  rackId: string,
];

export const fetchBytes: API<FetchArguments, FetchResponse> = createAPI(
  1,
  17,
  fetchV17.createRequest,
  (_correlation, _apiKey, _version, reader: Reader) => {
    reader.readInt32(); // throttle time
    const errorCode = reader.readInt16();
    reader.readInt32(); // session
    const topics = reader.readArray((r) => {
      const topicId = r.readUUID();
      return r.readArray((each) => fetchedPartition(topicId, each));
    });
    reader.readTaggedFields();
    return { errorCode, partitions: topics.flat() };
  },
);

/** The array's reader takes the trailing tagged fields. */
function fetchedPartition(topicId: string, reader: Reader): FetchedPartition {
  const partition = reader.readInt32();
  const errorCode = reader.readInt16();
  reader.readInt64(); // high watermark
  const stableEnd = Number(reader.readInt64());
  const first = Number(reader.readInt64());
  const aborted =
    reader.readNullableArray((r) => ({ producerId: r.readInt64(), first: Number(r.readInt64()) })) ?? [];
  reader.readInt32(); // preferred read replica
  const bytes = Math.max(0, reader.readUnsignedVarInt() - 1);
  const records =
    bytes === 0 ? Buffer.alloc(0) : reader.buffer.subarray(reader.position, reader.position + bytes).buffer;
  reader.skip(bytes);
  return { topicId, partition, errorCode, stableEnd, first, aborted, records };
}
