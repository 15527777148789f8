package dev.millrace.spark;

/** Functions of DOUBLE as DuckDB has them: halves round away from zero, what has no answer fails. */
final class Reals {
  private Reals() {}

  static Double round(Double value, Integer digits) {
    if (value == null || digits == null) return null;
    if (digits == 0) return halfUp(value);
    double power = Math.pow(10, Math.abs(digits));
    double rounded = digits > 0 ? halfUp(value * power) / power : halfUp(value / power) * power;
    return Double.isFinite(rounded) ? rounded : digits > 0 ? value : 0.0;
  }

  private static double halfUp(double value) {
    double cut = Math.floor(Math.abs(value));
    return Math.copySign(Math.abs(value) - cut >= 0.5 ? cut + 1 : cut, value);
  }

  static Double trunc(Double value) {
    return value == null ? null : Double.valueOf(value < 0 ? Math.ceil(value) : Math.floor(value));
  }

  static Double sqrt(Double value) {
    if (value == null) return null;
    if (value < 0) throw new ArithmeticException("cannot take square root of a negative number");
    return Math.sqrt(value);
  }

  /** `scale`: what the natural logarithm is divided by. */
  static Double log(Double value, double scale) {
    if (value == null) return null;
    if (value <= 0) throw new ArithmeticException("cannot take logarithm of zero or a negative number");
    return scale == 10 ? Math.log10(value) : Math.log(value) / scale;
  }
}
