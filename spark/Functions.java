package dev.millrace.spark;

import static org.apache.spark.sql.types.DataTypes.BinaryType;
import static org.apache.spark.sql.types.DataTypes.DoubleType;
import static org.apache.spark.sql.types.DataTypes.StringType;

import java.math.BigDecimal;
import java.util.Set;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.UDFRegistration;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;

/** The functions that the translation calls beside Spark's own. */
final class Functions {
  /** In lower case. */
  static final Set<String> NAMES =
      Set.of(
          "u256", "u256_text", "u256_add", "u256_sub", "u256_double", "u256_sum", "text_lower", "text_upper",
          "text_replace", "text_repeat", "text_lpad", "text_rpad", "text_double", "text_integer", "integer_divide",
          "real_round", "real_trunc", "real_ceil", "real_floor", "real_sqrt", "real_ln", "real_log10", "real_log2");

  private static final DataType WIDE = DataTypes.createDecimalType(38, 0);

  private Functions() {}

  static void register(SparkSession session) {
    UDFRegistration udf = session.udf();
    udf.register("u256", (UDF1<String, byte[]>) Uint256::parse, BinaryType);
    udf.register("u256_text", (UDF1<byte[], String>) Uint256::text, StringType);
    udf.register("u256_add", (UDF2<byte[], byte[], byte[]>) Uint256::add, BinaryType);
    udf.register("u256_sub", (UDF2<byte[], byte[], byte[]>) Uint256::subtract, BinaryType);
    udf.register("u256_double", (UDF1<byte[], Double>) Uint256::toDouble, DoubleType);
    udf.register("u256_sum", functions.udaf(new Uint256Sum(), Encoders.BINARY()));
    udf.register("text_lower", (UDF1<String, String>) Texts::lower, StringType);
    udf.register("text_upper", (UDF1<String, String>) Texts::upper, StringType);
    udf.register("text_replace", (UDF3<String, String, String, String>) Texts::replace, StringType);
    udf.register("text_repeat", (UDF2<String, Long, String>) Texts::repeat, StringType);
    udf.register("text_lpad", (UDF3<String, Integer, String, String>) (text, length, fill) -> Texts.pad(text, length, fill, true, "lpad"), StringType);
    udf.register("text_rpad", (UDF3<String, Integer, String, String>) (text, length, fill) -> Texts.pad(text, length, fill, false, "rpad"), StringType);
    udf.register("text_double", (UDF1<String, Double>) Texts::toDouble, DoubleType);
    udf.register("text_integer", (UDF1<String, BigDecimal>) Texts::toInteger, WIDE);
    udf.register("integer_divide", (UDF2<BigDecimal, BigDecimal, BigDecimal>) Texts::divide, WIDE);
    udf.register("real_round", (UDF2<Double, Integer, Double>) Reals::round, DoubleType);
    udf.register("real_trunc", (UDF1<Double, Double>) Reals::trunc, DoubleType);
    udf.register("real_ceil", (UDF1<Double, Double>) value -> value == null ? null : Double.valueOf(Math.ceil(value)), DoubleType);
    udf.register("real_floor", (UDF1<Double, Double>) value -> value == null ? null : Double.valueOf(Math.floor(value)), DoubleType);
    udf.register("real_sqrt", (UDF1<Double, Double>) Reals::sqrt, DoubleType);
    udf.register("real_ln", (UDF1<Double, Double>) value -> Reals.log(value, 1), DoubleType);
    udf.register("real_log10", (UDF1<Double, Double>) value -> Reals.log(value, 10), DoubleType);
    udf.register("real_log2", (UDF1<Double, Double>) value -> Reals.log(value, Math.log(2)), DoubleType);
  }
}
