package dev.millrace.spark;

/** What a job must not do, or did too much of. The kind tells the parent process which error to raise. */
final class Refused extends RuntimeException {
  /** `denied` or `limit`. */
  final String kind;

  Refused(String kind, String message) {
    // Begins so that it is found in Spark's account of a failed task.
    super("millrace:" + kind + ":" + message);
    this.kind = kind;
  }
}
