package dev.millrace.spark;

import java.io.Serializable;
import java.math.BigInteger;
import org.apache.spark.sql.Encoder;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.expressions.Aggregator;

/** The exact sum; NULL of no values. */
public final class Uint256Sum extends Aggregator<byte[], Uint256Sum.Total, byte[]> {
  public static final class Total implements Serializable {
    /** Null: no value yet. */
    BigInteger sum;
  }

  @Override
  public Total zero() {
    return new Total();
  }

  @Override
  public Total reduce(Total total, byte[] value) {
    return value == null ? total : plus(total, Uint256.decode(value));
  }

  @Override
  public Total merge(Total one, Total other) {
    return other.sum == null ? one : plus(one, other.sum);
  }

  @Override
  public byte[] finish(Total total) {
    return total.sum == null ? null : Uint256.encode(total.sum);
  }

  @Override
  public Encoder<Total> bufferEncoder() {
    return Encoders.kryo(Total.class);
  }

  @Override
  public Encoder<byte[]> outputEncoder() {
    return Encoders.BINARY();
  }

  private static Total plus(Total total, BigInteger value) {
    total.sum = total.sum == null ? value : total.sum.add(value);
    return total;
  }
}
