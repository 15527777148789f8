package dev.millrace.spark;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * Whole numbers of up to 1000 digits as bytes whose unsigned order is the order of the numbers, one way for each number:
 * so =, <, ORDER BY, min, max, GROUP BY, DISTINCT and joins of Spark's BINARY are exact as they are.
 *
 * Two bytes: 0x8000 plus the length of the magnitude, or 0x7fff minus it for a negative number. Then the magnitude, big
 * endian; all its bits turned for a negative number.
 */
final class Uint256 {
  private static final Pattern DIGITS = Pattern.compile("-?[0-9]{1,1000}");
  private static final int ZERO = 0x8000;

  private Uint256() {}

  static byte[] parse(String text) {
    if (text == null) return null;
    if (!DIGITS.matcher(text).matches()) {
      throw new IllegalArgumentException("not a decimal integer: " + text.substring(0, Math.min(80, text.length())));
    }
    return encode(new BigInteger(text));
  }

  static byte[] encode(BigInteger number) {
    if (number.signum() == 0) return new byte[] {(byte) 0x80, 0};
    byte[] signed = number.abs().toByteArray();
    int skipped = signed[0] == 0 ? 1 : 0;
    int length = signed.length - skipped;
    boolean negative = number.signum() < 0;
    int head = negative ? ZERO - 1 - length : ZERO + length;
    byte[] bytes = new byte[2 + length];
    bytes[0] = (byte) (head >> 8);
    bytes[1] = (byte) head;
    for (int at = 0; at < length; at++) {
      byte each = signed[at + skipped];
      bytes[2 + at] = negative ? (byte) ~each : each;
    }
    return bytes;
  }

  static BigInteger decode(byte[] bytes) {
    int head = ((bytes[0] & 0xff) << 8) | (bytes[1] & 0xff);
    byte[] magnitude = Arrays.copyOfRange(bytes, 2, bytes.length);
    if (head >= ZERO) return new BigInteger(1, magnitude);
    for (int at = 0; at < magnitude.length; at++) magnitude[at] = (byte) ~magnitude[at];
    return new BigInteger(1, magnitude).negate();
  }

  static String text(byte[] bytes) {
    return bytes == null ? null : decode(bytes).toString();
  }

  static byte[] add(byte[] a, byte[] b) {
    return a == null || b == null ? null : encode(decode(a).add(decode(b)));
  }

  static byte[] subtract(byte[] a, byte[] b) {
    return a == null || b == null ? null : encode(decode(a).subtract(decode(b)));
  }

  /** The nearest double. */
  static Double toDouble(byte[] bytes) {
    return bytes == null ? null : Double.valueOf(decode(bytes).doubleValue());
  }
}
