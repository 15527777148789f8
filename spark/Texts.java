package dev.millrace.spark;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.function.IntUnaryOperator;
import java.util.regex.Pattern;

/** Functions of text as DuckDB has them, bounded as in src/batch-engine/bounded-functions.ts. */
final class Texts {
  private static final int TEXT_BYTES = 16 * 1024;
  private static final Pattern DECIMAL = Pattern.compile("\\s*[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,4})?\\s*");
  private static final Pattern WHOLE = Pattern.compile("\\s*[+-]?[0-9]{1,39}\\s*");
  private static final BigInteger LIMIT = BigInteger.TEN.pow(38);

  private Texts() {}

  static String lower(String text) {
    return text == null ? null : map(text, Character::toLowerCase);
  }

  static String upper(String text) {
    return text == null ? null : map(text, Character::toUpperCase);
  }

  /** Letter by letter, so that no letter becomes two. */
  private static String map(String text, IntUnaryOperator letter) {
    return text.codePoints().map(letter).collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
  }

  static String replace(String text, String old, String fresh) {
    if (text == null || old == null || fresh == null) return null;
    if (old.isEmpty()) return text;
    long most = (long) bytes(text) / Math.max(1, bytes(old)) * bytes(fresh);
    if (bytes(fresh) > bytes(old) && most > TEXT_BYTES) throw tooLong("replace");
    return text.replace(old, fresh);
  }

  static String repeat(String text, Long count) {
    if (text == null || count == null) return null;
    if (count <= 0) return "";
    if ((double) bytes(text) * count > TEXT_BYTES) throw tooLong("repeat");
    return text.repeat(count.intValue());
  }

  static String pad(String text, Integer length, String fill, boolean left, String name) {
    if (text == null || length == null || fill == null) return null;
    if (length > TEXT_BYTES / 4) throw tooLong(name);
    int[] letters = text.codePoints().toArray();
    if (letters.length >= length) return new String(letters, 0, Math.max(0, length));
    int[] filling = fill.codePoints().toArray();
    if (filling.length == 0) throw new IllegalArgumentException("Insufficient padding in " + name);
    StringBuilder padding = new StringBuilder();
    for (int at = 0; at < length - letters.length; at++) padding.appendCodePoint(filling[at % filling.length]);
    return left ? padding + text : text + padding;
  }

  static Double toDouble(String text) {
    if (text == null) return null;
    if (!DECIMAL.matcher(text).matches()) throw notA("number", text);
    return Double.valueOf(text.trim());
  }

  static BigDecimal toInteger(String text) {
    if (text == null) return null;
    if (!WHOLE.matcher(text).matches()) throw notA("whole number", text);
    return fitting(new BigInteger(text.trim()));
  }

  /** Cuts towards zero; NULL by zero. */
  static BigDecimal divide(BigDecimal a, BigDecimal b) {
    if (a == null || b == null || b.signum() == 0) return null;
    return fitting(a.toBigInteger().divide(b.toBigInteger()));
  }

  private static BigDecimal fitting(BigInteger number) {
    if (number.abs().compareTo(LIMIT) >= 0) throw new ArithmeticException(number + " has more than 38 digits");
    return new BigDecimal(number);
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private static IllegalArgumentException tooLong(String name) {
    return new IllegalArgumentException(name + ": more than " + TEXT_BYTES / 1024 + " KiB of text");
  }

  private static IllegalArgumentException notA(String what, String text) {
    return new IllegalArgumentException("no " + what + ": " + text.substring(0, Math.min(80, text.length())));
  }
}
